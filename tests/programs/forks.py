"""Forks argv[2] times after a fit and during one, and nested, and by a pool. Every child trains, to our bits.

argv[1] is the kind of model. A child that hangs is killed by its alarm, which counts as a failure.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import random
import signal
import sys
import threading
import time
import warnings

from programs import models
from programs.kinds import KINDS, answer, outputs

warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads: that is the point here
kind = KINDS[sys.argv[1]]
X, y = kind.data(300)
PATIENCE = 5 if len(sys.argv) < 4 else int(sys.argv[3])


def work(_: object = None) -> str:
    """Trains a net on two threads from scratch."""
    net = kind.make(threads=2)
    net.fit(X, y, epochs=2, batch_size=64)
    return models.weights(net) + hashlib.sha256(answer(net, X)).hexdigest()


def in_child(depth: int = 1) -> int:
    """A child that does the work, and has a child that does, and so on."""
    child = os.fork()
    if child == 0:
        signal.alarm(PATIENCE)
        good = answer(trained, X) == predicted and work() == expected
        if depth > 1:
            good = good and ended_well(in_child(depth - 1))
        trained.fit(X, y, epochs=1)
        os._exit(0 if good else 1)
    return child


def ended_well(child: int) -> bool:
    """Whether it came back, with the right bits."""
    return os.waitpid(child, 0)[1] == 0


expected = work()
trained = kind.make(threads=2)
trained.fit(X, y, epochs=2, batch_size=64)
predicted = answer(trained, X)
count = int(sys.argv[2])
rng = random.Random(4)

for _ in range(count):
    assert ended_well(in_child()), "after a fit"
assert ended_well(in_child(4)), "nested"

busy = kind.make(threads=2)
over = threading.Event()


def keep_training() -> None:
    """Run in the background until it is stopped."""
    while not over.is_set():
        busy.fit(X, y, epochs=5, batch_size=64)


trainer = threading.Thread(target=keep_training)
trainer.start()
for _ in range(count):
    time.sleep(rng.uniform(0, 0.02))
    child = os.fork()
    if child == 0:
        signal.alarm(PATIENCE)
        usable = len(outputs(busy, X)) == 300  # the very net whose fit the fork fell into
        busy.fit(X, y, epochs=1, batch_size=64)
        busy.reset()
        os._exit(0 if usable and work() == expected else 1)
    assert ended_well(child), "during a fit"
over.set()
trainer.join()

with multiprocessing.get_context("fork").Pool(4) as pool:
    assert pool.map_async(work, range(8)).get(timeout=60) == [expected] * 8, "in a pool"
print("fine")
