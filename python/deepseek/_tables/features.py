"""Features of a table as inputs of a network: one encoder per column, fitted to the training rows.

The encoder is plain data (`to_config`), so that it travels in a model file. The same table gives the same bits on
every machine: medians and quartiles are chosen values, and only additions, products and square roots follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from difflib import get_close_matches
from typing import Any

import numpy as np

from .cells import Array, listed, printable, quoted
from .column_encoders import ColumnEncoder, encoder_from_config
from .encoders.numbers import NumberEncoder
from .feature_rows import Features, Unknown
from .inference import infer
from .readings import CHOICES, KINDS, Reading

_SHOWN = 20  # columns of a kind that are printed by name


class FeatureEncoder:
    """Encoder of the feature columns of a table; `fit` makes one.

    Attributes
    ----------
    readings : list of Reading
        How each column was read, in the order of the table, including the columns that are left out.
    columns : list of ColumnEncoder
        Encoders of the columns that are inputs.
    """

    def __init__(self, readings: list[Reading], columns: list[ColumnEncoder]) -> None:
        self.readings = readings
        self.columns = columns

    @staticmethod
    def fit(
        columns: Mapping[str, Array],
        *,
        kinds: Mapping[str, str] | None = None,
        drop: Iterable[str] = (),
    ) -> FeatureEncoder:
        """Read every column by its content and fit the encoders.

        Parameters
        ----------
        columns : mapping of str to ndarray of shape (rows,)
            Feature columns of the training rows, for example from `columns_of` or `read_table`.
        kinds : mapping of str to str, optional
            Kind of some columns: "number", "category", "boolean", "date", "text" or "left out", or the order of
            its dates, "day/month/year" or "month/day/year". Default: found by content.
        drop : iterable of str, default=()
            Columns to leave out.

        Returns
        -------
        FeatureEncoder

        Raises
        ------
        ValueError
            If a name or kind is unknown, a column does not have the kind that `kinds` says, or no column is left.
            The message lists all problems.
        """
        drop = list(drop)
        problems = _name_problems(columns, kinds or {}, drop)
        demanded = {**(kinds or {}), **dict.fromkeys(drop, "left out")}
        declared = getattr(columns, "declared", {})
        decimal = getattr(columns, "decimal", None)
        readings, encoders = [], []
        for name, array in columns.items():
            kind = demanded.get(name)
            if kind is not None and kind not in CHOICES:
                continue
            try:
                reading, encoder = infer(name, array, kind, decimal, declared.get(name))
            except ValueError as error:
                problems.append(str(error))
                continue
            readings.append(reading)
            if encoder is not None:
                encoders.append(encoder)
        if not problems and not encoders:
            reasons = "; ".join(f"{quoted(r.name)}: {r.reason}" for r in readings) or "no columns"
            problems.append(f"columns: got none to learn from ({reasons}); expected at least one that varies")
        if problems:
            raise ValueError("\n".join(problems))
        return FeatureEncoder(readings, encoders)

    @property
    def names(self) -> list[str]:
        """Names of the columns that `transform` needs."""
        return [column.name for column in self.columns]

    def transform(self, columns: Mapping[str, Array]) -> Features:
        """Encode rows; columns are found by name, in any order, and other columns are ignored.

        Parameters
        ----------
        columns : mapping of str to ndarray of shape (rows,)
            Columns of a table.

        Returns
        -------
        Features
            A value that fit did not see counts as missing or as code 0, and is counted in `unknown`.

        Raises
        ------
        ValueError
            If columns are missing; the message lists all of them.
        """
        lacking = [name for name in self.names if name not in columns]
        if lacking:
            raise ValueError(
                f"X: got no column {listed(lacking)}; expected the columns of fit"
                + _close(lacking, [name for name in columns if name not in self.names])
            )
        rows = len(next(iter(columns.values())))
        numbers = np.empty((rows, sum(len(column.numbers) for column in self.columns)), np.float32)
        codes, unknown, first = [], {}, 0
        decimal = getattr(columns, "decimal", None)
        for column in self.columns:
            array = columns[column.name]
            marks = {"decimal": decimal} if isinstance(column, NumberEncoder) else {}
            encoded = column.encode(array, **marks)
            numbers[:, first : first + encoded.numbers.shape[1]] = encoded.numbers
            first += encoded.numbers.shape[1]
            codes += encoded.codes
            if encoded.new_rows or encoded.gaps or encoded.infinite:
                unknown[column.name] = Unknown(encoded.new_rows, encoded.new, encoded.gaps, encoded.infinite)
        categories = np.stack(codes, axis=1) if codes else np.empty((rows, 0), np.int64)
        # Pairs, not a dictionary: the column "d weekday" may stand beside that part of the date "d".
        sizes = [pair for column in self.columns for pair in column.sizes.items()]
        names, counts = [name for name, _ in sizes], [count for _, count in sizes]
        return Features(numbers, self.number_names, categories, names, counts, unknown)

    @property
    def number_names(self) -> list[str]:
        """Names of the numeric inputs."""
        return [name for column in self.columns for name in column.numbers]

    def lines(self) -> list[str]:
        """Return how the columns were read: a line for each kind, and one for each reason to leave columns out."""
        lines = []
        for kind in KINDS[:-1]:
            found = [reading for reading in self.readings if reading.kind == kind]
            if found:
                plural = kind if len(found) == 1 else {"category": "categories"}.get(kind, f"{kind}s")
                lines.append(f"{len(found)} {plural}: {_names(found)}")
        reasons = dict.fromkeys(r.reason for r in self.readings if r.kind == "left out")
        for reason in reasons:
            found = [r for r in self.readings if r.kind == "left out" and r.reason == reason]
            lines.append(f"left out: {_names(found, with_reasons=False)} ({reason})")
        return lines

    def to_config(self) -> dict[str, Any]:
        """Return plain values from which `from_config` restores the encoder."""
        columns = [{"kind": column.kind, **asdict(column)} for column in self.columns]
        return {"readings": [asdict(reading) for reading in self.readings], "columns": columns}

    @staticmethod
    def from_config(config: Any) -> FeatureEncoder:
        """Return the encoder that `to_config` wrote; raise ValueError for anything else."""
        try:
            readings = [Reading(**{key: str(item[key]) for key in item}) for item in config["readings"]]
            columns = [encoder_from_config(item) for item in config["columns"]]
        except (TypeError, LookupError, OverflowError) as error:
            raise ValueError(
                f"features: got a malformed description ({error}); expected that of a saved model"
            ) from None
        return FeatureEncoder(readings, columns)


def _name_problems(columns: Mapping[str, Array], kinds: Mapping[str, str], drop: Iterable[str]) -> list[str]:
    problems = []
    for argument, names in (("kinds", kinds), ("drop", drop)):
        lacking = [name for name in names if name not in columns]
        if lacking:
            close = _close(lacking, list(columns))
            problems.append(
                f"{argument}: got the unknown column {listed(lacking)}; expected one of {listed(columns)}{close}"
            )
    wrong = {kind for kind in kinds.values() if kind not in CHOICES}
    if wrong:
        problems.append(f"kinds: got {listed(sorted(wrong))}; expected one of {', '.join(CHOICES)}")
    return problems


def _close(lacking: list[str], names: list[str]) -> str:
    lower = {name.strip().lower(): name for name in names}
    matches = {name: get_close_matches(name.strip().lower(), lower, 1) for name in lacking}
    close = [f"{quoted(lower[match[0]])} for {quoted(name)}" for name, match in matches.items() if match]
    return f" (did you mean {', '.join(close)}?)" if close else ""


def _names(readings: list[Reading], with_reasons: bool = True) -> str:
    """Return the names of columns with the reasons of their readings; of more than 20, the first and the last."""
    shown = [printable(f"{r.name} ({r.reason})" if r.reason and with_reasons else r.name) for r in readings]
    return ", ".join(shown if len(shown) <= _SHOWN else [*shown[: _SHOWN - 2], "…", shown[-1]])
