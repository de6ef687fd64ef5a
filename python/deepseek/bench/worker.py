"""The process of one contestant: ``python -m deepseek.bench.worker CONTESTANT THREADS``.

Reads one JSON request per line from standard input and answers with one line each:

    {"do": "open", "row": {...}}        set up a row                 {"ok": true} or {"unsupported": true}
    {"do": "measure", "seconds": s}     time it for about s          {"seconds": per step, …}
    {"do": "probe", "what": …, …}       a limit of the machine       {"value": per second}
    {"do": "close"}                     drop the row's data          {"ok": true}

An exception is answered with {"error": text}.  The first line out says that the contestant is there, and its version.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from importlib import import_module
from typing import Any

from .timing import Measure, Unsupported

MODULES = {
    "deepseek": "ours",
    "numpy": "peer_numpy",
    "torch": "peer_torch",
    "jax": "peer_jax",
    "sklearn": "peer_sklearn",
}


class Worker:
    """Answers requests for one contestant."""

    def __init__(self, contestant: str, threads: int) -> None:
        self.module: Any = import_module(f"{__package__}.{MODULES[contestant]}")
        self.threads = threads
        self.version: str = self.module.setup(threads)
        self.measure: Measure | None = None

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one request."""
        match request["do"]:
            case "open":
                return self._open(request["row"])
            case "measure":
                if self.measure is None:
                    raise RuntimeError("no row is open")
                return dict(self.measure(request["seconds"]))
            case "probe":
                value = self.module.probe(request["what"], self.threads, request["size"], request["seconds"])
                return {"value": value}
            case "close":
                self.measure = None
                gc.collect()
                return {"ok": True}
            case other:
                raise RuntimeError(f"unknown request {other!r}")

    def _open(self, row: dict[str, Any]) -> dict[str, Any]:
        builder = self.module.BUILDERS.get(row["kind"])
        try:
            self.measure = builder(row["params"], self.threads) if builder else None
        except Unsupported:
            self.measure = None
        return {"ok": True} if self.measure else {"unsupported": True}


def main(contestant: str, threads: int) -> None:
    """Serve until standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints must not mix with the answers

    def say(message: dict[str, Any]) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    worker = Worker(contestant, threads)
    say({"ready": True, "version": worker.version})
    for line in sys.stdin:
        try:
            say(worker.answer(json.loads(line)))
        except Exception as error:
            say({"error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
