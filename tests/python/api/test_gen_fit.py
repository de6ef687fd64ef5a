"""Gen's fits: history, monitors, early stopping, collapse, and what is left when something goes wrong."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from programs import gens, models

KINDS = list(gens.KINDS)
COLUMNS = [
    "epoch", "loss", "penalty", "real_score", "fake_score", "generator_loss", "learning_rate",
    "generator_learning_rate", "seconds",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_fit_tells_its_epochs(kind: str) -> None:
    X, y = gens.data(kind)
    gen = gens.gen(kind)
    history = gen.fit(X, y, epochs=3, batch_size=16)
    assert list(history) == COLUMNS and history.outcome == "finished"
    assert history["epoch"] == [1, 2, 3] and np.isfinite([history[c] for c in COLUMNS]).all()
    assert gen.fit(X, y, epochs=1)["epoch"] == [4]
    assert gen.history["epoch"] == [1, 2, 3, 4] and gen.history.best_epoch is None
    figures = gen.partial_fit(X, y)
    assert list(figures) == COLUMNS[1:-1] and gen.history.epochs == 4


@pytest.mark.parametrize("name", [*KINDS, "everything"])
def test_threads_change_no_bit(name: str) -> None:
    options = gens.EVERYTHING if name == "everything" else gens.KINDS[name]
    X, y = gens.data("labels" if "classes" in options else "plain", 96)
    found = []
    for threads in (1, 2, 5):
        gen = gens.gen(**{**options, "threads": threads, "generator": [40, 30], "dropout": 0.1})
        gen.fit(X, y, epochs=3, batch_size=32)
        found.append(
            (models.weights(gen), gen.sample(70, seed=1).tobytes(), gen.discriminate(X, y).tobytes())
        )
    assert found[0] == found[1] == found[2]


def test_it_learns_where_the_data_are() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal([2.0, -1.0], size=(256, 2))
    optimizer = ds.Adam(5e-3, beta1=0.0, beta2=0.99, schedule=ds.Cosine())
    gen = ds.Gen(latent_size=2, generator=[64], discriminator=[64], optimizer=optimizer)
    history = gen.fit(X, epochs=200, batch_size=64, monitor="frechet")
    assert history["frechet"][-1] < 0.2 < 1.0 < history["frechet"][0]
    np.testing.assert_allclose(gen.sample(2000, seed=1).mean(axis=0), X.mean(axis=0), atol=0.3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epochs": 0}, "epochs: got .*; expected .*at least 1"),
        ({"batch_size": 0}, "batch_size: got .*; expected .*at least 1"),
        ({"batch_size": 6}, "batch_size: got 6; expected a multiple of 4"),
        ({"shuffle": 3}, "shuffle: got .*; expected True or False"),
        ({"monitor": "fid"}, "monitor: got .*; expected one of frechet, mmd, ks, tstr"),
        ({"monitor": 3}, "monitor: got .*; expected one of"),
        ({"monitor": ["ks", "ks"]}, "monitor: got the name 'ks', which is taken; expected another one,"),
        (
            {"monitor": {"loss": lambda gen, epoch: 0.0}},
            "monitor: got the name 'loss', which is taken; expected",
        ),
        (
            {"monitor": {"ks": lambda gen, epoch: 0.0}},
            "monitor: got the name 'ks', which is taken; expected another",
        ),
        ({"monitor": "tstr"}, "monitor: got 'tstr' for a Gen without labels; expected another monitor,"),
        ({"monitor": "ks", "monitor_interval": 0}, "monitor_interval: got .*; expected .*at least 1"),
        (
            {"monitor": "ks", "monitor_data": np.zeros((5, 3))},
            "monitor_data's X: got 3 columns; expected 5, one per input of the model",
        ),
        ({"monitor_data": np.zeros((4, 5))}, "monitor_data: got data without a monitor; expected monitor="),
        (
            {"monitor": "ks", "monitor_data": np.zeros((1, 5))},
            "monitor: got 1 row to compare with; expected at",
        ),
        ({"early_stopping": True}, "early_stopping: got a value without a monitor; expected monitor=, as"),
        ({"early_stopping": 4, "monitor": "ks"}, "early_stopping must be"),
        (
            {"early_stopping": ds.EarlyStopping(monitor="loss"), "monitor": "ks"},
            "got monitor='loss'; expected None",
        ),
        ({"callbacks": [print]}, "expected a Callback"),
        ({"resume": True}, "no fit to resume"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_refused_fit_changes_nothing(options: dict[str, Any], said: str) -> None:
    X, _ = gens.data()
    gen = gens.gen("groups")
    before = models.bits(gen)
    with pytest.raises((TypeError, ValueError), match=said):
        gen.fit(X, **{"epochs": 2, "batch_size": 8, **options})
    assert models.bits(gen) == before and gen.history == {}


def test_too_few_rows_for_one_group_are_refused() -> None:
    X, _ = gens.data(rows=7)
    gen = gens.gen("groups")
    with pytest.raises(ValueError, match="got 3 rows; expected at least 4"):
        gen.fit(X[:3], epochs=1)
    with pytest.raises(ValueError, match="got 3 rows; expected at least 4"):
        gen.partial_fit(X[:3])
    other = gens.gen("groups")
    gen.fit(X, epochs=2, shuffle=False)  # rows that fill no group are left out
    other.fit(X[:4], epochs=2, shuffle=False)
    assert models.weights(gen) == models.weights(other)


def test_monitors_fill_columns_and_touch_nothing() -> None:
    X, y = gens.data("labels")
    plain, gen = gens.gen("labels"), gens.gen("labels")
    plain.fit(X, y, epochs=5, batch_size=16)
    calls: list[int] = []

    def mine(model: ds.Gen, epoch: int) -> float:
        assert model is gen
        calls.append(epoch)
        return float(model.sample(10, seed=1).mean())

    names = ["frechet", "mmd", "ks", "tstr", mine]
    history = gen.fit(X, y, epochs=5, batch_size=16, monitor=names, monitor_interval=2)
    assert models.weights(gen) == models.weights(plain)
    assert list(history) == [*COLUMNS, "frechet", "mmd", "ks", "tstr", "mine"]
    assert calls == [2, 4, 5]
    for name in list(history)[len(COLUMNS) :]:
        assert np.isfinite(history[name]).tolist() == [False, True, False, True, True]
    assert gen.history == history
    with pytest.raises(TypeError, match="monitor 'bad': got 'low'; expected a function that returns a"):
        gen.fit(X, y, epochs=1, monitor={"bad": lambda gen, epoch: "low"})


def test_early_stopping_puts_the_best_weights_back() -> None:
    X, _ = gens.data()
    values = iter([3.0, 1.0, 2.0, 2.0, 2.0, 2.0])
    gen, short = gens.gen(), gens.gen()
    history = gen.fit(
        X,
        epochs=9,
        batch_size=16,
        monitor={"m": lambda gen, epoch: next(values)},
        early_stopping=ds.EarlyStopping(patience=3),
    )
    assert history.outcome == "stopped early" and history["m"] == [3.0, 1.0, 2.0, 2.0, 2.0]
    short.fit(X, epochs=2, batch_size=16)
    assert models.weights(gen) == models.weights(short), "both players and the average of the second epoch"
    assert gen.fit(X, resume=True)["epoch"] == [], "nothing is left to do"
    values = iter([1.0, 2.0, 3.0])
    kept = gens.gen()
    stopping = ds.EarlyStopping(patience=2, restore_best=False)
    kept.fit(X, epochs=9, batch_size=16, monitor={"m": lambda g, e: next(values)}, early_stopping=stopping)
    short.reset().fit(X, epochs=3, batch_size=16)
    assert models.weights(kept) == models.weights(short)


def test_of_tstr_more_is_better() -> None:
    X, y = gens.data("labels")
    gen = gens.gen("labels", optimizer=ds.Adam(0.01, beta1=0.0))
    stopping = ds.EarlyStopping(patience=30)
    history = gen.fit(
        X, y, epochs=30, batch_size=20, monitor="tstr", monitor_interval=10, early_stopping=stopping
    )
    best = np.nanmax(history["tstr"])
    epoch = history["epoch"][history["tstr"].index(best)]
    other = gens.gen("labels", optimizer=ds.Adam(0.01, beta1=0.0))
    other.fit(X, y, epochs=epoch, batch_size=20)
    assert models.weights(gen) == models.weights(other)


def test_a_collapse_is_seen() -> None:
    X, y = gens.data("labels")
    gen = gens.gen("labels", optimizer=ds.SGD(1e-12))
    still = {name: array * 0 for name, array in gen.state_dict().items()}
    gen.load_state_dict(still)
    with pytest.raises(ds.CollapseError, match="collapsed by epoch 3: the mean distance") as caught:
        gen.fit(X, y, epochs=9, batch_size=16, monitor="ks")
    error = caught.value
    assert isinstance(error, ds.DivergenceError) and error.epoch == 3
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.reason, again.epoch) == (str(error), error.reason, 3)
    assert error.history["epoch"] == [1, 2, 3] and error.history.outcome == "collapsed"
    assert len(error.history["ks"]) == 3 and np.isfinite(error.history["ks"]).all()
    assert np.isfinite(gen.sample(3, 1)).all()
    assert gen.fit(X, y, resume=True)["epoch"] == []


def test_a_collapse_within_every_label_is_seen() -> None:
    X, y = gens.data("labels")
    gen = gens.gen("labels", optimizer=ds.SGD(1e-12), generator=())
    state = gen.state_dict()
    for player in ("generator", "average"):
        state[f"{player}.0.weight"][:, :4] = 0.0  # the output depends on the labels alone
        state[f"{player}.embedding.weight"] = 9.0 * np.eye(3)
    gen.load_state_dict(state)
    with pytest.raises(
        ds.CollapseError,
        match="by epoch 3: the samples of each label are nearly equal",
    ):
        gen.fit(X, y, epochs=9, batch_size=16, monitor="ks")


def test_a_collapse_leaves_the_best_weights() -> None:
    X, _ = gens.data()
    gen, good = gens.gen(), gens.gen()
    good.fit(X, epochs=1)

    def ruin(epoch: int, logs: dict[str, Any]) -> None:
        gen.load_state_dict({name: array * 0 for name, array in gen.state_dict().items()})

    values = iter([1.0, 2.0, 2.0, 2.0, 2.0])
    with pytest.raises(ds.CollapseError):
        gen.fit(
            X,
            epochs=9,
            monitor={"m": lambda g, e: next(values)},
            early_stopping=ds.EarlyStopping(patience=8),
            callbacks=ds.LambdaCallback(on_epoch_end=ruin),
        )
    assert models.weights(gen) == models.weights(good)


def test_divergence_leaves_finite_weights() -> None:
    X, _ = gens.data()
    gen = gens.gen(optimizer=ds.SGD(1e30), loss="least_squares")
    with pytest.raises(ds.DivergenceError) as caught:
        gen.fit(X, epochs=5)
    assert not isinstance(caught.value, ds.CollapseError)
    assert all(np.isfinite(array).all() for array in gen.state_dict().values())
    assert np.isfinite(gen.sample(3)).all()


def test_an_exception_in_a_callback_leaves_the_last_complete_step() -> None:
    X, _ = gens.data()

    def fail(epoch: int, logs: dict[str, Any]) -> None:
        if epoch == 2:
            raise OSError("disk full")

    gen, short, whole = (ds.Gen(generator=[8], discriminator=[8]) for _ in range(3))
    with pytest.raises(OSError, match="disk full"):
        gen.fit(X, epochs=5, callbacks=ds.LambdaCallback(on_epoch_end=fail))
    short.fit(X, epochs=2)
    assert models.weights(gen) == models.weights(short)
    whole.fit(X, epochs=5, callbacks=ds.LambdaCallback(on_epoch_end=lambda epoch, logs: None))
    gen.fit(X, resume=True)
    assert models.bits(gen) == models.bits(whole)


def test_a_callback_that_fails_before_the_first_step_leaves_the_width_unknown() -> None:
    X, _ = gens.data()

    def fail() -> None:
        raise OSError("no")

    gen = ds.Gen(generator=[8], discriminator=[8])
    before = models.bits(gen)
    with pytest.raises(OSError, match="no"):
        gen.fit(X, epochs=5, callbacks=ds.LambdaCallback(on_fit_begin=fail))
    assert gen.data_size is None and models.bits(gen) == before
    with pytest.raises(RuntimeError, match="callback"):
        gen.fit(X, epochs=2, callbacks=ds.LambdaCallback(on_epoch_end=lambda e, logs: gen.fit(X)))


def test_the_progress_line_tells_of_the_generator(capsys: pytest.CaptureFixture[str]) -> None:
    X, _ = gens.data()
    gens.gen().fit(X, epochs=2, monitor="ks", verbose=True)
    err = capsys.readouterr().err
    assert "generator_loss" in err and "ks 0." in err and "epoch 2/2" in err
