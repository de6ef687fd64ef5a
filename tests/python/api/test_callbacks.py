"""Callbacks: what they see, what they may do, and what is left when they fail; the progress line."""

from __future__ import annotations

import io
import math
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from programs import models


class Recorder(ds.Callback):
    """Records every call."""

    def __init__(self) -> None:
        self.said: list[tuple[Any, ...]] = []

    def on_fit_begin(self) -> None:
        self.said.append(("begin", self.model.history.epochs))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        self.said.append(("epoch", epoch, dict(logs), models.weights(self.model)))  # type: ignore[arg-type]

    def on_block_end(self, progress: ds.Progress) -> None:
        self.said.append(("block", progress))

    def on_fit_end(self, history: ds.History) -> None:
        self.said.append(("end", history.outcome, history.epochs))


def test_hooks_come_in_order_with_the_weights_of_their_epoch() -> None:
    X, y = models.data()
    net, recorder = models.net(), Recorder()
    net.fit(X, y, epochs=3, validation_data=models.data(20), callbacks=[recorder])
    kinds = [said[0] for said in recorder.said]
    assert kinds[0] == "begin"
    assert kinds[-1] == "end"
    assert recorder.said[-1] == ("end", "finished", 3)
    epochs = [said for said in recorder.said if said[0] == "epoch"]
    assert [said[1] for said in epochs] == [1, 2, 3]
    for _, epoch, logs, weights in epochs:
        assert list(logs) == ["loss", "val_loss", "learning_rate", "seconds"]
        assert logs["loss"] == net.history["loss"][epoch - 1]
        alone = models.net()
        alone.fit(X, y, epochs=epoch)
        assert models.weights(alone) == weights
    assert kinds.index("epoch") < kinds.index("block")


def test_the_hooks_also_see_the_epoch_of_an_early_stop() -> None:
    X, y = models.data()
    net, recorder = models.net(), Recorder()
    history = net.fit(
        X,
        y,
        epochs=100,
        validation_data=models.data(20, seed=9),
        early_stopping=ds.EarlyStopping(patience=1, min_delta=0.01),
        callbacks=[recorder],
    )
    assert history.stopped_early
    assert [said[1] for said in recorder.said if said[0] == "epoch"] == history["epoch"]
    alone = models.net()
    alone.fit(X, y, epochs=history.epochs)
    last = next(said for said in reversed(recorder.said) if said[0] == "epoch")
    assert last[3] == models.weights(alone)  # of this epoch; the best weights are restored after it
    assert last[3] != models.weights(net)


def test_progress_tells_where_the_fit_stands() -> None:
    X, y = models.data(100)
    net = models.net()
    net.fit(X, y, epochs=2)
    seen: list[ds.Progress] = []
    # a callback at each epoch's end makes each epoch a block of its own
    watch = ds.LambdaCallback(on_block_end=seen.append, on_epoch_end=lambda epoch, logs: None)
    net.fit(X, y, epochs=3, batch_size=32, callbacks=watch)
    ends = [p for p in seen if p.step == p.steps]
    assert [p.epoch for p in ends] == [3, 4, 5]
    assert {p.epochs for p in seen} == {5}
    assert {p.steps for p in seen} == {4}
    assert [p.loss for p in ends] == net.history["loss"][2:]
    assert all(math.isnan(p.val_loss) and p.learning_rate == 1e-3 and p.samples_per_second > 0 for p in ends)
    assert [p.seconds for p in seen] == sorted(p.seconds for p in seen)


def test_what_callbacks_log_is_recorded_and_seen_by_the_next() -> None:
    X, y = models.data()
    net = models.net()

    def measure(epoch: int, logs: dict[str, Any]) -> None:
        logs["accuracy"] = net.evaluate(X, y)["accuracy"]

    seen: list[float] = []
    callbacks = [
        ds.LambdaCallback(on_epoch_end=measure),
        ds.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs["accuracy"])),
    ]
    history = net.fit(X, y, epochs=3, callbacks=callbacks)
    assert history["accuracy"] == seen == net.history["accuracy"]
    assert seen[-1] == net.evaluate(X, y)["accuracy"]


