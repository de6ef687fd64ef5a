"""Decoding CTC against the sum over all paths; edit distances against their definition."""

from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np
import pytest

import deepseek as ds
from deepseek._rec.ctc import beam_search, greedy
from programs import recs

Array = np.ndarray


def read(path: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(k for k, _ in itertools.groupby(path) if k)


def likeliest(p: Array) -> tuple[tuple[int, ...], float]:
    """The labels of the highest probability, over all paths, and its distance to the second."""
    sums: dict[tuple[int, ...], float] = defaultdict(float)
    for path in itertools.product(range(p.shape[1]), repeat=len(p)):
        sums[read(path)] += float(np.prod([p[t, k] for t, k in enumerate(path)]))
    (best, high), (_, second) = sorted(sums.items(), key=lambda item: -item[1])[:2]
    return best, high - second


@pytest.mark.parametrize("seed", range(20))
def test_a_wide_beam_finds_the_likeliest_labels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(3), rng.integers(1, 8))
    best, lead = likeliest(p)
    assert lead > 1e-12
    assert tuple(beam_search(p, 1000).tolist()) == best


def test_the_beam_sums_paths_where_greedy_does_not() -> None:
    p = np.array([[0.4, 0.35, 0.25], [0.4, 0.35, 0.25]])  # blank blank 0.16; but 1: 0.35² + 2 · 0.35 · 0.4
    assert greedy(p).tolist() == []
    assert beam_search(p, 10).tolist() == [1]


def test_repeats_need_a_blank() -> None:
    def path(*classes: int) -> Array:
        return np.eye(3, dtype=np.float32)[list(classes)] * 0.9 + 0.1 / 3

    for decode in (greedy, lambda p: beam_search(p, 8)):
        assert decode(path(1, 1, 2, 2)).tolist() == [1, 2]
        assert decode(path(0, 1, 0, 1, 0)).tolist() == [1, 1]
        assert decode(path(0, 0)).tolist() == []
        assert decode(path(2)).dtype == np.int64


def test_long_sequences_do_not_underflow() -> None:
    rng = np.random.default_rng(0)
    path = rng.integers(0, 30, 2000)
    p = np.full((2000, 30), 1e-3, np.float32)
    p[np.arange(2000), path] = 1 - 29e-3
    assert beam_search(p, 3).tolist() == greedy(p).tolist() == list(read(tuple(path.tolist())))
    certain = np.eye(30)[path]
    assert beam_search(certain, 3).tolist() == greedy(certain).tolist()


def test_decode_in_every_form() -> None:
    X, _ = recs.lists("ctc")
    array, lengths = recs.padded(X)
    rec = recs.rec("ctc")
    for beam in (None, 4):
        found = rec.decode(X, beam=beam)
        assert [a.tolist() for a in found] == [
            a.tolist() for a in rec.decode(array, lengths=lengths, beam=beam)
        ]
    assert [a.tolist() for a in rec.decode(X)] == [greedy(p).tolist() for p in rec.predict(X)]
    assert rec.decode([]) == []
    with pytest.raises(ValueError, match=r"beam: got 0; expected .*at least 1"):
        rec.decode(X, beam=0)
    with pytest.raises(ValueError, match="decode: got a model with output='last'; expected output='ctc'"):
        recs.rec("last").decode(X)


def by_definition(a: str, b: str) -> int:
    if not a or not b:
        return len(a) + len(b)
    return min(
        by_definition(a[1:], b) + 1, by_definition(a, b[1:]) + 1, by_definition(a[1:], b[1:]) + (a[0] != b[0])
    )


def test_edit_distance() -> None:
    rng = np.random.default_rng(1)
    for _ in range(60):
        a, b = ("".join(rng.choice(list("abc"), rng.integers(0, 6))) for _ in range(2))
        assert ds.metrics.edit_distance(a, b) == by_definition(a, b), (a, b)
    assert ds.metrics.edit_distance(np.array([1, 2, 3]), [1, 3]) == 1
    assert ds.metrics.edit_distance("intention", "execution") == 5
    assert ds.metrics.edit_distance(["the", "cat"], ["the", "hat"]) == 1


def test_character_error_rate() -> None:
    rate = ds.metrics.character_error_rate
    assert rate(["hallo", "world"], ["hello", "world"]) == 0.1
    assert rate([[1, 2], []], [np.array([1, 2]), [3]]) == pytest.approx(1 / 3)
    assert rate([], []) == 0.0
    assert rate([""], [""]) == 0.0
    assert rate(["a"], [""]) == float("inf")
    with pytest.raises(ValueError, match="predicted: got 2 items; expected 1, as many as target has"):
        rate(["a", "b"], ["a"])
    with pytest.raises(
        TypeError,
        match=r"predicted, target: got a text; expected lists \(for two texts pass \[predicted\], \[target\]\)",
    ):
        rate("a", ["a"])
