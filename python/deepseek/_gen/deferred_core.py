"""The engine of a Gen whose data width is unknown until the first fit."""

from __future__ import annotations

from typing import Any, NoReturn


class DeferredCore:
    """Has no weights and no training state; replaced by a GenCore when the first fit determines the width."""

    def get_params(self) -> dict[str, Any]:
        """Return no parameters."""
        return {}

    def get_state(self) -> dict[str, Any]:
        """Return an empty state."""
        return {}

    def set_params(self, params: dict[str, Any]) -> None:
        """Do nothing."""

    def set_state(self, state: dict[str, Any]) -> None:
        """Do nothing."""

    def num_params(self) -> int:
        """Return 0."""
        return 0

    def reset(self, seed: int) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""

    def sample(self, n: int, labels: Any, seed: int, first: int = 0) -> NoReturn:
        """Raise ValueError."""
        raise_unknown_width()

    def scores(self, x: Any, labels: Any) -> NoReturn:
        """Raise ValueError."""
        raise_unknown_width()


def raise_unknown_width() -> NoReturn:
    """Raise the ValueError about an unknown width of the data."""
    raise ValueError(
        "Gen: got no data yet, so its width is unknown; expected data_size= or a first fit (fit it first)"
    )
