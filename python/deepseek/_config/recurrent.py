"""Configuration of a recurrent stack: sizes, names and shapes of its parameters, and its text in the layer table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CELLS = {"rnn": 1, "gru": 3, "lstm": 4}
"""Cells and their numbers of gates."""

CELL_ACTIVATIONS = ("tanh", "relu", "sigmoid")


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The recurrent layers of a Rec, or of a player of a Gen."""

    inputs: int
    hidden: tuple[int, ...]
    cell: str
    cell_activation: str
    bidirectional: bool
    bias: bool
    layer_norm: bool
    dropout: float
    recurrent_dropout: float
    input_dropout: float

    @property
    def directions(self) -> tuple[str, ...]:
        """Suffixes of the parameter names of the directions."""
        return ("", "_reverse") if self.bidirectional else ("",)

    @property
    def widths(self) -> tuple[int, ...]:
        """Number of inputs of each layer, and of the layer after the stack."""
        return (self.inputs, *(units * len(self.directions) for units in self.hidden))

    def shapes(self, prefix: str = "") -> dict[str, tuple[int, ...]]:
        """Return names and shapes of the parameters, as in PyTorch: "rnn.weight_ih_l0" (gates·units, inputs)."""
        found: dict[str, tuple[int, ...]] = {}
        for k, (units, inputs) in enumerate(zip(self.hidden, self.widths, strict=False)):
            sums = CELLS[self.cell] * units
            for direction in self.directions:
                end = f"l{k}{direction}"
                found[f"{prefix}rnn.weight_ih_{end}"] = (sums, inputs)
                found[f"{prefix}rnn.weight_hh_{end}"] = (sums, units)
                for part in [*(["bias"] if self.bias else []), *(["norm"] if self.layer_norm else [])]:
                    found[f"{prefix}rnn.{part}_ih_{end}"] = found[f"{prefix}rnn.{part}_hh_{end}"] = (sums,)
        return found

    def spec(self) -> dict[str, Any]:
        """Return the options of the recurrent layers for the engine; `input_dropout` is an option of the model."""
        return {
            "cell": self.cell, "cell_activation": self.cell_activation, "hidden": list(self.hidden),
            "bidirectional": self.bidirectional, "bias": self.bias, "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout, "layer_norm": self.layer_norm,
        }  # fmt: skip

    def describe(self, k: int) -> str:
        """Return the operations of layer k, such as "gru, bidirectional, dropout 0.1"."""
        parts = [f"dropout {self.input_dropout:g}"] if k == 0 and self.input_dropout else []
        plain = self.cell != "rnn" or self.cell_activation == "tanh"
        parts.append(self.cell if plain else f"{self.cell} of {self.cell_activation}")
        parts += ["without bias"] if not self.bias else []
        parts += ["bidirectional"] if self.bidirectional else []
        parts += ["layer norm"] if self.layer_norm else []
        parts += [f"recurrent dropout {self.recurrent_dropout:g}"] if self.recurrent_dropout else []
        parts += [f"dropout {self.dropout:g}"] if self.dropout else []
        return ", ".join(parts)


def check_cell_activation(cell: str, activation: str) -> None:
    """Raise ValueError for an activation of a cell other than "rnn"."""
    if cell != "rnn" and activation != "tanh":
        raise ValueError(
            f"cell_activation: got {activation!r} for cell={cell!r}, which has its own; expected 'tanh', or cell='rnn'"
        )
