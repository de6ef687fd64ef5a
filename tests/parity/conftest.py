"""Fixtures of the parity tests: the instruction sets that this machine has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deepseek import _core
from parity.engine import FUSED_ISAS, ISAS


def _in_use(name: str) -> Iterator[str]:
    _core.force_isa(name)
    yield name
    _core.force_isa(None)


@pytest.fixture(autouse=True)
def shared_work() -> Iterator[None]:
    """All workers take part in however small a step, so that the cases here may be small."""
    _core.share_small_work(True)
    yield
    _core.share_small_work(False)


@pytest.fixture(params=ISAS)
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each instruction set."""
    yield from _in_use(request.param)


@pytest.fixture(params=FUSED_ISAS)
def fused_isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each instruction set with fused multiply-add: those that promise the same bits."""
    yield from _in_use(request.param)
