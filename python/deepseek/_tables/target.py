"""The column to predict: classes or numbers, decided by its content, with rows that lack it left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .cells import Array, Cells, listed, number_text, printable, quoted, read_cells
from .dates import parse_dates
from .encoders.numbers import Numbers, boolean_sign, found_format, written_texts
from .number_formats import PLAIN, NumberFormat, is_code, read_numbers
from .series import objects

MAX_CLASSES = 1000
_MAX_WHOLE_CLASSES = 20  # most different whole numbers of a target that is detected as classes

TASKS = ("classification", "regression")


class TargetEncoder:
    """Encoder of a target; `fit` makes one.

    Attributes
    ----------
    name : str
        Name of the column.
    task : {"classification", "regression"}
        Whether the target is a class or a number.
    reason : str
        Why, in a few words.
    classes : ndarray of shape (classes,) or None
        Class labels, ascending: numbers, booleans or texts as in the column; None for numbers.
    """

    def __init__(
        self,
        name: str,
        task: str,
        reason: str,
        classes: Array | None = None,
        style: NumberFormat = PLAIN,
    ) -> None:
        self.name = name
        self.task = task
        self.reason = reason
        self.classes = classes
        self._style = style

    @staticmethod
    def present(column: Array) -> NDArray[np.bool_]:
        """Return the mask of the rows that have a target, shape (rows,)."""
        return ~np.isnan(column) if column.dtype.kind == "f" else ~_target_cells(column).missing

    @staticmethod
    def fit(
        column: Array, task: str | None = None, name: str = "y", decimal: str | None = None
    ) -> TargetEncoder:
        """Decide whether a target is a class or a number.

        Parameters
        ----------
        column : ndarray of shape (rows,)
            Values of the training rows; rows without a target do not count.
        task : {"classification", "regression"}, optional
            Task. Default: texts, booleans and at most 20 different whole numbers are classes.
        name : str, default="y"
            Name of the column.
        decimal : {".", ","}, optional
            Decimal mark of the file, if known.

        Returns
        -------
        TargetEncoder

        Raises
        ------
        ValueError
            If the target has no values, only one value, too many classes, or texts where numbers are expected.
        """
        if task not in (None, "auto", *TASKS):
            raise ValueError(f"task: got {task!r}; expected one of auto, {', '.join(TASKS)}")
        cells = _target_cells(column, decimal)
        present = int((~cells.missing).sum())
        if not cells.texts:
            raise ValueError(f"column {quoted(name)}: got no values; expected a target")
        is_text = task != "regression" and is_code(cells.texts)
        style = None if is_text else found_format(column, cells, decimal)
        distinct = None if style is None else _distinct_numbers(column, cells, style, decimal)
        labels = cells.texts if style is None else _labels(cells.texts, style)
        count = len(labels)
        if count < 2:
            raise ValueError(
                f"column {quoted(name)}: got the same value {quoted(cells.texts[0])} in every row; expected at least "
                "two different ones"
            )
        if task in (None, "auto"):
            task, reason = _detect(column, distinct, count, present)
        else:
            reason = "as asked"
        if task == "regression":
            if distinct is None:
                raise ValueError(
                    f"column {quoted(name)}: got {listed(_no_numbers(cells.texts), 3)}; expected numbers (task "
                    "'classification' takes texts)"
                )
            if not np.isfinite(distinct).all():
                raise ValueError(f"column {quoted(name)}: got an infinite number; expected finite ones")
            assert style is not None
            return TargetEncoder(name, task, reason, None, style)
        most = min(MAX_CLASSES, max(2, present // 2))
        if count > most:
            raise ValueError(_too_many(name, cells, present, most))
        return TargetEncoder(name, task, reason, _classes(column, cells, labels, style), style or PLAIN)

    @property
    def labels(self) -> list[str]:
        """Text of each class; empty for numbers."""
        if self.classes is None:
            return []
        is_text = self.classes.dtype == object
        return [item if is_text else number_text(item) for item in self.classes.tolist()]

    def transform(self, column: Array, decimal: str | None = None) -> NDArray[Any]:
        """Encode the targets of rows that have one.

        Parameters
        ----------
        column : ndarray of shape (rows,)
            Targets, none missing.
        decimal : {".", ","}, optional
            Decimal mark of the file, if known.

        Returns
        -------
        ndarray of shape (rows,)
            Classes 0 to C - 1 as int64, or numbers as float64.

        Raises
        ------
        ValueError
            For a missing target, a class that fit did not see, or a text where a number is expected.
        """
        if self.classes is None and column.dtype.kind in "fiub":
            values = column.astype(np.float64)
            self._check(np.isfinite(values), column)
            return values
        if self.classes is None:
            values = Numbers.read(column, self._style, decimal).values
            self._check(np.isfinite(values), column)
            return values
        cells = _target_cells(column, decimal)
        result = np.array([*self.codes(cells.texts, decimal), -1], np.int64)[cells.codes]
        self._check(result >= 0, column)
        return result

    def codes(self, texts: Sequence[str], decimal: str | None = None) -> list[int]:
        """Return the class of each distinct text of a column, -1 if it is none.

        A label is found by its text, else by that text without ".0", else by its number if no other label has it.
        """
        assert self.classes is not None
        if self.classes.dtype.kind == "b":
            return [{1.0: 1, -1.0: 0}.get(boolean_sign(text), -1) for text in texts]
        labels, mark = self.labels, self._style.decimal
        index = {label: code for code, label in enumerate(labels)}
        by_value = _unique_numbers(labels, PLAIN if self.classes.dtype != object else self._style)
        if self.classes.dtype != object and index.keys() == {"0", "1"}:
            index |= {"False": index["0"], "True": index["1"]}
        keys = {_key(label, mark): code for code, label in enumerate(labels)}
        values = read_numbers(texts, self._style, decimal).tolist()
        return [
            index.get(text, keys.get(_key(text, mark), by_value.get(value, -1)))
            for text, value in zip(texts, values, strict=True)
        ]

    def inverse(self, codes: Array) -> Array:
        """Return the label of each class index, shape (rows,); numbers are returned as they are."""
        return codes if self.classes is None else self.classes[codes]

    def _check(self, valid: NDArray[np.bool_], column: Array) -> None:
        if valid.all():
            return
        row = int(np.argmin(valid))
        cells = read_cells(column[row : row + 1])
        got = quoted(cells.texts[0]) if cells.texts else "a missing value"
        expected = (
            "a finite number"
            if self.classes is None
            else f"a class of the training rows: {listed(self.labels)}"
        )
        raise ValueError(f"column {quoted(self.name)}: got {got} in row {row}; expected {expected}")

    def line(self) -> str:
        """Return how the target was read, for printing."""
        kind = "number" if self.classes is None else f"{len(self.classes)} classes"
        return f"target: {printable(self.name)}, {kind} ({self.reason})"

    def to_config(self) -> dict[str, Any]:
        """Return plain values from which `from_config` restores the encoder."""
        classes = None if self.classes is None else self.classes.tolist()
        dtype = None if self.classes is None else self.classes.dtype.str
        return {
            "name": self.name,
            "task": self.task,
            "reason": self.reason,
            "classes": classes,
            "dtype": dtype,
            "decimal": self._style.decimal,
            "affix": self._style.affix,
        }

    @staticmethod
    def from_config(config: Any) -> TargetEncoder:
        """Return the encoder that `to_config` wrote; raise ValueError for anything else."""
        try:
            dtype, items = config["dtype"], config["classes"]
            if config["task"] not in TASKS or (items is None) != (config["task"] == "regression"):
                raise ValueError(f"task {config['task']!r}")
            classes = None
            if items is not None:
                if np.dtype(dtype).kind not in "fiubO" or len(items) < 2:
                    raise ValueError(f"classes of dtype {dtype!r}")
                classes = np.array(items, np.dtype(dtype))
                if classes.dtype == object and not all(isinstance(item, str) for item in items):
                    raise ValueError(f"classes {items!r}")
            if config["decimal"] not in (".", ","):
                raise ValueError(f"decimal {config['decimal']!r}")
            style = NumberFormat(str(config["decimal"]), str(config["affix"]))
            return TargetEncoder(str(config["name"]), config["task"], str(config["reason"]), classes, style)
        except (TypeError, KeyError, ValueError) as error:
            raise ValueError(
                f"target: got a malformed description ({error}); expected that of a saved model"
            ) from None


def _too_many(name: str, cells: Cells, rows: int, most: int) -> str:
    """Return the message about a target of too many different values."""
    wrong = _no_numbers(cells.texts)
    got = f"{len(cells.texts)} different values in {rows} rows"
    if len(wrong) <= len(cells.texts) // 2:
        got += f", mostly numbers, but also {listed(wrong, 3)}" if wrong else ""
    elif parse_dates(cells.texts) is not None:
        got += f", which are dates such as {quoted(cells.texts[0])}"
    return f"column {quoted(name)}: got {got}; expected numbers, or at most {most} classes"


def _no_numbers(texts: list[str]) -> list[str]:
    return [text for text in texts if not np.isfinite(read_numbers([text], PLAIN)[0])]


def _target_cells(column: Array, decimal: str | None = None) -> Cells:
    """Return the cells of a target; "none", "-" and the like are missing only among numbers."""
    cells = read_cells(column)
    firm = cells.without_placeholders()
    return cells if firm is cells or found_format(column, cells, decimal) is None else firm


def _distinct_numbers(
    column: Array, cells: Cells, style: NumberFormat, decimal: str | None
) -> NDArray[np.float64]:
    """Return the different numbers of a column of texts and numbers, ascending."""
    if not cells.has_numbers:
        return np.unique(read_numbers(cells.texts, style, decimal))
    values = Numbers.read(column, style, decimal, cells).values
    return np.unique(values[~np.isnan(values)])


def _key(text: str, mark: str) -> str:
    """Return the text that all spellings of a label share: "1" of "1", "1.0" and "1.00"."""
    whole, found, rest = text.partition(mark)
    return whole if found and not rest.strip("0") and whole.lstrip("+-").isdecimal() else text


def _labels(texts: Sequence[str], style: NumberFormat) -> list[str]:
    """Return the labels of a column of numbers as texts; of the spellings of one label the shortest."""
    if not any(f"{style.decimal}0" in text for text in texts):
        return list(texts)
    labels: dict[str, str] = {}
    for text in texts:
        key = _key(text, style.decimal)
        labels[key] = min(labels.get(key, text), text, key=len)
    return list(labels.values())


def _unique_numbers(labels: Sequence[str], style: NumberFormat) -> dict[float, int]:
    """Return the class of each number that exactly one label reads as, as far as float64 tells whole numbers apart."""
    values = read_numbers(labels, style).tolist()
    counts = Counter(values)
    return {v: code for code, v in enumerate(values) if counts[v] == 1 and abs(v) < 2**53}


def _detect(column: Array, distinct: NDArray[np.float64] | None, count: int, rows: int) -> tuple[str, str]:
    if column.dtype.kind == "b":
        return "classification", "true and false"
    if distinct is None:
        return "classification", f"{count} different texts"
    if (distinct != np.floor(distinct)).any():
        return "regression", "numbers with decimals"
    if count <= min(_MAX_WHOLE_CLASSES, max(2, rows // 2)):
        return "classification", f"only {count} different whole numbers"
    return "regression", f"{count} different whole numbers"


def _classes(column: Array, cells: Cells, labels: list[str], style: NumberFormat | None) -> Array:
    """Return the labels, ascending: whole numbers as int64, else in the dtype of the column; 1 and 1.0 are one."""
    if column.dtype.kind == "O" and cells.has_numbers and not written_texts(column, cells):
        column = np.array(column[~cells.missing].tolist())
    if column.dtype.kind in "fiub":
        values = np.unique(column[TargetEncoder.present(column)])
        whole = values.dtype.kind == "f" and bool((values == np.floor(values)).all())
        return values.astype(np.int64) if whole and float(np.abs(values).max()) < 2**53 else values
    if {type(item) for item in column.tolist()} <= {bool, type(None)}:
        return np.array([False, True])
    numbers = [0.0] * len(labels) if style is None else read_numbers(labels, style).tolist()
    return objects([label for _, label in sorted(zip(numbers, labels, strict=True))])
