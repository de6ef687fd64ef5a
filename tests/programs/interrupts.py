"""Ctrl-C at argv[2] random moments of fits of the model argv[1].

Prints how many of them fell inside a fit, and in milliseconds the median, the 99th percentile and the slowest
answer.

Another process sends the signals and notes when. Each interrupted fit is gone on with; when one is finished,
it has to have the bits of a fit that nobody disturbed.
"""

from __future__ import annotations

import os
import random
import signal
import struct
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import deepseek as ds
from programs import gen_sequences, gens, models, recs
from programs.kinds import outputs

OPTIONS: dict[str, Any] = {"optimizer": ds.Adam(1e-3, schedule=ds.Cosine()), "dropout": 0.1}


class Size(NamedTuple):
    """A maker of models, and what they learn: rows, epochs, batch; the epochs may be validated on other rows."""

    make: Callable[[], Any]
    data: Callable[[], tuple[Any, Any]]
    epochs: int
    batch: int
    validation: Callable[[], tuple[Any, Any]] | None = None


def net(layers: tuple[int, ...], rows: int, epochs: int, batch: int, validation_rows: int = 0) -> Size:
    return Size(
        lambda: models.net(layers, **OPTIONS),
        lambda: models.data(rows, layers[0], layers[-1]),
        epochs,
        batch,
        (lambda: models.data(validation_rows, layers[0], layers[-1])) if validation_rows else None,
    )


def rec(
    kind: str, rows: int, longest: int, epochs: int, batch: int, validation_rows: int = 0, **options: Any
) -> Size:
    return Size(
        lambda: recs.rec(kind, **options, **OPTIONS),
        lambda: recs.lists(kind, rows, longest=longest),
        epochs,
        batch,
        (lambda: recs.lists(kind, validation_rows, longest=600)) if validation_rows else None,
    )


def players(units: int) -> dict[str, Any]:
    return {
        "optimizer": OPTIONS["optimizer"],
        "generator": [units],
        "discriminator": [units],
        "generator_steps": 2,
    }


def gen(rows: int, epochs: int, units: int) -> Size:
    return Size(lambda: gens.gen(**players(units)), lambda: gens.data("plain", rows), epochs, 32)


def series(rows: int, steps: int, epochs: int, units: int) -> Size:
    waves = np.sin(np.arange(rows)[:, None] + np.arange(steps))[:, :, None].repeat(gen_sequences.FEATURES, 2)
    return Size(
        lambda: gen_sequences.gen("series", steps=steps, **players(units)),
        lambda: (waves.astype(np.float32), None),
        epochs,
        rows,
    )


SIZES = {
    # a step takes microseconds; milliseconds; longer than the answer may
    "small": net((6, 16, 3), 200, 4000, 16),
    "medium": net((64, 256, 256, 10), 4000, 12, 64),
    "wide": net((1024, 2048, 2048, 1000), 1024, 3, 512),
    "validated": net((64, 256, 256, 10), 128, 12, 64, validation_rows=60_000),
    "recurrent": rec("last", 200, 9, 400, 16, cell="lstm", bidirectional=True),
    "long": rec("sequence", 48, 600, 2, 48, hidden=[128, 128], cell="lstm"),
    "pieces": rec("next token", 64, 600, 20, 16, hidden=[64], bptt_steps=20),
    "pieces validated": rec("next token", 32, 60, 6, 16, validation_rows=900, hidden=[64], bptt_steps=20),
    "players": gen(400, 600, 64),
    "players through time": series(32, 200, 4, 64),
}


def sender(go: int, sent: int) -> None:
    """Signals the parent a random moment after each byte, and tells when."""
    rng = random.Random(3)
    while os.read(go, 1):
        time.sleep(rng.uniform(0.0, 0.08))
        now = time.monotonic()
        os.kill(os.getppid(), signal.SIGINT)
        os.write(sent, struct.pack("d", now))


size = SIZES[sys.argv[1]]
count = int(sys.argv[2])
(go_read, go), (sent, sent_write) = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.close(go)
    sender(go_read, sent_write)
    os._exit(0)

X, y = size.data()
validation = {"validation_data": size.validation()} if size.validation else {}


def complete(net: Any) -> None:
    """Train to the end, from wherever it stands."""
    try:
        net.fit(X, y, epochs=size.epochs, batch_size=size.batch, resume=True, **validation)
    except ValueError:  # nothing to resume: the signal came before the first step
        net.fit(X, y, epochs=size.epochs, batch_size=size.batch, **validation)


whole = size.make()
complete(whole)
expected = models.bits(whole)
net, inside = size.make(), 0
answers: list[float] = []
while len(answers) < count:
    if net.history.epochs == size.epochs:
        assert models.bits(net) == expected, "the interrupted fit ended with other bits"
        net = size.make()
    fitting = False
    try:
        os.write(go, b"x")
        fitting = True
        complete(net)
        fitting = False
        time.sleep(30)
        sys.exit("no KeyboardInterrupt came")
    except KeyboardInterrupt:
        now = time.monotonic()
    inside += fitting
    answers.append((now - struct.unpack("d", os.read(sent, 8))[0]) * 1e3)
    assert len(outputs(net, X[:2])) == 2, "the net is not usable"
os.close(go)
os.waitpid(child, 0)
answers.sort()
print(inside, answers[len(answers) // 2], answers[int(len(answers) * 0.99)], answers[-1])
