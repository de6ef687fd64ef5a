"""The commands: what they print, and that bad input is one line on standard error and exit code 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import deepseek
from deepseek.cli import main, terminal
from deepseek.datasets import load_diabetes, load_wine


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


def code_of(*arguments: str) -> int:
    """Return the exit code, whether it is returned or raised by argparse."""
    try:
        return main(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the one line that a command with bad input prints."""
    assert code_of(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.endswith("\n")
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
    return captured.err


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


def test_demo_learns_the_digits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--epochs", "8"]) == 0
    out = capsys.readouterr().out
    assert "training loss" in out
    assert "█" in out
    right = {
        line.split()[0]: float(line.split("%")[0].split()[-1]) for line in out.splitlines() if "right" in line
    }
    assert right["Net"] >= 97.0 > right["baseline"]


def test_demo_draws_a_png(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "demo.png"
    assert main(["demo", "net", "--epochs", "1", "--png", str(path)]) == 0
    assert path.read_bytes().startswith(b"\x89PNG")
    assert "█" not in capsys.readouterr().out


def test_demo_tells_the_speakers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "rec"]) == 0
    out = capsys.readouterr().out
    assert "frame by frame" in out
    assert "█" in out
    right = {
        line.split()[0]: float(line.split("%")[0].split()[-1]) for line in out.splitlines() if "right" in line
    }
    assert right["Rec,"] >= 96.0 > right["baseline"]


def test_demo_draws_a_png_of_the_speakers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "demo.png"
    assert main(["demo", "rec", "--epochs", "1", "--png", str(path)]) == 0
    assert path.read_bytes().startswith(b"\x89PNG")
    assert "█" not in capsys.readouterr().out


def test_train_and_predict_classes(wine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "wine.csv", "--target", "grower", "--epochs", "60"]) == 0
    out = capsys.readouterr().out
    assert "one of 3 classes" in out
    assert 'always "B"' in out
    assert main(["predict", "wine.ds", "wine.csv", "-o", "out.csv"]) == 0
    assert "178 predictions: out.csv" in capsys.readouterr().out
    header, *rows = (line.split(",") for line in Path("out.csv").read_text().splitlines())
    assert header == ["grower", "p(A)", "p(B)", "p(C)"]
    truth = [line.rsplit(",", 1)[1] for line in wine.read_text().splitlines()[1:]]
    assert np.mean([row[0] == label for row, label in zip(rows, truth, strict=True)]) > 0.95
    assert all(abs(sum(map(float, row[1:])) - 1) < 1e-4 for row in rows)


def test_predict_prints_without_an_output_and_needs_no_target(
    wine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "wine.csv", "--target", "grower", "--epochs", "2", "-o", "m.ds"]) == 0
    head = [line.rsplit(",", 1)[0] for line in wine.read_text().splitlines()[:4]]
    Path("new.csv").write_text("\n".join(head) + "\n")
    capsys.readouterr()
    assert main(["predict", "m.ds", "new.csv", "--threads", "1"]) == 0
    captured = capsys.readouterr()
    assert captured.out.count("\n") == 4
    assert captured.err == ""


def test_train_and_predict_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    data = load_diabetes()
    table = np.column_stack([data.data, data.target])
    np.savetxt("d.csv", table, delimiter=",", header=",".join([*data.feature_names, "later"]), comments="")
    options = ["--hidden", "16", "--weight-decay", "0.1", "--seed", "5", "--threads", "1", "--dropout", "0.1"]
    assert main(["train", "d.csv", "--target", "later", *options]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("held-out"))
    error, baseline = float(line.split("(RMS) ")[1].split()[0]), float(line.split("mean: ")[1].rstrip(")"))
    assert error < 0.95 * baseline
    assert main(["predict", "d.ds", "d.csv", "-o", "o.csv"]) == 0
    values = np.loadtxt("o.csv", skiprows=1)
    assert np.sqrt(np.mean((values - data.target) ** 2)) < 0.9 * data.target.std()


