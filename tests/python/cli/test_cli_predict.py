"""``deepseek predict``: the model's own answers as CSV, whatever the new file holds."""

from __future__ import annotations

import csv
import io
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek.cli import kept_columns, main
from programs.commands import code_of, refused
from programs.messy_csv import HEADER, QUICK, read, rows, write


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models of classes in c.ds and of numbers in n.ds, and their data c.csv and n.csv."""
    folder = tmp_path_factory.mktemp("trained")
    for name, target, other in (("c", "kind", "amount"), ("n", "amount", "kind")):
        data = write(folder / f"{name}.csv", rows(120))
        options = ["--drop", other, "--drop", "paid, total", "-o", str(folder / f"{name}.ds"), *QUICK]
        assert main(["train", str(data), "--target", target, *options]) == 0
    return folder


@pytest.fixture
def classes(here: Path, trained: Path, capsys: pytest.CaptureFixture[str]) -> ds.TabularNet:
    shutil.copytree(trained, here, dirs_exist_ok=True)
    capsys.readouterr()
    return ds.load("c.ds")


@pytest.fixture
def numbers(here: Path, trained: Path, capsys: pytest.CaptureFixture[str]) -> ds.TabularNet:
    shutil.copytree(trained, here, dirs_exist_ok=True)
    capsys.readouterr()
    return ds.load("n.ds")


def test_classes(classes: ds.TabularNet, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "c.ds", "c.csv", "-o", "out.csv"]) == 0
    header, *lines = read("out.csv")
    assert header == ["kind"]
    assert [line[0] for line in lines] == classes.predict("c.csv").tolist()
    out, err = capsys.readouterr()
    assert err == "" and out.splitlines()[0] == "120 predictions: out.csv"
    scores = classes.evaluate("c.csv")
    assert out.splitlines()[1] == (
        f"kind of 120 rows: accuracy {scores['accuracy']:.1%}, balanced accuracy {scores['balanced_accuracy']:.1%}, "
        f"AUC {scores['auc']:.3f}, log loss {scores['log_loss']:.3f}"
    )


def test_probabilities_and_kept_columns(classes: ds.TabularNet, capsys: pytest.CaptureFixture[str]) -> None:
    """Kept cells are copied as they are written: leading zeros, long numbers, commas and line ends."""
    body = rows(5)
    body[0][1], body[1][1], body[2][1], body[3][1] = "007", "1234567890123456789", 'a, "b"\nc', ""
    new = write("new.csv", [row[:7] for row in body], HEADER[:7])
    keep = ["--keep", "Customer ID", "--keep", '"paid, total"']
    assert main(["predict", "c.ds", str(new), "--proba", "-o", "out.csv", *keep]) == 0
    header, *lines = read("out.csv")
    assert header == ["Customer ID", "paid, total", "kind", "p(bad)", "p(good)"]
    assert [line[:2] for line in lines] == [[row[1], row[4]] for row in body]
    probabilities = np.array([line[3:] for line in lines], float)
    np.testing.assert_allclose(probabilities, classes.predict_proba("new.csv"), atol=1e-6)
    assert [line[2] for line in lines] == [["bad", "good"][i] for i in probabilities.argmax(axis=1)]
    assert capsys.readouterr().out == "5 predictions: out.csv\n"


def test_kept_cells_of_other_rows_are_refused(
    classes: ds.TabularNet, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The cells are read a second time; if the rows are not those of the table, nothing is written."""
    really = kept_columns.read_columns

    def one_row_less(*arguments: Any) -> Any:
        columns = really(*arguments)
        return columns.take(np.arange(columns.rows - 1))

    monkeypatch.setattr(kept_columns, "read_columns", one_row_less)
    assert main(["predict", "c.ds", "c.csv", "--keep", "Customer ID", "-o", "out.csv"]) == 2
    assert re.search(r"--keep: c\.csv: got 120 rows of \d+ cells; expected 119", capsys.readouterr().err)
    assert not Path("out.csv").exists()


def test_a_kept_cell_may_be_long(classes: ds.TabularNet) -> None:
    limit = csv.field_size_limit()
    body = rows(2)
    body[0][1] = "x" * (limit + 1)
    new = write("new.csv", [row[:7] for row in body], HEADER[:7])
    assert main(["predict", "c.ds", str(new), "--keep", "Customer ID", "-o", "out.csv"]) == 0
    assert csv.field_size_limit() == limit
    assert Path("out.csv").read_text().count("x" * (limit + 1)) == 1


