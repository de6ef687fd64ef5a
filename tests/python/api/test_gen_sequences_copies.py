"""Gens of sequences that travel, in both phases: what arrives goes on as the original would have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from programs import models
from programs.copies import WAYS, assert_refused
from programs.gen_sequences import EVERY, data, gen, same


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", EVERY)
def test_what_arrives_is_the_same(kind: str, way: str, tmp_path: Path) -> None:
    X, y = data(kind)
    model = gen(kind)
    model.fit(X, y, epochs=1, batch_size=16, pretrain=2 if "texts" in kind else 0)
    model.sample(2)
    again = WAYS[way](model, tmp_path)
    assert repr(again) == repr(model) and models.epochs(again).keys() == models.epochs(model).keys()
    assert again.discriminate(X, y).tobytes() == model.discriminate(X, y).tobytes()
    assert same(again.sample(9), model.sample(9)), "counter and lengths travel"
    for one in (model, again):
        one.fit(X, y, epochs=1, batch_size=16)
    assert models.bits(again) == models.bits(model)


@pytest.mark.parametrize("way", WAYS)
def test_one_that_does_not_know_its_features_travels(way: str, tmp_path: Path) -> None:
    X, _ = data("series")
    model = ds.Gen(sequences=ds.SequencePlayers(6), generator=[4], discriminator=[4])
    again = WAYS[way](model, tmp_path)
    for one in (model, again):
        one.fit(X, epochs=1)
    assert models.bits(again) == models.bits(model)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("at", [1, 3, 4, 6])
def test_an_interrupted_fit_arrives_interrupted(way: str, at: int, tmp_path: Path) -> None:
    """In the pretraining phase, at its end, in the adversarial phase."""
    X, y = data("stopped texts")
    fit: dict[str, Any] = {"epochs": 4, "batch_size": 16, "pretrain": 3, "monitor": "mmd"}
    fit["early_stopping"] = ds.EarlyStopping(patience=9)
    whole, model = (
        gen("stopped texts", pretrain_optimizer=ds.Adam(0.01, schedule=ds.Cosine())) for _ in "ab"
    )
    whole.fit(X, y, **fit)
    seen: list[int] = []

    def stop(epoch: int, logs: dict[str, Any]) -> None:
        seen.append(epoch)
        if len(seen) == at:
            model.stop()

    history = model.fit(X, y, **fit, callbacks=ds.LambdaCallback(on_epoch_end=stop))
    assert history.outcome == "stopped" and history.epochs == at
    again = WAYS[way](model, tmp_path)
    rest = again.fit(X, y, resume=True)
    assert rest.epochs == 7 - at and models.bits(again) == models.bits(whole)
    for name in ("loss", "phase", "mmd"):
        np.testing.assert_array_equal(again.history[name], whole.history[name])


def test_a_pretraining_is_completed(tmp_path: Path) -> None:
    X, _ = data("texts")
    model, whole = gen("texts"), gen("texts")

    def crash(epoch: int, logs: dict[str, Any]) -> None:
        if epoch == 3:
            raise OSError("power cut")

    with pytest.raises(OSError, match="power cut"):
        model.pretrain(
            X, epochs=4, checkpoint=tmp_path / "c", callbacks=ds.LambdaCallback(on_epoch_end=crash)
        )
    again = ds.load(tmp_path / "c")
    with pytest.raises(
        ValueError,
        match=r"resume: got True, but .* a pretraining; expected pretrain\(resume=True\)",
    ):
        again.fit(X, resume=True)
    assert again.pretrain(X, epochs=4, resume=True)["epoch"] == [3, 4]
    whole.pretrain(X, epochs=4)
    assert models.bits(again) == models.bits(whole)
    assert again.pretrain(X, epochs=4, resume=True)["epoch"] == [], "nothing is left to do"


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        ("config/sequences/steps", 5, "counts of lengths: got 6 with sum 40; expected 5, not all 0"),
        ("config/sequences/steps", None, "missing .* 'steps'"),
        ("config/sequences/cell", "lstm", "expected float32"),
        ("config/sequences/eos_token", 7, "eos_token: got .*; expected .*at most 4"),
        (
            "config/sequences/pretrain_optimizer",
            {"type": "os.system"},
            "pretrain_optimizer: type: got .*; expected one of",
        ),
        ("config/pac", 2, "pac: got 2; expected 1"),
        ("gen/lengths", [1, 2], "counts of lengths: got 2 with sum 3; expected 6, not all 0"),
        ("gen/lengths", [0] * 6, "not all 0"),
        ("fit_state/config/phase", "third", "phase: got .*; expected one of"),
        ("fit_state/config/pretrain", -1, "pretrain: got .*; expected .*at least 0"),
        ("fit_state/then", {}, "epochs"),
        (
            "tensors/generator.tokens.weight",
            None,
            r"state: got no generator\.tokens\.weight; expected generator\.tokens\.weight,",
        ),
    ],
)
def test_a_file_is_checked_again(where: str, value: Any, said: str, tmp_path: Path) -> None:
    X, y = data("stopped texts")
    model = gen("stopped texts")
    model.fit(X, y, epochs=1)
    assert_refused(model, tmp_path, where, value, said)
