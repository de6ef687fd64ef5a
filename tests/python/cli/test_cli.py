"""The commands: what they print, and that bad input is one line on standard error and exit code 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import deepseek
from deepseek.cli import main, terminal
from deepseek.datasets import load_wine
from programs.commands import code_of, refused


@pytest.fixture
def wine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    data = load_wine()
    lines = [",".join([*data.feature_names, "tint", "grower"])]
    for row, label in zip(data.data, data.target, strict=True):
        lines.append(",".join([*map(str, row), "deep" if row[9] > 5 else "pale", "ABC"[label]]))
    path = tmp_path / "wine.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_info_says_what_is_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    for word in (
        deepseek.__version__,
        np.__version__,
        "instruction set",
        "threads",
        "CUDA",
        "L2",
        "safetensors",
    ):
        assert word in out


def accuracies(out: str) -> dict[str, float]:
    """The printed accuracy of each model, by the first word of its line."""
    lines = out[out.index("accuracy on the test") :].splitlines()
    return {line.split()[0]: float(line.split("%")[0].split()[-1]) for line in lines[1:] if line[-1:] == "%"}


def test_demo_learns_the_digits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--epochs", "8"]) == 0
    out = capsys.readouterr().out
    assert "training loss" in out
    assert "█" in out
    assert accuracies(out)["Net"] >= 97.0 > accuracies(out)["baseline"]


@pytest.mark.peers
def test_demo_draws_a_png(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "demo.png"
    assert main(["demo", "net", "--epochs", "1", "--png", str(path)]) == 0
    assert path.read_bytes().startswith(b"\x89PNG")
    assert "█" not in capsys.readouterr().out


def test_demo_tells_the_speakers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "rec"]) == 0
    out = capsys.readouterr().out
    assert "by frame" in out
    assert "█" in out
    assert accuracies(out)["Rec,"] >= 96.0 > accuracies(out)["baseline"]


@pytest.mark.peers
def test_demo_draws_a_png_of_the_speakers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "demo.png"
    assert main(["demo", "rec", "--epochs", "1", "--png", str(path)]) == 0
    assert path.read_bytes().startswith(b"\x89PNG")
    assert "█" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("bench nothing", 'GROUP: got "nothing"; expected one of kernels, net, rec'),
        ("bench net --vs keras", '--vs: got "keras"; expected names of torch'),
        ("bench net --vs none --rows net-x*", "rows: got 'net-x*'; expected one of net-seed-b1"),
        ("bench net --vs none --threads 4096", "threads: got 4096; expected at most"),
        ("bench net --threads 0", "got 0; expected an integer of at least 1"),
        ("demo rec2", "invalid choice: 'rec2'"),
        ("paint", "invalid choice: 'paint'"),
        ("", "COMMAND"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    wine: Path, capsys: pytest.CaptureFixture[str], arguments: str, says: str
) -> None:
    Path("empty.csv").touch()
    assert says in refused(capsys, *arguments.split())


def test_divergence_is_one_line_and_exit_code_1(wine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "wine.csv", "--target", "proline", "--learning-rate", "1e30", "--epochs", "9"]) == 1
    line = capsys.readouterr().err
    assert "diverged" in line
    assert line.count("\n") == 1
    assert not Path("wine.ds").exists()


def test_ctrl_c_is_one_line_and_exit_code_130(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("deepseek.cli.info.facts", interrupted)
    assert main(["info"]) == 130
    assert capsys.readouterr().err == "deepseek: interrupted\n"


def test_the_module_runs_as_a_program(tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "deepseek", *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)

    version = run("--version")
    assert (version.returncode, version.stdout) == (0, f"deepseek {deepseek.__version__}\n")
    bad = run("train", "none.csv", "--target", "y")
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr == "deepseek: none.csv: No such file or directory\n"


def test_help_of_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("info", "demo", "train", "predict", "bench"):
        assert code_of(command, "--help") == 0
        assert command in capsys.readouterr().out


def test_pictures_in_the_terminal() -> None:
    drawn = terminal.shaded(np.array([[0.0, 0.5], [1.0, 2.0]]))
    assert drawn == ["  ▒▒", "████"]
    curve = terminal.chart([1.0, 0.1, 0.01], "loss", low=0.01, high=1.0, width=6, rows=2)
    assert [line.split("│")[-1].rstrip() for line in curve[1:3]] == ["██", "████▁▁"]
    assert len({len(line) for line in curve}) == 1
    assert len(terminal.chart(list(range(1, 500)), "x", low=1, high=500, width=20)[1]) == 29
    assert terminal.chart([1.0], "flat", low=1.0, high=1.0)
    assert terminal.side_by_side([["ab", "c"], ["x"]]) == ["ab   x", "c"]
    assert terminal.table(["row", "value"], [["a", "1.5"]]) == ["row  value", "──────────", "a      1.5"]


def test_output_without_block_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    terminal.say("█▒ · × │")
    stream.flush()
    assert stream.buffer.getvalue() == b"#: - x |\n"  # type: ignore[attr-defined]
