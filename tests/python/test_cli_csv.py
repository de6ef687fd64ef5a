"""Reading CSV files and turning columns into numbers: what is accepted, and the one line that says what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from deepseek.cli.csvfile import numbers, read_table, write_rows
from deepseek.cli.learn import learn
from deepseek.cli.parser import InputError
from deepseek.cli.recipe import Categorical, Numeric, Recipe


@pytest.fixture
def csv_file(tmp_path: Path):
    def write(text: str | bytes) -> str:
        path = tmp_path / "data.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return str(path)

    return write


def learned(path: str, target: str = "y", **options: object) -> tuple[Recipe, object]:
    table = read_table(path)
    return learn(table, target, np.arange(len(table)), **options), table  # type: ignore[arg-type]


def test_reads_quotes_blank_lines_byte_order_mark_and_spaces(csv_file) -> None:
    path = csv_file('\ufeffa, b\r\n1,"x, ""y"""\r\n\r\n 2 ,"two\nlines"\r\n')
    table = read_table(path)
    assert table.columns == {"a": ["1", "2"], "b": ['x, "y"', "two\nlines"]}
    assert table.rows == [2, 4]
    assert numbers(table, "a").tolist() == [1, 2]


def test_other_delimiters(csv_file) -> None:
    assert read_table(csv_file("a;b\n1;2\n"), ";").columns == {"a": ["1"], "b": ["2"]}
    assert read_table(csv_file("a\tb\n1\t2\n"), "\t").columns == {"a": ["1"], "b": ["2"]}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
        ("a,b\n", "no rows below the header"),
        ("a,b,a\n1,2,3\n", 'the header names column "a" twice'),
        ("a,,c\n1,2,3\n", "column 2 of the header has no name"),
        ("a,b\n1,2\n1,2,3\n", "row 3 has 3 cells, the header has 2 columns"),
        ("a,b\n1,2\n1\n", "row 3 has 1 cells, the header has 2 columns"),
        ("a;b\n1;2\n", "pass --delimiter ';'"),
        ("a\tb\n1\t2\n", "pass --delimiter tab"),
        ('a,b\n1,"2\n', "row 1: unexpected end of data"),
        ("a,b\n1,\0\n", "row 1"),
        (b"a,b\n\xff,2\n", "not UTF-8 text"),
        (b"\xff\xfea\0,\0b\0", "not UTF-8 text"),
    ],
)
def test_refuses_broken_files(csv_file, text: str | bytes, says: str) -> None:
    path = csv_file(text)
    if text == "a,b\n1,\0\n":  # newer Pythons read a NUL; then it is a cell that is no number
        try:
            table = read_table(path)
        except InputError:
            return
        with pytest.raises(InputError, match='row 2, column "b"'):
            numbers(table, "b")
        return
    with pytest.raises(InputError) as caught:
        read_table(path)
    assert str(caught.value).startswith(path)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("abc", '"abc" is not a number'),
        ("1_000", '"1_000" is not a number'),
        ("", "the cell is empty"),
        ("nan", '"nan" is not a finite number'),
        ("-inf", '"-inf" is not a finite number'),
        ("1e999", '"1e999" is not a finite number'),
        ("x" * 99, "x" * 39 + "…"),
    ],
)
def test_a_bad_cell_is_named_by_row_and_column(csv_file, cell: str, says: str) -> None:
    path = csv_file("age,y\n" + "1,1\n" * 3 + f"{cell},2\n" + "3,4\n")
    with pytest.raises(InputError) as caught:
        learned(path)
    assert f'{path}: row 5, column "age": ' in str(caught.value)
    assert says in str(caught.value)


def test_learns_numbers_categories_and_values(csv_file) -> None:
    recipe, table = learned(csv_file("size,colour,y\n1,red,0.5\n3,blue,1.5\n5,red,2.5\n7,green,9.5\n"))
    assert recipe.features == [Numeric("size", 4.0, 5**0.5), Categorical("colour", ["blue", "green", "red"])]
    assert recipe.target.labels is None
    assert recipe.width == 4
    inputs = recipe.encode(table)
    assert inputs.dtype == np.float32
    assert inputs[:, 1:].tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert np.allclose(inputs[:, 0].mean(), 0, atol=1e-6)
    assert np.allclose(inputs[:, 0].std(), 1)
    assert np.allclose(recipe.target.encode(table).std(), 1)


def test_mean_and_scale_come_from_the_given_rows(csv_file) -> None:
    table = read_table(csv_file("a,y\n0,1\n2,2\n100,3.5\n"))
    recipe = learn(table, "y", np.array([0, 1]))
    assert recipe.features == [Numeric("a", 1.0, 1.0)]


