"""Recs that travel: pickle, copies, files. What arrives trains on as the original would have."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek._io.reader import read_model
from deepseek._io.writer import write_model
from programs import models, recs
from programs.harness import edit

KINDS = list(recs.OUTPUTS)
EVERYTHING: dict[str, Any] = {
    "cell": "lstm",
    "hidden": [5, 4],
    "head": [6],
    "head_activation": ds.LeakyReLU(0.2),
    "optimizer": ds.AdamW(0.01, clip_norm=1.0, schedule=ds.Cosine(epochs=9)),
    "dropout": 0.1,
    "recurrent_dropout": 0.05,
    "layer_norm": True,
    "initialization": "lecun_normal",
    "dtype": "float64",
    "threads": 2,
    "seed": 2**64 - 1,
    "bias": False,
}


def by_file(rec: ds.Rec, tmp_path: Path) -> ds.Rec:
    rec.save(tmp_path / "rec.ds")
    return ds.load(tmp_path / "rec.ds", threads=rec.threads)  # type: ignore[no-any-return]


WAYS: dict[str, Callable[[ds.Rec, Path], ds.Rec]] = {
    "pickle": lambda rec, _: pickle.loads(pickle.dumps(rec)),
    "deepcopy": lambda rec, _: copy.deepcopy(rec),
    "file": by_file,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("options", [{}, EVERYTHING], ids=["plain", "everything"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_arrives_is_the_same_and_independent(
    kind: str, options: dict[str, Any], way: str, tmp_path: Path
) -> None:
    X, y = recs.lists(kind)
    rec = recs.rec(kind, **options)
    rec.metadata["note"] = ["anything", 3, None]
    rec.fit(X, y, epochs=2)
    again = WAYS[way](rec, tmp_path)
    assert type(again) is ds.Rec
    assert repr(again) == repr(rec)
    assert models.epochs(again) == models.epochs(rec)
    assert (again.metadata, again.threads) == (rec.metadata, rec.threads)
    for a, b in zip(again.predict(X), rec.predict(X), strict=True):
        np.testing.assert_array_equal(a, b)
    before = models.bits(again)
    rec.fit(X, y, epochs=2)
    assert models.bits(again) == before
    again.fit(X, y, epochs=2)
    assert models.bits(again) == models.bits(rec)


@pytest.mark.parametrize("kind", ["last", "next token", "ctc"])
@pytest.mark.parametrize("way", WAYS)
def test_an_interrupted_fit_arrives_interrupted(way: str, kind: str, tmp_path: Path) -> None:
    X, y = recs.lists(kind)
    held = recs.lists(kind, 5, seed=9)
    stopping = ds.EarlyStopping(patience=3)
    whole, rec = recs.rec(kind), recs.rec(kind)
    whole.fit(X, y, epochs=6, validation_data=held, early_stopping=stopping)
    stop = ds.LambdaCallback(on_epoch_end=lambda epoch, logs: rec.stop() if epoch == 2 else None)
    rec.fit(X, y, epochs=6, validation_data=held, early_stopping=stopping, callbacks=stop)
    again = WAYS[way](rec, tmp_path)
    with pytest.raises(ValueError, match="resume: got 11 rows; expected 12, as many as the fit to resume"):
        again.fit(X[:11], y if y is None else y[:11], validation_data=held, resume=True)
    again.fit(X, y, validation_data=held, resume=True)
    assert models.bits(again) == models.bits(whole)
    assert again.history["loss"] == whole.history["loss"]


def test_a_checkpoint_is_completed(tmp_path: Path) -> None:
    X, y = recs.lists("sequence")
    whole, rec = recs.rec("sequence"), recs.rec("sequence")
    whole.fit(X, y, epochs=5)

    def crash(epoch: int, logs: dict[str, Any]) -> None:
        if epoch == 4:
            raise OSError("power cut")

    with pytest.raises(OSError, match="power cut"):
        rec.fit(X, y, epochs=5, checkpoint=tmp_path / "c", callbacks=ds.LambdaCallback(on_epoch_end=crash))
    again = ds.load(tmp_path / "c")
    assert again.history.epochs == 3
    again.fit(X, y, resume=True)
    assert models.bits(again) == models.bits(whole)


def test_a_state_dict_goes_from_model_to_model() -> None:
    X, y = recs.lists()
    rec, other = recs.rec(), recs.rec(seed=9)
    rec.fit(X, y, epochs=1)
    other.load_state_dict(rec.state_dict())
    np.testing.assert_array_equal(other.predict(X), rec.predict(X))
    before, state = models.bits(other), rec.state_dict()
    wrong: list[tuple[dict[str, Any], str]] = [
        (
            {"rnn.weight_ih_l1": np.zeros(3)},
            r"state: got unknown rnn\.weight_ih_l1; expected rnn\.weight_ih_l0,",
        ),
        (
            {"rnn.weight_hh_l0": np.zeros((18, 5))},
            r"rnn\.weight_hh_l0: got shape \(18, 5\); expected \(18, 6\)",
        ),
        ({"head.0.bias": [0, np.nan, 0]}, r"head\.0\.bias: got nan in row 1; expected finite numbers"),
    ]
    for change, said in wrong:
        with pytest.raises(ValueError, match=said):
            other.load_state_dict({**state, **change})
    assert models.bits(other) == before


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        ("kind", "Net", "the configuration lacks or does not know"),
        ("kind", "Tree", "kind: got a model of kind 'Tree'; expected one of Net, Rec, Gen"),
        ("config/hidden", [7], r"rnn\.weight_ih_l0: got float32 \(18, 3\); expected float32 \(21, 3\)"),
        ("config/hidden", [2**40], "hidden"),
        ("config/cell", "lstm", r"expected float32 \(24, 3\)"),
        ("config/cell", 3, "cell: got .*; expected one of the strings"),
        ("config/output", "next", "output_size: got .*; expected input_size"),
        ("config/vocabulary", 5, "expected one of the two"),
        ("config/head_activation", {"type": "os.system"}, "head_activation: type: got .*; expected one of"),
        ("config/colour", "red", "lacks or does not know colour"),
        ("config/bidirectional", None, "lacks or does not know bidirectional"),
        ("tensors/rnn.weight_hh_l0", None, r"state: got no rnn\.weight_hh_l0; expected rnn\.weight_ih_l0,"),
        (
            "tensors/rnn.bias_hh_l0",
            np.full(18, np.nan, np.float32),
            r"rnn\.bias_hh_l0: got nan in row 0; expected finite numbers",
        ),
    ],
)
def test_a_file_is_checked_again(where: str, value: Any, said: str, tmp_path: Path) -> None:
    rec = recs.rec(output_size=2, loss="squared_error")
    path = tmp_path / "rec.ds"
    rec.save(path)
    config, tensors = read_model(path)
    edit(config, tensors, where, value)
    write_model(path, config, tensors)
    with pytest.raises(ds.ModelFileError, match=said) as caught:
        ds.load(path)
    assert str(path) in str(caught.value)
