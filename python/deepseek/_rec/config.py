"""A Rec's configuration, checked: one form for what the constructor was told, and its way to the engine.

Which arguments go with which output is decided here, so that everything later may rely on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from .. import _checks, activations, losses
from .._data.targets import takes_labels
from .._settings import INITIALIZATIONS, Supervised, as_output_activation, common, layer_spec, read_settings
from .stack import CELL_ACTIVATIONS, CELLS, Stack, as_units, check_cell_activation

OUTPUTS = ("last", "mean", "max", "sequence", "next", "ctc")
BLANK = 0
"""The class of output "ctc" that is no label."""


@dataclass(frozen=True, kw_only=True)
class RecConfig(Supervised):
    """A stack of recurrent layers, then a head of dense ones; sizes that follow from others are filled in."""

    input_size: int | None
    hidden: tuple[int, ...]
    cell: str
    cell_activation: str
    vocabulary: int | None
    embedding_size: int | None
    bidirectional: bool
    output: str
    output_size: int
    head: tuple[int, ...]
    head_activation: activations.Activation | str
    dropout: float
    recurrent_dropout: float
    layer_norm: bool
    bptt_steps: int | None
    initialization: str

    activated: ClassVar[tuple[str, ...]] = ("head_activation", "output_activation")

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
        """Whether each step has an output of its own."""
        return self.output in ("sequence", "next", "ctc")

    @property
    def widths(self) -> tuple[int, ...]:
        """Inputs of each recurrent layer, and of the head."""
        return self.stack.widths

    @property
    def dense(self) -> list[tuple[int, activations.Activation | str, float]]:
        """The head's layers: units, activation, dropout; the output layer last."""
        return [
            *((units, self.head_activation, self.dropout) for units in self.head),
            (self.output_size, self.output_activation, 0.0),
        ]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every parameter's name and shape in PyTorch's layout, such as "rnn.weight_ih_l0": (gates·units, in)."""
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
        """What the engine's constructor reads."""
        layers = [
            layer_spec(units, activation, self.bias, dropout, "none", self.initialization)
            for units, activation, dropout in self.dense
        ]
        return {
            **super().spec(), **self.stack.spec(), "vocabulary": self.vocabulary or 0,
            "embedding": self.embedding_size or 0, "output": self.output, "bptt": self.bptt_steps or 0,
            "init": self.initialization, "layers": layers,
        }  # fmt: skip


def make_rec_config(
    *,
    input_size: Any = None,
    hidden: Any = 64,
    cell: Any = "gru",
    cell_activation: Any = "tanh",
    vocabulary: Any = None,
    embedding_size: Any = None,
    bidirectional: Any = False,
    output: Any = "last",
    output_size: Any = None,
    head: Any = (),
    head_activation: Any = "relu",
    output_activation: Any = None,
    loss: Any = None,
    optimizer: Any = None,
    bias: Any = True,
    dropout: Any = 0.0,
    input_dropout: Any = 0.0,
    recurrent_dropout: Any = 0.0,
    layer_norm: Any = False,
    bptt_steps: Any = None,
    initialization: Any = "auto",
    dtype: Any = "float32",
    device: Any = "cpu",
    threads: Any = None,
    seed: Any = 0,
) -> RecConfig:
    """The constructor's arguments, checked; ValueError or TypeError naming the first that cannot be."""
    size, tokens, width = _inputs(input_size, vocabulary, embedding_size)
    output = _checks.choice("output", output, OUTPUTS)
    outputs = _output_size(output_size, output, size, tokens)
    chosen_loss = _loss(loss, output, tokens)
    last = (
        _ctc_activation(output_activation)
        if output == "ctc"
        else as_output_activation(output_activation, chosen_loss, outputs)
    )
    config = RecConfig(
        input_size=size,
        hidden=_sizes("hidden", hidden),
        cell=_checks.choice("cell", cell, CELLS),
        cell_activation=_checks.choice("cell_activation", cell_activation, CELL_ACTIVATIONS),
        vocabulary=tokens,
        embedding_size=width,
        bidirectional=_checks.flag("bidirectional", bidirectional),
        output=output,
        output_size=outputs,
        head=() if isinstance(head, (list, tuple)) and not head else _sizes("head", head),
        head_activation=activations.as_activation("head_activation", head_activation),
        output_activation=last,
        loss=chosen_loss,
        dropout=_checks.real("dropout", dropout, 0.0, 1.0, below=True),
        recurrent_dropout=_checks.real("recurrent_dropout", recurrent_dropout, 0.0, 1.0, below=True),
        layer_norm=_checks.flag("layer_norm", layer_norm),
        bptt_steps=None if bptt_steps is None else _checks.integer("bptt_steps", bptt_steps),
        initialization=_checks.choice("initialization", initialization, INITIALIZATIONS),
        input_dropout=_checks.real("input_dropout", input_dropout, 0.0, 1.0, below=True),
        **common(optimizer, bias, dtype, device, threads, seed),
    )
    _check_together(config)
    config.check_memory(f"hidden layers {list(config.hidden)}")
    return config


