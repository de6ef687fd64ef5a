"""``deepseek demo gen`` and ``deepseek sample``."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek.cli import main, png
from programs import gens
from programs.commands import refused


def read_grey(path: Path) -> np.ndarray:
    """A PNG of eight grey bits as (height, width), read by the specification alone."""
    data, chunks = path.read_bytes(), {}
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at = 8
    while at < len(data):
        (length,), kind = struct.unpack_from(">I", data, at), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length) == (zlib.crc32(kind + body),)
        chunks[kind] = body
        at += 12 + length
    width, height, *kinds = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert kinds == [8, 0, 0, 0, 0] and chunks[b"IEND"] == b""
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert not lines[:, 0].any()
    return lines[:, 1:]


def share(out: str, name: str) -> float:
    line = next(line for line in out.splitlines() if line.strip().startswith(name))
    return float(line.split("%")[0].split()[-1])


def test_demo_writes_digits_that_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "gen", "--epochs", "12"]) == 0
    out = capsys.readouterr().out
    assert "█" in out and "a 9" in out and "12 epochs" in out
    assert (
        share(out, "samples of Gen") > 80.0
        and share(out, "held-out real") > 95.0
        and share(out, "baseline") > 50.0
    )
    drawn = read_grey(
        tmp_path / "gen.png"
    )  # ten by ten images of eight by eight pixels, six wide, and gaps of one
    assert drawn.shape == (10 * 9 * 6 + 6, 10 * 9 * 6 + 6)
    assert drawn[:6].min() == 255 and 0.2 < drawn.mean() / 255 < 0.9


def test_demo_draws_into_the_named_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "demo.png"
    assert main(["demo", "gen", "--epochs", "1", "--png", str(path)]) == 0
    assert read_grey(path).shape == (546, 546)
    assert str(path) in capsys.readouterr().out


def test_a_picture_keeps_its_pixels(tmp_path: Path) -> None:
    ink = np.random.default_rng(0).integers(0, 256, (5, 7)) / 255
    png.save(tmp_path / "a.png", ink)
    np.testing.assert_array_equal(read_grey(tmp_path / "a.png"), np.round(255 * (1 - ink)))


def test_a_sheet_is_read_row_by_row() -> None:
    images = np.arange(1.0, 13.0).reshape(2, 3, 1, 2)
    gap = [0] * 10
    first, second = [0, 1, 2, 0, 3, 4, 0, 5, 6, 0], [0, 7, 8, 0, 9, 10, 0, 11, 12, 0]
    np.testing.assert_array_equal(png.sheet(images, scale=1), [gap, first, gap, second, gap])
    assert png.sheet(images, scale=3).shape == (15, 30)


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
    assert '--label: got "7"; expected one of 0, 1, 2' in refused(capsys, "sample", "gen.ds", "--label", "7")
    assert "got 0; expected an integer of at least 1" in refused(capsys, "sample", "gen.ds", "-n", "0")
    saved(gens.gen())
    assert "the model has no labels" in refused(capsys, "sample", "gen.ds", "--label", "0")
    saved(ds.Gen())
    assert "fit it first" in refused(capsys, "sample", "gen.ds")
    saved(ds.Net([2, 1]))
    assert "got a Net; expected a Gen" in refused(capsys, "sample", "gen.ds")
    assert "no.ds" in refused(capsys, "sample", "no.ds")
