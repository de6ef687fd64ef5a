"""The bundled data sets and the fixed split: shapes, known values, and the same order everywhere."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from deepseek import datasets

SHAPES = {
    "digits": ((1797, 64), 10),
    "wine": ((178, 13), 3),
    "breast_cancer": ((569, 30), 2),
    "diabetes": ((442, 10), None),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_names_and_types(name: str) -> None:
    shape, classes = SHAPES[name]
    found = getattr(datasets, f"load_{name}")()
    assert found.data.shape == shape
    assert found.target.shape == shape[:1]
    assert len(found.feature_names) == len(set(found.feature_names)) == shape[1]
    assert np.isfinite(found.data).all()
    assert found.description
    if classes is None:
        assert found.target.dtype == np.float64
        assert len(found.target_names) == 1
    else:
        assert found.target.dtype == np.int64
        assert set(found.target) == set(range(classes))
        assert len(found.target_names) == classes


def test_the_values_are_the_published_ones() -> None:
    digits, wine = datasets.load_digits(), datasets.load_wine()
    cancer, diabetes = datasets.load_breast_cancer(), datasets.load_diabetes()
    assert digits.data.dtype == np.uint8
    assert digits.data.max() == 16
    assert digits.data[0].reshape(8, 8)[0].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    assert np.bincount(digits.target).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert wine.data[0, wine.feature_names.index("proline")] == 1065
    assert np.bincount(wine.target).tolist() == [59, 71, 48]
    assert cancer.data[0, 0] == 17.99
    assert np.bincount(cancer.target).tolist() == [212, 357]
    assert diabetes.data[0].tolist() == [59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.8598, 87]
    assert diabetes.target[:2].tolist() == [151, 75]


def test_the_penguins_are_a_messy_table() -> None:
    penguins = datasets.load_penguins()
    assert len(penguins) == 17 and all(column.shape == (344,) for column in penguins.values())
    species, count = np.unique([text.split()[0] for text in penguins["Species"]], return_counts=True)
    assert dict(zip(species.tolist(), count.tolist(), strict=True)) == {
        "Adelie": 152,
        "Chinstrap": 68,
        "Gentoo": 124,
    }
    assert penguins["Culmen Length (mm)"].dtype == np.float64
    assert np.isnan(penguins["Body Mass (g)"]).sum() == 2 and penguins["Body Mass (g)"][0] == 3750
    assert sum(value is None for value in penguins["Sex"]) == 11
    assert penguins["Date Egg"][0] == "2007-11-11"


def test_the_vowels_are_sequences_of_unequal_length() -> None:
    vowels = datasets.load_japanese_vowels()
    lengths = [len(sequence) for sequence in vowels.data]
    assert len(vowels.data) == len(vowels.target) == 640
    assert (min(lengths), max(lengths), sum(lengths)) == (7, 29, 9961)
    assert all(sequence.shape[1:] == (12,) for sequence in vowels.data)
    assert all(sequence.dtype == np.float64 and sequence.flags.c_contiguous for sequence in vowels.data)
    assert vowels.target.dtype == np.int64
    assert np.bincount(vowels.target[: vowels.training]).tolist() == [30] * 9
    assert np.bincount(vowels.target[vowels.training :]).tolist() == [31, 35, 88, 44, 29, 24, 40, 50, 29]
    assert len(vowels.feature_names) == 12
    assert len(vowels.target_names) == 9
    # the published digits, from the first and the last sequence
    assert vowels.data[0][:3, 0].tolist() == [1.860936, 1.891651, 1.939205]
    assert vowels.data[0][0, :3].tolist() == [1.860936, -0.207383, 0.261557]
    assert vowels.data[-1][-1, -1] == 0.224688
    values = np.concatenate(vowels.data)
    assert (values.min(), values.max()) == (-1.852765, 2.203141)


def test_a_loader_returns_its_own_copy() -> None:
    datasets.load_wine().data[:] = 0
    assert datasets.load_wine().data.any()
    datasets.load_japanese_vowels().data[0][:] = 0
    assert datasets.load_japanese_vowels().data[0].any()


def test_sources_and_licences_are_named_and_the_files_small() -> None:
    folder = Path(datasets.__file__).parent / "data"
    text = (folder / "README.md").read_text(encoding="utf-8")
    archives = list(folder.glob("*.npz"))
    assert {path.stem for path in archives} == {*SHAPES, "japanese_vowels"}
    assert all(path.name in text for path in archives)
    assert sum(path.stat().st_size for path in archives) < 450_000


def test_the_order_is_fixed() -> None:
    order = datasets.fixed_order(1797)
    assert order.dtype == np.int64
    assert np.array_equal(np.sort(order), np.arange(1797))
    digest = hashlib.sha256(order.astype("<i8").tobytes()).hexdigest()
    assert digest == "880fd9bcd4847c85c479d43a23d7c1daaebd36ef28fba3311dfbb23bd9da2927"
    assert datasets.fixed_order(10, 7).tolist() == [4, 7, 8, 6, 9, 5, 0, 2, 1, 3]
    assert datasets.fixed_order(0).tolist() == []
    assert not np.array_equal(datasets.fixed_order(1797, 1), order)
    assert not np.array_equal(datasets.fixed_order(1797, 2**32), order)


def test_numpys_generator_is_left_alone() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002  (this is the one to leave alone)
    datasets.fixed_order(100)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_split_keeps_every_row_once() -> None:
    X, y = np.arange(20).reshape(10, 2), np.arange(10)
    split = datasets.train_test_split(X, y, test=0.3)
    assert split.X_test.shape == (3, 2)
    assert sorted([*split.y_train, *split.y_test]) == list(range(10))
    assert np.array_equal(split.X_train[:, 0], 2 * split.y_train)
    assert len(datasets.train_test_split(X, y, test=0.01).y_test) == 1
    assert len(datasets.train_test_split(X, y, test=0.99).y_train) == 1


@pytest.mark.parametrize(
    ("X", "y", "options", "word"),
    [
        ([[1], [2]], [1], {}, r"X, y: got shapes \(.*\); expected equally many rows"),
        (3.0, 4.0, {}, r"X, y: got shapes \(.*\); expected equally many rows"),
        ([[1], [2]], [1, 2], {"test": 0.0}, "between 0 and 1"),
        ([[1], [2]], [1, 2], {"test": float("nan")}, "between 0 and 1"),
        ([[1]], [1], {}, "X: got 1 rows; expected at least 2"),
        ([[1], [2]], [1, 2], {"seed": -1}, "seed"),
        ([[1], [2]], [1, 2], {"seed": 2**64}, "seed"),
    ],
)
def test_split_refuses(X: object, y: object, options: dict[str, object], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        datasets.train_test_split(X, y, **options)  # type: ignore[arg-type]


def test_order_refuses_a_negative_number() -> None:
    with pytest.raises(ValueError, match="rows: got -1; expected at least 0"):
        datasets.fixed_order(-1)
