"""Ablation of the members of `TabularNet`: ``python -m deepseek.bench.tables.ablation``.

Each variant trains one member on each of five folds, at the weights of its best epoch, and averages their outputs,
without linear models. The scores are paired by table and split.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import deepseek as ds

from ..._tabular.folds import assign_folds
from ..._tabular.options import TabularConfig
from ..._tabular.recipe import LABEL_SMOOTHING, WARMUP, InputShape, Recipe
from ..._tabular.state import encode_table
from ..._tabular.tables import read_columns, split_target
from . import frames, sources
from .registry import TABLES, Table
from .scoring import split

Array = NDArray[Any]
FOLDS = 5
BASE = "periodic 0.1"


@dataclass(frozen=True)
class Variant:
    """A maker of members, and the factor of the recipe's epochs."""

    net: Callable[[Recipe, InputShape, int | None, int], ds.Net]
    epochs: float


def variant(
    sigma: float | None = 0.1,
    *,
    piecewise: bool = False,
    smoothing: float = LABEL_SMOOTHING,
    scale_rate: float = 0.0,
    warmup: float = WARMUP,
    epochs: float = 1.0,
    **changes: Any,
) -> Variant:
    """Return the variant whose options differ from the recipe."""

    def make(recipe: Recipe, shape: InputShape, classes: int | None, seed: int) -> ds.Net:
        recipe = replace(recipe, **changes)
        embedded = sigma is not None and shape.continuous > 0
        return ds.Net(
            [shape.width if piecewise else shape.plain, *recipe.hidden, classes or 1],
            activation=recipe.activation,
            loss=ds.CrossEntropy(label_smoothing=smoothing) if classes else "squared_error",
            optimizer=ds.AdamW(
                learning_rate=recipe.learning_rate,
                weight_decay=recipe.weight_decay,
                schedule=ds.Cosine(warmup=warmup),
            ),
            dropout=recipe.dropout,
            numeric_embedding=ds.PeriodicEmbedding(sigma or 1.0, features=shape.continuous)
            if embedded
            else None,
            input_scale_rate=scale_rate,
            seed=seed,
            threads=1,
        )

    return Variant(make, epochs)


VARIANTS: dict[str, Variant] = {
    "plain": variant(None),
    "piecewise 16": variant(None, piecewise=True),
    BASE: variant(),
    "periodic 0.3": variant(0.3),
    "periodic 1": variant(1.0),
    "periodic 0.1, piecewise 16": variant(piecewise=True),
    "input scales, rate 1": variant(scale_rate=1.0),
    "input scales, rate 6": variant(scale_rate=6.0),
    "no label smoothing": variant(smoothing=0.0),
    "no dropout": variant(dropout=0.0),
    "dropout 0.25": variant(dropout=0.25),
    "relu": variant(activation="relu"),
    "selu": variant(activation="selu"),
    "learning rate 0.001": variant(learning_rate=1e-3),
    "learning rate 0.02": variant(learning_rate=2e-2),
    "weight decay 0.1": variant(weight_decay=0.1),
    "no warm-up": variant(warmup=0.0),
    "64-64": variant(hidden=(64, 64)),
    "256-256-256": variant(hidden=(256, 256, 256)),
    "half the epochs": variant(epochs=0.5),
    "twice the epochs": variant(epochs=2.0),
}


def outputs(
    variant: Variant, rows: tuple[Array, Array], test: Array, shape: InputShape, classes: int | None
) -> Array:
    """Return the mean outputs of the members for the test rows, shape (rows, outputs)."""
    matrix, targets = rows
    recipe = Recipe.choose(TabularConfig(), len(targets))
    fold = assign_folds(len(targets), FOLDS, 0, targets if classes else None)
    epochs = round(variant.epochs * recipe.epochs)
    nets = [variant.net(recipe, shape, classes, seed) for seed in range(FOLDS)]
    width = nets[0].layers[0]
    ds.fit_many(
        nets,
        np.ascontiguousarray(matrix[:, :width]),
        targets,
        rows=[fold != i for i in range(FOLDS)],
        validation_rows=[fold == i for i in range(FOLDS)],
        epochs=epochs,
        batch_size=recipe.batch_size,
        early_stopping=ds.EarlyStopping(patience=epochs),
    )
    found = [net.predict(np.ascontiguousarray(test[:, :width])) for net in nets]
    return np.asarray(np.mean(found, axis=0))


