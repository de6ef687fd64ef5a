"""The report: its single measures, and its verdict on rows that are alike, apart, shuffled, shifted and copied."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from deepseek import datasets
from deepseek._metrics.tabular import (
    View,
    area_under_curve,
    associations,
    cramers_v,
    kolmogorov_smirnov,
    nearest,
    total_variation,
)
from deepseek._report.data import Report
from deepseek._report.report import compare, report

Array = NDArray[Any]
Table = dict[str, Array]


def drawn(rows: int, seed: int) -> Table:
    """Five columns that have to do with one another, and one with holes."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=rows)
    b = a + 0.5 * rng.normal(size=rows)
    kind = np.array(["low", "mid", "high"])[np.digitize(a + 0.3 * rng.normal(size=rows), [-0.7, 0.7])]
    yes = rng.random(rows) < 1 / (1 + np.exp(-3 * b))
    gap = np.where(rng.random(rows) < 0.1, np.nan, rng.integers(0, 40, rows))
    return {"a": a, "b": b, "kind": kind, "yes": yes, "gap": gap}


def taken(table: Table, rows: Any) -> Table:
    return {name: column[rows] for name, column in table.items()}


def coded(values: list[int], labels: int) -> View:
    return View("c", True, np.array(values), (*map(str, range(labels)), "missing"))


def test_distances_of_columns() -> None:
    assert kolmogorov_smirnov(np.arange(10.0), np.arange(10.0)) == 0.0
    assert kolmogorov_smirnov(np.arange(10.0), np.arange(10.0) + 100) == 1.0
    assert np.isclose(kolmogorov_smirnov(np.arange(10.0), np.arange(10.0) + 3), 0.3)
    assert kolmogorov_smirnov(np.array([np.nan, 1.0]), np.array([1.0, 1.0, np.nan])) == 0.0
    assert kolmogorov_smirnov(np.array([np.nan]), np.array([1.0])) == 1.0
    assert np.isclose(total_variation(coded([0, 0, 1, 1], 2), coded([0, 1, 1, 1], 2)), 0.25)
    assert total_variation(coded([0], 2), coded([1], 2)) == 1.0


def test_pairs_of_columns() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=500)
    y = x + rng.normal(size=500)
    group = np.repeat([0, 1], 250)
    views = [
        View("x", False, x),
        View("y", False, y),
        coded(group.tolist(), 2),
        View("1", False, np.ones(500)),
    ]
    found = associations(views)
    assert np.allclose(found, found.T)
    assert np.allclose(np.diag(found), 1.0)
    assert np.isclose(found[0, 1], np.corrcoef(x, y)[0, 1], atol=1e-12)
    means = np.array([x[:250].mean(), x[250:].mean()])
    eta = np.sqrt(250 * np.square(means - x.mean()).sum() / np.square(x - x.mean()).sum())
    assert np.isclose(found[0, 2], eta, atol=1e-12)
    assert np.abs(found[3, :3]).max() == 0.0
    away = np.where(np.arange(500) % 5 == 0, np.nan, x)
    there = ~np.isnan(away)
    held = associations([View("x", False, away), View("y", False, y)])[0, 1]
    assert np.isclose(held, np.corrcoef(away[there], y[there])[0, 1], atol=0.01)
    assert np.isclose(cramers_v(coded([0, 1] * 50, 2), coded([1, 0] * 50, 2)), 1.0)
    assert np.isclose(cramers_v(coded([0, 0, 1, 1] * 25, 2), coded([0, 1] * 50, 2)), 0.0)
    assert np.isclose(
        cramers_v(coded([0] * 60 + [1] * 40, 2), coded([0] * 30 + [1] * 70, 2)), 0.534522483824849
    )


def test_ranks_and_neighbours() -> None:
    scores, positive = np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])
    assert area_under_curve(scores, positive) == 0.75
    assert area_under_curve(np.zeros(4), positive) == 0.5
    rng = np.random.default_rng(0)
    rows, among = rng.normal(size=(300, 4)), rng.normal(size=(50, 4))
    expected = np.sqrt(np.square(rows[:, None] - among).sum(axis=2).min(axis=1))
    assert np.allclose(nearest(rows, among), expected, atol=1e-7)


def test_two_halves_of_one_set_are_alike() -> None:
    found = compare(drawn(1500, 0), drawn(1500, 1), y="yes")
    assert abs(found.detection - 0.5) < 4 * found.detection_error
    assert found.association_difference < 0.05
    assert all(column.distance < 0.06 for column in found.marginals)
    assert [column.measure for column in found.marginals] == ["KS", "KS", "TV", "TV", "KS"]
    assert found.copies.exact == 0
    assert found.copies.near_share < 0.04
    assert np.isclose(found.distances.synthetic, found.distances.real, rtol=0.1)
    assert found.utility is not None
    assert found.utility.measure == "accuracy"
    assert found.utility.real > found.utility.baseline + 0.2
    assert abs(found.utility.synthetic - found.utility.real) < 0.05
    assert found.rows == {"real": 1500, "held_out": 500, "synthetic": 1500}
    gap = found.marginals[4]
    assert 0.05 < gap.missing < 0.15
    assert 0.05 < gap.missing_real < 0.15


