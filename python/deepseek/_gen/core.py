"""What stands where a Gen's engine will, until the first fit tells how wide the data are."""

from __future__ import annotations

from typing import Any, NoReturn


class Unmade:
    """Answers what can be answered without weights: there are none, and nothing has been trained."""

    def get_params(self) -> dict[str, Any]:
        """None."""
        return {}

    def get_state(self) -> dict[str, Any]:
        """None."""
        return {}

    def set_params(self, params: dict[str, Any]) -> None:
        """None are there to be replaced."""

    def set_state(self, state: dict[str, Any]) -> None:
        """None is there to be replaced."""

    def num_params(self) -> int:
        """None."""
        return 0

    def reset(self, seed: int) -> None:
        """There is nothing to forget."""

    def end(self) -> None:
        """There is no fit."""

    def sample(self, n: int, labels: Any, seed: int, first: int = 0) -> NoReturn:
        """Cannot be."""
        refuse()

    def scores(self, x: Any, labels: Any) -> NoReturn:
        """Cannot be."""
        refuse()


def refuse() -> NoReturn:
    """Say what is missing."""
    raise ValueError("this Gen does not know yet how wide its data are: give data_size, or fit it first")
