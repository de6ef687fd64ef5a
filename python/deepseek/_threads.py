"""How many threads the engine may use, for the whole process."""

from __future__ import annotations

from . import _core
from ._checks import MOST_THREADS, integer

__all__ = ["get_num_threads", "set_num_threads"]


def set_num_threads(threads: int) -> None:
    """Set how many threads models use that were made with ``threads=None``. Results do not depend on it.

    Parameters
    ----------
    threads : int
        At least 1. The default is the number of CPUs this process may use, or ``DEEPSEEK_NUM_THREADS``, or
        ``OMP_NUM_THREADS``. Small work always runs on the calling thread alone.
    """
    _core.set_num_threads(integer("threads", threads, 1, MOST_THREADS))


def get_num_threads() -> int:
    """How many threads models use that were made with ``threads=None``."""
    return int(_core.get_num_threads())
