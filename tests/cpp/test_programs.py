"""The C++ test programs.

DEEPSEEK_BUILD names a build folder that has them (made with DEEPSEEK_CPP_TESTS, under whatever sanitizer). Without it,
those that need nothing but csrc/core are compiled here and now. DEEPSEEK_EMULATOR is what runs programs for another
processor.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from codebase.tree import CSRC, ROOT, includes

HERE = ROOT / "tests" / "cpp"
PROGRAMS = sorted(HERE.glob("test_*.cpp"))
BUILD = os.environ.get("DEEPSEEK_BUILD")
EMULATOR = os.environ.get("DEEPSEEK_EMULATOR", "").split()
SECONDS = 3600 if EMULATOR else 300
COMPILER = shutil.which("c++")


def rooms(source: Path) -> set[str]:
    """The rooms of csrc that a program includes, through the headers beside it."""
    found: set[str] = set()
    for name in includes(source):
        found |= rooms(HERE / name) if (HERE / name).is_file() else {name.partition("/")[0]}
    return found & {path.name for path in CSRC.iterdir()}


def built(source: Path, folder: Path) -> Path:
    """The program, compiled if need be."""
    if BUILD:
        return Path(BUILD, source.stem).resolve()
    if not COMPILER or rooms(source) - {"core"}:
        pytest.skip("needs a build folder (DEEPSEEK_BUILD)")
    program = folder / source.stem
    flags = ["-std=c++20", "-O1", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-pthread"]
    core = sorted(map(str, CSRC.glob("core/*.cpp")))
    subprocess.run([COMPILER, *flags, f"-I{CSRC}", str(source), *core, "-o", str(program)], check=True)
    return program


@pytest.mark.parametrize("source", PROGRAMS, ids=lambda path: path.stem)
def test_program(source: Path, tmp_path: Path) -> None:
    if EMULATOR and source.stem == "test_team":
        pytest.skip("qemu aborts in a child of a process with threads")
    command = [*EMULATOR, built(source, tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