def test_the_same_command_gives_the_same_file(wine: Path) -> None:
    command = ["train", "wine.csv", "--target", "grower", "--epochs", "3", "--early-stopping", "0"]
    assert main([*command, "-o", "one.ds", "--threads", "1"]) == 0
    assert main([*command, "-o", "two.ds", "--threads", "2"]) == 0
    one, two = (deepseek.load(name).state_dict() for name in ("one.ds", "two.ds"))
    assert one.keys() == two.keys()
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_a_bad_cell(wine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = wine.read_text().splitlines()
    lines[16] = "abc," + lines[16].split(",", 1)[1]
    wine.write_text("\n".join(lines))
    line = refused(capsys, "train", "wine.csv", "--target", "grower")
    assert line.startswith('deepseek: wine.csv: row 17, column "alcohol": "abc" is not a number')
    assert not Path("wine.ds").exists()


def test_train_on_too_little_with_a_wrong_target_names_the_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("little.csv").write_text("a,b\n1,2\n3,4\n")
    line = refused(capsys, "train", "little.csv", "--target", "y")
    assert line == 'deepseek: little.csv: no column "y"; columns: a, b\n'
    assert "2 rows are too few" in refused(capsys, "train", "little.csv", "--target", "b")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("train wine.csv --target owner", 'wine.csv: no column "owner"; columns: alcohol'),
        ("train none.csv --target y", "none.csv: No such file or directory"),
        ("train . --target y", ".: Is a directory"),
        ("train empty.csv --target y", "empty.csv: the file is empty"),
        ("train wine.csv", "--target"),
        ("train wine.csv --target grower -o no/such/m.ds", "no/such: no such folder"),
        ("train wine.csv --target grower -o .", "this is a folder"),
        ("train wine.csv --target grower -o wine.csv", "would overwrite the data"),
        ("train wine.csv --target grower --epochs 0", "a whole number from 1 up expected, got 0"),
        ("train wine.csv --target grower --epochs 1e3", "got '1e3'"),
        ("train wine.csv --target grower --hidden 8,x", "got 'x'"),
        ("train wine.csv --target grower --rate 0", "a number above 0 expected"),
        ("train wine.csv --target grower --rate nan", "a number above 0 expected"),
        ("train wine.csv --target grower --dropout 1", "from 0 and below 1 expected"),
        ("train wine.csv --target grower --validation 1", "from 0 and below 1 expected"),
        ("train wine.csv --target grower --task rank", "invalid choice: 'rank'"),
        ("train wine.csv --target grower --activation step", "invalid choice: 'step'"),
        ("train wine.csv --target grower --delimiter ab", "one character or 'tab' expected"),
        ("train wine.csv --target grower --colour red", "unrecognized arguments: --colour red"),
        ("train wine.csv --target alcohol --drop none", 'no column "none"'),
        ("predict none.ds wine.csv", "none.ds"),
        ("predict wine.csv wine.csv", "wine.csv"),
        ("bench nothing", 'no group "nothing" of rows; groups: kernels, net, rec'),
        ("bench net --vs keras", 'no peer "keras"'),
        ("bench net --vs none --rows net-x*", "no row matches 'net-x*'"),
        ("bench net --vs none --threads 4096", "4096 threads asked for"),
        ("bench net --threads 0", "a whole number from 1 up expected"),
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


def test_predict_refuses_other_data_and_other_models(wine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "wine.csv", "--target", "grower", "--epochs", "1", "--validation", "0"]) == 0
    Path("short.csv").write_text("alcohol\n1\n")
    Path("odd.csv").write_text(wine.read_text().replace("pale", "clear"))
    capsys.readouterr()
    assert 'no column "malic_acid"' in refused(capsys, "predict", "wine.ds", "short.csv")
    assert '"clear" was not seen in training' in refused(capsys, "predict", "wine.ds", "odd.csv")
    deepseek.Net([3, 2]).save("plain.ds")
    assert "not made by `deepseek train`" in refused(capsys, "predict", "plain.ds", "wine.csv")
    damaged = bytearray(Path("wine.ds").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    Path("damaged.ds").write_bytes(damaged)
    assert "damaged.ds" in refused(capsys, "predict", "damaged.ds", "wine.csv")


def test_too_few_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("d.csv").write_text("a,y\n1,2\n3,4\n")
    assert "2 rows are too few" in refused(capsys, "train", "d.csv", "--target", "y")
    assert main(["train", "d.csv", "--target", "y", "--validation", "0", "--epochs", "1"]) == 0


def test_divergence_is_one_line_and_exit_code_1(wine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "wine.csv", "--target", "proline", "--rate", "1e30", "--epochs", "9"]) == 1
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
    drawn = terminal.picture(np.array([[0.0, 0.5], [1.0, 2.0]]))
    assert drawn == ["  ▒▒", "████"]
    curve = terminal.chart([1.0, 0.1, 0.01], "loss", low=0.01, high=1.0, width=6, rows=2)
    assert [line.split("│")[-1].rstrip() for line in curve[1:3]] == ["██", "████▁▁"]
    assert len({len(line) for line in curve}) == 1
    assert len(terminal.chart(list(range(1, 500)), "x", low=1, high=500, width=20)[1]) == 29
    assert terminal.chart([1.0], "flat", low=1.0, high=1.0)
    assert terminal.beside([["ab", "c"], ["x"]]) == ["ab   x", "c"]
    assert terminal.table(["row", "value"], [["a", "1.5"]]) == ["row  value", "──────────", "a      1.5"]


def test_output_without_block_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    terminal.say("█▒ · × │")
    stream.flush()
    assert stream.buffer.getvalue() == b"#: - x |\n"  # type: ignore[attr-defined]
