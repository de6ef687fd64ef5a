"""The configuration of a Gen of sequences: recurrent layers below the dense ones of both players, and its checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from .. import _checks, optimizers, schedules
from .._rec.stack import CELL_ACTIVATIONS, CELLS, Stack, as_units, check_cell_activation
from .._settings import as_optimizer, training_spec
from .blocks import Block
from .config import GenConfig, Layer

WIDEST_TOKENS = 64  # embedding by default
LATENTS = 8  # by default, of a series as a whole and of each of its steps
POOLINGS = ("last", "mean", "max")

DEFAULTS: dict[str, Any] = {
    "vocabulary": None, "steps": None, "cell": None, "cell_activation": "tanh", "layer_norm": False,
    "recurrent_dropout": 0.0, "generator_head": (), "discriminator_head": (), "bidirectional": False,
    "discriminator_bidirectional": False, "pooling": "mean", "step_latent_size": None,
    "token_embedding_size": None, "stop": None, "temperature": 1.0, "hard": True, "pretrain_optimizer": None,
}  # fmt: skip
"""Arguments that only sequences have."""

_MOST_STEPS = 2**24 - 2  # each has a layer of Philox, and the drawn lengths one more
_OF_TEXTS = ("stop", "temperature", "hard", "token_embedding_size", "pretrain_optimizer")


@dataclass(frozen=True, kw_only=True)
class SequenceGenConfig(GenConfig):
    """Per-layer choices have one value a dense layer of a head; `dropout` one more before, the recurrent layers'."""

    vocabulary: int | None
    steps: int
    cell: str
    cell_activation: str
    layer_norm: bool
    recurrent_dropout: float
    generator_head: tuple[int, ...]
    discriminator_head: tuple[int, ...]
    bidirectional: bool
    discriminator_bidirectional: bool
    pooling: str
    step_latent_size: int
    token_embedding_size: int | None
    stop: int | None
    temperature: float
    hard: bool
    pretrain_optimizer: optimizers.Optimizer | None

    sequences: ClassVar[bool] = True

    @property
    def known(self) -> bool:
        return bool(self.data_size or self.vocabulary)

    @property
    def inputs(self) -> int:
        return self.data_size or self.vocabulary or 0

    @property
    def tokens(self) -> int:
        """Width of the tokens' embedding; 0 of series."""
        return self.token_embedding_size or min(self.vocabulary or 0, WIDEST_TOKENS)

    @property
    def blocks(self) -> tuple[Block, ...]:
        if not self.vocabulary:
            return super().blocks
        return (Block("gumbel", self.vocabulary, temperature=self.temperature, hard=self.hard),)

    @property
    def stacks(self) -> dict[str, Stack]:
        """The recurrent layers of both players."""
        return {
            "generator": self._stack(
                self.tokens + self.latent_size + self.step_latent_size + self.embedding,
                self.generator,
                self.bidirectional,
                self.dropout[0],
                0.0,
            ),
            "discriminator": self._stack(
                self.tokens or self.inputs,
                self.discriminator,
                self.discriminator_bidirectional,
                self.discriminator_dropout[0],
                self.discriminator_input_dropout,
            ),
        }

    def _stack(
        self, inputs: int, hidden: tuple[int, ...], both: bool, dropout: float, input_dropout: float
    ) -> Stack:
        return Stack(
            inputs=inputs,
            hidden=hidden,
            cell=self.cell,
            cell_activation=self.cell_activation,
            bidirectional=both,
            bias=self.bias,
            layer_norm=self.layer_norm,
            dropout=dropout,
            recurrent_dropout=self.recurrent_dropout,
            input_dropout=input_dropout,
        )

    def generator_layers(self) -> Iterator[Layer]:
        """From the top recurrent layer to a step."""
        return self._making(self.stacks["generator"].widths[-1], self.generator_head, self.dropout[1:])

    def discriminator_layers(self) -> Iterator[Layer]:
        """From the pooled features to the score."""
        pooled = self.stacks["discriminator"].widths[-1]
        return self._scoring(pooled, self.discriminator_head, self.discriminator_dropout[1:])

    def _below(self, player: str) -> dict[str, tuple[int, ...]]:
        start = player == "generator"  # whose table has a row for it
        table = {f"{player}.tokens.weight": (self.inputs + start, self.tokens)} if self.vocabulary else {}
        return {**table, **self.stacks[player].shapes(f"{player}.")}

    def spec(self) -> dict[str, Any]:
        plain, stacks = super().spec(), self.stacks
        rest = {"init": self.initialization, "tokens": self.tokens}
        taught = self.pretrain_optimizer or optimizers.Adam(1e-3)
        return {
            **plain, "length": self.steps, "vocabulary": self.vocabulary or 0,
            "stop": -1 if self.stop is None else self.stop, "step_latent": self.step_latent_size,
            "pretrain": training_spec(taught),
            "generator": {**plain["generator"], **stacks["generator"].spec(), **rest},
            "discriminator": {
                **plain["discriminator"], **stacks["discriminator"].spec(), **rest, "output": self.pooling,
            },
        }  # fmt: skip


