"""Promise D3: a call that fails has changed nothing, or leaves the last complete step and says so."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from programs import models
from programs.kinds import KINDS

X, Y = models.data()


class Stop(Exception):
    """What the callbacks here raise."""


def trained() -> ds.Net:
    net = models.net(normalization="batch")
    net.fit(X, Y, epochs=2)
    return net


WRONG: dict[str, Callable[[ds.Net], Any]] = {
    "y too short": lambda net: net.fit(X, Y[:-1]),
    "y no class": lambda net: net.fit(X, Y + 1),
    "y negative": lambda net: net.fit(X, Y - 1),
    "y not whole": lambda net: net.fit(X, Y + 0.5),
    "y text": lambda net: net.fit(X, Y.astype(str)),
    "y missing": lambda net: net.fit(X),
    "epochs 0": lambda net: net.fit(X, Y, epochs=0),
    "epochs 1.0": lambda net: net.fit(X, Y, epochs=1.0),
    "epochs huge": lambda net: net.fit(X, Y, epochs=2**70),
    "batch_size 0": lambda net: net.fit(X, Y, batch_size=0),
    "batch_size text": lambda net: net.fit(X, Y, batch_size="8"),
    "shuffle 3": lambda net: net.fit(X, Y, shuffle=3),
    "unknown argument": lambda net: net.fit(X, Y, epoch=3),
    "callbacks": lambda net: net.fit(X, Y, callbacks=[print]),
    "early_stopping": lambda net: net.fit(X, Y, early_stopping=5),
    "early_stopping without data": lambda net: net.fit(
        X, Y, early_stopping=ds.EarlyStopping(monitor="val_loss")
    ),
    "validation_data": lambda net: net.fit(X, Y, validation_data=3),
    "validation X": lambda net: net.fit(X, Y, validation_data=(X[:, :-1], Y)),
    "validation y": lambda net: net.fit(X, Y, validation_data=(X, Y + 7)),
    "validation_fraction": lambda net: net.fit(X, Y, validation_fraction=1.0),
    "weights negative": lambda net: net.fit(X, Y, sample_weight=-np.ones(200)),
    "weights zero": lambda net: net.fit(X, Y, sample_weight=np.zeros(200)),
    "weights short": lambda net: net.fit(X, Y, sample_weight=np.ones(199)),
    "class_weight": lambda net: net.fit(X, Y, class_weight={7: 1.0}),
    "class_weight text": lambda net: net.fit(X, Y, class_weight="fair"),
    "resume other epochs": lambda net: net.fit(X, Y, epochs=77, resume=True),
    "state is a list": lambda net: net.load_state_dict([]),
    "state is empty": lambda net: net.load_state_dict({}),
    "state has more": lambda net: net.load_state_dict({**net.state_dict(), "x": np.zeros(1)}),
    "state has less": lambda net: net.load_state_dict(dict(list(net.state_dict().items())[:-1])),
    "state of another shape": lambda net: net.load_state_dict(changed(net, lambda a: a[..., None])),
    "state with NaN": lambda net: net.load_state_dict(changed(net, lambda a: a * np.nan)),
    "state complex": lambda net: net.load_state_dict(changed(net, lambda a: a * 1j)),
    "reset to nonsense": lambda net: net.reset("now"),
    "reset to -1": lambda net: net.reset(-1),
    "predict": lambda net: net.predict(X[:, :3]),
    "evaluate": lambda net: net.evaluate(X, Y[:3]),
    "save to a folder": lambda net: net.save("/"),
    "save to nowhere": lambda net: net.save("/nowhere/at/all"),
    "save to 3": lambda net: net.save(3),
}


def changed(net: ds.Net, change: Callable[[Any], Any]) -> dict[str, Any]:
    """The net's parameters, the last one changed."""
    state = net.state_dict()
    last = list(state)[-1]
    return {**state, last: change(state[last])}


