"""Callbacks of `fit_many`: what each net's callbacks see, exceptions, Ctrl-C, stopping."""

from __future__ import annotations

import os
import signal
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from programs import models

X, Y = models.data()
HELD_OUT = models.data(seed=4)
STOPPING: dict[str, Any] = {
    "epochs": 25,
    "validation_data": HELD_OUT,
    "early_stopping": ds.EarlyStopping(patience=2, min_delta=1e-3),
}


def nets(count: int = 3) -> list[ds.Net]:
    return [models.net(seed=i) for i in range(count)]


class Recorder(ds.Callback):
    """Notes each call with the weights that it sees, without times."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def on_fit_begin(self) -> None:
        self.calls.append(("begin", models.weights(self.model)))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        seen = {key: value for key, value in logs.items() if key != "seconds"}
        logs["double"] = 2 * logs["loss"]
        self.calls.append((epoch, seen, models.weights(self.model)))

    def on_fit_end(self, history: ds.History) -> None:
        self.calls.append(("end", history.outcome, history["double"], models.weights(self.model)))


class Shared(ds.Callback):
    """Notes the calls of all nets by net."""

    def __init__(self, some: list[ds.Net]) -> None:
        self.some = some
        self.outcomes: dict[int, str] = {}
        self.begun: list[int] = []

    @property
    def number(self) -> int:
        return next(i for i, net in enumerate(self.some) if net is self.model)

    def on_fit_begin(self) -> None:
        self.begun.append(self.number)

    def on_fit_end(self, history: ds.History) -> None:
        assert self.number not in self.outcomes
        self.outcomes[self.number] = history.outcome


@pytest.mark.parametrize("options", [{"epochs": 4}, STOPPING], ids=["plain", "stopping"])
def test_callbacks_see_what_those_of_a_fit_alone_see(options: dict[str, Any]) -> None:
    together, alone = nets(5), nets(5)
    recorders = [Recorder() for _ in together]
    ds.fit_many(together, X, Y, callbacks=[*recorders[:-1], None], threads=2, **options)
    for i, net in enumerate(alone):
        recorder = Recorder()
        history = net.fit(X, Y, callbacks=recorder, verbose=False, **options)
        assert models.weights(net) == models.weights(together[i])
        if i < len(alone) - 1:
            assert recorders[i].calls == recorder.calls
            assert together[i].history["double"] == history["double"]
    assert "double" not in together[-1].history


def test_one_callback_for_all_nets() -> None:
    some = nets(20)
    shared = Shared(some)
    ds.fit_many(some, X, Y, epochs=2, threads=2, callbacks=shared)
    assert sorted(shared.begun) == list(range(20))
    assert shared.outcomes == dict.fromkeys(range(20), "finished")


def test_progress_of_each_net() -> None:
    some = nets(2)
    seen: list[list[ds.Progress]] = [[], []]
    callbacks = [ds.LambdaCallback(on_block_end=found.append) for found in seen]
    ds.fit_many(some, X, Y, epochs=[300, 500], validation_rows=[[0, 1], None], callbacks=callbacks, threads=2)
    for found, epochs, validated in zip(seen, (300, 500), (True, False), strict=True):
        assert [p.epoch for p in found] == sorted(p.epoch for p in found)
        assert {p.epochs for p in found} == {epochs}
        assert {p.steps for p in found} == {7}
        last = found[-1]
        assert (last.epoch, last.step) == (epochs, 7)
        assert last.loss > 0
        assert np.isfinite(last.val_loss) == validated
        assert last.samples_per_second > 0
        assert last.seconds > 0


@pytest.mark.parametrize("hook", ["on_fit_begin", "on_epoch_end", "on_block_end", "on_fit_end"])
@pytest.mark.parametrize("threads", [1, 2])
def test_an_exception_in_a_callback_ends_the_call(hook: str, threads: int) -> None:
    """The net of the callback is resumable unless it was complete; the others are complete or unchanged."""
    some, whole = nets(30), nets(30)
    untouched = [models.everything(net) for net in some]
    shared = Shared(some)

    def fail(*_: Any) -> None:
        raise LookupError(hook)

    callbacks: list[Any] = [shared] * 30
    callbacks[11] = [shared, ds.LambdaCallback(**{hook: fail})]
    with pytest.raises(LookupError, match=hook):
        ds.fit_many(some, X, Y, epochs=20, threads=threads, callbacks=callbacks)
    assert sorted(shared.outcomes) == sorted(shared.begun)
    assert shared.outcomes[11] == ("finished" if hook == "on_fit_end" else "failed")
    for i, net in enumerate(some):
        outcome = shared.outcomes.get(i)
        assert outcome in (None, "failed", "finished")
        if net._fit_state is None:
            assert outcome != "finished"
            assert models.everything(net) == untouched[i]
            continue
        net.fit(X, Y, resume=True, verbose=False)
        whole[i].fit(X, Y, epochs=20, verbose=False)
        assert models.weights(net) == models.weights(whole[i])
    ds.fit_many(some, X, Y, epochs=1)


def test_all_callbacks_end_although_one_raises() -> None:
    some = nets(1)
    shared = Shared(some)

    def fail(history: ds.History) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        ds.fit_many(some, X, Y, epochs=1, callbacks=[[shared, ds.LambdaCallback(on_fit_end=fail)]], threads=1)
    assert shared.outcomes == {0: "finished"}


def test_ctrl_c_in_a_callback() -> None:
    some, whole = nets(4), nets(4)

    class Interrupting(Shared):
        def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
            if epoch == 3:
                os.kill(os.getpid(), signal.SIGINT)

    shared = Interrupting(some)
    with pytest.raises(KeyboardInterrupt):
        ds.fit_many(some, X, Y, epochs=6, threads=2, callbacks=shared)
    assert shared.outcomes == dict.fromkeys(range(4), "interrupted")
    for net, other in zip(some, whole, strict=True):
        net.fit(X, Y, resume=True, verbose=False)
        other.fit(X, Y, epochs=6, verbose=False)
        assert models.weights(net) == models.weights(other)


def test_a_callback_stops_nets() -> None:
    """A net stops after the epoch in which it was stopped; one that has not begun stays unchanged."""
    some = nets(40)
    untouched = [models.everything(net) for net in some]
    order: list[int] = []

    def stop(epoch: int, logs: dict[str, Any]) -> None:
        if epoch == 2:
            for net in some:
                net.stop()

    shared = Shared(some)
    callbacks: list[Any] = [shared] * 40
    callbacks[0] = [shared, ds.LambdaCallback(on_epoch_end=stop)]
    histories = ds.fit_many(some, X, Y, epochs=[20] + [10] * 39, threads=1, callbacks=callbacks)
    order = [i for i, history in enumerate(histories) if not history.epochs]
    assert histories[0].epochs == 2
    assert {history.outcome for history in histories} <= {"stopped", "finished"}
    assert shared.outcomes == {i: history.outcome for i, history in enumerate(histories) if i in shared.begun}
    assert len(order) > 20
    for i in order:
        assert models.everything(some[i]) == untouched[i]


def test_a_checkpoint_of_each_net(tmp_path: Any) -> None:
    some = nets(3)
    files = [tmp_path / f"{i}" for i in range(3)]
    ds.fit_many(some, X, Y, epochs=3, callbacks=[ds.Checkpoint(file) for file in files])
    for net, file in zip(some, files, strict=True):
        assert models.weights(ds.load(file)) == models.weights(net)


def test_a_diverging_net_ends_its_callbacks() -> None:
    some = [models.net(seed=0), models.net(optimizer=ds.SGD(1e30), loss="squared_error", activation="relu")]
    some[0] = models.net(loss="squared_error", seed=0)
    targets = np.eye(3, dtype=np.float32)[Y]
    shared = Shared(some)
    with pytest.warns(RuntimeWarning, match="diverged"):
        ds.fit_many(some, X, targets, epochs=3, callbacks=shared)
    assert shared.outcomes == {0: "finished", 1: "diverged"}