def of_sequences(given: Mapping[str, Any]) -> bool:
    """Whether these of `DEFAULTS` ask for sequences; ValueError if they do by half."""
    if (given["steps"] is None) != (given["cell"] is None):
        raise ValueError(
            "steps (the most of a sequence) and cell come together; "
            f"got steps={given['steps']!r}, cell={given['cell']!r}"
        )
    if given["steps"] is not None:
        return True
    for name, value in given.items():
        if type(value) is not type(DEFAULTS[name]) or value != DEFAULTS[name]:
            raise ValueError(f"{name}={value!r} is for sequences: give steps and cell too")
    return False


def sequence_fields(given: Mapping[str, Any], data_size: Any, latent_size: Any) -> dict[str, Any]:
    """The arguments of `DEFAULTS`, and latent_size, checked and filled in."""
    tokens = None if given["vocabulary"] is None else _checks.integer("vocabulary", given["vocabulary"], 2)
    if tokens and data_size is not None:
        raise ValueError(
            "give data_size (features a step) or vocabulary (steps are tokens 0 to vocabulary - 1), not both"
        )
    for name in () if tokens else _OF_TEXTS:
        if type(given[name]) is not type(DEFAULTS[name]) or given[name] != DEFAULTS[name]:
            raise ValueError(f"{name}={given[name]!r} is for texts: give a vocabulary")
    usual = 0 if tokens else LATENTS
    latents = {"latent_size": latent_size, "step_latent_size": given["step_latent_size"]}
    sizes = {name: usual if v is None else _checks.integer(name, v, 0) for name, v in latents.items()}
    if not (tokens or any(sizes.values())):
        raise ValueError("latent_size or step_latent_size must be at least 1: nothing would be random")
    cell = _checks.choice("cell", given["cell"], CELLS)
    activation = _checks.choice("cell_activation", given["cell_activation"], CELL_ACTIVATIONS)
    check_cell_activation(cell, activation)
    both = _checks.flag("bidirectional", given["bidirectional"])
    if both and tokens:
        raise ValueError("bidirectional=True cannot be of texts: a token would depend on those after it")
    width, stop, taught = (given[key] for key in ("token_embedding_size", "stop", "pretrain_optimizer"))
    return {
        **sizes,
        "vocabulary": tokens,
        "steps": _checks.integer("steps", given["steps"], 1, _MOST_STEPS),
        "cell": cell,
        "cell_activation": activation,
        "layer_norm": _checks.flag("layer_norm", given["layer_norm"]),
        "recurrent_dropout": _checks.real(
            "recurrent_dropout", given["recurrent_dropout"], 0.0, 1.0, below=True
        ),
        "bidirectional": both,
        "discriminator_bidirectional": _checks.flag(
            "discriminator_bidirectional", given["discriminator_bidirectional"]
        ),
        "pooling": _checks.choice("pooling", given["pooling"], POOLINGS),
        "token_embedding_size": None if width is None else _checks.integer("token_embedding_size", width),
        "stop": None if stop is None else _checks.integer("stop", stop, 0, (tokens or 1) - 1),
        "temperature": _checks.real("temperature", given["temperature"], above=True),
        "hard": _checks.flag("hard", given["hard"]),
        "pretrain_optimizer": None if taught is None else as_optimizer("pretrain_optimizer", taught),
    }


def check_sequences(config: SequenceGenConfig) -> None:
    """What does not go with sequences, or with texts."""
    for name in ("generator", "discriminator"):
        as_units(name, getattr(config, name))
    if config.pack > 1:
        raise ValueError(f"pack={config.pack} is for rows: the discriminator judges sequences one by one")
    if "batch" in config.normalization:
        raise ValueError('normalization must be "layer" or None for sequences, got "batch"')
    taught = config.pretrain_optimizer
    if taught is not None and isinstance(taught.schedule, schedules.Plateau):
        raise ValueError("pretrain_optimizer must not have a Plateau schedule: there is no validation loss")
    if not config.vocabulary:
        return
    wrong = {
        f"output_activation={config.output_activation!r}": config.output_activation != "identity",
        f"instance_noise={config.instance_noise}": config.instance_noise > 0,
        f"augmentation={config.augmentation!r}": config.augmentation is not None,
        "penalty='interpolated'": config.penalty == "interpolated",
    }
    for what, given in wrong.items():
        if given:
            why = "their output is tokens" if "output" in what else "a noisy or mixed token is none"
            raise ValueError(f"{what} cannot be of texts: {why}")