@pytest.mark.parametrize("name", WRONG)
def test_a_refused_call_changes_nothing(name: str) -> None:
    net = trained()
    before, history = models.bits(net), repr(net.history)
    with pytest.raises((ValueError, TypeError, OSError)) as caught:
        WRONG[name](net)
    assert str(caught.value)
    assert models.bits(net) == before and repr(net.history) == history
    net.fit(X, Y, epochs=1)
    other = trained()
    other.fit(X, Y, epochs=1)
    assert models.bits(net) == models.bits(other)


@pytest.mark.parametrize("hook", ["on_epoch_end", "on_block_end"])
@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_a_callback_that_raises_leaves_the_last_complete_step(kind: str, hook: str, n: int) -> None:
    X, y = KINDS[kind].data()
    make = KINDS[kind].make
    calls = 0

    def fail(*arguments: Any) -> None:
        nonlocal calls
        if hook == "on_block_end" and arguments[0].step not in (0, arguments[0].steps):
            return  # on a busy machine a block may end inside an epoch
        calls += 1
        if calls == n:
            raise Stop

    whole, part = make(), make()
    one_an_epoch = ds.LambdaCallback(on_epoch_end=lambda epoch, logs: None)
    whole.fit(X, y, epochs=8, callbacks=[one_an_epoch])
    with pytest.raises(Stop):
        part.fit(X, y, epochs=8, callbacks=[one_an_epoch, ds.LambdaCallback(**{hook: fail})])
    assert part.history.epochs == n
    some = make()
    some.fit(X, y, epochs=n)
    assert models.weights(some) == models.weights(part)
    part.fit(X, y, epochs=8, resume=True)
    assert models.bits(part) == models.bits(whole)


def test_a_callback_that_raises_before_the_first_step() -> None:
    net = trained()
    before = models.bits(net)

    def fail() -> None:
        raise Stop

    with pytest.raises(Stop):
        net.fit(X, Y, callbacks=[ds.LambdaCallback(on_fit_begin=fail)])
    assert models.bits(net) == before


def test_the_model_cannot_be_fitted_inside_its_own_fit() -> None:
    net = trained()
    hook = ds.LambdaCallback(on_epoch_end=lambda epoch, logs: net.fit(X, Y))
    with pytest.raises(RuntimeError, match="callback"):
        net.fit(X, Y, epochs=2, callbacks=[hook])
    net.fit(X, Y, epochs=1)


@pytest.mark.parametrize("kind", KINDS)
def test_loading_a_damaged_file_is_a_clear_error(tmp_path: Path, kind: str) -> None:
    """Damage of every kind is `test_files_damage.py`'s; this is the call that users make."""
    net = KINDS[kind].make(**KINDS[kind].rich)
    net.fit(*KINDS[kind].data(20), epochs=1)
    path = tmp_path / "m"
    net.save(path)
    data = bytearray(path.read_bytes())
    for position in range(0, len(data), max(1, len(data) // 60)):
        damaged = bytearray(data)
        damaged[position] ^= 0x10
        path.write_bytes(damaged)
        with pytest.raises(ds.ModelFileError, match=str(path)):
            ds.load(path)
    path.write_bytes(data)
    assert models.bits(ds.load(path)) == models.bits(net)


def test_a_failed_save_leaves_the_old_file_and_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = trained()
    path = tmp_path / "m"
    net.save(path)
    old, before = path.read_bytes(), models.bits(net)
    net.fit(X, Y, epochs=1)
    after = models.bits(net)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            net.save(path)
    assert path.read_bytes() == old and os.listdir(tmp_path) == ["m"]
    assert models.bits(net) == after != before


def test_a_checkpoint_that_cannot_be_written_ends_the_fit_and_keeps_the_model(tmp_path: Path) -> None:
    net = models.net()
    with pytest.raises(FileNotFoundError):
        net.fit(X, Y, epochs=5, callbacks=[ds.Checkpoint(tmp_path / "no" / "m")])
    assert net.history.epochs == 1
    net.fit(X, Y, resume=True)
    whole = models.net()
    whole.fit(X, Y, epochs=5)
    assert models.bits(net) == models.bits(whole)
