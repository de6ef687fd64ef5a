"""History: lists of one length, with any columns that callbacks add."""

from __future__ import annotations

import copy
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek.history import read_history
from programs import models


def three_epochs() -> ds.History:
    history = ds.History()
    history.add({"epoch": 1, "loss": 3.0, "learning_rate": 0.1})
    history.add({"epoch": 2, "loss": 2.0, "learning_rate": 0.1, "accuracy": 0.5})
    history.add({"epoch": 3, "loss": 2.5, "learning_rate": 0.1})
    return history


def test_what_an_epoch_lacks_is_nan() -> None:
    history = three_epochs()
    assert history.epochs == 3
    assert {len(values) for values in history.values()} == {3}
    assert math.isnan(history["accuracy"][0])
    assert history["accuracy"][1] == 0.5
    assert math.isnan(history["accuracy"][2])
    history.amend({"accuracy": 0.75, "depth": 4})
    assert history["accuracy"][1:] == [0.5, 0.75]
    assert history["depth"][2] == 4
    assert {len(values) for values in history.values()} == {3}


def test_the_best_epoch() -> None:
    assert ds.History().best_epoch is None
    history = three_epochs()
    assert history.best_epoch == 2
    history.amend({"val_loss": 1.0})
    assert history.best_epoch == 3  # the only one with a validation loss


def test_it_prints_in_a_line() -> None:
    history = three_epochs()
    history.outcome = "stopped early"
    assert history.stopped_early
    assert repr(history) == str(history) == "History(3 epochs, loss 2.5, stopped early)"


def test_copies() -> None:
    history = three_epochs()
    history.outcome = "finished"
    del history["accuracy"]  # NaN equals nothing
    for again in (copy.deepcopy(history), pickle.loads(pickle.dumps(history))):
        assert again == history
        assert again.outcome == "finished"
        again["loss"].append(1.0)
    assert history.epochs == 3
    assert len(history["loss"]) == 3


def test_a_file_holds_what_is_plain() -> None:
    history = three_epochs()
    history.amend({"picture": object()})
    config = history.to_config()
    assert set(config) == {"epoch", "loss", "learning_rate", "accuracy"}
    again = read_history(config)
    assert list(again) == ["epoch", "loss", "learning_rate", "accuracy"]
    assert again["loss"] == history["loss"]


@pytest.mark.parametrize("value", [np.float32(0.5), None, "low", object()])
def test_a_callback_cannot_make_a_model_that_no_file_gives_back(value: Any, tmp_path: Path) -> None:
    X, y = models.data(20)
    net = models.net()
    spoil = ds.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(loss=value, mine=np.int64(3)))
    net.fit(X, y, epochs=2, callbacks=spoil)
    net.save(tmp_path / "m")
    found = ds.load(tmp_path / "m").history
    assert found["mine"] == [3, 3] and found["epoch"] == [1, 2]
    np.testing.assert_array_equal(found["loss"], [0.5 if isinstance(value, np.float32) else np.nan] * 2)


@pytest.mark.parametrize(
    "config", [None, [], {"loss": 1.0}, {"epoch": [1], "loss": []}, {"loss": [1.0]}, {"epoch": [1]}]
)
def test_a_file_is_not_trusted(config: Any) -> None:
    with pytest.raises(ValueError, match="history"):
        read_history(config)


def test_what_a_fit_records() -> None:
    X, y = models.data()
    net = models.net()
    history = net.fit(X, y, epochs=3, validation_data=models.data(30))
    assert list(history) == ["epoch", "loss", "val_loss", "learning_rate", "seconds"]
    assert history["epoch"] == [1, 2, 3]
    assert history["learning_rate"] == [1e-3] * 3
    assert all(isinstance(value, float) and value >= 0 for value in history["seconds"])
    assert history.outcome == "finished"
    assert net.history.outcome == ""
    net.fit(X, y, epochs=1)
    assert net.history["epoch"] == [1, 2, 3, 4]
    assert math.isnan(net.history["val_loss"][3])
    assert history.epochs == 3


@pytest.mark.peers
def test_it_plots() -> None:
    pytest.importorskip("matplotlib").use("Agg")
    X, y = models.data()
    axes = models.net().fit(X, y, epochs=3, validation_data=models.data(30)).plot()
    assert len(axes.get_lines()) >= 2
