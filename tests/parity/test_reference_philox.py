"""Philox4x32-10 against Random123's known answers, and what is drawn from it."""

from __future__ import annotations

import numpy as np
import pytest

from deepseek import _rng_streams as rng_streams
from deepseek.reference import init, philox
from deepseek.reference.layers.dropout import dropout_mask
from deepseek.reference.shuffle import permutation

# counter, key, words: kat_vectors of Random123 1.14, philox4x32 10.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_known_answers(counter: tuple[int, ...], key: tuple[int, int], words: tuple[int, ...]) -> None:
    assert tuple(philox.philox4x32(key, np.array([counter], np.uint32))[0]) == words


def test_words_key_and_counter_order() -> None:
    seed = 0x299F31D0A4093822
    got = philox.words(seed, 0x44, np.array([0x243F6A88]), stream=0x037073, epoch=0x13198A2E, step=0x85A308D3)
    assert tuple(got[0]) == KNOWN[2][2]


def test_permutation_is_one_and_depends_on_epoch_and_seed() -> None:
    for n in (1, 2, 3, 17, 1000):
        assert sorted(permutation(5, 3, n)) == list(range(n))
    a = permutation(5, 3, 100)
    assert (a != permutation(5, 4, 100)).any()
    assert (a != permutation(6, 3, 100)).any()


def test_permutation_is_uniform() -> None:
    counts = np.zeros((4, 4))
    for epoch in range(4000):
        counts[np.arange(4), permutation(1, epoch, 4)] += 1
    assert np.abs(counts - 1000).max() < 150  # 5 standard deviations


def test_dropout_mask_rate_scale_and_independence_of_rows() -> None:
    mask = dropout_mask(9, 0.25, 300, 130, stream=2, epoch=1, step=4)
    assert set(np.unique(mask)) == {0.0, 1 / 0.75}
    assert abs((mask > 0).mean() - 0.75) < 0.01
    np.testing.assert_array_equal(mask[:7], dropout_mask(9, 0.25, 7, 130, stream=2, epoch=1, step=4))
    assert (mask != dropout_mask(9, 0.25, 300, 130, stream=3, epoch=1, step=4)).any()


def test_dropout_mask_places_words_as_the_layout_says() -> None:
    rate, width, row = 0.5, 70, 2
    mask = dropout_mask(3, rate, 3, width, stream=1, epoch=0, step=0)
    for column in (0, 15, 16, 33, 63, 64, 69):
        group, word, lane = column // 64, column % 64 // 16, column % 16
        drawn = philox.words(3, rng_streams.DROPOUT, np.array([(row * 2 + group) * 16 + lane]), stream=1)[
            0, word
        ]
        assert (mask[row, column] > 0) == (drawn < 2**31)


def test_narrow_rows_share_a_group() -> None:
    rate, width = 0.5, 10  # six of them
    mask = dropout_mask(3, rate, 20, width, stream=1, epoch=0, step=0)
    for row, column in ((0, 0), (0, 9), (1, 0), (5, 9), (6, 0), (19, 7)):
        group, place = row // 6, row % 6 * width + column
        drawn = philox.words(3, rng_streams.DROPOUT, np.array([group * 16 + place % 16]), stream=1)[
            0, place // 16
        ]
        assert (mask[row, column] > 0) == (drawn < 2**31)
    np.testing.assert_array_equal(
        mask[4:9], dropout_mask(3, rate, np.arange(4, 9), width, stream=1, epoch=0, step=0)
    )


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("glorot_uniform", 2 / 500),
        ("glorot_normal", 2 / 500),
        ("he_uniform", 2 / 200),
        ("he_normal", 2 / 200),
        ("lecun_uniform", 1 / 200),
        ("lecun_normal", 1 / 200),
        ("normal", 1.0),
    ],
)
def test_initial_variance(name: str, variance: float) -> None:
    w = init.weights(name, 300, 200, 1.0, seed=4, stream=1, dtype="float64")
    assert w.shape == (300, 200)
    assert abs(w.mean()) < 5 * np.sqrt(variance / w.size)
    assert abs(w.var() / variance - 1) < 0.03
    if name.endswith("uniform"):
        assert abs(w).max() <= np.sqrt(3 * variance)


@pytest.mark.parametrize("shape", [(7, 5), (5, 7), (6, 6), (1, 4)])
def test_orthogonal(shape: tuple[int, int]) -> None:
    w = init.weights("orthogonal", *shape, 2.0, seed=4, stream=1, dtype="float64")
    gram = w @ w.T if shape[0] <= shape[1] else w.T @ w
    np.testing.assert_allclose(gram, 4 * np.eye(min(shape)), atol=1e-13)
