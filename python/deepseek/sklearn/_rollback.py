"""State of an estimator whose fit fails: all attributes are as before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import DivergenceError
from ._callbacks import CONTEXT
from ._scoring import CURVES

_KEPT = ("_cached", *CONTEXT)
"""Attributes that keep their new values: `_cached` is None if its model was trained."""


@contextmanager
def rollback(estimator: Any) -> Iterator[None]:
    """Restore all attributes after an error, except a `DivergenceError`: it leaves the last complete step."""
    before = dict(vars(estimator))
    curves = [curve for name in CURVES if (curve := before.get(name)) is not None]
    lengths = [len(curve) for curve in curves]
    try:
        yield
    except DivergenceError:
        raise
    except Exception:
        now = vars(estimator)
        before.update({name: now[name] for name in _KEPT if name in now})
        now.clear()
        now.update(before)
        for curve, length in zip(curves, lengths, strict=True):
            del curve[length:]  # the values of the epochs of this fit
        raise
