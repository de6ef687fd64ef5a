"""Fixtures of the parity tests: the instruction sets that this machine has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deepseek import _core
from parity.engine import FUSED_ISAS, ISAS


@pytest.fixture(autouse=True)
def shared_work() -> Iterator[None]:
    """All workers take part in however small a step; a test that fails leaves no instruction set behind."""
    _core.share_small_work(True)
    yield
    _core.share_small_work(False)
    _core.force_isa(None)


@pytest.fixture(params=ISAS)
def isa(request: pytest.FixtureRequest) -> str:
    """Each instruction set."""
    _core.force_isa(request.param)
    return str(request.param)


@pytest.fixture(params=FUSED_ISAS)
def fused_isa(request: pytest.FixtureRequest) -> str:
    """Each instruction set with fused multiply-add: those that promise the same bits."""
    _core.force_isa(request.param)
    return str(request.param)