def read_rec_config(config: Any, *, device: Any = "cpu", threads: Any = None) -> RecConfig:
    """The configuration that `RecConfig.to_config` wrote, checked again from scratch."""
    return read_settings(RecConfig, make_rec_config, config, device, threads)


def _inputs(input_size: Any, vocabulary: Any, embedding_size: Any) -> tuple[int | None, ...]:
    if (input_size is None) == (vocabulary is None):
        raise ValueError(
            "give input_size (features a step) or vocabulary (inputs are tokens 0 to vocabulary - 1), one of "
            f"the two; got input_size={input_size!r}, vocabulary={vocabulary!r}"
        )
    if embedding_size is not None and vocabulary is None:
        raise ValueError(f"embedding_size={embedding_size!r} needs a vocabulary: only tokens are embedded")
    sizes = {"input_size": input_size, "vocabulary": vocabulary, "embedding_size": embedding_size}
    return tuple(None if v is None else _checks.integer(name, v) for name, v in sizes.items())


def _output_size(output_size: Any, output: str, size: int | None, tokens: int | None) -> int:
    """Given or, where it follows from the rest, filled in."""
    given = None if output_size is None else _checks.integer("output_size", output_size)
    if output == "next":
        wanted = tokens or size or 0
        if given not in (None, wanted):
            what = "vocabulary" if tokens else "input_size"
            raise ValueError(f"output_size must be {what}, {wanted}, for output='next'; got {given}")
        return wanted
    if output == "ctc" and (given is None or given < 2):
        raise ValueError(
            f"output_size must be the number of labels + 1 (the blank) for output='ctc', got {given}"
        )
    return 1 if given is None else given


def _loss(loss: Any, output: str, tokens: int | None) -> losses.Loss | str:
    if output == "ctc":
        if loss not in (None, "ctc"):
            raise ValueError(f"loss must be 'ctc' or None for output='ctc', got {loss!r}")
        return "ctc"
    chosen = "cross_entropy" if loss is None and output == "next" and tokens else loss
    found = losses.as_loss(chosen)
    name = losses.name_of(found)
    if output == "next" and (name in ("cross_entropy", "focal")) != bool(tokens):
        wanted = "cross_entropy or focal" if tokens else "a loss of values"
        what = "tokens" if tokens else "values"
        raise ValueError(f"loss must be {wanted} for output='next' of {what}, got {name!r}")
    return found


def _ctc_activation(activation: Any) -> str:
    if activation not in (None, "softmax"):
        raise ValueError(f"output_activation must be 'softmax' or None for output='ctc', got {activation!r}")
    return "softmax"


def _sizes(name: str, value: Any) -> tuple[int, ...]:
    """Units, one a layer; a single number is a single layer."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        return (_checks.integer(name, value),)
    return as_units(name, value)


def _check_together(config: RecConfig) -> None:
    """What goes with what."""
    check_cell_activation(config.cell, config.cell_activation)
    if config.output == "next" and config.bidirectional:
        raise ValueError(
            "output='next' cannot be bidirectional: the reverse direction has seen the next step"
        )
    if config.output == "next" and config.vocabulary and not takes_labels(config):
        raise ValueError("output_activation must be softmax for output='next' of tokens, got 'sigmoid'")
    if config.bptt_steps is not None:
        if config.output not in ("sequence", "next"):
            raise ValueError(f"bptt_steps goes with output 'sequence' or 'next', not {config.output!r}")
        if config.bidirectional:
            raise ValueError("bptt_steps cannot be bidirectional: the reverse direction starts at the end")
    if config.input_dropout and config.vocabulary and not config.embedding_size:
        raise ValueError("input_dropout of tokens needs embedding_size: a token has nothing to drop")