def test_a_kept_target_stands_beside_the_prediction(classes: ds.TabularNet) -> None:
    assert main(["predict", "c.ds", "c.csv", "--keep", "kind", "-o", "out.csv"]) == 0
    header, first, *_ = read("out.csv")
    assert header == ["kind", "predicted kind"] and first[0] == rows(1)[0][7]


def test_numbers_and_quantiles(numbers: ds.TabularNet, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "n.ds", "n.csv", "--quantiles", "0.05,0.5,0.95", "-o", "out.csv"]) == 0
    header, *lines = read("out.csv")
    assert header == ["amount", "q(0.05)", "q(0.5)", "q(0.95)"]
    values = np.array(lines, float)
    np.testing.assert_allclose(values[:, 0], numbers.predict("n.csv"), rtol=1e-8)
    np.testing.assert_allclose(
        values[:, 1:], numbers.predict_quantiles("n.csv", (0.05, 0.5, 0.95)), rtol=1e-8
    )
    scores = numbers.evaluate("n.csv")
    out = capsys.readouterr().out
    assert f"amount of 120 rows: R² {scores['r2']:.3f}, RMSE " in out
    assert f"95% hold {scores['coverage'][0.95]['share']:.1%} (mean width " in out


def test_without_an_output_only_predictions_go_to_standard_output(
    classes: ds.TabularNet, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", "c.ds", "c.csv", "--threads", "1"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == ["kind", *classes.predict("c.csv").tolist()]
    assert err.startswith("kind of 120 rows: accuracy ") and err.count("\n") == 1


def test_standard_input(
    classes: ds.TabularNet, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for keep in ([], ["--keep", "Customer ID"]):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path("c.csv").read_bytes())))
        assert main(["predict", "c.ds", "-", *keep]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.split(",")[-1] for line in lines[1:]] == classes.predict("c.csv").tolist()


def test_new_categories_and_gaps_are_answered_with_one_warning(
    classes: ds.TabularNet, capsys: pytest.CaptureFixture[str]
) -> None:
    body = [row[:7] for row in rows(4)]
    body[1][3], body[2][3], body[3][5] = "pink", "", ""
    write("new.csv", body, HEADER[:7])
    assert main(["predict", "c.ds", "new.csv", "--proba", "-o", "out.csv"]) == 0
    assert len(read("out.csv")) == 5
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and err.startswith("deepseek: warning: got 1 row with the new value")
    assert '"pink"' in err and 'in column "colour"' in err and 'in column "day"' in err and "of 4 rows" in err


def test_rows_without_a_target_are_predicted_but_not_scored(
    classes: ds.TabularNet, capsys: pytest.CaptureFixture[str]
) -> None:
    body = rows(20)
    for row in body[:5]:
        row[7] = ""
    write("new.csv", body)
    assert main(["predict", "c.ds", "new.csv", "-o", "out.csv"]) == 0
    assert "kind of 15 rows:" in capsys.readouterr().out and len(read("out.csv")) == 21
    for row in body:
        row[7] = ""
    write("new.csv", body)
    assert main(["predict", "c.ds", "new.csv", "-o", "out.csv"]) == 0
    assert 'not scored: the column "kind" has no values' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("c.ds new.csv", 'new.csv: got no column "size", "colour", "day"; expected the columns of fit'),
        ("c.ds none.csv", "none.csv: No such file or directory"),
        ("none.ds c.csv", "none.ds"),
        ("c.csv c.csv", "c.csv"),
        ("c.ds c.csv --keep id", '--keep: c.csv: got no column "id"'),
        ("c.ds c.csv --quantiles 0.5", "--quantiles: got a model of classes; expected one of numbers"),
        (
            "c.ds c.csv --quantiles 5",
            "--quantiles: got '5'; expected numbers above 0 and below 1, such as 0.05,0.95",
        ),
        ("c.ds c.csv --probability", "unrecognized arguments: --probability (did you mean --proba?)"),
        (
            "gen.ds c.csv",
            "gen.ds: got a Gen; expected a model of a table; use `deepseek sample` to draw rows",
        ),
        ("rec.ds c.csv", "rec.ds: got a Rec; expected a model of a table; use Rec.predict in Python"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    classes: ds.TabularNet, capsys: pytest.CaptureFixture[str], arguments: str, says: str
) -> None:
    write("new.csv", [["1"]], ["a"])
    ds.Gen(data_size=2).save("gen.ds")
    ds.Rec(input_size=1, hidden=[2], output_size=1).save("rec.ds")
    assert says in refused(capsys, "predict", *arguments.split())