def test_stop_ends_the_fit_and_resume_completes_it() -> None:
    X, y = models.data()
    whole, net = models.net(dropout=0.1), models.net(dropout=0.1)
    whole.fit(X, y, epochs=6)
    stop = ds.LambdaCallback(on_epoch_end=lambda epoch, logs: net.stop() if epoch == 2 else None)
    history = net.fit(X, y, epochs=6, callbacks=stop)
    assert (history.epochs, history.outcome) == (2, "stopped")
    rest = net.fit(X, y, epochs=6, resume=True)
    assert (rest["epoch"], rest.outcome) == ([3, 4, 5, 6], "finished")
    assert models.bits(net) == models.bits(whole)
    again = net.fit(X, y, resume=True)
    assert (again.epochs, again.outcome) == (0, "finished")
    assert models.bits(net) == models.bits(whole)


def test_stop_before_a_fit_means_nothing() -> None:
    X, y = models.data()
    net = models.net()
    net.stop()
    assert net.fit(X, y, epochs=2).epochs == 2


@pytest.mark.parametrize("hook", ["on_fit_begin", "on_epoch_end", "on_block_end", "on_fit_end"])
@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, SystemExit])
def test_an_exception_in_a_callback_leaves_a_usable_model(hook: str, error: type[BaseException]) -> None:
    X, y = models.data()
    whole, net, recorder = models.net(), models.net(), Recorder()
    whole.fit(X, y, epochs=4)

    def fail(*_: Any) -> None:
        raise error("from the callback")

    before = models.bits(net)
    with pytest.raises(error, match="from the callback"):
        net.fit(X, y, epochs=4, callbacks=[recorder, ds.LambdaCallback(**{hook: fail})])
    assert recorder.said[-1][0] == "end"  # the others are called in any case
    outcome = {"on_fit_begin": "failed", "on_fit_end": "finished"}.get(hook, "failed")
    outcome = "interrupted" if error is KeyboardInterrupt and outcome == "failed" else outcome
    assert recorder.said[-1][1] == outcome
    if hook == "on_fit_begin":
        assert models.bits(net) == before
        net.fit(X, y, epochs=4)
    else:
        net.predict(X)
        net.fit(X, y, epochs=4, resume=True)
    assert models.bits(net) == models.bits(whole)
    assert net.history["loss"] == whole.history["loss"]


def test_checkpoints_are_written_as_asked(tmp_path: Path) -> None:
    X, y = models.data()
    net = models.net()
    saved = ds.Checkpoint(tmp_path / "{epoch:02d}.ds", interval=2)
    net.fit(X, y, epochs=5, callbacks=saved)
    assert sorted(os.listdir(tmp_path)) == ["02.ds", "04.ds", "05.ds"]
    again = ds.load(tmp_path / "02.ds")
    assert again.history.epochs == 2
    again.fit(X, y, epochs=5, resume=True)
    assert models.bits(again) == models.bits(net)


def test_fit_writes_checkpoints(tmp_path: Path) -> None:
    X, y = models.data()
    whole, net = models.net(), models.net()
    whole.fit(X, y, epochs=5)
    path = tmp_path / "net {x}.ds"  # braces of no placeholder

    def measure(epoch: int, logs: dict[str, Any]) -> None:
        logs["double"] = 2 * logs["loss"]
        if epoch == 3:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        net.fit(X, y, epochs=5, checkpoint=path, callbacks=[ds.LambdaCallback(on_epoch_end=measure)])
    again = ds.load(path)
    assert again.history["double"] == [2 * loss for loss in net.history["loss"][:2]]
    again.fit(X, y, resume=True, checkpoint=path)
    assert models.bits(again) == models.bits(whole) == models.bits(ds.load(path))


