"""The interface of an epoch monitor, which evaluates each epoch of a fit by metrics other than the engine's losses."""

from __future__ import annotations

from typing import Any, Protocol


class EpochMonitor(Protocol):
    """Evaluates each epoch of a fit before the callbacks run."""

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the history that it adds."""

    def observe(self, epoch: int, logs: dict[str, Any]) -> bool:
        """Add metrics to the logs and return whether the fit stops; it may raise CollapseError."""

    def catch_up(self) -> bool:
        """Evaluate an epoch that an interrupt skipped; return whether the fit has already stopped."""

    def finish(self) -> None:
        """Restore the best weights at the end of the fit, if early stopping requires it."""
