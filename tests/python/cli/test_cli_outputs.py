"""No command writes over a file that it was given, under any name that leads to it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import deepseek as ds
from deepseek.cli import main
from deepseek.cli.outputs import check_outputs
from deepseek.cli.parser import InputError
from programs.commands import refused
from programs.messy_csv import QUICK, rows, write


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write("t.csv", rows(40))
    write("test.csv", rows(20))
    ds.Net([2, 1]).save("m.ds")
    return tmp_path


def soft_link(path: str) -> str:
    os.symlink(path, "link")
    return "link"


def hard_link(path: str) -> str:
    os.link(path, "same")
    return "same"


def link_to_link(path: str) -> str:
    os.symlink(os.path.abspath(path), "first")
    os.symlink("first", "second")
    return "second"


def through_a_linked_folder(path: str) -> str:
    os.symlink(".", "folder")
    return f"folder/folder/{path}"


NAMES: list[Callable[[str], str]] = [
    str,
    os.path.abspath,
    lambda path: f"./{path}",
    soft_link,
    hard_link,
    link_to_link,
    through_a_linked_folder,
]
COMMANDS = {
    "train t.csv --target kind -o OUT": ["t.csv"],
    "train t.csv --target kind --report OUT": ["t.csv"],
    "train t.csv --target kind --test test.csv -o OUT": ["t.csv", "test.csv"],
    "train t.csv --target kind --test test.csv --report OUT": ["test.csv"],
    "predict m.ds t.csv -o OUT": ["t.csv", "m.ds"],
    "export m.ds --onnx OUT": ["m.ds"],
    "sample m.ds -o OUT": ["m.ds"],
    "bench net --against t.csv --json OUT": ["t.csv"],
    "bench net --against t.csv --plot OUT": ["t.csv"],
}


@pytest.mark.parametrize(("command", "given"), [(c, g) for c, files in COMMANDS.items() for g in files])
@pytest.mark.parametrize("name", NAMES, ids=lambda f: getattr(f, "__name__", "other"))
def test_an_input_is_not_an_output(
    capsys: pytest.CaptureFixture[str], command: str, given: str, name: Callable[[str], str]
) -> None:
    before = {path: Path(path).read_bytes() for path in ("t.csv", "test.csv", "m.ds")}
    out = name(given)
    line = refused(capsys, *(out if word == "OUT" else word for word in command.split()))
    assert f"got {out}, which is the " in line and "expected another file" in line
    assert {path: Path(path).read_bytes() for path in before} == before


def test_the_default_output_is_checked_too(capsys: pytest.CaptureFixture[str]) -> None:
    os.rename("t.csv", "t.ds")
    assert "--output: got t.ds, which is the data" in refused(capsys, "train", "t.ds", "--target", "kind")


def test_two_outputs_are_two_files(capsys: pytest.CaptureFixture[str]) -> None:
    """Also where the file system does not tell small letters from capitals."""
    for other in ("out", "./out", "OUT"):
        line = refused(capsys, "train", "t.csv", "--target", "kind", "-o", "out", "--report", other)
        assert f"--report: got {other}, which is also the file of --output" in line


def test_names_that_differ_in_capitals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that ignores capitals finds the same file under both names."""
    plain = os.stat
    monkeypatch.setattr(os, "stat", lambda path, **more: plain(str(path).lower(), **more))
    with pytest.raises(InputError, match=r"--output: got T\.CSV, which is the data"):
        check_outputs({"--output": "T.CSV"}, {"the data": "t.csv"})


def test_standard_input_is_a_file_too(here: Path) -> None:
    command = [sys.executable, "-m", "deepseek", "train", "-", "--target", "kind", "-o", "t.csv"]
    before = Path("t.csv").read_bytes()
    with open("t.csv", "rb") as file:
        ran = subprocess.run(command, stdin=file, capture_output=True, text=True, check=False)
    assert ran.returncode == 2 and "--output: got t.csv, which is the data" in ran.stderr
    assert Path("t.csv").read_bytes() == before


def test_folders(capsys: pytest.CaptureFixture[str]) -> None:
    os.mkdir("folder")
    for command in (
        "train t.csv --target kind -o",
        "predict m.ds t.csv -o",
        "export m.ds --onnx",
        "sample m.ds -o",
    ):
        assert "got the folder folder; expected the name of a file" in refused(
            capsys, *command.split(), "folder"
        )
        assert "but there is no folder no/such; expected an" in refused(
            capsys, *command.split(), "no/such/file"
        )


def test_another_file_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    Path("out.ds").write_text("old")
    assert main(["train", "t.csv", "--target", "kind", "-o", "out.ds", *QUICK]) == 0
    assert ds.load("out.ds").target == "kind"
