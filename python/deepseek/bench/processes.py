"""Starting the contestants' processes: environment, processors, and the pipe to a worker."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_POOLS = ("OMP", "MKL", "OPENBLAS", "BLIS", "NUMEXPR", "VECLIB_MAXIMUM", "DEEPSEEK")
PATIENCE = 300.0  # seconds until a silent worker is given up


class WorkerError(Exception):
    """A contestant's process that failed; the text says how."""


def environment(contestant: str, threads: int) -> dict[str, str]:
    """Return the environment that holds a contestant to a number of threads."""
    env = dict(os.environ) | {f"{pool}_NUM_THREADS": str(threads) for pool in _POOLS}
    if contestant == "jax":
        env["JAX_PLATFORMS"] = "cpu"
        if threads == 1:
            env["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return env


def processors() -> list[int]:
    """Return the processors this process may use, one per core first."""
    if not hasattr(os, "sched_getaffinity"):
        return list(range(os.cpu_count() or 1))
    allowed = sorted(os.sched_getaffinity(0))
    firsts: list[int] = []
    seen: set[str] = set()
    for cpu in allowed:
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        core = siblings.read_text() if siblings.exists() else str(cpu)
        if core not in seen:
            seen.add(core)
            firsts.append(cpu)
    return firsts + [cpu for cpu in allowed if cpu not in firsts]


@contextlib.contextmanager
def pinned(threads: int) -> Iterator[None]:
    """Let processes started inside run on as many processors as they get threads."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors()[:threads])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Contestant:
    """A living worker process."""

    def __init__(self, name: str, threads: int) -> None:
        self.name = name
        self.threads = threads
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115  (closed in close)
        command = [sys.executable, "-m", "deepseek.bench.worker", name, str(threads)]
        with pinned(threads):
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                env=environment(name, threads),
            )
        try:
            self.version: str = self._receive()["version"]
        except BaseException:
            self.close()
            raise

    def ask(self, do: str, **details: Any) -> dict[str, Any]:
        """Send a request and return the answer; an error in the worker is raised here."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **details}).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise WorkerError(self._last_words()) from None
        return self._receive()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], PATIENCE)[0]:
            raise WorkerError(f"no answer for {PATIENCE:.0f} s")
        line = self._process.stdout.readline()
        if not line:
            raise WorkerError(self._last_words())
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def _last_words(self) -> str:
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"ended with code {self._process.wait()}"

    def close(self) -> None:
        """End the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._complaints.close()
