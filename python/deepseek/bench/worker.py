"""Process of one library: ``python -m deepseek.bench.worker LIBRARY THREADS``.

It reads one JSON request per line from standard input and answers with one line each:

    {"do": "open", "row": {...}}        set up a row                 {"ok": true} or {"unsupported": true}
    {"do": "measure", "seconds": s}     time the row for about s     {"seconds": per step, …}
    {"do": "probe", "what": …, …}       measure a machine limit       {"value": per second}
    {"do": "close"}                     free the row's data          {"ok": true}

The answer to a request that raised an exception is {"error": text}. The first line of output, before any
request, is {"ready": true, "version": version of the library}.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

from .timing import Measure, Unsupported

MODULES = {
    "deepseek": "ours",
    "numpy": "peer_numpy",
    "torch": "peer_torch",
    "jax": "peer_jax",
    "sklearn": "peer_sklearn",
}


class Worker:
    """Answers requests for one library."""

    def __init__(self, library: str, threads: int) -> None:
        self.module: Any = import_module(f"{__package__}.{MODULES[library]}")
        self.threads = threads
        self.version: str = self.module.setup(threads)
        self.measure: Measure | None = None

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run one request and return the answer."""
        match request["do"]:
            case "open":
                return self._open(request["row"])
            case "measure":
                if self.measure is None:
                    raise RuntimeError("measure: no row is open; send open first")
                return dict(self.measure(request["seconds"]))
            case "probe":
                value = self.module.probe(request["what"], self.threads, request["size"], request["seconds"])
                return {"value": value}
            case "close":
                self.measure = None
                gc.collect()
                return {"ok": True}
            case other:
                raise RuntimeError(f"do: got {other!r}; expected open, measure, probe or close")

    def _open(self, row: dict[str, Any]) -> dict[str, Any]:
        builder = self.module.BUILDERS.get(row["kind"])
        try:
            self.measure = builder(row["params"], self.threads) if builder else None
        except Unsupported:
            self.measure = None
        return {"ok": True} if self.measure else {"unsupported": True}


class Answering(Protocol):
    """What `serve` needs of a worker."""

    version: str

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run one request and return the answer."""


def serve(start: Callable[[], Answering]) -> None:
    """Start a worker and answer requests until standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # output of libraries must not mix with the answers

    def send(message: dict[str, Any]) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    worker = start()
    send({"ready": True, "version": worker.version})
    for line in sys.stdin:
        try:
            send(worker.answer(json.loads(line)))
        except Exception as error:
            send({"error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    serve(lambda: Worker(sys.argv[1], int(sys.argv[2])))
