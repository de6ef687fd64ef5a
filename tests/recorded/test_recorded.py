"""A device that records operations and runs them later, also in random order: the bits are those of the CPU.

It exists in builds with DEEPSEEK_RECORDED (the presets dev and guard), for DEEPSEEK_DEVICE=recorded
(docs/design/cuda.md). Any test runs on it; `nox -s recorded` runs those that compare bits.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from codebase.tree import ROOT

BUILD = Path(os.environ.get("DEEPSEEK_BUILD", "")).resolve()
CACHE = BUILD / "CMakeCache.txt"
TRAININGS = ROOT / "tests" / "guard" / "trainings.py"

pytestmark = pytest.mark.skipif(
    not CACHE.is_file() or "DEEPSEEK_RECORDED:BOOL=ON" not in CACHE.read_text(),
    reason="needs DEEPSEEK_BUILD, a build of the preset dev or guard",
)


def train(**options: str) -> subprocess.CompletedProcess[str]:
    """Train golden cases and use one model of each kind, on the recorded device."""
    paths = os.pathsep.join([str(BUILD / "site"), str(ROOT / "tests")])
    env = {**os.environ, "PYTHONPATH": paths, "DEEPSEEK_ISA": "", "DEEPSEEK_DEVICE": "recorded", **options}
    env.pop("DEEPSEEK_GUARD", None)
    return subprocess.run([sys.executable, TRAININGS], env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("seed", ["", "1", "2"])
def test_golden_hashes(seed: str) -> None:
    """Commands between two sync points may run in any order."""
    done = train(DEEPSEEK_SHUFFLE=seed)
    assert done.returncode == 0, f"changed hashes, or an error:\n{done.stderr}"


def test_commands_read_and_write_what_the_recorder_knows() -> None:
    done = train(DEEPSEEK_CHECK_TOUCHES="31")
    assert done.returncode == 0, done.stderr


def test_a_missing_sync_point_is_found() -> None:
    """A recorder that takes forward products for operations that write nothing must not pass."""
    assert train(DEEPSEEK_SHUFFLE="1", DEEPSEEK_FORGET_WRITE="1").returncode != 0
    checked = train(DEEPSEEK_CHECK_TOUCHES="31", DEEPSEEK_FORGET_WRITE="1")
    assert "writes more than it says" in checked.stderr