def test_independent_columns_have_right_marginals_and_nothing_else() -> None:
    real = drawn(1500, 0)
    rng = np.random.default_rng(5)
    found = compare(real, {name: rng.permutation(column) for name, column in real.items()}, y="yes")
    assert max(column.distance for column in found.marginals) == 0.0
    assert found.association_difference > 0.2 > 5 * found.association_difference_real
    assert found.detection > 0.8
    assert found.utility is not None
    assert found.utility.synthetic < found.utility.real - 0.2
    assert found.distances.synthetic > 1.2 * found.distances.real


def test_a_shift_is_seen_in_its_column() -> None:
    made = drawn(1500, 1)
    made["a"] = made["a"] + 1.0
    found = compare(drawn(1500, 0), made)
    distances = {column.name: column.distance for column in found.marginals}
    assert distances["a"] > 0.3
    assert max(distance for name, distance in distances.items() if name != "a") < 0.06
    assert found.detection > 0.8
    assert found.utility is None


def test_copies_are_counted() -> None:
    real, made = drawn(900, 0), drawn(600, 1)
    mixed = {name: np.concatenate([made[name][:450], real[name][100:250]]) for name in real}
    found = compare(real, mixed)
    assert found.copies.exact == 150
    assert 0.1 < found.copies.exact_share < 0.25  # of these two thirds are of rows not held out
    assert found.copies.exact_share_real == 0.0
    assert found.copies.near_share > 0.1
    copied = compare(real, taken(real, np.arange(300)))
    assert copied.copies.exact == 300
    assert abs(copied.detection - 0.5) < 0.1  # not below: equal rows are scored by one Net
    assert copied.distances.synthetic == 0.0 < copied.distances.real


def test_near_copies_are_counted() -> None:
    real = drawn(900, 0)
    made = taken(real, np.arange(300))
    made["a"] = made["a"] + 1e-6
    found = compare(real, made)
    assert found.copies.exact == 0
    assert found.copies.near_share > 0.5
    assert found.copies.near_share_real < 0.03


def test_a_regression_and_labels_beside_the_table() -> None:
    found = compare(drawn(900, 0), drawn(900, 1), y="b").utility
    assert found is not None
    assert (found.target, found.measure, found.baseline) == ("b", "R²", 0.0)
    assert found.real > 0.7
    assert abs(found.synthetic - found.real) < 0.1
    wine = datasets.load_wine()
    names = np.array(wine.target_names)[wine.target]
    odd, even = np.arange(0, 178, 2), np.arange(1, 178, 2)
    found = compare(wine.data[odd], wine.data[even], y=names[odd], y_synthetic=names[even]).utility
    assert found is not None
    assert (found.target, found.measure) == ("y", "accuracy")
    assert found.synthetic > 0.9
    held = compare(
        wine.data[odd],
        wine.data[even],
        y=names[odd],
        y_synthetic=names[even],
        held_out=(wine.data[even], names[even]),
    )
    assert held.rows == {"real": 178, "held_out": 89, "synthetic": 89}
    assert held.copies.exact == 89  # equal to held-out rows,
    assert held.copies.exact_share == 0.0  # but to no other
    assert held.utility is not None
    assert held.utility.synthetic == 1.0


def test_held_out_rows_of_a_table() -> None:
    found = compare(drawn(600, 0), drawn(600, 1), y="yes", held_out=drawn(300, 2))
    assert found.rows == {"real": 900, "held_out": 300, "synthetic": 600}
    with pytest.raises(ValueError, match=r"held_out: got the columns \['a'\]; expected those of real:"):
        compare(drawn(600, 0), drawn(600, 1), held_out={"a": np.zeros(50)})


def test_the_same_figures_again() -> None:
    one = compare(drawn(300, 0), drawn(300, 1), y="yes", seed=3)
    other = compare(drawn(300, 0), drawn(300, 1), y="yes", seed=3)
    assert one.to_dict() == other.to_dict()


def test_categories_that_only_one_table_has() -> None:
    real, made = drawn(600, 0), drawn(600, 1)
    made["kind"] = np.where(made["kind"] == "low", "new", made["kind"])
    found = compare(real, made)
    column = next(column for column in found.marginals if column.name == "kind")
    assert {"low", "new"} <= set(column.labels)
    assert np.isclose(column.distance, column.shares[column.labels.index("new")], atol=0.1)


