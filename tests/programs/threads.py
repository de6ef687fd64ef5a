"""Predictions from 16 threads while other threads train: argv[2] predictions each, serial bits every time.

argv[1] is the kind of model. Some of the threads share one that nobody trains, others one in training; there each
answer has to be the one of some complete step, so rows that are equal get outputs that are equal.
"""

from __future__ import annotations

import sys
import threading

import numpy as np

from programs import models
from programs.kinds import KINDS, answer, measured, outputs

kind = KINDS[sys.argv[1]]
X, y = kind.data(300)
twins = [X[0]] * 40
still, moving = kind.make(threads=2), kind.make(threads=2)
still.fit(X, y, epochs=2)
slices = [slice(0, rows) for rows in (1, 2, 7, 16, 100, 300)]
expected = [answer(still, X[s]) for s in slices]
expected_figures = measured(still, X, y)
first = np.array([x[0] for x in X])


def step() -> list[bytes]:
    """One step of all rows."""
    return [part.tobytes() for part in still.step(first, still.initial_state(len(first)))]


stepped = step() if kind.streams else []
rounds = int(sys.argv[2])
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
    """Gives the serial answer, with any number of other callers."""
    for i in range(rounds):
        k = i % len(slices)
        assert answer(still, X[slices[k]]) == expected[k], "other bits than alone"
        if i % 50 == 0:
            assert measured(still, X, y) == expected_figures
            assert list(still.state_dict())
        if kind.streams:
            assert step() == stepped, "other bits than alone, in a step"


def watch() -> None:
    """Of a net in training: one set of weights an answer."""
    for _ in range(rounds):
        answers = np.array(outputs(moving, twins))
        assert np.isfinite(answers).all() and (answers == answers[0]).all(), "half a step was seen"


def train() -> None:
    """One net of its own, and the shared one."""
    own = kind.make(threads=2, seed=1)
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
alone = kind.make(threads=1)
alone.fit(X, y, epochs=moving.history.epochs)  # two epochs at a time or all at once
assert models.weights(alone) == models.weights(moving), "training among others gave other weights"
print("fine")
