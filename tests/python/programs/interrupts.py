"""Ctrl-C at argv[2] random moments of fits of the net argv[1].

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

import deepseek as ds
from programs import models

SIZES = {
    # layers, rows, epochs, batch: a step takes microseconds; milliseconds; longer than the answer may
    "small": ((6, 16, 3), 200, 4000, 16),
    "medium": ((64, 256, 256, 10), 4000, 6, 64),
    "wide": ((1024, 2048, 2048, 1000), 1024, 3, 512),
}


def sender(go: int, sent: int) -> None:
    """Signals the parent a random moment after each byte, and tells when."""
    rng = random.Random(3)
    while os.read(go, 1):
        time.sleep(rng.uniform(0.0, 0.08))
        now = time.monotonic()
        os.kill(os.getppid(), signal.SIGINT)
        os.write(sent, struct.pack("d", now))


layers, rows, epochs, batch = SIZES[sys.argv[1]]
count = int(sys.argv[2])
(go_read, go), (sent, sent_write) = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.close(go)
    sender(go_read, sent_write)
    os._exit(0)

X, y = models.data(rows, layers[0], layers[-1])


def make() -> ds.Net:
    """The net as it is before training."""
    return models.net(layers, optimizer=ds.Adam(1e-3, schedule=ds.Cosine()), dropout=0.1)


def complete(net: ds.Net) -> None:
    """Train to the end, from wherever it stands."""
    try:
        net.fit(X, y, epochs=epochs, batch_size=batch, resume=True)
    except ValueError:  # nothing to resume: the signal came before the first step
        net.fit(X, y, epochs=epochs, batch_size=batch)


whole = make()
complete(whole)
expected = models.bits(whole)
net, inside = make(), 0
answers: list[float] = []
while len(answers) < count:
    if net.history.epochs == epochs:
        assert models.bits(net) == expected, "the interrupted fit ended with other bits"
        net = make()
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
    assert net.predict(X[:2]).shape == (2, layers[-1]), "the net is not usable"
os.close(go)
os.waitpid(child, 0)
answers.sort()
print(inside, answers[len(answers) // 2], answers[int(len(answers) * 0.99)], answers[-1])