class Copier:
    """A stand-in for a Gen: rows of another sample, labels as they are asked for."""

    def __init__(self, table: Any) -> None:
        self.table = table
        self.asked: list[Any] = []

    def sample(self, n: int, y: Any = None, seed: int | None = None) -> Any:
        self.asked.append((n, y, seed))
        if isinstance(self.table, dict):
            return taken(self.table, np.arange(n))
        return self.table[np.arange(n)]


def test_a_gen_is_asked_for_rows() -> None:
    gen = Copier(drawn(600, 1))
    found = report(gen, drawn(600, 0), "yes", n=500, seed=4)
    assert gen.asked == [(500, None, 4)]
    assert found.rows["synthetic"] == 500
    assert found.utility is not None
    report(gen, drawn(600, 0))
    assert gen.asked[1] == (600, None, 0)


def test_a_gen_with_classes_is_asked_for_the_labels_that_occur() -> None:
    X, y = datasets.load_wine()[:2]
    gen = Copier(X)
    found = report(gen, X, y)
    n, labels, _ = gen.asked[0]
    assert n == 178
    assert np.bincount(labels).tolist() == np.bincount(y).tolist()
    assert found.utility is not None
    assert found.copies.exact == 178
    with pytest.raises(
        ValueError, match=r"y: got shape \(5,\); expected the name of a column or shape \(178,\)"
    ):
        report(gen, X, y[:5])


def test_what_cannot_be_compared_is_named() -> None:
    real, made = drawn(100, 0), drawn(100, 1)
    for arguments, message in (
        (
            {"synthetic": {"a": made["a"]}},
            "synthetic: got no column 'b', 'kind', 'yes', 'gap'; expected the columns of real",
        ),
        ({"synthetic": taken(made, slice(10))}, "synthetic: got 10 rows; expected at least 20"),
        ({"real": taken(made, slice(10))}, "real: got 10 rows; expected at least 20"),
        ({"y": "c"}, "y: got 'c'; expected a column of real: 'a', 'b', 'kind', 'yes', 'gap'"),
        ({"y": made["yes"]}, "y_synthetic: got None for an array y; expected labels of the synthetic rows"),
        (
            {"y": "a", "y_synthetic": made["yes"]},
            "y_synthetic: got labels, but y is no array; expected None",
        ),
        (
            {"y": made["yes"], "y_synthetic": made["yes"][:9]},
            "y, y_synthetic: got 100 and 9 labels; expected one",
        ),
        ({"seed": -1}, "seed"),
    ):
        with pytest.raises(ValueError, match=message):
            compare(**{"real": real, "synthetic": made, **arguments})


@pytest.fixture(scope="module")
def small() -> Report:
    return compare(drawn(200, 0), drawn(200, 1), y="yes")


def test_text(small: Report) -> None:
    text = str(small)
    lines = text.splitlines()
    assert lines[0] == "200 synthetic rows against 200 real ones, 66 of these held out"
    for word in (
        "marginals",
        "correlations",
        "detection, AUC",
        "accuracy for 'yes'",
        "exact copies",
        "near copies",
    ):
        assert sum(line.startswith(word) for line in lines) == 1
    assert f"{small.detection:.3f}" in text
    assert all(len(line) <= 110 for line in lines)
    columns = [line.split()[0] for line in lines[-5:]]
    assert columns == [column.name for column in sorted(small.marginals, key=lambda c: -c.distance)]


def test_to_dict(small: Report) -> None:
    plain = small.to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["utility"]["measure"] == "accuracy"
    assert np.array(plain["associations"]).shape == (5, 5)
    assert [column["name"] for column in plain["marginals"]] == ["a", "b", "kind", "yes", "gap"]
    for column in plain["marginals"]:
        assert np.isclose(sum(column["shares"]), 1.0)
        assert np.isclose(sum(column["shares_real"]), 1.0)


@pytest.mark.peers
def test_plot(small: Report, tmp_path: Path) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    figure = small.plot(tmp_path / "report.png")
    assert (tmp_path / "report.png").stat().st_size > 10_000
    titles = [ax.get_title() for part in figure.subfigs for ax in part.axes]
    assert sum(title.startswith(("a ", "b ", "kind ", "yes ", "gap ")) for title in titles) == 5
    assert sum(title.startswith("correlations") for title in titles) == 3
    pyplot = pytest.importorskip("matplotlib.pyplot")
    small.plot()
    pyplot.close("all")


def test_a_missing_matplotlib_is_named(small: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"plots need matplotlib: pip install 'deepseek-nn\[plot\]'"):
        small.plot()
