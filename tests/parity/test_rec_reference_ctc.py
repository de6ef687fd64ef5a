"""CTC of the reference against the enumeration of all paths, its gradient against differences; decoding; edits."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from deepseek.reference import ctc
from deepseek.reference.activation import log_softmax
from parity.differences import central_difference
from parity.tolerances import DIFFERENCES

Prefix = tuple[int, ...]


def spelt(path: Prefix) -> Prefix:
    return tuple(label for label, _ in itertools.groupby(path) if label != ctc.BLANK)


def by_enumeration(logits: NDArray[np.float64]) -> dict[Prefix, float]:
    """The probability of every sequence of labels: the sum over the paths that spell it."""
    log_p = log_softmax(logits)
    steps, classes = logits.shape
    found: dict[Prefix, float] = {}
    for path in itertools.product(range(classes), repeat=steps):
        p = math.exp(sum(log_p[t, label] for t, label in enumerate(path)))
        found[spelt(path)] = found.get(spelt(path), 0.0) + p
    return found


@pytest.mark.parametrize(("steps", "classes"), [(1, 2), (2, 3), (3, 2), (4, 3), (5, 3), (4, 4)])
def test_loss_is_the_sum_over_all_paths(steps: int, classes: int) -> None:
    logits = np.random.default_rng(steps).normal(size=(steps, classes)) * 2
    every = by_enumeration(logits)
    assert sum(every.values()) == pytest.approx(1, rel=1e-12)
    for labels in itertools.chain.from_iterable(
        itertools.product(range(1, classes), repeat=n) for n in range(steps + 1)
    ):
        assert ctc.is_possible(steps, labels) == (labels in every)
        if labels in every:
            assert ctc.loss(logits, labels)[0] == pytest.approx(-math.log(every[labels]), rel=1e-12)


@pytest.mark.parametrize("labels", [(), (1,), (2, 1), (2, 2), (1, 2, 1), (1, 1, 2)])
def test_gradient(labels: Prefix) -> None:
    logits = np.random.default_rng(1).normal(size=(5, 3))
    got = ctc.loss(logits, labels)[1]
    want = central_difference(lambda: ctc.loss(logits, labels)[0], logits)
    assert np.linalg.norm(got - want) < DIFFERENCES * np.linalg.norm(want)
    np.testing.assert_allclose(got.sum(axis=1), 0, atol=1e-14)


def test_no_path_is_no_loss() -> None:
    logits = np.random.default_rng(2).normal(size=(3, 3))
    for labels in [(1, 2, 1, 2), (1, 1, 2), (1, 1, 1)]:
        loss, gradient = ctc.loss(logits, labels)
        assert loss == 0 and not gradient.any()
    assert ctc.loss(logits, (1, 2, 1))[0] > 0


def test_finite_far_out_and_over_many_steps() -> None:
    for logits in (
        np.array([[-800.0, 800.0, 0.0]] * 4),
        np.random.default_rng(3).normal(size=(2000, 3)) * 50,
    ):
        loss, gradient = ctc.loss(logits, (2, 1, 2))
        assert math.isfinite(loss) and loss > 100 and np.isfinite(gradient).all()


def test_greedy() -> None:
    path = np.array([0, 1, 1, 0, 1, 2, 2, 0, 0, 3])
    np.testing.assert_array_equal(ctc.greedy(np.eye(4)[path]), [1, 1, 2, 3])
    assert ctc.greedy(np.eye(3)[[0, 0]]).size == 0
    assert ctc.greedy(np.eye(3)[[1, 1]]).tolist() == [1]


@pytest.mark.parametrize("draw", range(8))
def test_a_beam_that_holds_everything_is_exact(draw: int) -> None:
    logits = np.random.default_rng(draw).normal(size=(4, 3)) * 1.5
    every = by_enumeration(logits)
    assert tuple(ctc.beam_search(logits, len(every))) == max(every, key=lambda labels: every[labels])


def test_a_beam_finds_what_the_likeliest_path_misses() -> None:
    """Blank is the likeliest at both steps, yet the three paths that spell 1 are likelier together."""
    logits = np.log(np.array([[0.6, 0.4], [0.6, 0.4]]))
    assert ctc.greedy(logits).size == 0
    assert ctc.beam_search(logits, 2).tolist() == [1]
    assert ctc.beam_search(logits, 1).size == 0


def test_equally_likely_prefixes_have_an_order() -> None:
    assert ctc.beam_search(np.zeros((1, 4)), 1).size == 0
    assert ctc.beam_search(np.array([[-50.0, 0.0, 0.0]]), 5).tolist() == [1]


def test_edits() -> None:
    assert ctc.edit_distance([], []) == 0
    assert ctc.edit_distance([1, 2, 3], []) == ctc.edit_distance([], [1, 2, 3]) == 3
    kitten, sitting = ([ord(c) for c in word] for word in ("kitten", "sitting"))
    assert ctc.edit_distance(kitten, sitting) == ctc.edit_distance(sitting, kitten) == 3
    assert ctc.character_error_rate([kitten, []], [sitting, [1]]) == 4 / 8
