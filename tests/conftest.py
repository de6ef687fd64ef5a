"""What holds for every test: what runs is said at the top, Hypothesis is repeatable and takes its time."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from hypothesis import settings

import deepseek
from deepseek import _core

ROOT = Path(__file__).resolve().parents[1]

settings.register_profile("deepseek", deadline=None, derandomize=True, database=None)
settings.load_profile("deepseek")


def pytest_configure() -> None:
    """Ctrl-C is tested, so it must not be ignored, as a shell arranges for what it starts in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    """Which build is tested, on what."""
    place = Path(deepseek.__file__).parent
    return f"deepseek {deepseek.__version__} at {place}, {_core.isa()} of {', '.join(_core.isas())}"


def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse the one arrangement in which the tests would not see what users get."""
    if Path(deepseek.__file__).resolve().parent != ROOT / "python" / "deepseek":
        return
    if not Path(_core.__file__).is_relative_to(ROOT / "python"):
        return  # a build's site folder or an editable install
    raise pytest.UsageError("a compiled module lies in the source tree; remove it and install the package")
