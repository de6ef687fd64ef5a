"""`fit_many`: arguments, errors, diverging nets, interrupts, threads."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from functools import partial
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek import _core
from deepseek._training.locks import all_held
from programs import models

LONG = 10**6


def nets(count: int = 4, **options: Any) -> list[ds.Net]:
    return [models.net(seed=i, **options) for i in range(count)]


def noting(count: int, done: list[int]) -> list[ds.Callback]:
    """A callback for each net that notes its number when its fit is complete."""

    def note(number: int, history: ds.History) -> None:
        if history.outcome in ("finished", "stopped early"):
            done.append(number)

    return [ds.LambdaCallback(on_fit_end=partial(note, number)) for number in range(count)]


def states(some: list[ds.Net]) -> list[bytes]:
    return [models.everything(net) for net in some]


def test_histories_and_outcomes() -> None:
    X, y = models.data()
    some = nets()
    some[1].fit(X, y, epochs=2, verbose=False)
    histories = ds.fit_many(
        some, X, y, epochs=30, validation_fraction=0.5, early_stopping=ds.EarlyStopping(patience=1), threads=2
    )
    assert [list(history) for history in histories] == [
        ["epoch", "loss", "val_loss", "learning_rate", "seconds"]
    ] * 4
    assert {history.outcome for history in histories} <= {"finished", "stopped early"}
    assert histories[1]["epoch"][0] == 3
    assert some[1].history["epoch"] == [1, 2, *histories[1]["epoch"]]
    assert np.isnan(some[1].history["val_loss"][:2]).all()
    assert len({len(values) for values in some[1].history.values()}) == 1


def test_no_nets() -> None:
    assert ds.fit_many([], *models.data()) == []


def test_more_epochs_than_a_record_holds() -> None:
    X, y = models.data(10)
    some = nets(3)
    histories = ds.fit_many(some, X, y, epochs=700, threads=2)
    assert [history["epoch"] for history in histories] == [list(range(1, 701))] * 3


def test_more_nets_than_are_prepared_at_a_time() -> None:
    X, y = models.data(30)
    some = nets(200)
    done: list[int] = []
    histories = ds.fit_many(some, X, y, epochs=1, threads=3, callbacks=noting(200, done))
    assert sorted(done) == list(range(200))
    assert all(history.outcome == "finished" and history.epochs == 1 for history in histories)


def wrong(**changes: Any) -> dict[str, Any]:
    X, y = models.data()
    return {"nets": nets(2), "X": X, "y": y, **changes}


X, Y = models.data()
BAD_X, BAD_WEIGHT = X.copy(), np.ones(len(X))
BAD_X[5, 1] = np.nan
BAD_WEIGHT[:10] = 0


@pytest.mark.parametrize(
    ("changes", "kind", "text"),
    [
        ({"nets": models.net()}, TypeError, "nets: got a value of type Net; expected a list of Nets"),
        ({"nets": [1]}, TypeError, r"nets\[0\]: got a value of type int; expected a Net"),
        ({"rows": [None]}, ValueError, "rows: got 1 entries for 2 nets; expected an array"),
        ({"rows": 3}, TypeError, "rows: got a value of type int; expected a list"),
        ({"rows": [None, [0.5]]}, TypeError, r"rows\[1\]: got float64 of shape \(1,\); expected row numbers"),
        ({"rows": [None, []]}, ValueError, r"rows\[1\]: got no rows; expected at least one"),
        ({"rows": [[0, 200], None]}, ValueError, r"rows\[0\]: got row 200; expected row numbers 0 to 199"),
        ({"rows": [[-1], None]}, ValueError, r"rows\[0\]: got row -1; expected"),
        ({"rows": [np.ones(3, bool), None]}, TypeError, r"rows\[0\]: got bool of shape \(3,\); expected"),
        ({"X": BAD_X}, ValueError, "X: got nan in row 5, column 1"),
        ({"y": Y[:-1]}, ValueError, "y: got 199 rows; expected 200"),
        ({"epochs": 0}, ValueError, "epochs: got 0"),
        ({"threads": 0}, ValueError, "threads: got 0"),
        ({"callbacks": 1}, TypeError, "callbacks: got a value of type int; expected a list"),
        ({"callbacks": [ds.ProgressBar()]}, ValueError, "callbacks: got 1 entries for 2 nets; expected"),
        ({"callbacks": [None, 3]}, TypeError, "callbacks: got 3; expected a list of callbacks"),
        ({"epochs": [2]}, ValueError, "epochs: got 1 values for 2 nets; expected one per net"),
        ({"epochs": [2, 0]}, ValueError, "epochs: got 0; expected"),
        ({"batch_size": [None, 0]}, ValueError, "batch_size: got 0; expected"),
        ({"early_stopping": [None, 3]}, TypeError, "early_stopping must be EarlyStopping"),
        (
            {"early_stopping": [ds.EarlyStopping(monitor="val_loss"), None], "validation_rows": [None, [1]]},
            ValueError,
            "early_stopping: got monitor='val_loss' without validation data",
        ),
        ({"validation_rows": [None, [200]]}, ValueError, r"validation_rows\[1\]: got row 200; expected"),
        ({"validation_rows": [None, []]}, ValueError, r"validation_rows\[1\]: got no rows; expected"),
        (
            {"validation_rows": [None, [1]], "validation_fraction": 0.5},
            ValueError,
            "validation_rows: got row numbers and validation_fraction=0.5; expected only one",
        ),
        (
            {"validation_rows": [None, [1]], "validation_data": (X, Y)},
            ValueError,
            "validation_rows: got row numbers and validation_data; expected only one",
        ),
        (
            {"sample_weight": BAD_WEIGHT, "validation_rows": [None, [0, 3]]},
            ValueError,
            "sample_weight: got only zeros in the validation rows",
        ),
        (
            {"validation_split": 0.1},
            TypeError,
            "fit_many: got an unknown argument 'validation_split'; did you",
        ),
        (
            {"sample_weight": BAD_WEIGHT, "rows": [None, [0, 3]]},
            ValueError,
            "sample_weight: got only zeros",
        ),
        ({"early_stopping": ds.EarlyStopping(monitor="val_loss")}, ValueError, "early_stopping: got monitor"),
        ({"validation_fraction": 0.5, "rows": [None, [1]]}, ValueError, "validation_fraction: got 1 row"),
    ],
)
def test_errors_leave_all_nets_unchanged(changes: dict[str, Any], kind: type[Exception], text: str) -> None:
    arguments = wrong(**changes)
    listed = [net for net in arguments["nets"] if isinstance(net, ds.Net)] if "nets" not in changes else []
    before = states(listed)
    with pytest.raises(kind, match=text):
        ds.fit_many(**arguments)
    assert states(listed) == before
    for net in listed:  # and free
        net.fit(X, Y, epochs=1, verbose=False)


def test_a_net_that_does_not_fit_the_data_is_named() -> None:
    some = [models.net(), models.net((7, 4, 3))]
    before = states(some)
    with pytest.raises(ValueError, match="X: got 6 columns; expected 7") as error:
        ds.fit_many(some, X, Y)
    assert error.value.__notes__ == ["The data do not fit nets[1]."]
    assert states(some) == before


def test_a_net_listed_twice_is_refused() -> None:
    some = nets(3)
    with pytest.raises(ValueError, match=r"nets\[3\]: got the net of nets\[1\]; expected each net once"):
        ds.fit_many([*some, some[1]], X, Y)


def test_a_net_in_training_elsewhere_is_refused() -> None:
    some = nets(3)
    started = threading.Event()
    busy = threading.Thread(
        target=lambda: some[2].fit(
            X,
            Y,
            epochs=LONG,
            verbose=False,
            callbacks=ds.LambdaCallback(on_epoch_end=lambda *_: started.set()),
        )
    )
    busy.start()
    try:
        assert started.wait(30)
        before = states(some[:2])
        with pytest.raises(
            RuntimeError, match=r"nets\[2\]: got a model in training in another call or thread"
        ):
            ds.fit_many(some, X, Y)
        assert states(some[:2]) == before
    finally:
        some[2].stop()
        busy.join(30)
    ds.fit_many(some, X, Y, epochs=1)


def test_a_callback_of_a_fit_cannot_train_its_net() -> None:
    net = models.net()
    inner = ds.LambdaCallback(on_epoch_end=lambda *_: ds.fit_many([net], X, Y))
    with pytest.raises(RuntimeError, match=r"nets\[0\]: got a model in training"):
        net.fit(X, Y, epochs=1, verbose=False, callbacks=inner)
    inner, other = ds.LambdaCallback(on_fit_end=lambda _: net.fit(X, Y)), models.net()
    with pytest.raises(RuntimeError, match="fit: got a call during a fit of the same model"):
        ds.fit_many([net, other], X, Y, epochs=1, callbacks=inner)
    ds.fit_many([net, other], X, Y, epochs=1)


def test_a_diverging_net_does_not_spoil_the_others() -> None:
    some = nets(5, loss="squared_error", output_activation="identity")
    targets = np.eye(3, dtype=np.float32)[Y]
    some[2] = models.net(loss="squared_error", optimizer=ds.SGD(1e30), activation="relu")
    with pytest.warns(RuntimeWarning, match=r"training diverged in 1 of 5 nets \(nets\[2\]\)") as caught:
        histories = ds.fit_many(some, X, targets, epochs=3, threads=2)
    assert caught[0].filename == __file__
    assert [history.outcome for history in histories] == ["finished"] * 2 + ["diverged"] + ["finished"] * 2
    assert all(np.isfinite(values).all() for values in some[2].state_dict().values())
    alone = models.net(loss="squared_error", optimizer=ds.SGD(1e30), activation="relu")
    with pytest.raises(ds.DivergenceError):
        alone.fit(X, targets, epochs=3, verbose=False)
    assert models.bits(alone) == models.bits(some[2])


@pytest.mark.parametrize("after", [0.0, 0.002, 0.05, 0.2])
def test_ctrl_c(after: float) -> None:
    """Completed nets stay trained, those in training can be completed alone, and the rest is unchanged."""
    count = 40
    epochs = [LONG, *[60] * (count - 1)]  # the first one is in training until the signal
    some, whole = nets(count), nets(count)
    untouched = states(some)
    done: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    timer = threading.Timer(after, os.kill, (os.getpid(), signal.SIGINT))

    def interrupted() -> None:
        timer.start()
        ds.fit_many(some, X, Y, epochs=epochs, threads=2, callbacks=noting(count, done))

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    timer.join()
    assert signal.getsignal(signal.SIGINT) is before
    started = []
    for i, net in enumerate(some):
        if net._fit_state is None:
            assert models.everything(net) == untouched[i]
            continue
        if not net._fit_state.finished:
            assert i not in done
            started.append(i)
        if i:
            net.fit(X, Y, resume=True, verbose=False)
            whole[i].fit(X, Y, epochs=60, verbose=False)
            assert models.weights(net) == models.weights(whole[i])
    assert len(started) <= 2
    ds.fit_many(some, X, Y, epochs=1, threads=2)


def test_stop_ends_the_fit_of_one_net() -> None:
    some = nets(3)
    stopping = threading.Timer(0.3, lambda: [net.stop() for net in some])
    stopping.start()
    histories = ds.fit_many(some, X, Y, epochs=LONG, threads=3)
    stopping.join()
    assert [history.outcome for history in histories] == ["stopped"] * 3
    with pytest.raises(ValueError, match="epochs: got 7"):
        some[0].fit(X, Y, epochs=7, resume=True)


def test_nets_predict_and_are_saved_while_they_are_trained(tmp_path: Any) -> None:
    some = nets(6)
    ended = threading.Event()
    errors: list[BaseException] = []

    def watch(net: ds.Net, number: int) -> None:
        try:
            while not ended.is_set():
                assert np.isfinite(net.predict(X)).all()
                net.save(tmp_path / f"{number}")
                assert len(pickle.dumps(net)) > 0
                history = net.history
                assert len(history.get("epoch", [])) == len(history.get("loss", []))
                time.sleep(0.001)
        except BaseException as error:
            errors.append(error)

    watchers = [threading.Thread(target=watch, args=(net, i)) for i, net in enumerate(some)]
    for thread in watchers:
        thread.start()
    try:
        ds.fit_many(some, X, Y, epochs=300, threads=2)
    finally:
        ended.set()
        for thread in watchers:
            thread.join(30)
    assert not errors
    whole = nets(6)
    for net, other in zip(some, whole, strict=True):
        other.fit(X, Y, epochs=300, verbose=False)
        assert models.weights(net) == models.weights(other)


def test_a_net_can_be_completed_although_its_epochs_could_not_be_recorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Memory is too short for the report of a block: the fit is not taken for a complete one."""

    class Fits(_core.NetFits):
        def report(self) -> Any:
            raise MemoryError

    some, whole = nets(3), nets(3)
    for net in (*some, *whole):
        net.fit(X, Y, epochs=1, verbose=False)
    untouched = states(some)
    monkeypatch.setattr(_core, "NetFits", Fits)
    with pytest.raises(MemoryError):
        ds.fit_many(some, X, Y, epochs=3000, threads=2)
    begun = [i for i, net in enumerate(some) if models.everything(net) != untouched[i]]
    assert begun
    for i in begun:
        some[i].fit(X, Y, resume=True, verbose=False)
        whole[i].fit(X, Y, epochs=3000, verbose=False)
        assert models.weights(some[i]) == models.weights(whole[i])


