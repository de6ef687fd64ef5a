"""Worker processes: environment variables, processors, and the pipes to a worker."""

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
OTHER = "other"
"""Name under which another installation of this package is measured."""
TIMEOUT = 300.0
"""Seconds after which a worker without an answer has failed, unless the request sets another limit."""


class WorkerError(Exception):
    """Failure of a worker process."""


class WorkerTimeout(WorkerError):
    """No answer of a worker process within the limit."""


def environment(library: str, threads: int) -> dict[str, str]:
    """Return the environment of a worker, which limits the library to a number of threads."""
    env = dict(os.environ) | {f"{pool}_NUM_THREADS": str(threads) for pool in _POOLS}
    if library == OTHER:
        env.pop("PYTHONPATH", None)  # it would import this package
    if library == "jax":
        env["JAX_PLATFORMS"] = "cpu"
        if threads == 1:
            env["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return env


def processors() -> list[int]:
    """Return the processors available to this process: first one per core, then the other hardware threads."""
    if not hasattr(os, "sched_getaffinity"):
        return list(range(os.cpu_count() or 1))
    allowed = sorted(os.sched_getaffinity(0))
    one_per_core: list[int] = []
    cores: set[str] = set()
    for cpu in allowed:
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        core = siblings.read_text() if siblings.exists() else str(cpu)
        if core not in cores:
            cores.add(core)
            one_per_core.append(cpu)
    return one_per_core + [cpu for cpu in allowed if cpu not in one_per_core]


@contextlib.contextmanager
def pinned(threads: int) -> Iterator[None]:
    """Pin processes started in this context to as many processors as they have threads."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors()[:threads])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class WorkerProcess:
    """A process that measures one library with one number of threads.

    Parameters
    ----------
    name : str
        Name of the library.
    threads : int
        Number of threads of the library.
    python : str, optional
        Interpreter of another installation of this package, which is measured under the name `OTHER`.
    module : str, default="deepseek.bench.worker"
        Module that the process runs.
    """

    def __init__(
        self, name: str, threads: int, python: str | None = None, module: str = "deepseek.bench.worker"
    ) -> None:
        self.name = OTHER if python else name
        self.threads = threads
        self._stderr_file = tempfile.TemporaryFile()  # noqa: SIM115  (closed in close)
        command = [python or sys.executable, "-m", module, name, str(threads)]
        try:
            with pinned(threads):
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._stderr_file,
                    env=environment(self.name, threads),
                    cwd=None
                    if python is None
                    else tempfile.gettempdir(),  # so that its own package is imported
                )
        except OSError:
            self._stderr_file.close()
            raise
        try:
            self.version: str = self._receive()["version"]
        except BaseException:
            self.close()
            raise

    def ask(self, do: str, *, timeout: float | None = None, **details: Any) -> dict[str, Any]:
        """Send a request and return the answer; an error in the worker is raised here.

        A limit in seconds replaces `TIMEOUT`. A worker that exceeds its limit is killed.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **details}).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise WorkerError(self._error_text()) from None
        return self._receive(TIMEOUT if timeout is None else timeout)

    def _receive(self, timeout: float = TIMEOUT) -> dict[str, Any]:
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], timeout)[0]:
            self._process.kill()
            raise WorkerTimeout(f"no answer within {timeout:g} s")
        line = self._process.stdout.readline()
        if not line:
            raise WorkerError(self._error_text())
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def _error_text(self) -> str:
        self._stderr_file.seek(0)
        lines = self._stderr_file.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit code {self._process.wait()}"

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
        self._stderr_file.close()
