"""What the tests of files and reliability share: figures, child processes, files made by hand.

A figure is how often a test repeats something at random. The short one runs every time; the full one, which
`docs/reference/promises.md` quotes, is chosen by an environment variable: DEEPSEEK_KILLS=500 and so on.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).parent
PATH = [str(PROGRAMS.parent), str(PROGRAMS.parent / "fuzz")]
"""Where the programs find their modules, as pytest's configuration says for the tests."""


def figure(name: str, short: int) -> int:
    """The number DEEPSEEK_<name> of the environment, or the short one."""
    return int(os.environ.get(f"DEEPSEEK_{name}", short))


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([*PATH, *filter(None, [os.environ.get("PYTHONPATH")])]),
    }


@contextlib.contextmanager
def process(program: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """One of the programs beside this file, running; it ends when its standard input does."""
    command = [sys.executable, str(PROGRAMS / program)]
    with subprocess.Popen(command, env=_environment(), **options) as started:
        try:
            yield started
        finally:
            if started.stdin:
                started.stdin.close()
            started.wait(60)


def run(program: str, *arguments: object, timeout: float = 120, **environment: str) -> str:
    """Output of one of the programs beside this file; fails with its standard error."""
    command = [sys.executable, str(PROGRAMS / program), *map(str, arguments)]
    settings = {**_environment(), **environment}
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=settings, check=False)
    assert done.returncode == 0, f"{program} {arguments} ended with {done.returncode}:\n{done.stderr[-4000:]}"
    return done.stdout


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Break off a call that blocks, instead of the whole run."""

    def late(*_: object) -> None:
        raise AssertionError(f"still not back after {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


Part = tuple[str, str, tuple[int, ...], bytes]
"""A tensor in a file made by hand: name, type, shape, bytes."""


def sha256(config_text: str, tensors: Iterable[Part]) -> str:
    """The digest as `deepseek._io.digest` describes it, written once more from the description."""

    def number(value: int) -> bytes:
        return value.to_bytes(8, "little")

    def text(value: str) -> bytes:
        return number(len(value.encode())) + value.encode()

    parts = sorted(tensors)
    stream = text("deepseek.model/2") + text(config_text) + number(len(parts))
    for name, code, shape, data in parts:
        stream += text(name) + text(code) + number(len(shape)) + b"".join(map(number, shape))
        stream += number(len(data)) + data
    return hashlib.sha256(stream).hexdigest()


def metadata(config_text: str, tensors: Iterable[Part]) -> str:
    """Our metadata entry with the right digest of any configuration."""
    digest = sha256(config_text, tensors)
    return f'{{"config":{config_text},"format":"deepseek.model","sha256":"{digest}","version":2}}'


def container(header: bytes, data: bytes = b"") -> bytes:
    """A safetensors file of any header."""
    return len(header).to_bytes(8, "little") + header + data


def sealed(config_text: str, tensors: Iterable[Part]) -> bytes:
    """A file with its tensors one after the other and the right digest, whatever they say."""
    parts = list(tensors)
    fields: dict[str, object] = {"__metadata__": {"deepseek": metadata(config_text, parts)}}
    end = 0
    for name, code, shape, data in parts:
        fields[name] = {"dtype": code, "shape": list(shape), "data_offsets": [end, end + len(data)]}
        end += len(data)
    return container(json.dumps(fields).encode(), b"".join(part[3] for part in parts))


def edit(config: dict[str, Any], tensors: dict[str, Any], where: str, value: Any) -> None:
    """Set one value of a model file's contents, deep in the configuration or a tensor; None deletes it."""
    *path, last = where.split("/")
    target: Any = tensors if path == ["tensors"] else config
    for key in path if target is config else []:
        target = target[key]
    if value is None:
        del target[last]
    else:
        target[last] = value