def test_two_calls_at_once() -> None:
    groups = [nets(8), nets(8)]
    threads = [
        threading.Thread(target=lambda some=some: ds.fit_many(some, X, Y, epochs=30, threads=2))
        for some in groups
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [models.weights(net) for net in groups[0]] == [models.weights(net) for net in groups[1]]


def test_the_locks_of_many_nets_do_not_deadlock() -> None:
    locks = [threading.Lock() for _ in range(20)]
    ended = []

    def work(order: list[threading.Lock]) -> None:
        for _ in range(200):
            with all_held(order):
                pass
        ended.append(1)

    threads = [threading.Thread(target=work, args=(order,)) for order in (locks, locks[::-1], locks[7:12])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(ended) == 3
    assert not any(lock.locked() for lock in locks)


def test_a_fork_during_the_call() -> None:
    """The child ends at once, and its copies of the nets can be trained."""
    some = nets(6)
    codes: list[int] = []

    def fork() -> None:
        time.sleep(0.1)
        child = os.fork()
        if child == 0:
            try:
                for net in some:
                    net.fit(X, Y, epochs=1, verbose=False)
                os._exit(0)
            except BaseException:
                os._exit(1)
        codes.append(os.waitpid(child, 0)[1])

    forking = threading.Thread(target=fork)
    forking.start()
    ds.fit_many(some, X, Y, epochs=3000, threads=2)
    forking.join(60)
    assert codes == [0]
