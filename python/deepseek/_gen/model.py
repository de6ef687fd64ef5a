"""State of a Gen besides its engine: the data adapter, counts of labels and lengths, the number of draws."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._config.checks import integer
from .._config.gen import GenConfig
from .._config.gen_sequences import SequenceGenConfig, read_gen_config
from .._training.base import Model
from . import draws
from .data import AUTO, DataAdapter
from .deferred_core import DeferredCore
from .fit_state import read_gen_fit_state
from .sequences import SequenceDataAdapter

Array = NDArray[Any]


class GenModel(Model):
    """Base class of `Gen` with its state; not instantiated itself."""

    kind: ClassVar[str] = "Gen"
    logged: ClassVar[tuple[str, ...]] = (
        "epoch", "loss", "penalty", "real_score", "fake_score", "generator_loss", "learning_rate",
        "generator_learning_rate", "seconds",
    )  # fmt: skip
    shown: ClassVar[tuple[str, ...]] = ("generator_loss",)
    _config: GenConfig
    _transformer: Any
    _label: str | None  # name of the column of labels
    _counts: list[int] | None  # counts of the labels in the last training data
    _lengths: list[int] | None  # numbers of sequences with 1, 2, … steps in the last training data
    _draws: int  # number of calls of sample without a seed

    @classmethod
    def _read_config(cls, config: Any, *, device: Any = "cpu", threads: Any = None) -> GenConfig:
        return read_gen_config(config, device=device, threads=threads)

    _read_fit_state = staticmethod(read_gen_fit_state)

    @staticmethod
    def _make_core(config: GenConfig) -> Any:
        return _core.GenCore(config.spec()) if config.known else DeferredCore()

    @property
    def _adapter(self) -> DataAdapter:
        if isinstance(self._config, SequenceGenConfig):
            return SequenceDataAdapter(self._config)
        return DataAdapter(self._config, self._transformer, self._label)

    @contextmanager
    def _adopt(self, adapter: DataAdapter, data: Any) -> Iterator[None]:
        """Adopt the state that the data of a fit determine; restore the old state if the fit does not begin."""
        before, state = {key: vars(self)[key] for key in _ADOPTED}, self._fit_state
        counts = self._counts
        if data.labels is not None:
            counts = np.bincount(data.labels, minlength=adapter.config.classes or 0).tolist()
        core = self._core if self._config.known else self._make_core(adapter.config)
        with self._lock.state_lock:
            self._config, self._transformer, self._label = adapter.config, adapter.transformer, adapter.label
            self._core, self._counts = core, counts
            self._lengths = adapter.length_counts(data)
        try:
            yield
        except BaseException:
            if self._fit_state is state and (core is before["_core"] or not self._began(core)):
                with self._lock.state_lock:
                    vars(self).update(before)
            raise

    @staticmethod
    def _began(core: Any) -> bool:
        state = core.get_state()
        return bool(state["epoch"] or state["step"] or state.get("phase.other_epoch"))

    def _labels_of(
        self, adapter: DataAdapter, labels: Array | None, n: int, seed: int, first: int = 0
    ) -> Array | None:
        """Return the labels of samples first to first + n - 1: the user's, or random ones as in training."""
        if labels is not None or not adapter.config.classes:
            return labels
        return draws.labels(self._counts or [1] * adapter.config.classes, n, seed, first)

    @contextmanager
    def _drawing(self, seed: Any) -> Iterator[int]:
        """Hold state_lock and yield the user's seed or the model's next one, which is counted if the draw succeeds."""
        user_seed = None if seed is None else integer("seed", seed, 0, _MAX_SEED)
        with self._lock.state_lock:  # all samples come from the same weights
            yield (self._config.seed + self._draws + 1) % (_MAX_SEED + 1) if user_seed is None else user_seed
            self._draws += user_seed is None

    def _extra_config(self) -> dict[str, Any]:
        transformer = self._transformer
        if transformer is not None and transformer != AUTO:
            if not self._config.known or not hasattr(transformer, "to_config"):
                raise ValueError(
                    f"transformer: got an unfitted {type(transformer).__name__} or one without to_config; expected a "
                    "fitted TableTransformer (pickle saves any)"
                )
            from .._tables.transformer import TableTransformer

            if type(transformer) is not TableTransformer:
                raise ValueError(
                    f"transformer: got a {type(transformer).__name__}, which cannot be read back from a file; expected "
                    "a TableTransformer (pickle saves any)"
                )
            transformer = transformer.to_config()
        entries = {"transformer": transformer, "label": self._label, "counts": self._counts}
        return {"gen": {**entries, "lengths": self._lengths, "draws": self._draws}}

    def _read_extra_config(self, config: dict[str, Any]) -> None:
        if set(config) != {"gen"} or set(config["gen"]) != _ENTRIES:
            got = sorted(config["gen"]) if set(config) == {"gen"} else sorted(config)
            raise ValueError(f"configuration: got {got}; expected 'gen' with {', '.join(sorted(_ENTRIES))}")
        entries = config["gen"]
        classes, steps = self._config.classes or 0, getattr(self._config, "steps", 0)
        counts = _read_counts("counts of labels", entries["counts"], classes)
        self._lengths = _read_counts("counts of lengths", entries["lengths"], steps)
        self._transformer = _read_transformer(entries["transformer"], self._config)
        self._label, self._counts = _read_label(entries["label"], self._transformer, classes), counts
        self._draws = integer("draws", entries["draws"], 0, _MAX_SEED)


_ADOPTED = ("_config", "_transformer", "_label", "_core", "_counts", "_lengths")
_ENTRIES = {"transformer", "label", "counts", "lengths", "draws"}
_MAX_SEED = 2**64 - 1


def _read_transformer(value: Any, config: GenConfig) -> Any:
    if value is None or (value == AUTO and not config.known):
        return value
    from .._tables.transformer import TableTransformer

    transformer = TableTransformer.from_config(value)
    if transformer.width != config.inputs:
        raise ValueError(
            f"transformer: got one of {transformer.width} encoded columns; expected {config.inputs}, those of the model"
        )
    return transformer


def _read_counts(name: str, value: Any, length: int) -> list[int] | None:
    if value is None:
        return None
    counts = [integer("counts", count, 0, 2**62) for count in value]
    if len(counts) != length or not sum(counts):
        raise ValueError(f"{name}: got {len(counts)} with sum {sum(counts)}; expected {length}, not all 0")
    return counts


def _read_label(value: Any, transformer: Any, classes: int) -> str | None:
    if value is None:
        return None
    labels = getattr(transformer, "labels", None)
    if not isinstance(value, str) or labels is None or len(labels.classes) != classes:
        raise ValueError(
            f"label: got {value!r}; expected a column of {classes} labels that the transformer encodes"
        )
    return value
