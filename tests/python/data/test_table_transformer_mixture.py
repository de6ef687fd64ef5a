"""Mixtures of a column's values: known modes are found, atoms kept apart, and the inverse is exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from deepseek._tables.mixture import EDGE, MODES, Mixture, fit_mixture

Array = NDArray[Any]


def drawn(weights: list[float], means: list[float], deviations: list[float], rows: int = 4000) -> Array:
    rng = np.random.default_rng(1)
    modes = rng.choice(len(means), rows, p=weights)
    return rng.normal(np.array(means)[modes], np.array(deviations)[modes])


def test_known_modes_are_found() -> None:
    mixture = fit_mixture(drawn([0.2, 0.5, 0.3], [-20.0, 0.0, 10.0], [3.0, 1.0, 0.5]))
    assert np.allclose(mixture.weights, [0.2, 0.5, 0.3], atol=0.02)
    assert np.allclose(mixture.means, [-20.0, 0.0, 10.0], atol=0.3)
    assert np.allclose(mixture.deviations, [3.0, 1.0, 0.5], rtol=0.12)


def test_a_gaussian_is_one_mode() -> None:
    values = drawn([1.0], [5.0], [2.0])
    mixture = fit_mixture(values)
    assert len(mixture) == 1
    assert np.isclose(mixture.means[0], values.mean(), atol=0.05)
    assert np.isclose(mixture.deviations[0], values.std(), rtol=0.02)


def test_scale_and_place_do_not_matter() -> None:
    values = drawn([0.6, 0.4], [0.0, 8.0], [1.0, 1.0])
    one, other = fit_mixture(values), fit_mixture(1e-9 * values + 1e-3)
    assert len(one) == len(other) == 2
    assert np.allclose(1e-9 * np.array(one.means) + 1e-3, other.means, rtol=1e-9)


def test_a_value_that_stands_out_is_a_mode_of_its_own() -> None:
    values = np.where(np.arange(1000) % 10 < 7, 0.0, drawn([1.0], [500.0], [50.0], 1000))
    mixture = fit_mixture(values)
    at = mixture.means.index(0.0)
    assert mixture.deviations[at] == 0.0
    assert np.isclose(mixture.weights[at], 0.7)
    modes = mixture.choose(values, np.random.default_rng(0).random(1000))
    assert np.array_equal(modes == at, values == 0.0)


def test_modes_below_a_hundredth_are_dropped() -> None:
    values = np.append(drawn([1.0], [0.0], [1.0], 3000), np.linspace(1000.0, 1001.0, 15))
    assert all(abs(mean) < 100.0 for mean in fit_mixture(values).means)
    values = np.append(drawn([1.0], [0.0], [1.0], 3000), np.linspace(1000.0, 1001.0, 100))
    assert any(mean > 900.0 for mean in fit_mixture(values).means)


def test_at_most_ten_modes_and_the_same_bits_again() -> None:
    values = np.exp(drawn([1.0], [0.0], [2.0], 5000))
    assert 2 <= len(fit_mixture(values)) <= MODES
    assert fit_mixture(values) == fit_mixture(values.copy())
    assert fit_mixture(values) == fit_mixture(values[::-1])  # a mixture of values, not of rows


def test_rounded_values_have_no_narrow_modes() -> None:
    values = np.rint(drawn([1.0], [50.0], [15.0], 5000))
    assert min(fit_mixture(values, spacing=1.0).deviations) >= 0.5


def test_the_way_back_is_exact_within_reach() -> None:
    values = drawn([0.2, 0.5, 0.3], [-20.0, 0.0, 10.0], [3.0, 1.0, 0.5])
    mixture = fit_mixture(values)
    modes = mixture.choose(values, np.random.default_rng(0).random(len(values)))
    places = mixture.encode(values, modes)
    assert np.abs(places).max() <= EDGE
    inside = np.abs(places) < EDGE
    assert inside.mean() > 0.999
    assert np.allclose(mixture.decode(places, modes)[inside], values[inside], rtol=0, atol=1e-13)


def test_the_mode_is_drawn_by_responsibility() -> None:
    mixture = Mixture((0.75, 0.25), (-1.0, 1.0), (1.0, 1.0))
    draws = (np.arange(1000) + 0.5) / 1000
    assert mixture.choose(np.zeros(1000), draws).sum() == 250
    share = 0.25 * np.exp(-0.125) / (0.25 * np.exp(-0.125) + 0.75 * np.exp(-1.125))
    assert abs(mixture.choose(np.full(1000, 0.5), draws).mean() - share) < 2e-3


def test_a_value_out_of_all_reach_goes_to_the_nearest_and_is_cut() -> None:
    mixture = Mixture((0.5, 0.5), (0.0, 10.0), (1.0, 1.0))
    modes = mixture.choose(np.array([100.0, -100.0]), np.array([0.0, 0.99]))
    assert modes.tolist() == [1, 0]
    assert mixture.encode(np.array([100.0, -100.0]), modes).tolist() == [EDGE, -EDGE]
    atoms = Mixture((0.5, 0.5), (0.0, 10.0), (0.0, 0.0))
    assert atoms.choose(np.array([9.0, 1.0, 10.0]), np.full(3, 0.5)).tolist() == [1, 0, 1]


@pytest.mark.parametrize("values", [[3.0], [3.0, 3.0], [1.0, 2.0], [0.0, 1e300], [1e-300, 2e-300]])
def test_few_values(values: list[float]) -> None:
    mixture = fit_mixture(np.array(values))
    modes = mixture.choose(np.array(values), np.zeros(len(values)))
    back = mixture.decode(mixture.encode(np.array(values), modes), modes)
    assert np.allclose(back, values, rtol=1e-12, atol=0)


def test_a_configuration_is_the_mixture() -> None:
    mixture = fit_mixture(drawn([0.6, 0.4], [0.0, 8.0], [1.0, 1.0]))
    assert Mixture.from_config(mixture.to_config()) == mixture
    good = {"weights": [1.0], "means": [0.0], "deviations": [1.0]}
    for bad in (
        None,
        {},
        {**good, "more": 1},
        {**good, "weights": []},
        {**good, "weights": [0.0]},
        {**good, "means": [float("nan")]},
        {**good, "means": [0]},
        {**good, "deviations": [-1.0]},
        {**good, "deviations": 1.0},
        {name: values * 11 for name, values in good.items()},
    ):
        with pytest.raises(ValueError, match="mixture"):
            Mixture.from_config(bad)
