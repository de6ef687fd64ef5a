"""Files as people and programs write them: form, encoding, delimiter, header and decimal mark are found by looking."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepseek.tables import Columns, read_table


def table(text: str | bytes, **options: Any) -> Columns:
    data = text if isinstance(text, bytes) else text.encode()
    return read_table(io.BytesIO(data), **options)


def plain(columns: Columns) -> dict[str, list[Any]]:
    return {name: array.tolist() for name, array in columns.items()}


def test_whole_columns_of_numbers_are_numbers() -> None:
    columns = table("a,b,c,d,e\n1,1.5,x,True,2\n-2,,y,False,\n3,1e3,1,True,NA\n")
    assert plain(columns) | {"b": 0, "e": 0} == {
        "a": [1, -2, 3],
        "b": 0,
        "c": ["x", "y", "1"],
        "d": [True, False, True],
        "e": 0,
    }
    np.testing.assert_array_equal(columns["b"], [1.5, np.nan, 1000])
    np.testing.assert_array_equal(columns["e"], [2, np.nan, np.nan])
    assert [columns[name].dtype.kind for name in columns] == ["i", "f", "O", "b", "f"]


FORMS = {
    "UTF-8": "a,ö\n1,ß\n2,é\n".encode(),
    "byte-order mark": "a,ö\n1,ß\n2,é\n".encode("utf-8-sig"),
    "UTF-16": "a,ö\n1,ß\n2,é\n".encode("utf-16"),
    "UTF-16, big-endian": b"\xfe\xff" + "a,ö\n1,ß\n2,é\n".encode("utf-16-be"),
    "Windows": "a,ö\r\n1,ß\r\n2,é\r\n".encode("cp1252"),
    "old Macintosh": "a,ö\r1,ß\r2,é\r".encode(),
    "no last line end": "a,ö\n1,ß\n2,é".encode(),
    "blank lines": "\n\na,ö\n\n1,ß\n\n2,é\n\n\n".encode(),
    "blank cells": "a,ö\n1,ß\n,\n2,é\n,\n".encode(),
    "semicolon": "a;ö\n1;ß\n2;é\n".encode(),
    "tab": "a\tö\n1\tß\n2\té\n".encode(),
    "bar": "a|ö\n1|ß\n2|é\n".encode(),
    "blank": "a ö\n1 ß\n2 é\n".encode(),
    "blanks": "a   ö\n1   ß\n2   é\n".encode(),
    "blanks behind delimiters": 'a, ö\n1, ß\n2, "é"\n'.encode(),
    "quotes": '"a","ö"\n"1","ß"\n"2","é"\n'.encode(),
    "stated delimiter": "sep=;\na;ö\n1;ß\n2;é\n".encode(),
    "delimiters at the ends of lines": "a,ö\n1,ß,\n2,é,\n".encode(),
    "gzip": gzip.compress("a,ö\n1,ß\n2,é\n".encode()),
    "bzip2": bz2.compress("a,ö\n1,ß\n2,é\n".encode()),
    "xz": lzma.compress("a,ö\n1,ß\n2,é\n".encode()),
    "JSON rows": '[{"a": 1, "ö": "ß"}, {"a": 2, "ö": "é"}]'.encode(),
    "JSON columns": '{"a": [1, 2], "ö": ["ß", "é"]}'.encode(),
    "JSON lines": '{"a": 1, "ö": "ß"}\n{"a": 2, "ö": "é"}\n'.encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_one_table_in_every_form(form: str) -> None:
    columns = table(FORMS[form])
    kept = {name: values for name, values in plain(columns).items() if name in ("a", "ö")}
    if (
        form == "blank cells"
    ):  # a blank row is no row if it has several cells, but missing values in one of two
        assert [v for v in columns["a"].tolist() if v == v] == [1, 2]
        return
    assert kept == {"a": [1, 2], "ö": ["ß", "é"]}
    noted = form in ("Windows",)
    assert bool(columns.notes) == noted
    assert set(columns) - {"a", "ö"} == ({"column 3"} if "ends of lines" in form else set())


def test_a_path_a_compressed_path_and_standard_input(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,2\n")))
    for source in (tmp_path / "t.csv", str(tmp_path / "t.csv.gz"), "-", io.StringIO("a,b\n1,2\n")):
        columns = read_table(source)
        assert plain(columns) == {"a": [1], "b": [2]}
    assert read_table(str(tmp_path / "t.csv")).source == str(tmp_path / "t.csv")


def test_quoted_cells_keep_delimiters_quotes_and_lines() -> None:
    columns = table('a,b\n"x, y","line\nbreak"\n"say ""hi""",plain\n"open"end,\'\n')
    assert plain(columns) == {"a": ["x, y", 'say "hi"', "openend"], "b": ["line\nbreak", "plain", "'"]}


def test_decimal_commas() -> None:
    columns = table("a;b;c\n1,5;1.234;x\n2,25;2.500;y\n")
    assert columns.decimal == ","
    assert columns["a"].tolist() == ["1,5", "2,25"]
    assert columns["b"].tolist() == [
        "1.234",
        "2.500",
    ]  # thousands in such a file, which the inference decides
    assert table("a;b\n1,5;1\n", decimal=".").decimal == "."
    assert table("a;b\n1,5;1\n", thousands=",").decimal == "."
    assert table("a,b\n1.5,1\n", thousands=".").decimal == ","
    assert table("a,b\n1.5,1\n").decimal is None


