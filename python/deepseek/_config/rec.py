"""Configuration of a Rec. It validates the combinations of options, so later code may rely on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from .. import activations, losses
from . import checks
from .base import count, number, one_of, option, switch
from .model import (
    INITIALIZATIONS,
    SupervisedConfig,
    activation_kinds,
    as_output_activation,
    layer_spec,
    loss_kinds,
    takes_labels,
)
from .recurrent import CELL_ACTIVATIONS, CELLS, Stack, check_cell_activation

OUTPUTS = ("last", "mean", "max", "sequence", "next", "ctc")
BLANK = 0
"""Class of output "ctc" that is not a label."""


def _as_loss(argument: str, value: Any, _: Any) -> losses.Loss | str | None:
    """Validate a loss; "ctc" and None are validated by `_complete`."""
    return value if value is None or (isinstance(value, str) and value == "ctc") else losses.as_loss(value)


def _as_sizes(argument: str, value: Any, _: Any) -> tuple[int, ...]:
    """Validate the units of each layer; a single number is a single layer."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        return (checks.integer(argument, value),)
    return checks.units(argument, value, 1)


def _as_head(argument: str, value: Any, _: Any) -> tuple[int, ...]:
    return () if isinstance(value, (list, tuple)) and not value else _as_sizes(argument, value, _)


