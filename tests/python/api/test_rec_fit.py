"""Fitting a Rec: weights, validation and passes mean what they do for a Net; a row is a sequence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import deepseek as ds
from programs import models, recs

KINDS = list(recs.OUTPUTS)


@pytest.mark.parametrize("kind", KINDS)
def test_fit_goes_on_where_the_last_one_stopped(kind: str) -> None:
    X, y = recs.lists(kind)
    once, twice = (recs.rec(kind, dropout=0.1, recurrent_dropout=0.1) for _ in range(2))
    whole = once.fit(X, y, epochs=5, batch_size=5)
    parts = [twice.fit(X, y, epochs=n, batch_size=5) for n in (2, 3)]
    assert models.weights(once) == models.weights(twice)
    assert whole["loss"] == parts[0]["loss"] + parts[1]["loss"] == twice.history["loss"]


def test_partial_fit_is_a_pass_without_shuffling() -> None:
    X, y = recs.lists("sequence")
    passes, fitted, parts = (recs.rec("sequence") for _ in range(3))
    loss = passes.partial_fit(X, y, batch_size=4)
    history = fitted.fit(X, y, epochs=1, batch_size=4, shuffle=False)
    for i in range(0, len(X), 4):
        parts.partial_fit(X[i : i + 4], y[i : i + 4])
    assert models.weights(passes) == models.weights(fitted) == models.weights(parts)
    assert [loss] == history["loss"]
    assert passes.history == {}


def test_pieces_are_updates() -> None:
    X, _ = recs.lists("next token", longest=12)
    whole, pieces = (recs.rec("next token", bptt_steps=n) for n in (None, 4))
    for rec in (whole, pieces):
        rec.fit(X, epochs=2, batch_size=None)
    assert models.weights(whole) != models.weights(pieces)
    np.testing.assert_array_equal(
        recs.rec("next token", bptt_steps=4).predict(X)[0], recs.rec("next token").predict(X)[0]
    )


@pytest.mark.parametrize("kind", KINDS)
def test_weights_of_one_change_nothing(kind: str) -> None:
    X, y = recs.lists(kind)
    plain, by_row = recs.rec(kind), recs.rec(kind)
    plain.fit(X, y, epochs=2)
    by_row.fit(X, y, epochs=2, sample_weight=np.ones(len(X)))
    assert models.weights(plain) == models.weights(by_row)


def test_a_step_that_weighs_nothing_is_not_learnt() -> None:
    X, y = recs.lists("sequence")
    weights = [np.linspace(0, 1, len(x)).round() for x in X]
    other = [np.where(w > 0, labels, 0) for w, labels in zip(weights, y, strict=True)]
    one, same = recs.rec("sequence"), recs.rec("sequence")
    one.fit(X, y, epochs=2, sample_weight=weights)
    same.fit(X, other, epochs=2, sample_weight=weights)
    assert models.weights(one) == models.weights(same)


def test_weights_of_steps_in_every_form() -> None:
    X, _ = recs.lists("next")
    array, lengths = recs.padded(X)
    weights = [np.linspace(0.5, 1, len(x)) for x in X]
    one, other = recs.rec("next"), recs.rec("next")
    one.fit(X, epochs=2, sample_weight=weights)
    other.fit(array, lengths=lengths, epochs=2, sample_weight=recs.padded(weights, filler=np.nan)[0])
    assert models.weights(one) == models.weights(other)


@pytest.mark.parametrize("class_weight", [{0: 2.0, 2: 0.5}, [2.0, 1.0, 0.5]])
def test_class_weights_are_sample_weights(class_weight: Any) -> None:
    table = np.array([2.0, 1.0, 0.5])
    X, y = recs.lists("last")
    by_class, by_row = recs.rec("last"), recs.rec("last")
    by_class.fit(X, y, epochs=2, class_weight=class_weight)
    by_row.fit(X, y, epochs=2, sample_weight=table[y])
    assert models.weights(by_class) == models.weights(by_row)
    X, y = recs.lists("sequence")
    by_class, by_step = recs.rec("sequence"), recs.rec("sequence")
    own = np.linspace(0.5, 1.5, len(X))
    by_class.fit(X, y, epochs=2, class_weight=class_weight, sample_weight=own)
    by_step.fit(
        X,
        y,
        epochs=2,
        sample_weight=[table[k] * w for k, w in zip(y, own.astype("f4").astype("f8"), strict=True)],
    )
    assert models.weights(by_class) == models.weights(by_step)


def test_class_weights_of_tokens() -> None:
    X, _ = recs.lists("next token")
    counts = np.bincount(np.concatenate([x[1:] for x in X]), minlength=recs.TOKENS)
    table = counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1))
    balanced, by_step = recs.rec("next token"), recs.rec("next token")
    balanced.fit(X, epochs=2, class_weight="balanced")
    by_step.fit(X, epochs=2, sample_weight=[table[x] for x in X])
    assert models.weights(balanced) == models.weights(by_step)


def test_class_weights_need_classes() -> None:
    for kind, said in (
        (
            "ctc",
            "class_weight: got a value for output='ctc', whose targets are label sequences; expected None",
        ),
        (
            "next",
            "class_weight: got targets that name no single class per row; expected class indices, or one",
        ),
        (
            "mean",
            "class_weight: got targets that name no single class per row; expected class indices, or one",
        ),
    ):
        with pytest.raises(ValueError, match=said):
            recs.rec(kind).fit(*recs.lists(kind), class_weight="balanced")


@pytest.mark.parametrize("kind", KINDS)
def test_validation_data_is_evaluated(kind: str) -> None:
    X, y = recs.lists(kind)
    held, yh = recs.lists(kind, 5, seed=8)
    weights = np.linspace(0.5, 1, 5).astype(np.float32)
    rec = recs.rec(kind)
    history = rec.fit(X, y, epochs=3, validation_data=(held, yh, weights))
    assert history["val_loss"][-1] == rec.evaluate(held, yh, sample_weight=weights)["loss"]


def test_validation_data_may_be_padded() -> None:
    X, y = recs.lists()
    held, yh = recs.lists(seed=8)
    array, lengths = recs.padded(held, filler=np.nan)
    rec = recs.rec()
    history = rec.fit(X, y, epochs=2, validation_data=(array, yh, None, lengths))
    assert history["val_loss"][-1] == rec.evaluate(held, yh)["loss"]
    alone = recs.rec("next")
    assert "val_loss" in alone.fit(X, epochs=1, validation_data=(held,))


@pytest.mark.parametrize("kind", KINDS)
def test_a_fraction_for_validation(kind: str) -> None:
    X, y = recs.lists(kind)
    order = ds.datasets.fixed_order(len(X), 5)
    rest, held = np.sort(order[3:]), np.sort(order[:3])
    part, same = recs.rec(kind), recs.rec(kind)
    weights = np.linspace(0.5, 1.5, len(X))
    own = part.fit(X, y, epochs=2, validation_fraction=0.25, sample_weight=weights)
    pick = lambda rows: ([X[i] for i in rows], None if y is None else [y[i] for i in rows])  # noqa: E731
    given = same.fit(
        *pick(rest), epochs=2, sample_weight=weights[rest], validation_data=(*pick(held), weights[held])
    )
    assert models.weights(part) == models.weights(same)
    assert own["val_loss"] == given["val_loss"]


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"epochs": 0}, ValueError, "epochs: got .*; expected .*at least 1"),
    ({"resume": True}, ValueError, "resume: got True, but the model has no fit to resume; expected False"),
    (
        {"validation_data": 3},
        TypeError,
        r"validation_data: got int; expected a tuple \(X, y\), \(X, y, sample_weight\) or \(X, y,",
    ),
    (
        {"validation_data": [[[1, 2, 3]]]},
        TypeError,
        r"validation_data: got list; expected a tuple \(X, y\), \(X, y, sample_weight\) or \(X, y,",
    ),
    (
        {"validation_data": ([[[1, 2]]], [0])},
        ValueError,
        r"validation_data's X\[0\]: got 2 features per step; expected 3",
    ),
    (
        {"validation_data": (np.ones((1, 2, 3)), [0], None, [3])},
        ValueError,
        r"validation_data's lengths\[0\]: got 3; expected 1 to 2, the steps of X",
    ),
    (
        {"validation_data": (np.ones((1, 2, 3)), [0]), "validation_fraction": 0.5},
        ValueError,
        r"validation_fraction: got 0\.5 and validation_data; expected only one of them",
    ),
    (
        {"early_stopping": ds.EarlyStopping(monitor="val_loss")},
        ValueError,
        "early_stopping: got monitor='val_loss' without validation data; expected validation_data or",
    ),
]


@pytest.mark.parametrize(("arguments", "error", "said"), WRONG)
def test_a_refusal_changes_nothing(arguments: dict[str, Any], error: type[Exception], said: str) -> None:
    X, y = recs.lists()
    rec = recs.rec()
    before = models.bits(rec)
    with pytest.raises(error, match=said):
        rec.fit(X, y, **arguments)
    assert models.bits(rec) == before


def test_callbacks_may_generate() -> None:
    X, _ = recs.lists("next token")
    rec = recs.rec("next token")
    texts: list[list[int]] = []
    write = ds.LambdaCallback(
        on_epoch_end=lambda epoch, logs: texts.append(rec.generate([1], 5, seed=3).tolist())
    )
    rec.fit(X, epochs=3, callbacks=write)
    assert len(texts) == 3
    assert texts[-1] == rec.generate([1], 5, seed=3).tolist()
