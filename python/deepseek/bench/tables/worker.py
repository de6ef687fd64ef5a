"""Process of one model: ``python -m deepseek.bench.tables.worker MODEL THREADS``.

It speaks the protocol of ``deepseek.bench.worker`` and answers one kind of request:

    {"do": "fit", "table": {...}, "path": file, "split": number, "options": {...}}
        {"score": …, "log_loss": … of classes, "rmse": … of numbers, "fit_seconds": …, "fit_cpu_seconds": …,
         "predict_seconds": …, "rows": of the table, "columns": without the target}
"""

from __future__ import annotations

import gc
import sys
import time
import warnings
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..worker import serve
from . import frames, scoring
from .models import OURS, model_of
from .registry import Table


class Worker:
    """Fits one model to one split of one table."""

    def __init__(self, name: str, threads: int) -> None:
        warnings.filterwarnings("ignore")  # of peers, for instance that an MLP has not converged
        import_module("pandas")
        model = model_of(name)
        module: Any = import_module(f"{__package__}.{model.module}")
        shared = model.module == "boosting"
        self.version: str = module.setup(threads, model.library) if shared else module.setup(threads)
        self._make = module.MODELS[name]
        self._name = name
        self._threads = threads

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Read the table, fit and score."""
        if request["do"] != "fit":
            raise RuntimeError(f"do: got {request['do']!r}; expected fit")
        table = Table.from_json(request["table"])
        frame, target = frames.read(table, request["path"])
        shape = {"rows": len(frame), "columns": frame.shape[1] - 1}
        if self._name != OURS:
            frame = frames.expand_dates(frame, table.dates)
        return self._score(table, frame, target, int(request["split"]), request["options"]) | shape

    def _score(
        self, table: Table, frame: Any, target: NDArray[Any], number: int, options: dict[str, Any]
    ) -> dict[str, Any]:
        training, test = scoring.split(target, table.task, number)
        rows = frame.iloc[training].reset_index(drop=True)
        unseen = frame.iloc[test].drop(columns=table.target).reset_index(drop=True)
        truth = target[test]
        model = self._make(table.task, self._threads, number, **options)
        gc.collect()
        start, start_cpu = time.perf_counter(), time.process_time()
        model.fit(rows, table.target)
        fitted, fitted_cpu = time.perf_counter(), time.process_time()
        predicted = np.asarray(model.predict(unseen))
        done = time.perf_counter()
        times = {
            "fit_seconds": fitted - start,
            "fit_cpu_seconds": fitted_cpu - start_cpu,
            "predict_seconds": done - fitted,
        }
        if table.task == "number":
            values = predicted.astype(np.float64).reshape(len(test))
            return times | {"score": scoring.r2(truth, values), "rmse": scoring.rmse(truth, values)}
        dtype = np.int64 if truth.dtype.kind == "i" else np.str_
        labels, classes = predicted.astype(dtype).reshape(len(test)), model.classes.astype(dtype)
        return times | {
            "score": scoring.accuracy(truth, labels),
            "log_loss": scoring.log_loss(truth, model.predict_proba(unseen), classes),
        }


if __name__ == "__main__":
    serve(lambda: Worker(sys.argv[1], int(sys.argv[2])))