@dataclass(frozen=True, kw_only=True, repr=False)
class RecConfig(SupervisedConfig):
    """Options of a Rec: a recurrent stack, then a head of dense layers. Sizes that follow from others are set."""

    kind: ClassVar[str] = "Rec"
    translated: ClassVar[frozenset[str]] = (SupervisedConfig.translated - {"bias"}) | {
        "output_size", "head", "head_activation",
    }  # fmt: skip
    loss: losses.Loss | str = option(None, _as_loss, kinds=loss_kinds)
    input_size: int | None = count(None)
    hidden: tuple[int, ...] = option(64, _as_sizes)
    cell: str = one_of("gru", CELLS)
    cell_activation: str = one_of("tanh", CELL_ACTIVATIONS)
    vocabulary: int | None = count(None)
    embedding_size: int | None = count(None)
    bidirectional: bool = switch(False)
    output: str = one_of("last", OUTPUTS)
    output_size: int = count(None)
    head: tuple[int, ...] = option((), _as_head)
    head_activation: activations.Activation | str = option(
        "relu", lambda name, value, _: activations.as_activation(name, value), kinds=activation_kinds
    )
    dropout: float = number(0.0, 0.0, 1.0, below=True)
    recurrent_dropout: float = number(0.0, 0.0, 1.0, below=True)
    layer_norm: bool = switch(False)
    bptt_steps: int | None = count(None)
    initialization: str = one_of("auto", INITIALIZATIONS)

    @property
    def inputs(self) -> int:
        return self.input_size or 0

    @property
    def outputs(self) -> int:
        return self.output_size

    @property
    def stack(self) -> Stack:
        """The recurrent layers."""
        return Stack(
            inputs=self.input_size or self.embedding_size or self.vocabulary or 0,
            hidden=self.hidden,
            cell=self.cell,
            cell_activation=self.cell_activation,
            bidirectional=self.bidirectional,
            bias=self.bias,
            layer_norm=self.layer_norm,
            dropout=self.dropout,
            recurrent_dropout=self.recurrent_dropout,
            input_dropout=self.input_dropout,
        )

    @property
    def stepwise(self) -> bool:
        """Whether there is an output per step."""
        return self.output in ("sequence", "next", "ctc")

    @property
    def widths(self) -> tuple[int, ...]:
        """Number of inputs of each recurrent layer, and of the head."""
        return self.stack.widths

    @property
    def dense(self) -> list[tuple[int, activations.Activation | str, float]]:
        """Units, activation and dropout of each layer of the head, including the output layer."""
        return [
            *((units, self.head_activation, self.dropout) for units in self.head),
            (self.output_size, self.output_activation, 0.0),
        ]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return names and shapes of the parameters, as in PyTorch: "rnn.weight_ih_l0" (gates·units, inputs)."""
        found: dict[str, tuple[int, ...]] = {}
        if self.vocabulary and self.embedding_size:
            found["embedding.weight"] = (self.vocabulary, self.embedding_size)
        found |= self.stack.shapes()
        inputs = self.widths[-1]
        for i, (units, _, _) in enumerate(self.dense):
            found[f"head.{i}.weight"] = (units, inputs)
            if self.bias:
                found[f"head.{i}.bias"] = (units,)
            inputs = units
        return found

    def spec(self) -> dict[str, Any]:
        layers = [
            layer_spec(units, activation, self.bias, dropout, "none", self.initialization)
            for units, activation, dropout in self.dense
        ]
        return {**super().spec(), "layers": layers}

    def _complete(self) -> None:
        self._check_inputs()
        self._set("output_size", self._outputs())
        self._set("loss", self._resolved_loss())
        activation: Any = self.output_activation
        if self.output != "ctc":
            self._set("output_activation", as_output_activation(activation, self.loss, self.output_size))
        elif activation is None or (isinstance(activation, str) and activation == "softmax"):
            self._set("output_activation", "softmax")
        else:
            raise ValueError(f"output_activation: got {activation!r}; expected softmax for output='ctc'")
        self._check_combinations()
        self.check_memory(f"hidden layers {list(self.hidden)}")

    def _check_inputs(self) -> None:
        if (self.input_size is None) == (self.vocabulary is None):
            raise ValueError(
                f"input_size and vocabulary: got {self.input_size} and {self.vocabulary}; expected one of the two: "
                "input_size (features per step) or vocabulary (inputs are tokens 0 to vocabulary - 1)"
            )
        if self.embedding_size is not None and self.vocabulary is None:
            raise ValueError(
                f"embedding_size: got {self.embedding_size} without a vocabulary; expected None, or a vocabulary "
                "(only tokens are embedded)"
            )

    def _outputs(self) -> int:
        """Return the number of outputs, given or derived from other options."""
        given: int | None = self.output_size
        if self.output == "next":
            needed = self.vocabulary or self.input_size or 0
            if given not in (None, needed):
                what = "vocabulary" if self.vocabulary else "input_size"
                raise ValueError(f"output_size: got {given}; expected {what}, {needed}, for output='next'")
            return needed
        if self.output == "ctc" and (given is None or given < 2):
            raise ValueError(
                f"output_size: got {given}; expected the number of labels + 1 (the blank) for output='ctc'"
            )
        return 1 if given is None else given

    def _resolved_loss(self) -> losses.Loss | str:
        given: Any = self.loss
        if self.output == "ctc":
            if given not in (None, "ctc"):
                raise ValueError(f"loss: got {given!r}; expected 'ctc' for output='ctc'")
            return "ctc"
        found = losses.as_loss(
            "cross_entropy" if given is None and self.output == "next" and self.vocabulary else given
        )
        name = losses.name_of(found)
        if self.output == "next" and ("softmax" in losses.output_activations(name)) != bool(self.vocabulary):
            needed = "cross_entropy or focal" if self.vocabulary else "a loss of values"
            what = "tokens" if self.vocabulary else "values"
            raise ValueError(f"loss: got {name!r}; expected {needed} for output='next' of {what}")
        return found

    def _check_combinations(self) -> None:
        """Raise ValueError for invalid combinations of options."""
        check_cell_activation(self.cell, self.cell_activation)
        if self.output == "next" and self.bidirectional:
            raise ValueError(
                "bidirectional: got True; expected False for output='next', as the reverse direction reads the target"
            )
        if self.output == "next" and self.vocabulary and not takes_labels(self):
            raise ValueError("output_activation: got 'sigmoid'; expected softmax for output='next' of tokens")
        if self.bptt_steps is not None:
            if self.output not in ("sequence", "next"):
                raise ValueError(
                    f"bptt_steps: got {self.bptt_steps} for output={self.output!r}; expected 'sequence' or 'next'"
                )
            if self.bidirectional:
                raise ValueError(f"bptt_steps: got {self.bptt_steps}; expected None with bidirectional=True")
        if self.input_dropout and self.vocabulary and not self.embedding_size:
            raise ValueError(
                f"input_dropout: got {self.input_dropout:g} without embedding_size; expected 0, or an "
                "embedding_size (a token has no value to drop)"
            )
