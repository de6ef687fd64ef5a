"""Real files: those that scikit-learn brings along are read with sensible kinds at the first call."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepseek.tables import FeatureEncoder, TargetEncoder, read_table

pytestmark = pytest.mark.peers

FILES = {
    "breast_cancer.csv": (569, 31, "2 classes"),
    "iris.csv": (150, 5, "3 classes"),
    "wine_data.csv": (178, 14, "3 classes"),
    "digits.csv.gz": (1797, 65, "10 classes"),
    "diabetes_data_raw.csv.gz": (442, 10, "number"),
    "diabetes_target.csv.gz": (442, 1, "number"),
    "linnerud_exercise.csv": (20, 3, "number"),
    "linnerud_physiological.csv": (20, 3, "number"),
}


@pytest.mark.parametrize("name", FILES)
def test_files_of_scikit_learn(name: str) -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    columns = read_table(Path(datasets.__file__).parent / "data" / name)
    rows, width, target = FILES[name]
    assert (columns.rows, len(columns)) == (rows, width)
    last = list(columns)[-1]
    assert f", {target} (" in TargetEncoder.fit(columns[last], name=last).line()
    encoder = FeatureEncoder.fit(columns)
    assert {reading.kind for reading in encoder.readings} <= {"number", "left out"}
    assert encoder.transform(columns).warning() is None
