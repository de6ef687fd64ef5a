"""What a Gen keeps beside its engine: the door its data come through, labels' counts, how often it was sampled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._checks import integer
from .._model.base import Model
from . import draws
from .arguments import read_gen_config
from .config import GenConfig
from .core import Unmade
from .data import AUTO, Door
from .plan import read_gen_run
from .sequence_config import SequenceGenConfig
from .sequences import SequenceDoor

Array = NDArray[Any]


class GenModel(Model):
    """Base of `Gen`; not made by itself."""

    kind: ClassVar[str] = "Gen"
    logged: ClassVar[tuple[str, ...]] = (
        "epoch", "loss", "penalty", "real_score", "fake_score", "generator_loss", "rate", "generator_rate", "seconds",
    )  # fmt: skip
    shown: ClassVar[tuple[str, ...]] = ("generator_loss",)
    _config: GenConfig
    _transformer: Any
    _label: str | None  # column of a table that holds the labels
    _counts: list[int] | None  # of the labels that were last trained on
    _lengths: list[int] | None  # of sequences, how many last trained on had 1, 2, … steps
    _draws: int  # samples drawn without a seed so far

    _read_config = staticmethod(read_gen_config)
    _read_run = staticmethod(read_gen_run)

    @staticmethod
    def _make_core(config: GenConfig) -> Any:
        return _core.GenCore(config.spec()) if config.known else Unmade()

    @property
    def _door(self) -> Door:
        if isinstance(self._config, SequenceGenConfig):
            return SequenceDoor(self._config)
        return Door(self._config, self._transformer, self._label)

    @contextmanager
    def _behind(self, door: Door, data: Any) -> Iterator[None]:
        """Take on what a fit's data told; all is as before if that fit does not begin."""
        before, run = {key: vars(self)[key] for key in _TOLD}, self._run
        counts = self._counts
        if data.labels is not None:
            counts = np.bincount(data.labels, minlength=door.config.classes or 0).tolist()
        made = self._core if self._config.known else self._make_core(door.config)
        with self._gate.room:
            self._config, self._transformer, self._label = door.config, door.transformer, door.label
            self._core, self._counts = made, counts
            self._lengths = door.length_counts(data)
        try:
            yield
        except BaseException:
            if self._run is run and (made is before["_core"] or not self._began(made)):
                with self._gate.room:
                    vars(self).update(before)
            raise

    @staticmethod
    def _began(core: Any) -> bool:
        state = core.get_state()
        return bool(state["epoch"] or state["step"] or state.get("phase.other_epoch"))

    def _labels_of(self, door: Door, asked: Array | None, n: int, seed: int, first: int = 0) -> Array | None:
        """Of samples first … first + n - 1: those asked for, or drawn as they came in training."""
        if asked is not None or not door.config.classes:
            return asked
        return draws.labels(self._counts or [1] * door.config.classes, n, seed, first)

    @contextmanager
    def _drawing(self, seed: Any) -> Iterator[int]:
        """The seed given, or the next of the model's own, which counts if all goes well; in the room."""
        given = None if seed is None else integer("seed", seed, 0, _MOST_SEED)
        with self._gate.room:  # all from the same weights
            yield (self._config.seed + self._draws + 1) % (_MOST_SEED + 1) if given is None else given
            self._draws += given is None

    def _own_config(self, state: bool) -> dict[str, Any]:
        transformer = self._transformer
        if transformer is not None and transformer != AUTO:
            if not self._config.known or not hasattr(transformer, "to_config"):
                raise ValueError(
                    "a Gen with a transformer of yours can be saved after its first fit, if that has to_config; "
                    "pickle takes any"
                )
            from .._tables.transformer import TableTransformer

            if type(transformer) is not TableTransformer:
                raise ValueError(
                    f"{type(transformer).__name__} cannot be read back from a file; pickle it instead"
                )
            transformer = transformer.to_config()
        own = {"transformer": transformer, "label": self._label, "counts": self._counts}
        return {"gen": {**own, "lengths": self._lengths, "draws": self._draws}}

    def _read_own_config(self, config: dict[str, Any]) -> None:
        if set(config) != {"gen"} or set(config["gen"]) != _OWN:
            raise ValueError("its configuration lacks what a Gen has, or has more")
        own = config["gen"]
        classes, steps = self._config.classes or 0, getattr(self._config, "steps", 0)
        counts = _read_counts("labels' counts", own["counts"], classes)
        self._lengths = _read_counts("lengths' counts", own["lengths"], steps)
        self._transformer = _read_transformer(own["transformer"], self._config)
        self._label, self._counts = _read_label(own["label"], self._transformer, classes), counts
        self._draws = integer("draws", own["draws"], 0, _MOST_SEED)


_TOLD = ("_config", "_transformer", "_label", "_core", "_counts", "_lengths")
_OWN = {"transformer", "label", "counts", "lengths", "draws"}
_MOST_SEED = 2**64 - 1


def _read_transformer(given: Any, config: GenConfig) -> Any:
    if given is None or (given == AUTO and not config.known):
        return given
    from .._tables.transformer import TableTransformer

    transformer = TableTransformer.from_config(given)
    if transformer.width != config.inputs:
        raise ValueError(f"its transformer makes {transformer.width} columns, the model has {config.inputs}")
    return transformer


def _read_counts(what: str, given: Any, wanted: int) -> list[int] | None:
    if given is None:
        return None
    counts = [integer("counts", count, 0, 2**62) for count in given]
    if len(counts) != wanted or not sum(counts):
        raise ValueError(f"its {what} must be {wanted} and not all 0")
    return counts


def _read_label(given: Any, transformer: Any, classes: int) -> str | None:
    if given is None:
        return None
    labels = getattr(transformer, "labels", None)
    if not isinstance(given, str) or labels is None or len(labels.classes) != classes:
        raise ValueError("its column of labels does not fit its transformer")
    return given
