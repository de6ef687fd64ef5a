"""Predictions from 16 threads while other threads train: argv[1] predictions each, serial bits every time.

Some of the threads share a net that nobody trains, others a net in training; there each answer has to
be the one of some complete step, so rows that are equal get outputs that are equal.
"""

from __future__ import annotations

import sys
import threading

import numpy as np

from programs import models

X, y = models.data(300)
twins = np.repeat(X[:1], 40, axis=0)
still, moving = models.net((6, 96, 3), threads=2), models.net((6, 96, 3), threads=2)
still.fit(X, y, epochs=2)
slices = [slice(0, rows) for rows in (1, 2, 7, 16, 100, 300)]
expected = [still.predict(X[s]).tobytes() for s in slices]
expected_loss = still.evaluate(X, y)
rounds = int(sys.argv[1])
failures: list[BaseException] = []
over = threading.Event()


def guarded(work: object) -> threading.Thread:
    """A thread whose exceptions are kept."""

    def body() -> None:
        try:
            work()  # type: ignore[operator]
        except BaseException as error:
            failures.append(error)

    return threading.Thread(target=body)


def predict() -> None:
    """Like the serial answer, whoever else is at it."""
    for i in range(rounds):
        k = i % len(slices)
        assert still.predict(X[slices[k]]).tobytes() == expected[k], "other bits than alone"
        if i % 50 == 0:
            assert still.evaluate(X, y) == expected_loss
            assert list(still.state_dict())


def watch() -> None:
    """Of a net in training: one set of weights an answer."""
    for _ in range(rounds):
        answers = moving.predict(twins)
        assert np.isfinite(answers).all() and (answers == answers[0]).all(), "half a step was seen"


def train() -> None:
    """One net of its own, and the shared one."""
    own = models.net((6, 96, 3), threads=2, seed=1)
    while not over.is_set():
        own.fit(X, y, epochs=2)
        moving.fit(X, y, epochs=2)


readers = [guarded(predict) for _ in range(10)] + [guarded(watch) for _ in range(6)]
trainers = [guarded(train) for _ in range(2)]
for thread in (*readers, *trainers):
    thread.start()
for thread in readers:
    thread.join()
over.set()
for thread in trainers:
    thread.join()
assert not failures, failures
alone = models.net((6, 96, 3), threads=1)
alone.fit(X, y, epochs=moving.history.epochs)  # two epochs at a time or all at once
assert models.weights(alone) == models.weights(moving), "training among others gave other weights"
print("fine")
