"""Configuration of a Gen of sequences: both players have recurrent layers below the dense ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .. import gen_options
from .gen import GenConfig, Layer
from .gen_blocks import Block
from .model import read_config, training_spec
from .recurrent import Stack

MAX_TOKEN_EMBEDDING = 64  # largest default width of the embedding of tokens
LATENT_SIZE = 8  # default of series


@dataclass(frozen=True, kw_only=True, repr=False)
class SequenceGenConfig(GenConfig):
    """Options of a Gen of sequences; options per layer have a value per dense layer.

    `dropout` and `discriminator_dropout` have that of the recurrent layers before these.
    """

    @property
    def players(self) -> gen_options.SequencePlayers:
        """Options of the recurrent players."""
        assert self.sequences is not None
        return self.sequences

    @property
    def texts(self) -> gen_options.Texts | None:
        """Options of texts; None for series."""
        return self.sequences if isinstance(self.sequences, gen_options.Texts) else None

    @property
    def vocabulary(self) -> int:
        """Number of tokens; 0 for series."""
        return self.texts.vocabulary if self.texts else 0

    @property
    def eos_token(self) -> int | None:
        """Token that ends a text, if there is one."""
        return self.texts.eos_token if self.texts else None

    @property
    def steps(self) -> int:
        """Largest number of steps of a sequence."""
        return self.players.steps

    def _penalty_kind(self, kind: str) -> str:
        return "r1r2" if self.texts else kind

    def _complete_sizes(self) -> None:
        if self.texts and self.data_size is not None:
            raise ValueError(
                f"data_size: got {self.data_size} with Texts, whose tokens have no features; leave it out"
            )
        given: Any = self.latent_size
        default = 0 if self.texts else LATENT_SIZE
        self._set("latent_size", default if given is None else given)
        if not (self.texts or self.latent_size or self.players.step_latent_size):
            raise ValueError(
                "latent_size, step_latent_size: got 0 and 0; expected one of them above 0, or nothing is random"
            )

    def _check_combinations(self) -> None:
        super()._check_combinations()
        if self.pac > 1:
            raise ValueError(f"pac: got {self.pac}; expected 1 for sequences, which are scored one by one")
        if "batch" in self.normalization:
            raise ValueError('normalization: got "batch"; expected "layer" or None for sequences')
        if not self.texts:
            return
        if self.output_activation != "identity":
            raise ValueError(
                f"output_activation: got {self.output_activation!r} with Texts, whose output is tokens; leave it out"
            )
        invalid = {
            "instance_noise": self.instance_noise,
            "augmentation": self.augmentation,
            "penalty": self.penalty if self.penalty and self.penalty.kind == "interpolated" else None,
        }
        for argument, value in invalid.items():
            if value is not None:
                raise ValueError(
                    f"{argument}: got {value!r}; expected None for texts, whose tokens cannot be noisy or interpolated"
                )

    @property
    def known(self) -> bool:
        return bool(self.data_size or self.vocabulary)

    @property
    def inputs(self) -> int:
        return self.data_size or self.vocabulary

    @property
    def tokens(self) -> int:
        """Width of the embedding of tokens; 0 for series."""
        if not self.texts:
            return 0
        return self.texts.token_embedding_size or min(self.vocabulary, MAX_TOKEN_EMBEDDING)

    @property
    def blocks(self) -> tuple[Block, ...]:
        if not self.texts:
            return super().blocks
        return (Block("gumbel", self.vocabulary, temperature=self.texts.temperature, hard=self.texts.hard),)

    @property
    def stacks(self) -> dict[str, Stack]:
        """Recurrent layers of both players."""
        return {
            "generator": self._stack(
                self.tokens + self.latent_size + self.players.step_latent_size + self.embedding,
                self.generator,
                self.players.bidirectional,
                self.dropout[0],
                0.0,
            ),
            "discriminator": self._stack(
                self.tokens or self.inputs,
                self.discriminator,
                self.players.discriminator_bidirectional,
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
            cell=self.players.cell,
            cell_activation=self.players.cell_activation,
            bidirectional=both,
            bias=self.bias,
            layer_norm=self.players.layer_norm,
            dropout=dropout,
            recurrent_dropout=self.players.recurrent_dropout,
            input_dropout=input_dropout,
        )

    def generator_layers(self) -> Iterator[Layer]:
        """Yield the dense layers from the top recurrent layer to the values of a step."""
        return self._generator_dense(self.stacks["generator"].widths[-1], self.dropout[1:])

    def discriminator_layers(self) -> Iterator[Layer]:
        """Yield the dense layers from the pooled features to the score."""
        pooled = self.stacks["discriminator"].widths[-1]
        return self._discriminator_dense(pooled, self.discriminator_dropout[1:])

    def _encoder_shapes(self, player: str) -> dict[str, tuple[int, ...]]:
        start = player == "generator"  # its table has a row for the start token
        table = {f"{player}.tokens.weight": (self.inputs + start, self.tokens)} if self.vocabulary else {}
        return {**table, **self.stacks[player].shapes(f"{player}.")}

    def spec(self) -> dict[str, Any]:
        base, texts = super().spec(), self.texts
        pretrain = {"pretrain": training_spec(texts.pretrain_optimizer)} if texts else {}
        shared = {
            "initialization": self.initialization,
            **({"token_embedding_size": self.tokens} if texts else {}),
        }
        players = {name: {**base[name], **stack.spec(), **shared} for name, stack in self.stacks.items()}
        players["discriminator"]["pooling"] = self.players.pooling
        return {**base, **self.players._spec(), **pretrain, **players}


def gen_config(**options: Any) -> GenConfig:
    """Return the configuration for these options: of sequences if `sequences` is given, else of rows."""
    return (GenConfig if options.get("sequences") is None else SequenceGenConfig)(**options)


def read_gen_config(config: Any, *, device: Any = "cpu", threads: Any = None) -> GenConfig:
    """Return the configuration that `GenConfig.to_config` wrote, after a full validation."""
    sequences = isinstance(config, dict) and config.get("sequences") is not None
    return read_config(SequenceGenConfig if sequences else GenConfig, config, device=device, threads=threads)