def test_a_constant_column_stays_harmless(csv_file) -> None:
    recipe, table = learned(csv_file("a,b,y\n0.1,0,1.5\n0.1,0,2\n0.1,0,3\n"))
    assert [feature.scale for feature in recipe.features] == [1.0, 1.0]
    assert np.abs(recipe.encode(table)).max() < 1e-6


@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        (["no", "yes"] * 3, ["no", "yes"]),
        (["0", "1", "10", "2"] * 3, ["0", "1", "2", "10"]),
        (["1.5", "2", "3"] * 3, None),
        ([str(index) for index in range(10)], None),
    ],
)
def test_guesses_the_task(csv_file, cells: list[str], labels: list[str] | None) -> None:
    path = csv_file("a,y\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(cells)))
    recipe, table = learned(path)
    assert recipe.target.labels == labels
    if labels:
        assert [labels[index] for index in recipe.target.encode(table)] == cells


def test_options_choose(csv_file) -> None:
    path = csv_file("zip,id,y\n10,a,1\n20,b,2\n10,c,1\n20,d,2\n")
    recipe, _ = learned(path, drop=["id"], categorical=["zip"], task="regression")
    assert recipe.features == [Categorical("zip", ["10", "20"])]
    assert recipe.target.labels is None


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("a,y\n1,1\n2,2\n", {"target": "z"}, 'no column "z"; columns: a, y'),
        ("a,y\n1,1\n2,2\n", {"drop": ["z"]}, 'no column "z"'),
        ("a,y\n1,1\n2,2\n", {"drop": ["y"]}, "is the target"),
        ("a,y\n1,1\n2,2\n", {"drop": ["a"]}, "no column is left"),
        ("a,y\n1,1\n2,1\n", {}, "same value in every row"),
        ("a,y\n1,u\n2,v\n3,w\n", {}, "3 different values in 3 rows"),
        ("a,y\n1,u\n2,\n3,u\n4,v\n", {}, 'row 3, column "y": the cell is empty'),
        ("a,y\nu,1\n,2\nu,3\n", {}, 'row 3, column "a": the cell is empty'),
        ("a,y\n1,1.5\n2,x\n3,4\n", {}, 'row 3, column "y": "x" is not a number (pass --task classification'),
        ("a,y\n1e200,1\n-1e200,2\n3,4\n", {}, "too large to standardise"),
        ("a,y\n" + "".join(f"n{i},{i}\n" for i in range(101)), {}, "leave it out with --drop a"),
    ],
)
def test_learning_refuses(csv_file, text: str, options: dict[str, object], says: str) -> None:
    with pytest.raises(InputError) as caught:
        learned(csv_file(text), **options)  # type: ignore[arg-type]
    assert says in str(caught.value)


def test_new_data_may_surprise(csv_file) -> None:
    recipe, _ = learned(csv_file("a,c,y\n1,red,1.5\n2,blue,2\n3,red,3\n"))
    for text, says in [
        ("c,a\nmauve,1\n", 'row 2, column "c": "mauve" was not seen in training (known: blue, red)'),
        ("c,a\n,1\n", 'row 2, column "c": the cell is empty'),
        ("c,a\nred,1e99\n", 'row 2, column "a": the value is absurdly far'),
        ("c,b\nred,1\n", 'no column "a"'),
    ]:
        with pytest.raises(InputError) as caught:
            recipe.encode(read_table(csv_file(text)))
        assert says in str(caught.value)


def test_a_recipe_survives_json(csv_file) -> None:
    for text in ("a,c,y\n1,red,1.5\n2,blue,2\n3,red,3\n", "a,c,y\n1,red,u\n2,blue,v\n3,red,u\n4,red,v\n"):
        recipe, _ = learned(csv_file(text))
        assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.clear(),
        lambda data: data.update(features=[]) or data.update(target=None),
        lambda data: data["features"][0].update(scale=0.0),
        lambda data: data["features"][0].update(mean="x"),
        lambda data: data["features"][1].update(categories=[]),
        lambda data: data["features"][1].update(categories=[1]),
        lambda data: data["target"].update(labels=[]),
        lambda data: data["target"].update(scale=float("nan")),
        lambda data: data["target"].pop("name"),
    ],
)
def test_a_damaged_recipe_is_refused(csv_file, damage) -> None:
    recipe, _ = learned(csv_file("a,c,y\n1,red,1.5\n2,blue,2\n3,red,3\n"))
    data = recipe.to_json()
    damage(data)
    with pytest.raises(InputError, match="damaged"):
        Recipe.from_json(data)


def test_writing_is_all_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")

    def rows():
        yield ["a"]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_rows(str(path), rows())
    assert path.read_text() == "old"
    write_rows(str(path), [["a", 'b"c'], ["1", "2"]])
    assert path.read_text() == 'a,"b""c"\n1,2\n'
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.csv"]
    with pytest.raises(InputError, match="folder"):
        write_rows(str(tmp_path), [["a"]])
