"""The same training gives the same bytes of files, for every kind of model and for checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek.callbacks import Callback
from programs.kinds import KINDS


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("watched", [False, True])
def test_the_same_training_twice(tmp_path: Path, kind: str, watched: bool) -> None:
    one, two = (tmp_path / name for name in ("one.ds", "two.ds"))
    for path in (one, two):
        case = KINDS[kind]
        model = case.make(**case.rich)
        options = case.watched if watched else {}
        model.fit(*case.data(), epochs=3, batch_size=16, verbose=False, **options)
        assert all(seconds >= 0 for seconds in model.history["seconds"])
        model.save(path)
    assert one.read_bytes() == two.read_bytes()
    again = ds.load(one)
    again.save(two)
    assert one.read_bytes() == two.read_bytes()
    assert "seconds" not in again.history and again.history["loss"] == model.history["loss"]


@pytest.mark.parametrize("kind", ["Net", "Rec", "Gen"])
def test_checkpoints(tmp_path: Path, kind: str) -> None:
    case = KINDS[kind]
    for name in ("one", "two"):
        case.make().fit(*case.data(), epochs=3, verbose=False, checkpoint=tmp_path / f"{name}{{epoch}}.ds")
    for epoch in (1, 2, 3):
        assert (tmp_path / f"one{epoch}.ds").read_bytes() == (tmp_path / f"two{epoch}.ds").read_bytes()


def test_a_resumed_training(tmp_path: Path) -> None:
    case = KINDS["Net"]
    X, y = case.data()
    whole = case.make()
    whole.fit(X, y, epochs=4, verbose=False)
    whole.save(tmp_path / "whole.ds")

    class Stop(Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
            if epoch == 2:
                self.model.stop()

    part = case.make()
    part.fit(X, y, epochs=4, verbose=False, callbacks=Stop())
    part.save(tmp_path / "part.ds")
    resumed = ds.load(tmp_path / "part.ds")
    resumed.fit(X, y, verbose=False, resume=True)
    resumed.save(tmp_path / "part.ds")
    assert (tmp_path / "part.ds").read_bytes() == (tmp_path / "whole.ds").read_bytes()
    assert np.isnan(resumed.history["seconds"]).tolist() == [True, True, False, False]