def test_a_checkpoint_that_cannot_be_written_ends_the_fit(tmp_path: Path) -> None:
    X, y = models.data()
    net = models.net()
    with pytest.raises(OSError, match="missing"):
        net.fit(X, y, epochs=3, checkpoint=tmp_path / "missing" / "net.ds")
    assert net.history.epochs == 1
    net.fit(X, y, resume=True)
    assert net.history.epochs == 3


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: ds.Checkpoint("x", interval=0), ValueError, "interval: got .*; expected .*at least 1"),
        (lambda: ds.Checkpoint(3), TypeError, "PathLike object, not int"),  # type: ignore[arg-type]
        (lambda: ds.Checkpoint(b"x"), TypeError, "path: got b.x.; expected a string or a path"),  # type: ignore[arg-type]
        (lambda: ds.LambdaCallback(on_epoch_end=3), TypeError, "on_epoch_end: got 3; expected a callable"),
        (lambda: ds.ProgressBar(rich=1), TypeError, "rich: got .*; expected True or False"),  # type: ignore[arg-type]
    ],
)
def test_wrong_arguments(make: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        make()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


LINE = r"epoch 3/3.*loss [\d.]+  val_loss [\d.]+  learning_rate 0.001  [\d.]+[kM]? samples/s  finished, \d+\.\d s\n"


def test_the_line_in_a_file() -> None:
    X, y = models.data()
    stream = io.StringIO()
    net = models.net()
    history = net.fit(
        X, y, epochs=3, validation_data=models.data(20), callbacks=ds.ProgressBar(stream), verbose=True
    )
    last = stream.getvalue().splitlines(keepends=True)[-1]
    assert re.fullmatch(LINE, last)
    assert f"loss {history['loss'][-1]:.4g}" in last
    assert "\r" not in stream.getvalue()


def test_the_line_on_a_terminal() -> None:
    X, y = models.data()
    stream = Terminal()
    bar = ds.ProgressBar(stream, rich=False)
    net = models.net()
    net.fit(X, y, epochs=3, validation_data=models.data(20), callbacks=bar)
    lines = stream.getvalue().split("\r")
    assert lines[0] == ""
    assert re.fullmatch(LINE, lines[-1])
    assert "[" + "#" * 24 + "]" in lines[-1]
    net.fit(X, y, epochs=1, callbacks=bar)
    assert "epoch 4/4" in stream.getvalue()


@pytest.mark.peers
def test_the_line_by_rich() -> None:
    pytest.importorskip("rich")
    X, y = models.data()
    stream = Terminal()
    models.net().fit(X, y, epochs=3, callbacks=ds.ProgressBar(stream))
    assert "epoch 3/3" in stream.getvalue()
    assert "samples/s" in stream.getvalue()


def test_silence_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    X, y = models.data()
    models.net().fit(X, y, epochs=2)
    models.net().fit(X, y, epochs=2, verbose=False)
    assert capsys.readouterr() == ("", "")
    models.net().fit(X, y, epochs=2, verbose=True)
    assert re.search(r"epoch 2/2 .* finished", capsys.readouterr().err)


def test_a_terminal_gets_one_line_without_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = models.data()
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    models.net().fit(X, y, epochs=2)
    assert "epoch 2/2" in stream.getvalue()
    said = len(stream.getvalue())
    models.net().fit(X, y, epochs=2, verbose=False)
    assert len(stream.getvalue()) == said


def test_the_line_ends_when_the_fit_breaks_off() -> None:
    X, y = models.data()
    stream = Terminal()
    bar = ds.ProgressBar(stream, rich=False)
    with pytest.raises(ds.DivergenceError):
        ds.Net([6, 8, 1], optimizer=ds.SGD(1e30)).fit(np.asarray(X) * 1e3, y, callbacks=bar, epochs=9)
    assert stream.getvalue() == "" or stream.getvalue().endswith("s\n")