def test_names() -> None:
    columns = table(" a , b c,a,,a.1\n1,2,3,4,5\n")
    assert list(columns) == ["a", "b c", "a.2", "column 4", "a.1"]
    assert columns.notes == [
        '<_io.BytesIO> has columns of one name; the later ones are called "a.2"'.replace(
            "<_io.BytesIO>", columns.source
        )
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n6.1,2.8,versicolor\n", ["x0", "x1", "x2"]),
        ("0,1,0\n1,1,1\n0,0,1\n", ["x0", "x1", "x2"]),
        ("3,2,a,b\n1.5,2.5,0\n1.0,2.0,1\n0.5,0.1,1\n", ["x0", "x1", "x2"]),
        ("year,1990,1991\na,1,2\nb,3,4\n", ["year", "1990", "1991"]),
        ("1990,1991,1992\n1,2,3\n3,4,5\n", ["1990", "1991", "1992"]),
        ("a,b\nx,y\n", ["a", "b"]),
        ('"mpg" "cyl"\n"Mazda RX4" 21 6\n"Datsun 710" 22.8 4\n', ["column 1", "mpg", "cyl"]),
    ],
)
def test_a_file_without_names_gets_some(text: str, names: list[str]) -> None:
    columns = table(text)
    assert list(columns) == names
    has_names = "a,b\nx" in text or names[0] != "x0"
    assert bool(columns.notes) != has_names
    counted = text.startswith("3,2,a,b")
    assert columns.rows == len(text.splitlines()) - (has_names or counted)


@pytest.mark.parametrize("title", ["Report of 2020\n", "# made by hand\n# on Monday\n\n"])
def test_rows_above_the_table_are_skipped(title: str) -> None:
    columns = table(f"{title}a,b,c\n1,2,x\n3,4,y\n")
    assert plain(columns) == {"a": [1, 3], "b": [2, 4], "c": ["x", "y"]}
    skipped = title.strip().count("\n") + 1
    assert columns.notes == [f"the first {skipped} rows of table are no part of the table and were skipped"]
    with pytest.raises(ValueError, match=f"row {title.count(chr(10)) + 5}: got 2 cells"):
        table(f"{title}a,b,c\n" + "1,2,3\n" * 3 + "1,2\n" + "1,2,3\n" * 400)


def test_cells_may_be_long() -> None:
    long = "x" * 300_000
    assert table(f'a,b\n{long},1\n"{long}",2\n')["a"].tolist() == [long, long]


def test_words_of_one_column_stay_together() -> None:
    assert plain(table("full name\nAda Lovelace\nEmmy Noether\n")) == {
        "full name": ["Ada Lovelace", "Emmy Noether"]
    }


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", {}, "got an empty file; expected a header row"),
        ("\n \n", {}, "got an empty file; expected a header row"),
        (",,\n,,\n", {}, "got an empty file; expected a header row"),
        ("a,b\n", {}, "got no rows below the header; expected at least one"),
        (
            "a,b\n1,2\n3\n4,5\n6\n",
            {},
            r"row 3: got 1 cells; expected 2, as many as the header has \(1 other rows",
        ),
        ('\na,b\n1,"x\ny"\n3,4,5\n1,2\n', {}, "row 4: got 3 cells; expected 2"),
        ('a,b\n1,2\n3,"4\n', {}, "table: row 3: got a quote that is never closed"),
        ("a;b\n1;2\n", {"delimiter": ","}, "got only one column; expected several .pass --delimiter ';' if"),
        ("a\tb\n1\t2\n", {"delimiter": ","}, "pass --delimiter tab if that"),
        ("a,b\n1,2\n", {"delimiter": ",,"}, 'delimiter: got ",,"; expected one ASCII character'),
        ("a,b\n1,2\n", {"decimal": ";"}, 'decimal: got ";"; expected . or ,'),
        ("a,b\n1,2\n", {"thousands": "x"}, 'thousands: got "x"; expected a comma'),
        ("a,b\n1,2\n", {"thousands": ",", "decimal": ","}, "which is also the decimal mark"),
        ("a,b\n1,2\n", {"encoding": "latin-99"}, 'encoding: got "latin-99"; expected a name such as utf-8'),
        ("ö,b\n1,2\n".encode("latin-1"), {"encoding": "utf-8"}, "got bytes that are not utf-8 .* at byte 0"),
        (b"a,b\n\0,2\n", {}, "got a binary file"),
        (b"PAR1....", {}, "got a Parquet file; expected CSV or JSON"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:-9], {}, "got a damaged gzip file"),
        ('[{"a": 1}, {"a": ', {}, "got malformed JSON"),
        ('[{"a": 1}, {"a": [[1], [2, 3]]}]', {}, ""),
    ],
)
def test_what_is_no_table_is_named(text: str | bytes, options: dict[str, Any], message: str) -> None:
    if not message:
        assert table(text).rows == 2  # nested values are texts
        return
    with pytest.raises(ValueError, match=message):
        table(text, **options)


def test_control_characters_are_escaped_in_messages() -> None:
    with pytest.raises(ValueError, match=r"\\x1b\[31m") as caught:
        table("a,b\n1,2\n", encoding="\033[31m")
    assert "\033" not in str(caught.value)
    notes = table("\033[31ma,\033[31ma\n1,2\n").notes
    assert "\033" not in notes[0]


def test_no_such_file() -> None:
    with pytest.raises(OSError, match="no/such"):
        read_table("no/such.csv")
