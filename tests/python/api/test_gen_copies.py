"""Gens that travel while they learn, and their files. test_copies.py has what all models share."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from programs import gens, models
from programs.copies import WAYS, assert_refused


@pytest.mark.parametrize("way", WAYS)
def test_one_that_does_not_know_its_width_travels(way: str, tmp_path: Path) -> None:
    X, _ = gens.data()
    gen = ds.Gen(generator=[6], discriminator=[6])
    again = WAYS[way](gen, tmp_path)
    assert repr(again) == repr(gen)
    for one in (gen, again):
        one.fit(X, epochs=1)
    assert models.bits(again) == models.bits(gen)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("at", [1, 3, 4])
def test_an_interrupted_fit_arrives_interrupted(way: str, at: int, tmp_path: Path) -> None:
    X, y = gens.data("labels")
    fit: dict[str, Any] = {
        "epochs": 6,
        "batch_size": 16,
        "monitor": ["frechet", "tstr"],
        "monitor_interval": 2,
    }
    fit["early_stopping"] = ds.EarlyStopping(patience=4)
    fit["monitor_data"] = gens.data("labels", 40, seed=9)
    whole, gen = (gens.gen("labels", optimizer=ds.Adam(0.01, schedule=ds.Cosine())) for _ in range(2))
    whole.fit(X, y, **fit)
    stop = ds.LambdaCallback(on_epoch_end=lambda epoch, logs: gen.stop() if epoch == at else None)
    assert gen.fit(X, y, **fit, callbacks=stop).outcome == "stopped"
    again = WAYS[way](gen, tmp_path)
    with pytest.raises(ValueError, match="resume: got 59 rows; expected 60, as many as the fit to resume"):
        again.fit(X[:59], y[:59], monitor_data=fit["monitor_data"], resume=True)  # type: ignore[index]
    with pytest.raises(ValueError, match="resume: got 0 validation rows; expected 40, as many as the fit"):
        again.fit(X, y, resume=True)
    with pytest.raises(ValueError, match="monitor_interval: got 3; expected 2, that of the fit to resume"):
        again.fit(X, y, monitor_interval=3, resume=True)
    again.fit(X, y, monitor_data=fit["monitor_data"], resume=True)
    assert models.bits(again) == models.bits(whole)
    for name in ("loss", "generator_loss", "frechet"):
        np.testing.assert_array_equal(again.history[name], whole.history[name])


def test_callables_are_given_again() -> None:
    X, _ = gens.data()

    def mean(gen: ds.Gen, epoch: int) -> float:
        return float(np.abs(gen.sample(50, seed=2)).mean())

    whole, gen = gens.gen(), gens.gen()
    fit: dict[str, Any] = {"epochs": 5, "monitor": mean, "early_stopping": ds.EarlyStopping(patience=2)}
    whole.fit(X, **fit)
    gen.fit(
        X, **fit, callbacks=ds.LambdaCallback(on_epoch_end=lambda e, logs: gen.stop() if e == 1 else None)
    )
    again = pickle.loads(pickle.dumps(gen))
    with pytest.raises(ValueError, match=r"monitor: got None, but .* had the callable 'mean'; expected it"):
        again.fit(X, resume=True)
    again.fit(X, monitor=mean, resume=True)
    assert models.bits(again) == models.bits(whole)


@pytest.mark.parametrize(("at", "epochs"), [(2, 5), (4, 5), (3, 3)], ids=["within", "stopping", "last"])
def test_an_interrupt_in_a_monitor_is_made_good(at: int, epochs: int) -> None:
    X, _ = gens.data()
    values = {1: 3.0, 2: 1.0, 3: 2.0, 4: 2.0, 5: 2.0}
    broken = True

    def mine(gen: ds.Gen, epoch: int) -> float:
        if epoch == at and broken:
            raise KeyboardInterrupt
        return values[epoch]

    fit: dict[str, Any] = {"epochs": epochs, "monitor": mine, "early_stopping": ds.EarlyStopping(patience=2)}
    gen, whole = gens.gen(), gens.gen()
    with pytest.raises(KeyboardInterrupt):
        gen.fit(X, **fit)
    broken = False
    gen.fit(X, monitor=mine, resume=True)
    whole.fit(X, **fit)
    assert gen.history["mine"] == whole.history["mine"] == [3.0, 1.0, 2.0, 2.0][:epochs]
    assert models.bits(gen) == models.bits(whole)


def test_a_callback_that_fails_at_the_end_keeps_the_best_for_the_resume() -> None:
    X, _ = gens.data()
    fit: dict[str, Any] = {"epochs": 3, "monitor": {"mine": lambda gen, epoch: [9.0, 1.0, 2.0][epoch - 1]}}
    fit["early_stopping"] = True
    gen, whole = gens.gen(), gens.gen()

    def fail(epoch: int, logs: dict[str, Any]) -> None:
        if epoch == 3:
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        gen.fit(X, **fit, callbacks=ds.LambdaCallback(on_epoch_end=fail))
    gen.fit(X, **fit, resume=True)
    whole.fit(X, **fit)
    assert models.bits(gen) == models.bits(whole)


def test_a_file_without_state_samples_the_same(tmp_path: Path) -> None:
    X, y = gens.data("labels")
    gen = gens.gen("labels")
    gen.fit(X, y, epochs=2)
    gen.save(tmp_path / "small", state=False)
    gen.save(tmp_path / "whole")
    assert (tmp_path / "small").stat().st_size < (tmp_path / "whole").stat().st_size
    again = ds.load(tmp_path / "small")
    assert again.sample(20).tobytes() == gen.sample(20).tobytes()
    with pytest.raises(ValueError, match="no fit to resume"):
        again.fit(X, y, resume=True)


def test_a_state_dict_goes_from_model_to_model() -> None:
    X, y = gens.data("labels")
    gen, other = gens.gen("labels"), gens.gen("labels", seed=9)
    gen.fit(X, y, epochs=1)
    other.load_state_dict(gen.state_dict())
    assert other.sample(5, seed=3).tobytes() == gen.sample(5, seed=3).tobytes()
    assert other.discriminate(X, y).tobytes() == gen.discriminate(X, y).tobytes()
    before, state = models.bits(other), gen.state_dict()
    wrong: list[tuple[dict[str, Any], str]] = [
        (
            {"generator.9.weight": np.zeros(3)},
            r"state: got unknown generator\.9\.weight; expected generator\.embedding\.weight, generator\.0\.weight,",
        ),
        ({"average.0.bias": np.zeros(3)}, r"average\.0\.bias: got shape \(3,\); expected \(12,\)"),
        (
            {"discriminator.1.bias": [np.nan]},
            r"discriminator\.1\.bias: got nan in row 0; expected finite numbers",
        ),
    ]
    for change, said in wrong:
        with pytest.raises(ValueError, match=said):
            other.load_state_dict({**state, **change})
    with pytest.raises(
        ValueError,
        match=r"state: got no average\.embedding\.weight, average\.0\.weight, average\.0\.bias, average\.1\.weight,",
    ):
        other.load_state_dict({name: a for name, a in state.items() if not name.startswith("average")})
    assert models.bits(other) == before


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        ("kind", "Net", "the configuration lacks or does not know"),
        ("config/data_size", 6, r"expected float32 \(6, 12\)"),
        ("config/data_size", None, "lacks or does not know data_size"),
        ("config/generator", [2**40], "generator"),
        ("config/loss", "hinge2", "loss: got .*; expected one of"),
        ("config/augmentation", {"type": "os.system"}, "augmentation: type: got .*; expected one of"),
        ("config/discriminator_optimizer", None, "lacks or does not know discriminator_optimizer"),
        ("config/colour", "red", "lacks or does not know colour"),
        ("config/classes", 4, r"expected float32 \(4, 4\)|expected float32 \(4, 3\)"),
        ("gen/draws", -1, "draws: got .*; expected .*at least 0"),
        ("gen/counts", [1, 2], "counts of labels: got 2 with sum 3; expected 3, not all 0"),
        ("gen/label", "x", "label: got 'x'; expected a column of 3 labels that the transformer encodes"),
        ("gen", None, r"configuration: got \[\]; expected 'gen' with counts, draws, label, lengths,"),
        ("fit_state/config/monitor_interval", 0, "monitor_interval: got .*; expected .*at least 1"),
        ("fit_state/monitor_state/collapsed", -1, "collapsed: got .*; expected .*at least 0"),
        (
            "tensors/average.0.weight",
            None,
            r"state: got no average\.0\.weight; expected generator\.embedding\.weight, generator\.0\.weight,",
        ),
        (
            "tensors/generator.0.bias",
            np.full(12, np.nan, np.float32),
            r"generator\.0\.bias: got nan in row 0; expected finite numbers",
        ),
    ],
)
def test_a_file_is_checked_again(where: str, value: Any, said: str, tmp_path: Path) -> None:
    X, y = gens.data("labels")
    gen = gens.gen("labels")
    gen.fit(X, y, epochs=1)
    assert_refused(gen, tmp_path, where, value, said)
