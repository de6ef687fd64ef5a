"""Compiles every source of a build folder as far as its errors and warnings, and leaves nothing behind.

    python .ci/syntax.py build/arm64
"""

import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def check(entry: dict[str, str]) -> str:
    words = shlex.split(entry["command"])
    at = words.index("-o")
    command = [*words[:at], *words[at + 2 :], "-O0", "-fsyntax-only"]
    done = subprocess.run(command, cwd=entry["directory"], capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def main(folder: str) -> str:
    entries = json.loads(Path(folder, "compile_commands.json").read_text())
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        errors = [error for error in pool.map(check, entries) if error]
    print(f"{folder}: {len(entries)} sources, {len(errors)} with errors")
    return "\n".join(errors)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) or 0)
