"""``deepseek train --weight``: a column that weights the rows in the training and in the scores."""

from __future__ import annotations

from pathlib import Path

import pytest

import deepseek as ds
from deepseek.cli import main
from programs.commands import refused
from programs.messy_csv import HEADER, QUICK, rows, write


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("target", ["kind", "amount"])
def test_weights_of_the_rows(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The model is that of the fit with the column as weights, and the scores are those of evaluate with them."""
    body = [[*row, f"{1 + i % 4},5"] for i, row in enumerate(rows(260))]
    header = [*HEADER, "copies"]
    body[3][-1] = body[230][-1] = "0"
    write("train.csv", body[:200], header)
    write("test.csv", body[200:], header)
    command = ["train", "train.csv", "--target", target, "--weight", "copies"]
    assert main([*command, "--test", "test.csv", *QUICK]) == 0
    out = capsys.readouterr().out
    assert "  weights of the rows: copies\n" in out and "  left out: 1 rows of weight 0\n" in out
    assert "trained 2 networks on 199 rows" in out
    assert f"{target} of 59 rows of test.csv, each counted by its weight:" in out
    model = ds.load("train.ds")
    assert "copies" not in model.feature_names
    assert "1 of weight 0" not in model.summary()
    direct = ds.TabularNet(members=2, epochs=25, hidden=(16,))
    direct.fit("train.csv", target, sample_weight="copies")
    assert (model.predict("test.csv") == direct.predict("test.csv")).all()
    expected = model.evaluate("test.csv", sample_weight="copies")
    assert expected["rows"] == 59
    name, key, form = ("accuracy", "accuracy", ".1%") if target == "kind" else ("R²", "r2", ".3f")
    line, *_ = (line.split() for line in out.splitlines() if line.split()[:1] == [name])
    values = [f"{s[key]:{form}}" for s in (expected, expected["linear"], expected["trivial"])]
    assert line == [name, *values]
    assert expected[key] != model.evaluate("test.csv")[key]

    assert main([*command, *QUICK]) == 0  # rows held out at random
    assert f"{target} of 40 rows held out at random" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--weight sze", '--weight: t.csv: got no column "sze"; expected one of'),
        ("--weight kind", '--weight: got "kind", which is the target; expected another'),
        (
            "--weight amount --drop amount",
            '--drop: got "amount", which is --weight; expected another column',
        ),
        ("--weight colour", '--weight: got "red", "green", "blue"; expected numbers'),
        ("--weight size", "--weight: got nan in row 3; expected finite numbers"),
    ],
)
def test_refused_weights(capsys: pytest.CaptureFixture[str], arguments: str, says: str) -> None:
    write("t.csv", rows(30))
    assert says in refused(capsys, "train", "t.csv", "--target", "kind", *arguments.split())
    assert not Path("t.ds").exists()


def test_a_test_file_needs_the_weights(capsys: pytest.CaptureFixture[str]) -> None:
    write("t.csv", [[*row, "1"] for row in rows(40)], [*HEADER, "copies"])
    write("test.csv", rows(30))
    says = refused(capsys, "train", "t.csv", "--target", "kind", "--weight", "copies", "--test", "test.csv")
    assert '--weight: test.csv: got no column "copies"; expected one of' in says
    assert not Path("t.ds").exists()
