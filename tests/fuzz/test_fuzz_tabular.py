"""Damaged and mutated files of a TabularNet: `load` refuses them with a ModelFileError, or gives a model that works.

Every second mutant has the right digest and one wrong value in what the model says of itself or in its tensors.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import deepseek as ds
from mutate import load, try_mutants
from programs.harness import deadline, figure
from programs.tabular import model, table, without

TABLE = table(60)
SMALL = {"members": 2, "epochs": 1, "hidden": (2,)}


def classes() -> ds.TabularNet:
    return model(**SMALL, class_weight={"good": 2.0}).fit(without(TABLE, "price"), "kind")


def numbers() -> ds.TabularNet:
    rng = np.random.default_rng(0)
    notes = [" ".join(rng.choice(["old", "new", "big", "sold", "rare"], 4)) for _ in range(60)]
    data = {**without(TABLE, "kind"), "note": notes, "fee": [f"{i % 9},50 €" for i in range(60)]}
    return model(**SMALL, kinds={"note": "text"}).fit(data, "price")


MODELS: dict[str, Callable[[], ds.TabularNet]] = {"classes": classes, "numbers": numbers}
ROWS = {**TABLE, "note": ["old new"] * 60, "fee": ["1,50 €"] * 60}


def use(found: ds.TabularNet, path: Path) -> None:
    """Use all that a loaded model answers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a changed encoder may not know the values of the table
        try:
            predicted = found.predict(ROWS)
        except ValueError as error:  # a column of another name
            assert "column" in str(error)
            return
        assert predicted.shape == (60,) and found.describe() and repr(found)
        assert len(found.input_names) == found.transform(ROWS).shape[1]
        if found.classes is None:
            assert np.isfinite(predicted).all()
            assert np.isfinite(found.predict_quantiles(ROWS)).all()
        else:
            assert set(predicted.tolist()) <= set(found.classes.tolist())
            np.testing.assert_allclose(found.predict_proba(ROWS).sum(axis=1), 1.0)
    found.save(path)
    again = ds.load(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert (again.predict(ROWS) == predicted).all()


@pytest.mark.parametrize("name", MODELS)
def test_a_damaged_file_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "m"
    MODELS[name]().save(path)
    whole, rng = path.read_bytes(), random.Random(0)
    positions = sorted(rng.sample(range(len(whole)), figure("FUZZ", 3000) // 15))
    for position in positions:
        flipped = bytes([whole[position] ^ (1 << rng.randrange(8))])
        for data in (whole[:position] + flipped + whole[position + 1 :], whole[:position]):
            path.write_bytes(data)
            with deadline(10):
                assert load(path) is None, f"byte {position} of {len(whole)}"


@pytest.mark.parametrize("name", MODELS)
def test_a_mutated_model_is_refused_or_works(tmp_path: Path, name: str) -> None:
    path, again = tmp_path / "m", tmp_path / "again"
    MODELS[name]().save(path)
    try_mutants(path, lambda found: use(found, again))
