"""Device code under the emulator, in random orders of threads, and under ThreadSanitizer as a detector of races."""

from __future__ import annotations

import functools
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from codebase.tree import CSRC, ROOT

SOURCE = ROOT / "tests" / "cuda" / "device_code.cpp"
COMPILER = shutil.which("g++") or ""
FLAGS = ["-std=c++20", "-O1", "-g1", "-ffp-contract=off", "-fno-math-errno", "-w", f"-I{ROOT}", f"-I{CSRC}"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("device_code"),
    pytest.mark.skipif(not COMPILER, reason="needs GCC"),
]


@functools.cache
def compiled(folder: Path, *options: str) -> Path:
    """The program, compiled with options."""
    program = folder / f"device_code{len(options)}"
    fma = ["-mfma"] if platform.machine() in ("x86_64", "AMD64") else []
    subprocess.run([COMPILER, *FLAGS, *fma, *options, SOURCE, "-o", program], check=True)
    return program


def run(program: Path, seed: int) -> subprocess.CompletedProcess[str]:
    """Run the program with a seed of the order of threads."""
    return subprocess.run([program, str(seed)], capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the programs."""
    return tmp_path_factory.mktemp("device_code")


@pytest.mark.parametrize("seed", range(1, 5))
def test_bits(folder: Path, seed: int) -> None:
    done = run(compiled(folder), seed)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_races(folder: Path) -> None:
    done = run(compiled(folder, "-fsanitize=thread"), 1)
    assert done.returncode == 0, done.stdout + done.stderr[:8000]


def test_a_planted_race_is_reported(folder: Path) -> None:
    """A product without the barrier between the uses of a panel and its next content."""
    done = run(compiled(folder, "-fsanitize=thread", "-DDS_PLANTED_RACE"), 1)
    assert done.returncode != 0
    assert "data race" in done.stderr
    assert "product.h" in done.stderr
