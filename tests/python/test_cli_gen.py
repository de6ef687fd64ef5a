"""``deepseek demo gen`` and ``deepseek sample``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek.cli import main
from programs import gens
from test_cli import refused


def share(out: str, name: str) -> float:
    line = next(line for line in out.splitlines() if line.strip().startswith(name))
    return float(line.split("%")[0].split()[-1])


def test_demo_writes_digits_that_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "gen", "--epochs", "12"]) == 0
    out = capsys.readouterr().out
    assert "█" in out and "a 9" in out and "12 epochs" in out
    assert share(out, "Gen") > 80.0 and share(out, "other real") > 95.0 and share(out, "baseline") > 50.0


def test_demo_draws_a_png(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "demo.png"
    assert main(["demo", "gen", "--epochs", "1", "--png", str(path)]) == 0
    assert path.read_bytes().startswith(b"\x89PNG")
    assert "█" not in capsys.readouterr().out


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def save(model: Any) -> Any:
        model.save("gen.ds")
        return model

    return save


def test_sample_prints_numbers(saved: Any, capsys: pytest.CaptureFixture[str]) -> None:
    gen = saved(gens.gen())
    assert main(["sample", "gen.ds", "-n", "3", "--seed", "4"]) == 0
    header, *lines = capsys.readouterr().out.splitlines()
    assert header == "x0,x1,x2,x3,x4"
    rows = np.array([line.split(",") for line in lines], np.float32)
    np.testing.assert_array_equal(rows, gen.sample(3, seed=4))


def test_sample_names_labels(saved: Any, capsys: pytest.CaptureFixture[str]) -> None:
    gen = saved(gens.gen("labels"))
    assert main(["sample", "gen.ds", "-n", "4", "-o", "out.csv"]) == 0
    assert capsys.readouterr().out == "4 rows: out.csv\n"
    lines = Path("out.csv").read_text().splitlines()
    assert lines[0].endswith(",label") and [line[-1] for line in lines[1:]] == ["0", "1", "2", "0"]
    assert main(["sample", "gen.ds", "-n", "2", "--label", "2"]) == 0
    rows = [line.split(",") for line in capsys.readouterr().out.splitlines()[1:]]
    assert [row[-1] for row in rows] == ["2", "2"]
    np.testing.assert_array_equal(np.array([row[:-1] for row in rows], np.float32), gen.sample(2, 2, seed=0))


def test_sample_refuses(saved: Any, capsys: pytest.CaptureFixture[str]) -> None:
    saved(gens.gen("labels"))
    assert "labels are 0, 1, 2" in refused(capsys, "sample", "gen.ds", "--label", "7")
    assert "whole number" in refused(capsys, "sample", "gen.ds", "-n", "0")
    saved(gens.gen())
    assert "knows no labels" in refused(capsys, "sample", "gen.ds", "--label", "0")
    saved(ds.Gen())
    assert "fit it first" in refused(capsys, "sample", "gen.ds")
    saved(ds.Net([2, 1]))
    assert "this is a Net" in refused(capsys, "sample", "gen.ds")
    assert "no.ds" in refused(capsys, "sample", "no.ds")
