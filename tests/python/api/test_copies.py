"""Models that travel: pickle, copies, files. What arrives trains on as the original would have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import deepseek as ds
from programs import gens, models, recs
from programs.copies import WAYS

Fit = tuple[Any, Any, Any, dict[str, Any]]  # model, X, y, options of its fit

SHARED: dict[str, Any] = {
    "optimizer": ds.AdamW(0.01, clip_norm=1.0, schedule=ds.Cosine(epochs=9)),
    "dropout": 0.1,
    "dtype": "float64",
    "threads": 2,
    "seed": 2**64 - 1,
    "bias": False,
}
NET: dict[str, Any] = {
    **SHARED,
    "activation": [ds.LeakyReLU(0.2)],
    "loss": ds.CrossEntropy(0.1),
    "input_dropout": 0.05,
    "numeric_embedding": ds.PeriodicEmbedding(0.3, frequencies=5, width=3, features=2),
    "input_scale_rate": 6.0,
    "normalization": "batch",
    "initialization": ["lecun_normal", "orthogonal"],
}
REC: dict[str, Any] = {
    **SHARED,
    "cell": "lstm",
    "hidden": [5, 4],
    "head": [6],
    "head_activation": ds.LeakyReLU(0.2),
    "recurrent_dropout": 0.05,
    "layer_norm": True,
    "initialization": "lecun_normal",
}


def net(**options: Any) -> Fit:
    return models.net(**options), *models.data(), {"epochs": 3}


def rec(kind: str, **options: Any) -> Fit:
    return recs.rec(kind, **options), *recs.lists(kind), {"epochs": 2}


def gen(**options: Any) -> Fit:
    data = gens.data("labels" if "classes" in options else "plain")
    return gens.gen(**options), *data, {"epochs": 2, "batch_size": 16}


FITS: dict[str, Callable[[], Fit]] = {
    "Net": net,
    "Net with everything": lambda: net(**NET),
    **{f"Rec {kind}": lambda kind=kind: rec(kind) for kind in recs.OUTPUTS},
    **{f"Rec {kind} with everything": lambda kind=kind: rec(kind, **REC) for kind in recs.OUTPUTS},
    **{f"Gen {kind}": lambda options=options: gen(**options) for kind, options in gens.KINDS.items()},
    "Gen with everything": lambda: gen(**gens.EVERYTHING),
}


def answers(model: Any, X: Any, y: Any) -> list[bytes]:
    """What a model answers; a Gen's samples depend on how many it has drawn."""
    if isinstance(model, ds.Gen):
        return [model.discriminate(X, y).tobytes(), model.sample(9).tobytes()]
    return [part.tobytes() for part in model.predict(X)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", FITS)
def test_what_arrives_is_the_same_and_independent(name: str, way: str, tmp_path: Path) -> None:
    model, X, y, options = FITS[name]()
    model.metadata["note"] = ["anything", 3, None]
    model.fit(X, y, **options)
    if isinstance(model, ds.Gen):
        model.sample(2)
    again = WAYS[way](model, tmp_path)
    assert type(again) is type(model) and repr(again) == repr(model)
    assert models.epochs(again) == models.epochs(model)
    for attribute in ("metadata", "threads", "seed", "dtype"):
        assert getattr(again, attribute) == getattr(model, attribute)
    assert answers(again, X, y) == answers(model, X, y)
    before = models.bits(again)
    model.fit(X, y, **options)
    model.metadata["note"].append("new")
    assert models.bits(again) == before
    assert again.history.epochs == options["epochs"]
    again.fit(X, y, **options)
    again.metadata["note"].append("new")
    assert models.bits(again) == models.bits(model)


INTERRUPTED: dict[str, Callable[[], tuple[Any, Any, Any]]] = {  # model, data, held-out data
    "Net": lambda: (models.net(optimizer=ds.Adam(0.02)), models.data(), models.data(40, seed=9)),
    **{
        f"Rec {kind}": lambda kind=kind: (recs.rec(kind), recs.lists(kind), recs.lists(kind, 5, seed=9))
        for kind in ("last", "next token", "ctc")
    },
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", INTERRUPTED)
def test_an_interrupted_fit_arrives_interrupted(name: str, way: str, tmp_path: Path) -> None:
    model, (X, y), held = INTERRUPTED[name]()
    whole = INTERRUPTED[name]()[0]
    fit: dict[str, Any] = {"validation_data": held, "early_stopping": ds.EarlyStopping(patience=3)}
    whole.fit(X, y, epochs=8, **fit)
    stop = ds.LambdaCallback(on_epoch_end=lambda epoch, logs: model.stop() if epoch == 2 else None)
    model.fit(X, y, epochs=8, **fit, callbacks=stop)
    again = WAYS[way](model, tmp_path)
    rows = len(X)
    said = f"resume: got {rows - 1} rows; expected {rows}, as many as the fit to resume"
    with pytest.raises(ValueError, match=said):
        again.fit(X[:-1], y if y is None else y[:-1], validation_data=held, resume=True)
    again.fit(X, y, validation_data=held, resume=True)
    assert models.bits(again) == models.bits(whole)
    assert again.history["loss"] == whole.history["loss"]


CHECKPOINTED: dict[str, Callable[[], Fit]] = {
    "Net": net,
    "Rec": lambda: rec("sequence"),
    "Gen": lambda: (gens.gen("labels"), *gens.data("labels"), {"monitor": "ks"}),
}


@pytest.mark.parametrize("name", CHECKPOINTED)
def test_a_checkpoint_is_completed(name: str, tmp_path: Path) -> None:
    model, X, y, options = CHECKPOINTED[name]()
    options = {**options, "epochs": 5}
    whole = CHECKPOINTED[name]()[0]
    whole.fit(X, y, **options)

    def crash(epoch: int, logs: dict[str, Any]) -> None:
        if epoch == 4:
            raise OSError("power cut")

    callback = ds.LambdaCallback(on_epoch_end=crash)
    with pytest.raises(OSError, match="power cut"):
        model.fit(X, y, **options, checkpoint=tmp_path / "c", callbacks=callback)
    again = ds.load(tmp_path / "c")
    assert again.history.epochs == 3
    again.fit(X, y, resume=True)
    assert models.bits(again) == models.bits(whole)
