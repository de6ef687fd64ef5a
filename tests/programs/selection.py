"""Which of a test's parameters run by default; .ci/run adds the others with -m slow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def slow_except(names: Iterable[str], *quick: str) -> list[Any]:
    """The names as parameters; those that are not `quick` are marked slow."""
    every = list(names)
    assert set(quick) <= set(every), f"{set(quick) - set(every)} is no parameter"
    return [name if name in quick else pytest.param(name, marks=pytest.mark.slow) for name in every]
