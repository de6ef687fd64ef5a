"""What can go wrong beyond a ValueError or TypeError.

A file that cannot be read as a model raises `ModelFileError`, which lives with the files.
"""

from __future__ import annotations

from typing import Any

__all__ = ["DivergenceError"]


class DivergenceError(ArithmeticError):
    """The loss or a weight became infinite or NaN while training.

    Training stopped at that step; the model holds the last finite weights and predicts with them.

    Attributes
    ----------
    epoch : int
        Epoch under way, counted from 1 since the model was made or reset.
    step : int
        Complete steps of that epoch.
    loss : float
        Mean loss of the epoch up to there, or the value that was not finite.
    history : History or None
        The epochs this fit did complete.
    """

    def __init__(self, epoch: int, step: int, loss: float, history: Any = None) -> None:
        super().__init__(epoch, step, loss, history)
        self.epoch = epoch
        self.step = step
        self.loss = loss
        self.history = history

    def __str__(self) -> str:
        return (
            f"training diverged in epoch {self.epoch} after {self.step} steps (loss {self.loss:g}); "
            "the last finite weights are kept. A smaller rate, clip_norm= or scaled inputs usually help"
        )
