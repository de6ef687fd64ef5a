"""``deepseek train``: messy files at the first try, honest scores, and every problem with the option that solves it."""

from __future__ import annotations

import gzip
import io
import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

import deepseek as ds
from deepseek.cli import build_parser, main
from programs.commands import code_of, refused
from programs.messy_csv import HEADER, QUICK, rows, write


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def without(body: list[list[str]], *names: str) -> tuple[list[list[str]], list[str]]:
    kept = [i for i, name in enumerate(HEADER) if name not in names]
    return [[row[i] for i in kept] for row in body], [HEADER[i] for i in kept]


def scores(out: str) -> dict[str, list[str]]:
    """The values of each score for the model, the linear model and the trivial guess."""
    found = re.findall(
        r"^(accuracy|balanced accuracy|AUC|log loss|R²|RMSE|MAE) +(\S+) +(\S+) +(\S+)$", out, re.M
    )
    return {name: values for name, *values in found}


def number(text: str) -> float:
    return float(text.rstrip("%").replace(",", "")) / (100 if text.endswith("%") else 1)


def test_a_messy_file_trains_at_the_first_try_and_says_how_it_was_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write("shop.csv", rows())
    assert main(["train", "shop.csv", "--target", "kind", *QUICK]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[0] == "shop.csv: 200 rows, 9 columns"
    assert "  target: kind, 2 classes (2 different texts)" in lines
    assert "  3 numbers: size (11 missing), paid, total (grouped thousands), amount" in lines
    assert "  1 category: colour (3 categories)" in lines
    assert any(line.startswith("  1 date: day (year-month-day") for line in lines)
    assert "  left out: column 1 (row numbers; --kind 'column 1=number' keeps it)" in lines
    assert (
        "  left out: Customer ID (an identifier: every value occurs once; --kind 'Customer ID=text' keeps it)"
        in lines
    )
    assert "  left out: shop (the same value in every row; --kind shop=category keeps it)" in lines
    assert "kind of 40 rows held out at random, in the same share of each class:" in lines
    assert lines[lines.index("model: shop.ds") - 1].startswith("trained ")
    model, linear, trivial = map(number, scores(out)["accuracy"])
    assert model > 0.85 and linear > 0.8 and 0.4 < trivial < 0.7


def test_the_scores_are_those_of_rows_that_took_no_part(capsys: pytest.CaptureFixture[str]) -> None:
    """The printed values are those of evaluate on the file of --test, and of the rows held out by default."""
    body = rows(260)
    write("train.csv", body[:200])
    write("test.csv", body[200:])
    assert main(["train", "train.csv", "--target", "kind", "--test", "test.csv", *QUICK]) == 0
    out = capsys.readouterr().out
    assert "trained 2 networks on 200 rows" in out and "kind of 60 rows of test.csv:" in out
    model = ds.load("train.ds")
    expected = model.evaluate("test.csv")
    assert scores(out)["accuracy"][0] == f"{expected['accuracy']:.1%}"
    assert scores(out)["balanced accuracy"][1] == f"{expected['linear']['balanced_accuracy']:.1%}"
    assert scores(out)["AUC"] == [
        f"{s['auc']:.3f}" for s in (expected, expected["linear"], expected["trivial"])
    ]
    assert scores(out)["log loss"][0] == f"{expected['log_loss']:.3f}"
    truth = np.array([row[7] for row in body[200:]])
    assert f"{np.mean(model.predict('test.csv') == truth):.1%}" == scores(out)["accuracy"][0]
    (line,) = re.findall(r"^good +(\d+) +([\d.]+) +([\d.]+) +([\d.]+)$", out, re.M)
    predicted = model.predict("test.csv")
    hits = np.sum((predicted == "good") & (truth == "good"))
    assert line[:3] == (
        str(np.sum(truth == "good")),
        f"{hits / np.sum(predicted == 'good'):.3f}",
        f"{hits / np.sum(truth == 'good'):.3f}",
    )


def test_rows_held_out_are_stratified_and_unseen(capsys: pytest.CaptureFixture[str]) -> None:
    body = [[str(i), "rare" if i % 10 == 0 else "common"] for i in range(100)]
    write("t.csv", body, ["x", "y"])
    assert main(["train", "t.csv", "--target", "y", "--holdout", "0.3", *QUICK]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^rare +3 ", out, re.M) and re.search(r"^common +27 ", out, re.M)
    assert "trained 2 networks on 70 rows" in out


def test_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    body = rows(260)
    write("train.csv", body[:200])
    write("test.csv", body[200:])
    command = ["train", "train.csv", "--target", "amount", "--test", "test.csv", "--drop", "kind", *QUICK]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "target: amount, a number (numbers with decimals)" in out
    expected = ds.load("train.ds").evaluate("test.csv")
    r2, rmse, mae = (scores(out)[name] for name in ("R²", "RMSE", "MAE"))
    assert r2 == [f"{s['r2']:.3f}" for s in (expected, expected["linear"], expected["trivial"])]
    assert number(rmse[0]) == pytest.approx(expected["rmse"], rel=1e-3)
    assert number(mae[2]) == pytest.approx(expected["trivial"]["mae"], rel=1e-3)
    assert number(r2[0]) > 0.6 > 0.1 > number(r2[2])
    held = dict(re.findall(r"(\d+%) hold (\d+\.\d%)", out))
    assert held == {f"{level:.0%}": f"{found['share']:.1%}" for level, found in expected["coverage"].items()}


def test_equal_targets_have_no_importances(capsys: pytest.CaptureFixture[str]) -> None:
    write("t.csv", rows())
    write("one.csv", rows()[:1])
    assert main(["train", "t.csv", "--target", "amount", "--test", "one.csv", *QUICK]) == 0
    out = capsys.readouterr().out
    assert out.endswith("\nthe importance of the columns is not defined, as all targets are equal\n")


def test_without_rows_for_the_scores(capsys: pytest.CaptureFixture[str]) -> None:
    write("t.csv", rows(60))
    assert main(["train", "t.csv", "--target", "kind", "--holdout", "0", *QUICK]) == 0
    out = capsys.readouterr().out
    assert "trained 2 networks on 60 rows" in out
    assert "no rows are held out, so there are no scores (see --holdout and --test)" in out


def test_a_target_with_gaps_leaves_rows_out(capsys: pytest.CaptureFixture[str]) -> None:
    body = rows(100)
    for row in body[:7]:
        row[7] = "NA"
    write("t.csv", body)
    assert main(["train", "t.csv", "--target", "kind", *QUICK]) == 0
    out = capsys.readouterr().out
    assert "  left out: 7 rows without a target" in out
    assert "trained 2 networks on 74 rows" in out


def test_classes_0_and_1_however_they_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    body = [[str(i / 100), ["0", "0.0", "1", "1.0"][i % 4]] for i in range(100)]
    write("t.csv", body, ["a", "y"])
    assert main(["train", "t.csv", "--target", "y", *QUICK]) == 0
    out = capsys.readouterr().out
    assert "target: y, 2 classes (only 2 different whole numbers; --task regression predicts a number)" in out
    write("n.csv", [["0.5"]], ["a"])
    assert main(["train", "t.csv", "--target", "y", "--task", "regression", *QUICK]) == 0
    assert "target: y, a number (as asked)" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["plain.csv", "semicolon.csv", "windows.csv", "packed.csv.gz", "-"])
def test_ways_to_write_a_file(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    body = rows(80)
    text = write("plain.csv", body).read_bytes()
    if name == "semicolon.csv":
        write(
            name, [[cell.replace(",", "").replace(".", ",") for cell in row] for row in body], delimiter=";"
        )
    elif name == "windows.csv":
        Path(name).write_bytes(text.replace(b"red", b"gr\xfcn"))
    elif name == "packed.csv.gz":
        Path(name).write_bytes(gzip.compress(text))
    elif name == "-":
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert main(["train", name, "--target", "kind", *QUICK]) == 0
    out = capsys.readouterr().out
    assert (
        "3 numbers: size (decimal comma, 5 missing)"
        if name == "semicolon.csv"
        else "size (5 missing), paid" in out
    )
    expected = {"packed.csv.gz": "packed.ds", "-": "model.ds"}.get(name, name.replace(".csv", ".ds"))
    assert Path(expected).exists() and f"\nmodel: {expected}\n" in out
    assert ("windows.csv is not UTF-8 and was read as Windows-1252" in out) == (name == "windows.csv")


def test_options_reach_the_model() -> None:
    write("t.csv", rows(60))
    options = (
        "--members 3 --hidden 5,4 --activation tanh --epochs 3 --batch-size 7 --learning-rate 0.01 --dropout 0.2 "
        "--weight-decay 0.1 --seed 5 --threads 1 --time-limit 500"
    )
    assert main(["train", "t.csv", "--target", "kind", *options.split()]) == 0
    model = ds.load("t.ds")
    assert [tuple(net.layers[1:]) for net in model.nets] == [(5, 4, 2)] * 3
    for name, value in {
        "members": 3, "epochs": 3, "batch_size": 7, "learning_rate": 0.01, "dropout": 0.2, "weight_decay": 0.1,
        "seed": 5, "time_limit": 500.0,
    }.items():  # fmt: skip
        assert getattr(model._options, name) == value


def test_columns_are_left_out_and_read_as_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """Names with commas, blanks and equal signs are written as the shell passes them."""
    header = [name if name != "size" else "size=big" for name in HEADER]
    write("t.csv", rows(60), header)
    options = [
        "--drop",
        "paid, total",
        "--drop",
        "day,shop",
        "--drop",
        '"Customer ID", ""',
        "--kind",
        "size=big=category",
    ]
    assert main(["train", "t.csv", "--target", "kind", *options[:-2], *options[-2:], *QUICK]) == 2
    assert '--drop: t.csv: got no column ""' in capsys.readouterr().err
    options[5] = '"Customer ID"'
    assert main(["train", "t.csv", "--target", "kind", *options, *QUICK]) == 0
    out = capsys.readouterr().out
    assert "  left out: paid, total (as asked)" in out and "  left out: shop (as asked)" in out
    assert re.search(r"2 categories: size=big \(as asked, \d+ categories", out)


def test_the_hint_for_a_column_works_as_it_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    write("t.csv", rows(60))
    assert main(["train", "t.csv", "--target", "kind", *QUICK]) == 0
    hints = re.findall(r"; (--\w+ .+?) (?:keeps|leaves|makes) ", capsys.readouterr().out)
    assert "--kind 'Customer ID=text'" in hints
    for hint in hints:
        code = main(["train", "t.csv", "--target", "kind", *QUICK, *shlex.split(hint)])
        err = capsys.readouterr().err
        assert code == 0 or "expected some in a column of text" in err or "expected at least" in err, (
            hint,
            err,
        )


def test_all_problems_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    write("t.csv", rows(60))
    assert (
        code_of("train", "t.csv", "--target", "knd", "--drop", "sze", "--drop", "x", "--kind", "y=date") == 2
    )
    err = capsys.readouterr().err.splitlines()
    assert [line.partition("; ")[0] for line in err] == [
        'deepseek: t.csv: got no column "knd"',
        'deepseek: --drop: t.csv: got no column "sze"',
        'deepseek: --drop: t.csv: got no column "x"',
        'deepseek: --kind: t.csv: got no column "y"',
    ]
    assert err[0].endswith('(did you mean "kind"?)') and err[1].endswith('(did you mean "size"?)')
    assert (
        code_of(
            "train", "t.csv", "--target", "kind", "--kind", "colour=date", "--kind", "colour=number", *QUICK
        )
        == 2
    )
    kinds = ["--kind", "colour=date", "--kind", "Customer ID=number", "--task", "regression"]
    capsys.readouterr()
    assert code_of("train", "t.csv", "--target", "kind", *kinds, *QUICK) == 2
    err = capsys.readouterr().err.splitlines()
    assert len(err) == 3 and all(line.startswith("deepseek: ") for line in err)
    assert "(--task classification takes texts)" in err[0]
    assert not Path("t.ds").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("none.csv --target y", "none.csv: No such file or directory"),
        (". --target y", ".: Is a directory"),
        ("empty.csv --target y", "empty.csv: got an empty file; expected a header row"),
        ("t.csv", '--target: got none; expected a column of t.csv: "column 1", "Customer ID", "size"'),
        (
            "t.csv --target kind --drop kind",
            '--drop: got "kind", which is the target; expected another column',
        ),
        (
            "t.csv --target kind --kind size",
            "--kind: got 'size'; expected COLUMN=KIND with a kind of number, category",
        ),
        (
            "t.csv --target kind --kind size=bool",
            "--kind: got 'size=bool'; expected COLUMN=KIND with a kind of",
        ),
        ("t.csv --target shop", 'column "shop": got the same value "Ulm" in every row'),
        ("t.csv --target kind --epochs 0", "--epochs: got 0; expected an integer of at least 1"),
        ("t.csv --target kind --epochs 1e3", "--epochs: got '1e3'; expected an integer"),
        ("t.csv --target kind --hidden 8,x", "--hidden: got 'x'; expected an integer"),
        ("t.csv --target kind --learning-rate 0", "got 0; expected a number above 0"),
        ("t.csv --target kind --dropout 1", "got 1; expected a number from 0 and below 1"),
        ("t.csv --target kind --holdout 1", "got 1; expected a number from 0 and below 1"),
        ("t.csv --target kind --members 0", "--members: got 0; expected an integer from 1 to 1000"),
        ("t.csv --target kind --time-limit nan", "got nan; expected a number above 0"),
        ("t.csv --target kind --task rank", "invalid choice: 'rank'"),
        ("t.csv --target kind --activation step", "--activation: got 'step'"),
        ("t.csv --target kind --delimiter ab", "got 'ab'; expected one character or 'tab'"),
        ("t.csv --target kind --encoding klingon", 'encoding: got "klingon"'),
        ("t.csv --target kind --colour red", "unrecognized arguments: --colour red"),
        ("t.csv --target kind --epoch 3 --member 4 --drp size", "(did you mean --drop?)"),
        ("t.csv --target kind --categorical size", "(--categorical is now --kind COLUMN=category)"),
        ("t.csv --target kind --validation 0.1", "(--validation is now --holdout)"),
        ("t.csv --target kind --test other.csv", 'other.csv: got no column "kind"; expected one of "a"'),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: str, says: str
) -> None:
    Path("empty.csv").touch()
    write("other.csv", [["1"]], ["a"])
    write("t.csv", rows(30))
    assert says in refused(capsys, "train", *arguments.split())
    assert not Path("t.ds").exists()


def test_a_test_file_that_lacks_columns_is_refused_before_the_training(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write("t.csv", rows(60))
    write("test.csv", *without(rows(30), "size", "day", "shop"))
    assert code_of("train", "t.csv", "--target", "kind", "--test", "test.csv", *QUICK) == 2
    out, err = capsys.readouterr()
    assert [line.partition(";")[0] for line in err.splitlines()] == [
        'deepseek: test.csv: got no column "size"',
        'deepseek: test.csv: got no column "day"',
    ]
    assert "trained" not in out


def test_messages_carry_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    write("t.csv", [["1", "2"], ["2", "3"], ["\033[2J\033[31mowned", "4"], ["3", "1"]] * 5, ["a\033[1m", "y"])
    code_of("train", "t.csv", "--target", "\033[31my")
    code_of("train", "t.csv", "--target", "y", *QUICK)
    code_of("train", "t.csv", "--target", "y", "--kind", "a\033[1m=date")
    out, err = capsys.readouterr()
    assert "\033" not in out + err
    assert "\\x1b[1m" in out


def test_divergence_is_one_line_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    write("t.csv", rows(60))
    assert main(["train", "t.csv", "--target", "amount", "--learning-rate", "1e30", *QUICK]) == 1
    line = capsys.readouterr().err
    assert "diverged" in line and line.count("\n") == 1
    assert not Path("t.ds").exists()


def test_the_same_command_gives_the_same_file() -> None:
    write("t.csv", rows(60))
    command = ["train", "t.csv", "--target", "kind", *QUICK]
    assert main([*command, "-o", "one.ds", "--threads", "1"]) == 0
    assert main([*command, "-o", "two.ds", "--threads", "2"]) == 0
    assert Path("one.ds").read_bytes() == Path("two.ds").read_bytes()


def test_a_few_rows_are_enough(capsys: pytest.CaptureFixture[str]) -> None:
    write("t.csv", [["1", "2"], ["3", "4"], ["5", "7"]], ["a", "y"])
    assert main(["train", "t.csv", "--target", "y", "--epochs", "2"]) == 0
    assert "no rows are held out" in capsys.readouterr().out


def test_help_shows_every_default() -> None:
    commands = next(a for a in build_parser()._actions if a.choices and "train" in a.choices)
    for name in ("train", "predict", "sample", "demo", "bench"):
        for action in commands.choices[name]._actions:
            chosen = action.default is not None and action.default is not False
            if action.option_strings and (chosen or name in ("train", "predict")) and action.dest != "help":
                assert "default" in (action.help or ""), f"{name} {action.option_strings[-1]}"


def test_help_shows_the_defaults_of_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    from deepseek._tabular import recipe

    assert code_of("train", "--help") == 0
    text = " ".join(capsys.readouterr().out.split())
    for value in (recipe.ACTIVATION, recipe.DROPOUT, recipe.LEARNING_RATE, recipe.WEIGHT_DECAY):
        assert f"(default: {value})" in text
    assert f"(default: {','.join(map(str, recipe.HIDDEN))})" in text
    assert f"(default: {ds.TabularNet()._options.members})" in text
