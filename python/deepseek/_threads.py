"""Number of threads that the engine uses in this process."""

from __future__ import annotations

from . import _core
from ._config.checks import MOST_THREADS, integer

__all__ = ["get_num_threads", "set_num_threads"]


def set_num_threads(threads: int) -> None:
    """Set the number of threads of all models with ``threads=None``. Results do not depend on it.

    Parameters
    ----------
    threads : int
        Number of threads, at least 1. Before the first call it is ``DEEPSEEK_NUM_THREADS``,
        ``OMP_NUM_THREADS`` or the number of CPUs available to the process. Small problems always run on the
        calling thread alone.

    Raises
    ------
    TypeError, ValueError
        For anything but an integer of at least 1.
    """
    _core.set_num_threads(integer("threads", threads, 1, MOST_THREADS))


def get_num_threads() -> int:
    """Return the number of threads of all models with ``threads=None``.

    Returns
    -------
    int
    """
    return int(_core.get_num_threads())
