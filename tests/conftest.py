"""What holds for every test: the build under test, Hypothesis' settings, workers, and which modules are collected."""

from __future__ import annotations

import argparse
import os
import re
import signal
import zlib
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # NumPy's products are small here: its threads only wait, busily

import deepseek
from deepseek import _core

ROOT = Path(__file__).resolve().parents[1]
PEERS = re.compile(r"^pytestmark = \[?\s*pytest\.mark\.peers\b", re.MULTILINE)
MOST_WORKERS = 4  # more would share the memory and the time limits of tests that use every core

settings.register_profile("deepseek", deadline=None, derandomize=True, database=None)
settings.load_profile("deepseek")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Run the whole suite on several workers, if pytest-xdist is here; `-n` and named tests decide otherwise."""
    option = config.option
    if not config.pluginmanager.has_plugin("xdist") or hasattr(config, "workerinput"):
        return
    if option.numprocesses is None and config.args_source is not pytest.Config.ArgsSource.ARGS:
        in_this_process = option.usepdb or option.collectonly or option.capture == "no"
        workers = min(len(os.sched_getaffinity(0)), MOST_WORKERS) if hasattr(os, "sched_getaffinity") else 2
        option.numprocesses = 0 if in_this_process or workers == 1 else workers
    if option.numprocesses and option.dist == "no":
        option.dist = "loadgroup"


def pytest_configure() -> None:
    """Ctrl-C is tested, so it must not be ignored, as a shell arranges for what it starts in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave modules that need another package alone, unless -m asks for peers: their import would fail, or skip."""
    chosen = config.option.markexpr
    asked = not chosen or re.search(r"(?<!not )\bpeers\b", chosen)
    if asked or collection_path.suffix != ".py":
        return None
    return True if PEERS.search(collection_path.read_text("utf-8")) else None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --slice."""
    parser.addoption(
        "--slice", type=_slice, metavar="K/N", help="run only slice K, from 0, of N slices of the tests"
    )


def _slice(text: str) -> tuple[int, int]:
    """Parse K/N; this is an option type."""
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found or int(found[1]) >= int(found[2]):
        raise argparse.ArgumentTypeError(f"got {text!r}; expected K/N with 0 <= K < N, such as 0/3")
    return int(found[1]), int(found[2])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep each module of tests/parity on one worker, where its reference results are cached; take the slice."""
    if config.option.slice:
        number, slices = config.option.slice
        chosen = [item for item in items if zlib.crc32(item.nodeid.encode()) % slices == number]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
        items[:] = chosen
    for item in items:
        if item.path.parent.name == "parity" and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


def pytest_report_header() -> str:
    """Which build is tested, on what."""
    folder = Path(deepseek.__file__).parent
    return f"deepseek {deepseek.__version__} at {folder}, {_core.isa()} of {', '.join(_core.isas())}"


def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse the one arrangement in which the tests would not see what users get."""
    if Path(deepseek.__file__).resolve().parent != ROOT / "python" / "deepseek":
        return
    if not Path(_core.__file__).is_relative_to(ROOT / "python"):
        return  # a build's site folder or an editable install
    raise pytest.UsageError("a compiled module lies in the source tree; remove it and install the package")
