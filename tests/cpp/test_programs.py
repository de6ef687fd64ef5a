"""The C++ test programs.

DEEPSEEK_BUILD names a build folder that has them (made with DEEPSEEK_CPP_TESTS, under any sanitizer). Without it,
the tests compile those that need csrc/core alone. DEEPSEEK_EMULATOR is a command that runs programs for
another processor.
"""

from __future__ import annotations

import functools
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
FLAGS = [
    "-std=c++20",
    "-O1",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-pthread",
    f"-I{CSRC}",
]


def folders(source: Path) -> set[str]:
    """The folders of csrc that a program includes, through the headers beside it."""
    found: set[str] = set()
    for name in includes(source):
        found |= folders(HERE / name) if (HERE / name).is_file() else {name.partition("/")[0]}
    return found & {path.name for path in CSRC.iterdir()}


@functools.cache
def compile_core(folder: Path) -> list[Path]:
    """The objects of csrc/core, which every program here needs."""
    subprocess.run([COMPILER or "", *FLAGS, "-c", *CSRC.glob("core/**/*.cpp")], check=True, cwd=folder)
    return sorted(folder.glob("*.o"))


def built(source: Path, folder: Path) -> Path:
    """The program, compiled if need be."""
    if BUILD:
        return Path(BUILD, source.stem).resolve()
    if not COMPILER or folders(source) - {"core"}:
        pytest.skip("needs a build folder (DEEPSEEK_BUILD)")
    program = folder / source.stem
    subprocess.run([COMPILER, *FLAGS, source, *compile_core(folder), "-o", program], check=True)
    return program


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for programs and objects."""
    return tmp_path_factory.mktemp("programs")


@pytest.mark.xdist_group("cpp")  # they share the objects
@pytest.mark.parametrize("source", PROGRAMS, ids=lambda path: path.stem)
def test_program(source: Path, folder: Path) -> None:
    if EMULATOR and source.stem == "test_thread_pool":
        pytest.skip("qemu aborts in a child of a process with threads")
    command = [*EMULATOR, built(source, folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
