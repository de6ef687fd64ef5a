"""Gens of tables: through the transformer and back, a column as the label, conditions, copies."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek._tables.transformer import TableTransformer
from deepseek.cli import main
from programs import models
from programs.gen_tables import JOBS, gen, people


def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return list(a) == list(b) and all((a[name] == b[name]).all() for name in a)


def test_a_table_comes_back_as_it_came() -> None:
    table = people()
    model = gen()
    history = model.fit(table, epochs=2, monitor=["frechet", "ks"])
    assert np.isfinite(history["ks"]).all()
    made = model.sample(50)
    assert list(made) == list(table) and len(made["age"]) == 50
    for name, column in table.items():
        assert made[name].dtype.kind == column.dtype.kind
    assert set(made["job"]) <= set(JOBS)
    assert made["age"].min() >= table["age"].min() and made["income"].max() <= table["income"].max()
    assert model.discriminate(table).shape == (200,)
    assert model.data_size == sum(block["units"] for block in model._transformer.blocks)
    with pytest.raises(ValueError, match="pope"):
        model.fit({**table, "job": np.array(["pope"] * 200)}, epochs=1)
    with pytest.raises(
        ValueError, match="y: got 'job', but the first fit had no column of labels; expected None"
    ):
        model.fit(table, "job", epochs=1)


def test_a_transformer_of_ones_own_is_not_changed() -> None:
    mine = TableTransformer(categorical=["age"])
    one, other = gen(transformer=mine), gen()
    one.fit(people(), epochs=1)
    other.fit(people(), epochs=1)
    assert one.data_size != other.data_size
    with pytest.raises(ValueError, match="TableTransformer: got X before fit; expected a fitted"):
        mine.transform(people())


def test_a_column_is_the_label() -> None:
    table = people()
    model = gen()
    model.fit(table, "job", epochs=2, monitor="tstr")
    assert (model.classes, model.labels, model.label_column) == (3, JOBS, "job")
    assert list(model.sample(4, "smith")["job"]) == ["smith"] * 4
    assert list(model.sample(2, ["cook", "clerk"])["job"]) == ["cook", "clerk"]
    assert list(model.sample(3)) == list(table)
    model.fit(table, epochs=1)
    model.partial_fit(table, "job")
    more, y = model.augment(table, seed=2)
    assert len(set(np.unique(y, return_counts=True)[1])) == 1 and (more["job"] == y).all()
    assert (more["age"][:200] == table["age"]).all()
    for wrong, said in (
        (lambda: model.sample(2, "pope"), "pope"),
        (lambda: model.sample(2, ["cook"]), r"y: got shape \(1,\); expected one label or shape \(2,\)"),
        (lambda: model.fit(table, "sex", epochs=1), "y: got .* values; expected None or 'job', the"),
        (lambda: model.fit(table, np.zeros(200, int), epochs=1), "y: got .* values; expected None or"),
        (
            lambda: gen(classes=4).fit(table, "job", epochs=1),
            r"y: got .* with 3 different labels; expected 4",
        ),
        (lambda: gen().fit(table, "jobs", epochs=1), "jobs"),
        (
            lambda: gen(transformer=None).fit(table, "job", epochs=1),
            "y: got .* 'job' without a transformer; expected labels",
        ),
    ):
        before = models.bits(model)
        with pytest.raises(ValueError, match=said):
            wrong()
        assert models.bits(model) == before


def test_labels_beside_a_table() -> None:
    y = np.arange(200) % 2
    model = gen(classes=2)
    model.fit(people(), y, epochs=1)
    more, labels = model.augment(people(), y, 150)
    assert np.bincount(labels).tolist() == [150, 150] and len(more["age"]) == 300


def test_conditions() -> None:
    model = gen()
    model.fit(people(), epochs=1)
    made = model.sample(30, seed=1, where={"job": "cook", "sex": ["f"]})
    assert set(made["job"]) == {"cook"} and set(made["sex"]) == {"f"} and len(made["age"]) == 30
    assert same(
        model.sample(10, seed=1, where={"job": "cook", "sex": ["f"]}), {k: v[:10] for k, v in made.items()}
    )
    before = models.bits(model)
    for where, said in (
        ({"job": "pope"}, "where: got a condition that 0 of 40960 samples meet; expected at least one in"),
        ({"jobs": "cook"}, "where: got the column 'jobs'; expected one of age, income, job, sex"),
    ):
        with pytest.raises(ValueError, match=said):
            model.sample(3, where=where)
    assert models.bits(model) == before, "a refused call is not counted"


def test_conditions_beside_labels() -> None:
    model = gen()
    model.fit(people(), "job", epochs=1)
    assert set(model.sample(9, where={"job": "smith"})["job"]) == {"smith"}
    assert same(model.sample(9, seed=1, where={"job": "smith"}), model.sample(9, "smith", seed=1))
    both = model.sample(4, ["cook", "smith", "cook", "clerk"], where={"sex": "m"})
    assert list(both["job"]) == ["cook", "smith", "cook", "clerk"] and set(both["sex"]) == {"m"}
    assert set(model.sample(5, where={"sex": "f"})["sex"]) == {"f"}
    with pytest.raises(ValueError, match="where: got 'job' and y; expected only one of them"):
        model.sample(2, "cook", where={"job": "cook"})
    with pytest.raises(ValueError, match=r"where\['job'\]: got \['cook', 'smith'\]; expected one label"):
        model.sample(2, where={"job": ["cook", "smith"]})


@pytest.mark.parametrize("label", [None, "job"])
@pytest.mark.parametrize("way", ["file", "pickle", "copy"])
def test_it_travels(way: str, label: str | None, tmp_path: Path) -> None:
    model, path = gen(), tmp_path / "gen.ds"

    def arrived() -> ds.Gen:
        model.save(path)
        ways = {
            "file": lambda: ds.load(path),
            "pickle": lambda: pickle.loads(pickle.dumps(model)),
            "copy": lambda: copy.copy(model),
        }
        return ways[way]()  # type: ignore[no-any-return]

    new = arrived()
    for one in (model, new):
        one.fit(people(), label, epochs=1)
    assert models.bits(new) == models.bits(model)
    new = arrived()
    assert same(new.sample(9), model.sample(9)) and new.labels == model.labels
    new.fit(people(), epochs=1)
    model.fit(people(), epochs=1)
    assert models.bits(new) == models.bits(model)


def test_the_command_writes_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = gen()
    model.fit(people(), "job", epochs=1)
    model.save(tmp_path / "gen.ds")
    assert main(["sample", str(tmp_path / "gen.ds"), "-n", "2", "--label", "cook"]) == 0
    header, *lines = capsys.readouterr().out.splitlines()
    assert header == "age,income,job,sex" and [line.split(",")[2] for line in lines] == ["cook", "cook"]
