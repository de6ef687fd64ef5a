"""Compiles every source of a build folder (``python .ci/syntax.py build/arm64``) as far as errors and warnings."""

import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def complaints(entry: dict[str, str]) -> str:
    """Return what the compiler says of one source, if that is fatal; nothing is written."""
    words = shlex.split(entry["command"])
    at = words.index("-o")
    command = [*words[:at], *words[at + 2 :], "-O0", "-fsyntax-only"]
    done = subprocess.run(command, cwd=entry["directory"], capture_output=True, text=True, check=False)
    return (done.stderr or f"exit code {done.returncode}") if done.returncode else ""


def main(folder: str) -> str:
    """Return all complaints."""
    entries = json.loads(Path(folder, "compile_commands.json").read_text())
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [text for text in pool.map(complaints, entries) if text]
    print(f"{folder}: {len(entries)} sources, {len(found)} with errors")
    return "\n".join(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) or 0)
