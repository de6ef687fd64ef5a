"""The benchmark of models for tables with real peers on small files that are written here."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from deepseek.bench.tables import MODELS, Settings, Table, frames, runner, sources
from deepseek.bench.tables.worker import Worker

pytestmark = pytest.mark.peers
pd = pytest.importorskip("pandas")
pytest.importorskip("sklearn")

ROWS = 120


@pytest.fixture
def messy(tmp_path: Path) -> Path:
    """A file with a date, text with gaps, a number with gaps, identifiers and a target with a gap."""
    rng = np.random.default_rng(0)
    number = rng.normal(size=ROWS)
    colour = rng.choice(["red", "green", "?"], ROWS)
    frame = pd.DataFrame(
        {
            "id": np.arange(ROWS),
            "day": pd.date_range("2020-01-30", periods=ROWS).strftime("%Y-%m-%d"),
            "colour": colour,
            "a[<b>]": np.where(rng.random(ROWS) < 0.1, np.nan, number),
            "code": [f"c{n}" for n in range(ROWS)],
            "size": 3 * number + (colour == "red"),
            "kind": np.where(number > 0, "big", "small"),
        }
    )
    frame.loc[5, ["size", "kind"]] = np.nan
    path = tmp_path / "messy.csv"
    frame.to_csv(path, index=False)
    return path


def table_of(path: Path, task: str) -> Table:
    target, other = ("kind", "size") if task == "classes" else ("size", "kind")
    left_out = {"id": "number of the row", "code": "identifier", other: "leak: follows from the target"}
    return Table("messy", "pkg", path.name, target, task, left_out, dates=("day",))  # type: ignore[arg-type]


def test_a_file_is_read_without_columns_left_out_and_rows_without_target(messy: Path) -> None:
    frame, target = frames.read(table_of(messy, "classes"), str(messy))
    assert list(frame.columns) == ["day", "colour", "a[<b>]", "kind"]
    assert len(frame) == len(target) == ROWS - 1
    assert frame["colour"].isna().any()
    parts = frames.expand_dates(frame, ["day"])
    assert parts.loc[0, ["day year", "day month", "day day_of_year", "day day_of_week"]].tolist() == [
        2020,
        1,
        30,
        3,
    ]
    assert "day" not in parts


def test_categories_are_those_of_the_training_rows() -> None:
    prepared = frames.Categories(most=2)
    training = prepared.fit_transform(
        pd.DataFrame({"a": ["x", "y", None], "b": ["1a", "2a", "3a"], "n": [1, 2, 3]})
    )
    assert prepared.names == ["x0"] and training["x1"].tolist() == [0.0, 1.0, 2.0]
    unseen = prepared.transform(pd.DataFrame({"a": ["y", "z"], "b": ["2a", "z"], "n": [1, 2]}))
    assert unseen["x0"].isna().tolist() == [False, True]
    assert unseen["x1"].tolist()[0] == 1.0 and np.isnan(unseen["x1"][1])


@pytest.mark.parametrize(
    ("form", "text", "columns", "target"),
    [
        ("counted csv", "2,2,good,bad\n1,2,0\n3,4,1\n", 2, ["good", "bad"]),
        ("bare csv", "1,2,7\n3,4,8\n", 2, [7, 8]),
        ("json", '[{"x": 1, "target": "u"}, {"x": 2, "target": "v"}]', 1, ["u", "v"]),
    ],
)
def test_forms_of_files(tmp_path: Path, form: str, text: str, columns: int, target: list[object]) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    table = Table("t", "pkg", "file", "target", "classes", form=form)  # type: ignore[arg-type]
    frame, found = frames.read(table, str(path))
    assert frame.shape == (2, columns + 1)
    assert found.tolist() == target


def test_values_and_targets_in_two_files(tmp_path: Path) -> None:
    (tmp_path / "d_data_raw.csv").write_text("1 2\n3 4\n")
    (tmp_path / "d_target.csv").write_text("0.5\n1.5\n")
    table = Table("t", "pkg", "d_data_raw.csv", "target", "number", form="two files")
    frame, target = frames.read(table, str(tmp_path / "d_data_raw.csv"))
    assert target.tolist() == [0.5, 1.5] and list(frame.columns) == ["x1", "x2", "target"]


@pytest.mark.parametrize("task", ["classes", "number"])
@pytest.mark.parametrize("name", [model.name for model in MODELS if model.name != "RealMLP"])
def test_every_model_fits_a_messy_file(messy: Path, name: str, task: str) -> None:
    library = next(model.library for model in MODELS if model.name == name)
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    request = {
        "do": "fit",
        "table": table_of(messy, task).to_json(),
        "path": str(messy),
        "split": 0,
        "options": {},
    }
    found = Worker(name, 1).answer(request)
    assert found["rows"] == ROWS - 1 and found["columns"] == 3
    assert found["score"] > (0.6 if task == "classes" else 0.3)
    assert ("log_loss" in found) == (task == "classes") == ("rmse" not in found)
    assert found["fit_seconds"] > 0


def test_a_run_from_end_to_end(messy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "find", lambda table: messy)
    settings = Settings(tables=[table_of(messy, "classes")], peers=["sklearn"], splits=2, threads=1)
    sheet = runner.run(settings)
    assert sheet.models == ["deepseek", "HistGB", "MLP"] and sheet.notes() == []
    assert all(sheet.mean("messy", name, "log_loss") is not None for name in sheet.models)
    assert set(sheet.model_versions()) == set(sheet.models)