def test_probabilities_of_numbers_are_refused(
    numbers: ds.TabularNet, capsys: pytest.CaptureFixture[str]
) -> None:
    line = refused(capsys, "predict", "n.ds", "n.csv", "--proba")
    assert "--proba: got a model of numbers; expected one of classes (--quantiles is for numbers)" in line


def test_a_damaged_model_is_refused(classes: ds.TabularNet, capsys: pytest.CaptureFixture[str]) -> None:
    damaged = bytearray(Path("c.ds").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    Path("damaged.ds").write_bytes(damaged)
    assert "damaged.ds" in refused(capsys, "predict", "damaged.ds", "c.csv")


def test_a_model_saved_in_python_works(capsys: pytest.CaptureFixture[str]) -> None:
    """And a model of the command line takes a table in Python."""
    body = [
        [str(60 + i % 80), str(1 + i % 5), str(2000 * (60 + i % 80) + 5000 * (1 + i % 5))] for i in range(200)
    ]
    write("h.csv", body, ["size", "rooms", "price"])
    table = {name: [float(row[i]) for row in body] for i, name in enumerate(["size", "rooms", "price"])}
    model = ds.TabularNet(members=1, epochs=40, hidden=(32,)).fit(table, "price")
    model.save("h.ds")
    assert main(["predict", "h.ds", "h.csv", "-o", "out.csv"]) == 0
    np.testing.assert_allclose(np.array(read("out.csv")[1:], float)[:, 0], model.predict(table), rtol=1e-8)
    assert main(["train", "h.csv", "--target", "price", "--members", "1", "--epochs", "40"]) == 0
    value = ds.load("h.ds").predict({"size": [100.0], "rooms": [3.0]})[0]
    assert value == pytest.approx(215000, rel=0.1)


def test_a_net_predicts_from_columns_of_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    net = ds.Net([2, 3], loss="cross_entropy")
    net.save("net.ds")
    X = np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)
    body = [[f"N{i}", *(f"{v:.9g}" for v in row)] for i, row in enumerate(X.tolist())]
    write("t.csv", body, ["id", "b", "a"])
    assert main(["predict", "net.ds", "t.csv", "--keep", "id", "--proba"]) == 0
    out, err = capsys.readouterr()
    assert err == "inputs: b, a\n"
    header, *lines = [line.split(",") for line in out.splitlines()]
    assert header == ["id", "class", "p(0)", "p(1)", "p(2)"]
    probabilities = net.predict(X)
    assert [line[1] for line in lines] == [str(i) for i in probabilities.argmax(axis=1)]
    np.testing.assert_allclose(np.array([line[2:] for line in lines], float), probabilities, atol=1e-6)
    ds.Net([2, 1]).save("value.ds")
    assert main(["predict", "value.ds", "t.csv", "--keep", "id"]) == 0
    values = [line.split(",")[1] for line in capsys.readouterr().out.splitlines()]
    assert values[0] == "y"
    np.testing.assert_allclose(np.array(values[1:], float), ds.load("value.ds").predict(X)[:, 0], rtol=1e-6)


def test_a_net_says_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    ds.Net([2, 1]).save("net.ds")
    write("t.csv", [["N1", "1", ""], ["N2", "2", "3"]], ["id", "a", "b"])
    line = refused(capsys, "predict", "net.ds", "t.csv")
    assert (
        '3 columns, "id", "a", "b"; expected 2, the inputs of the Net in net.ds' in line
        and "--keep COLUMN" in line
    )
    assert code_of("predict", "net.ds", "t.csv", "--keep", "a") == 2
    first, second = capsys.readouterr().err.splitlines()
    assert 'column "id": got texts; expected numbers' in first
    assert (
        'column "b": got missing values' in second and "a TabularNet, which `deepseek train` makes" in second
    )
    assert "--quantiles: got a Net" in refused(capsys, "predict", "net.ds", "t.csv", "--quantiles", "0.5")
    write("t.csv", [["1", "3"]], ["a", "b"])
    assert "--proba: got a Net of numbers" in refused(capsys, "predict", "net.ds", "t.csv", "--proba")


def test_the_output_is_written_as_the_input_is_said_to_be(classes: ds.TabularNet) -> None:
    body = [row[:7] for row in rows(4)]
    write("new.csv", body, HEADER[:7], delimiter=";")
    assert main(["predict", "c.ds", "new.csv", "--keep", "shop", "--delimiter", ";", "-o", "out.csv"]) == 0
    assert Path("out.csv").read_text().splitlines()[0] == "shop;kind"
