"""Groups of options of `Gen`: penalty, instance noise, augmentation, and players of sequences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from . import optimizers, schedules
from ._config import checks
from ._config.base import REQUIRED, ConfigBase, count, number, one_of, option, switch
from ._config.model import optimizer_option
from ._config.recurrent import CELL_ACTIVATIONS, CELLS, check_cell_activation

__all__ = ["Augmentation", "InstanceNoise", "Penalty", "SequencePlayers", "Texts"]

PENALTIES = ("r1", "r2", "r1r2", "interpolated")
POOLINGS = ("last", "mean", "max")
_MOST_STEPS = 2**24 - 2  # each has a Philox stream, and the drawn lengths one more


@dataclass(frozen=True, repr=False)
class Penalty(ConfigBase):
    """Gradient penalty: keeps the gradient of the discriminator's score with respect to its input small.

    Parameters
    ----------
    kind : {"r1", "r2", "r1r2", "interpolated"}
        Points of the penalty: real rows, generated rows, both (Mescheder et al. 2018), or random points between
        real and generated rows, where the norm is held at 1 (Gulrajani et al. 2017; not for texts).
    weight : float, optional
        Factor of the penalty in the discriminator's loss, above 0. Default: 10 for "interpolated", else 0.1.
    interval : int, default=1
        Discriminator updates between two penalties; the penalty is multiplied by it (lazy regularisation, Karras
        et al. 2020).
    """

    kind: str = one_of(REQUIRED, PENALTIES)
    weight: float | None = number(None, above=True)
    interval: int = count(1)

    def _complete(self) -> None:
        if self.weight is None:
            self._set("weight", 10.0 if self.kind == "interpolated" else 0.1)


@dataclass(frozen=True, repr=False)
class InstanceNoise(ConfigBase):
    """Normal noise on every row that the discriminator sees (Sønderby et al. 2017).

    Parameters
    ----------
    std : float
        Standard deviation of the noise at the start, in units of the data.
    epochs : int, default=0
        Epochs over which the deviation falls linearly to 0; 0 keeps it constant.
    """

    std: float = number(REQUIRED, above=True)
    epochs: int = count(0, 0)


@dataclass(frozen=True, repr=False)
class Augmentation(ConfigBase):
    """Random changes of the rows that the discriminator sees, for small data sets (Karras et al. 2020).

    Each row is scaled, has columns set to 0, and gets noise, each with probability p. Samples are never changed. p
    starts at 0 and follows how often the discriminator scores a training row above a generated one.

    Parameters
    ----------
    target : float, default=0.6
        Mean of sign(score of a real row - score of a generated row) that p is adjusted to, in (0, 1).
    interval : int, default=4
        Discriminator updates between two adjustments of p.
    rows : int, default=100_000
        Rows during which p can rise from 0 to 1.
    limit : float, default=0.8
        Largest p, in (0, 1].
    scale : float, default=0.2
        Standard deviation of the logarithm of the scale factor.
    cutout : float, default=0.25
        Share of the columns set to 0, in [0, 1].
    jitter : float, default=0.1
        Standard deviation of the noise, in units of the data.
    """

    target: float = number(0.6, 0, 1, above=True, below=True)
    interval: int = count(4)
    rows: int = count(100_000)
    limit: float = number(0.8, 0, 1, above=True)
    scale: float = number(0.2)
    cutout: float = number(0.25, 0, 1)
    jitter: float = number(0.1)


def _as_head(argument: str, value: Any, _: Any) -> tuple[int, ...]:
    return checks.units(argument, value)


@dataclass(frozen=True, repr=False)
class SequencePlayers(ConfigBase):
    """Recurrent players, for a `Gen` of time series (Mogren 2016; Esteban et al. 2017).

    `Gen`'s `generator` and `discriminator` are the units of the recurrent layers then. Dense layers may follow them,
    the heads; `activation`, `normalization` and `dropout` of `Gen` apply to these.

    Parameters
    ----------
    steps : int
        Most steps of a sequence.
    cell : {"gru", "lstm", "rnn"}, default="gru"
        Recurrent cell of both players, as in `Rec`.
    cell_activation : {"tanh", "relu", "sigmoid"}, default="tanh"
        Activation of the cell "rnn"; the others have their own.
    layer_norm : bool, default=False
        Layer normalisation in the cells (Ba et al. 2016).
    recurrent_dropout : float, default=0.0
        Share of the state set to 0 in training, one choice per sequence, in [0, 1) (Gal & Ghahramani 2016).
    generator_head : list of int, default=()
        Units of dense layers above the generator's recurrent ones, applied at every step.
    discriminator_head : list of int, default=()
        Units of dense layers above the discriminator's pooled features.
    bidirectional : bool, default=False
        Whether the generator reads its latent numbers in both directions; not for texts.
    discriminator_bidirectional : bool, default=False
        Whether the discriminator reads sequences in both directions.
    pooling : {"mean", "last", "max"}, default="mean"
        Reduction of the discriminator's steps to one vector of features.
    step_latent_size : int
        Latent numbers per step, beside `Gen`'s `latent_size` per sequence. Default: 8; `Texts`: 0. A series needs one
        of the two to be at least 1.
    """

    translated: ClassVar[frozenset[str]] = frozenset({
        "cell", "cell_activation", "layer_norm", "recurrent_dropout", "generator_head", "discriminator_head",
        "bidirectional", "discriminator_bidirectional", "pooling",
    })  # fmt: skip
    steps: int = count(REQUIRED, 1, _MOST_STEPS)
    cell: str = one_of("gru", CELLS, kw_only=True)
    cell_activation: str = one_of("tanh", CELL_ACTIVATIONS, kw_only=True)
    layer_norm: bool = switch(False, kw_only=True)
    recurrent_dropout: float = number(0.0, 0.0, 1.0, below=True, kw_only=True)
    generator_head: tuple[int, ...] = option((), _as_head, kw_only=True)
    discriminator_head: tuple[int, ...] = option((), _as_head, kw_only=True)
    bidirectional: bool = switch(False, kw_only=True)
    discriminator_bidirectional: bool = switch(False, kw_only=True)
    pooling: str = one_of("mean", POOLINGS, kw_only=True)
    step_latent_size: int = count(8, 0, kw_only=True)

    def _complete(self) -> None:
        check_cell_activation(self.cell, self.cell_activation)


@dataclass(frozen=True, repr=False)
class Texts(SequencePlayers):
    """Recurrent players for a `Gen` of texts: sequences of tokens, each drawn given those before it.

    Parameters
    ----------
    steps : int
        Most tokens of a text.
    vocabulary : int
        Number of different tokens; texts hold the integers 0 to vocabulary - 1.
    token_embedding_size : int, optional
        Width of the tokens' embedding in both players. Default: the vocabulary, at most 64.
    eos_token : int, optional
        Token that ends a text. Shorter texts are padded with it, and samples end before the first one. Default: none.
    temperature : float, default=1.0
        Temperature of the Gumbel softmax that draws tokens in training, above 0 (Jang et al. 2017).
    hard : bool, default=True
        Whether the discriminator sees the drawn tokens, with the gradient of the soft ones (straight through); else it
        sees the soft ones.
    pretrain_optimizer : str or Optimizer, default=Adam(1e-3)
        Optimizer of `Gen.pretrain`; any schedule but Plateau.
    **others
        As in `SequencePlayers`; `step_latent_size` is 0 by default.
    """

    translated: ClassVar[frozenset[str]] = SequencePlayers.translated | {
        "token_embedding_size", "temperature", "hard", "pretrain_optimizer",
    }  # fmt: skip
    step_latent_size: int = count(0, 0, kw_only=True)
    vocabulary: int = count(REQUIRED, 2, kw_only=True)
    token_embedding_size: int | None = count(None, kw_only=True)
    eos_token: int | None = count(None, 0, kw_only=True)
    temperature: float = number(1.0, above=True, kw_only=True)
    hard: bool = switch(True, kw_only=True)
    pretrain_optimizer: optimizers.Optimizer = optimizer_option(optimizers.Adam(1e-3))

    def _complete(self) -> None:
        super()._complete()
        if self.bidirectional:
            raise ValueError(
                "bidirectional: got True; expected False for texts: a token would depend on those after it"
            )
        if self.eos_token is not None:
            checks.integer("eos_token", self.eos_token, 0, self.vocabulary - 1)
        if isinstance(self.pretrain_optimizer.schedule, schedules.Plateau):
            raise ValueError(
                "pretrain_optimizer: got a Plateau schedule; expected another: there is no validation loss"
            )


def as_augmentation(argument: str, value: Any, _: Any) -> Augmentation | None:
    """What `Gen` takes: None or False (none), True (the defaults), or a description."""
    if value is None or value is False:
        return None
    if value is True:
        return Augmentation()
    if isinstance(value, Augmentation):
        return value
    raise TypeError(f"{argument}: got {checks.short(value)}; expected Augmentation(...), True or None")


def as_instance_noise(argument: str, value: Any, _: Any) -> InstanceNoise | None:
    """What `Gen` takes: a standard deviation, where 0 is none, or a description."""
    if value is None or isinstance(value, InstanceNoise):
        return value
    std = checks.real(argument, value)
    return InstanceNoise(std) if std else None


def as_penalty(argument: str, value: Any, _: Any) -> Penalty | str | None:
    """What `Gen` takes: "auto", None, a kind, or a description."""
    if value is None or isinstance(value, Penalty):
        return value
    chosen = checks.choice(argument, value, ("auto", *PENALTIES))
    return chosen if chosen == "auto" else Penalty(chosen)


def as_sequences(argument: str, value: Any, _: Any) -> SequencePlayers | None:
    """What `Gen` takes: None, or a description."""
    if value is None or isinstance(value, SequencePlayers):
        return value
    raise TypeError(
        f"{argument}: got {checks.short(value)}; expected SequencePlayers(steps), Texts(steps, vocabulary=...) or None"
    )


KINDS: dict[str, type[ConfigBase]] = {
    c.__name__: c for c in (Penalty, InstanceNoise, Augmentation, SequencePlayers, Texts)
}