def scores(found: Array, targets: Array, classes: int | None) -> tuple[float, float]:
    """Return accuracy or R² in per cent, and log loss or RMSE."""
    if classes:
        chosen = np.maximum(found[np.arange(len(targets)), targets], np.finfo(np.float32).eps)
        return 100.0 * float(np.mean(found.argmax(axis=1) == targets)), -float(np.mean(np.log(chosen)))
    error = float(np.mean((found[:, 0] - targets) ** 2))
    return 100.0 * (1.0 - error / float(np.var(targets))), math.sqrt(error)


def measure(table: Table, seed: int, names: Sequence[str]) -> dict[str, list[float]]:
    """Return score, loss and processor seconds of each variant on one split of a table."""
    path = sources.find(table)
    assert path is not None
    frame, labels = frames.read(table, str(path))
    training, test = split(labels, table.task, seed)
    task = "classification" if table.task == "classes" else "regression"
    columns, target, name = split_target(read_columns(frame.iloc[training]), table.target)
    encoded = encode_table(columns, target, name, TabularConfig(task=task))
    rest, truth, _ = split_target(read_columns(frame.iloc[test]), table.target)
    rows, true = encoded.inputs.transform(rest), encoded.target.transform(truth)
    classes = None if encoded.target.classes is None else len(encoded.target.classes)
    targets = encoded.targets
    mean, scale = 0.0, 1.0
    if classes is None:
        mean, scale = float(targets.mean()), float(targets.std())
        targets = ((targets - mean) / scale).astype(np.float32)[:, None]
    result = {}
    for one in names:
        began = time.process_time()
        found = outputs(VARIANTS[one], (encoded.matrix, targets), rows, encoded.inputs.shape, classes)
        seconds = time.process_time() - began
        result[one] = [*scores(found * scale + mean, true, classes), seconds]
    return result


def summary(results: dict[str, dict[str, list[float]]], names: Sequence[str]) -> list[str]:
    """Return a line for each variant: means, and differences from the base with their standard errors."""
    table = np.array(
        [[pair[name] for name in names] for pair in results.values()]
    )  # pairs, variants, measures
    base = table[:, list(names).index(BASE)]
    lines = [
        f"{'variant':28s} {'mean':>6s} {'over ' + BASE:>18s} {'better':>7s} {'loss, %':>14s} {'seconds':>8s}"
    ]

    def estimate(values: Array) -> str:
        error = values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else math.nan
        return f"{values.mean():+.2f} ± {error:.2f}"

    for i, name in enumerate(names):
        gain, loss = table[:, i, 0] - base[:, 0], 100.0 * (table[:, i, 1] / base[:, 1] - 1.0)
        better = f"{int((gain > 0).sum())}/{len(gain)}"
        lines.append(
            f"{name:28s} {table[:, i, 0].mean():6.2f} {estimate(gain):>18s} {better:>7s} {estimate(loss):>14s} "
            f"{table[:, i, 2].mean():8.2f}"
        )
    return lines


def main() -> int:
    """Measure, print and save; results in the file are kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", default="ablation.json", help="file of the results (default: %(default)s)")
    parser.add_argument("--splits", type=int, default=2, help="splits of each table (default: %(default)s)")
    parser.add_argument("--tables", default="", help="names of tables, with commas (default: all but adult)")
    parser.add_argument("--variants", default="", help="names of variants, with semicolons (default: all)")
    options = parser.parse_args()
    chosen = [name for name in options.tables.split(",") if name]
    names = [name for name in options.variants.split(";") if name] or list(VARIANTS)
    names = [BASE, *(name for name in names if name != BASE)]
    file = Path(options.json)
    results = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    for table in TABLES:
        if (table.name not in chosen) if chosen else table.name == "adult":
            continue
        if sources.find(table) is None:
            print(f"{table.name}: its package is not installed", file=sys.stderr)
            continue
        for seed in range(options.splits):
            pair = results.setdefault(f"{table.name} {seed}", {})
            pair.update(measure(table, seed, [name for name in names if name not in pair]))
            file.write_text(json.dumps(results, indent=1), encoding="utf-8")
    print("\n".join(summary(results, names)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
