"""Gen: what it takes and refuses, how it prints, its samples, scores and rows put behind others."""

from __future__ import annotations

import inspect
from dataclasses import fields
from math import prod
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek._config.gen import GenConfig
from programs import gens, models

KINDS = list(gens.KINDS)


def test_what_is_default() -> None:
    gen = ds.Gen(data_size=3)
    assert (gen.loss, gen.data_size, gen.latent_size, gen.classes) == ("relativistic", 3, 32, None)
    assert gen.optimizer == ds.Adam(1e-3, beta1=0.0, beta2=0.99)
    spec = gen._config.spec()
    assert spec["penalty"] == {"kind": "r1r2", "weight": 0.1, "interval": 1}
    assert spec["discriminator"]["layers"][0]["alpha"] == 0.2
    assert [layer["units"] for layer in spec["generator"]["layers"]] == [128, 128, 3]
    assert spec["discriminator"]["optimizer"] == spec["generator"]["optimizer"]
    other = ds.Gen(data_size=3, loss="wasserstein")._config.spec()
    assert other["penalty"] == {"kind": "interpolated", "weight": 10.0, "interval": 1}
    for without in ({"loss": "hinge"}, {"penalty": None}):
        assert ds.Gen(data_size=3, **without)._core.spec()["penalty"]["kind"] == "none"
    assert ds.Gen(classes=40)._config.embedding == 16


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"data_size": 0}, "data_size: got 0; expected .*at least 1"),
    ({"latent_size": 2.0}, "latent_size: got .*; expected an integer"),
    ({"generator": 12}, "generator: got 12; expected a list of units"),
    ({"discriminator": [3, 0]}, r"discriminator\[1\]: got .*; expected .*at least 1"),
    ({"classes": 0}, "classes: got .*; expected .*at least 1"),
    ({"embedding_size": 3}, "embedding_size: got 3 without classes"),
    ({"activation": "softmax"}, "activation: got .*; expected one of"),
    ({"activation": ["relu", "relu"]}, r"activation: got 2 values; expected one value or a list of 1"),
    ({"output_activation": "softmax"}, "output_activation: got .*; expected one of"),
    ({"output_activation": [{"units": 2}]}, "got blocks of 2 columns; expected 5"),
    ({"output_activation": ["tanh"]}, r"output_activation\[0\]: got .tanh.; expected a dictionary"),
    ({"output_activation": [{"unit": 5}]}, r"output_activation\[0\]: got unknown unit"),
    (
        {"output_activation": [{"units": 5, "temperature": 0}]},
        r"\[0\]: temperature: got .*; expected .*above 0",
    ),
    ({"output_activation": [{"units": 4}, {"activation": "gumbel"}]}, "at least 2 units"),
    ({"discriminator_activation": 3}, "discriminator_activation: got .*; expected one of the strings"),
    (
        {"discriminator_output_activation": "sigmoid"},
        "got 'sigmoid'; expected 'identity' for loss 'relativistic'",
    ),
    ({"discriminator_output_activation": "tanh"}, r"got .*; expected one of identity, sigmoid"),
    ({"loss": "cross_entropy"}, "loss: got .*; expected one of relativistic, minimax, non_saturating"),
    ({"penalty": "r3"}, "penalty: got .*; expected one of auto, r1"),
    ({"penalty": 1}, "penalty: got .*; expected one of the strings"),
    ({"spectral_norm": 1}, "spectral_norm: got .*; expected True or False"),
    ({"ema_decay": 1.0}, "ema_decay: got .*; expected .*below 1"),
    ({"optimizer": "adamant"}, "optimizer: got .*; expected one of"),
    ({"optimizer": ds.SGD(0.1, schedule=ds.Plateau())}, "optimizer: got a Plateau schedule"),
    (
        {"discriminator_optimizer": ds.SGD(0.1, schedule=ds.Plateau())},
        "discriminator_optimizer: got a Plateau",
    ),
    ({"discriminator_optimizer": 3}, "discriminator_optimizer: got .*; expected one of"),
    ({"generator_steps": 0}, "generator_steps: got .*; expected .*at least 1"),
    ({"discriminator_steps": -1}, "discriminator_steps: got .*; expected .*at least 1"),
    ({"normalization": "group"}, "normalization: got .*; expected one of"),
    ({"discriminator_normalization": "batch"}, 'got "batch"; expected "layer" or None'),
    ({"dropout": 1.0}, "dropout: got .*; expected .*below 1"),
    (
        {"discriminator_dropout": [0.1, 0.1]},
        r"discriminator_dropout: got 2 values; expected one value or a list of 1",
    ),
    ({"discriminator_input_dropout": -0.1}, "discriminator_input_dropout: got .*; expected .*at least 0"),
    ({"minibatch_std": 1}, "minibatch_std: got 1; expected 0"),
    ({"pac": 0}, "pac: got .*; expected .*at least 1"),
    ({"instance_noise": -1.0}, "instance_noise: got .*; expected .*at least 0"),
    ({"augmentation": 0.5}, "augmentation: got 0.5; expected Augmentation"),
    ({"transformer": "table"}, "transformer: got 'table'; expected 'auto', None or an object"),
    (
        {"transformer": "auto"},
        "transformer: got one with data_size .*; expected only the transformer",
    ),
    ({"data_size": None, "transformer": 3}, "transformer: got 3 without fit; expected fit, transform and"),
    ({"bias": 0}, "bias: got .*; expected True or False"),
    ({"initialization": "auto2"}, "initialization: got .*; expected one of"),
    ({"dtype": "float16"}, "dtype: got 'float16'; expected"),
    ({"device": "tpu"}, "device"),
    ({"threads": 0}, "threads: got .*; expected .*at least 1"),
    ({"seed": -1}, "seed: got .*; expected .*at least 0"),
    ({"generator": [2**31 - 1, 2**31 - 1]}, "GiB to train"),
]


@pytest.mark.parametrize(("options", "said"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_argument_is_named(options: dict[str, Any], said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        gens.gen(**options)


@pytest.mark.parametrize("options", [*gens.KINDS.values(), gens.EVERYTHING], ids=[*gens.KINDS, "everything"])
def test_shapes_are_the_engines(options: dict[str, Any]) -> None:
    gen = gens.gen(**options)
    state = gen.state_dict()
    assert {name: array.shape for name, array in state.items()} == gen._config.shapes()
    trained = [
        n for n in state if n.split(".")[0] != "average" and not n.endswith(("_u", "_v", "_mean", "_var"))
    ]
    assert gen.num_parameters == sum(prod(state[name].shape) for name in trained)
    text = repr(gen)
    assert f"{gen.num_parameters:,}" in text.splitlines()[-1]
    assert "G.0" in text and "D.1" in text


def test_print_tells_both_players() -> None:
    text = repr(gens.gen(**gens.EVERYTHING)).splitlines()
    assert text[0].startswith("Gen: loss non_saturating, AdamW(learning_rate=0.002, beta1=0.5")
    assert "discriminator RMSProp()" in text[0]
    assert "Penalty(kind='r1', weight=0.1, interval=2)" in text[0]
    assert "InstanceNoise(std=0.1, epochs=5)" in text[0]
    body = "\n".join(text)
    for said in (
        "embedding",
        "dense, batch norm, tanh, dropout 0.1",
        "1 × tanh and 1 × gumbel",
        "dropout 0.05, dense, layer norm, silu, dropout 0.1",
        "deviation of 4 rows, dense",
        "projection of the label",
    ):
        assert said in body
    assert "spectral dense" in repr(gens.gen("groups")) and "2 rows side by side" in repr(gens.gen("groups"))
    assert "the first fit determines the width" in repr(ds.Gen())


def test_groups_say_what_they_are() -> None:
    assert repr(ds.Penalty("r1", interval=4)) == "Penalty(kind='r1', weight=0.1, interval=4)"
    assert ds.Penalty("interpolated").weight == 10.0 and ds.Penalty("r2", 3).weight == 3.0
    assert repr(ds.InstanceNoise(0.1)) == "InstanceNoise(std=0.1)"
    assert gens.gen(instance_noise=0.1)._config.instance_noise == ds.InstanceNoise(0.1)
    assert gens.gen(instance_noise=0)._config.instance_noise is None
    assert gens.gen(penalty="r1")._config.penalty == ds.Penalty("r1")
    for wrong in (
        lambda: ds.Penalty("r3"),
        lambda: ds.Penalty("r1", 0.0),
        lambda: ds.Penalty("r1", interval=0),
        lambda: ds.InstanceNoise(0.0),
        lambda: ds.InstanceNoise(0.1, 1.5),
    ):
        with pytest.raises(
            (ValueError, TypeError), match=r"(kind|weight|interval|std|epochs): got .*; expected"
        ):
            wrong()


def test_every_option_has_one_default() -> None:
    """The signature's defaults are the configuration's."""
    parameters = inspect.signature(ds.Gen).parameters
    options = {item.name: item for item in fields(GenConfig)}
    assert set(parameters) - {"transformer"} == set(options)
    for name, item in options.items():
        made = gens.gen(**{name: parameters[name].default})
        assert getattr(made._config, name) == getattr(gens.gen(**{name: item.default})._config, name)


@pytest.mark.parametrize("kind", KINDS)
def test_samples_are_a_function_of_model_and_seed(kind: str) -> None:
    gen = gens.gen(kind)
    y = None if gen.classes is None else np.arange(9) % 3
    rows = gen.sample(9, y, seed=7)
    assert rows.shape == (9, gens.COLUMNS) and rows.dtype == np.float32
    assert gen.sample(9, y, seed=7).tobytes() == rows.tobytes()
    assert gen.sample(4, None if y is None else y[:4], seed=7).tobytes() == rows[:4].tobytes()
    assert gen.sample(9, y, seed=8).tobytes() != rows.tobytes()
    assert gen.sample(0, seed=1).shape == (0, gens.COLUMNS)


def test_the_seed_articles_gan() -> None:
    """The configuration of docs/history.md makes the article's steps."""
    from deepseek import _rng_streams as rng_streams
    from deepseek.reference import draws
    from deepseek.reference.seed import Gan

    gen = ds.Gen(
        data_size=1,
        latent_size=10,
        generator=[50],
        discriminator=[50],
        activation="sigmoid",
        output_activation="sigmoid",
        discriminator_activation="sigmoid",
        discriminator_output_activation="sigmoid",
        loss="least_squares",
        penalty=None,
        optimizer=ds.SGD(1.0),
        bias=False,
        initialization="normal",
        ema_decay=0.0,
        seed=0,
        dtype="float64",
    )
    state = gen.state_dict()
    pair = Gan(10, 50, 1)
    for player, own in (("generator", pair.generator), ("discriminator", pair.discriminator)):
        own.weights1, own.weights2 = (state[f"{player}.{i}.weight"].T.copy() for i in range(2))
    x = np.linspace(0.2, 0.7, 8).reshape(8, 1)
    for epoch in range(3):
        pair.train(x, draws.normal(0, rng_streams.LATENT, 8, 10, (epoch, 0)))
    gen.fit(x, epochs=3, batch_size=None, shuffle=False)
    state = gen.state_dict()
    for player, own in (("generator", pair.generator), ("discriminator", pair.discriminator)):
        np.testing.assert_allclose(state[f"{player}.0.weight"].T, own.weights1, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(state[f"{player}.1.weight"].T, own.weights2, rtol=1e-9, atol=1e-12)


def test_samples_without_a_seed_are_counted() -> None:
    gen = gens.gen()
    first, second = gen.sample(3), gen.sample(3)
    assert first.tobytes() == gen.sample(3, seed=6).tobytes()
    assert second.tobytes() == gen.sample(3, seed=7).tobytes()
    with pytest.raises(TypeError, match=r"n: got .*; expected an integer"):
        gen.sample("3")
    with pytest.raises(ValueError, match=r"seed: got .*; expected .*at least 0"):
        gen.sample(3, seed=-1)
    assert gen.sample(3).tobytes() == gen.sample(3, seed=8).tobytes(), "a refused call is not counted"
    assert gen.reset().sample(3).tobytes() == first.tobytes()


def test_labels_of_samples() -> None:
    gen = gens.gen("labels")
    one = gen.sample(4, 2, seed=1)
    assert one.tobytes() == gen.sample(4, [2, 2, 2, 2], seed=1).tobytes()
    assert one.tobytes() != gen.sample(4, 1, seed=1).tobytes()
    X, y = gens.data("labels")
    gen.fit(X[y != 1], y[y != 1], epochs=1, batch_size=16)  # type: ignore[index]
    drawn = gen.sample(40, seed=3)
    with_labels = [gen.sample(40, label, seed=3) for label in range(3)]
    of = [[bool((row == made[i]).all()) for made in with_labels] for i, row in enumerate(drawn)]
    assert np.sum(of, axis=0)[1] == 0 and np.sum(of) == 40, "labels are drawn like those of the training"
    for wrong, said in (
        (3, "class indices 0 to 2"),
        ([0, 1], r"y: got shape \(.*\); expected one label or shape \(4,\)"),
        ([0.5] * 4, "class indices"),
        ([[0]] * 4, r"y: got shape \(.*\); expected one label or shape \(4,\)"),
        ("a", "text"),
    ):
        with pytest.raises((TypeError, ValueError), match=said):
            gen.sample(4, wrong)
    with pytest.raises(ValueError, match="y: got labels for a Gen without labels; expected None"):
        gens.gen().sample(2, 0)


def test_where_is_for_tables() -> None:
    with pytest.raises(ValueError, match="where: got a value for a Gen without a transformer; expected None"):
        gens.gen().sample(2, where={0: 1.0})
    with pytest.raises(TypeError, match=r"where: got \['a'\]; expected a mapping of columns to values, as"):
        gens.gen().sample(2, where=["a"])


@pytest.mark.parametrize("kind", KINDS)
def test_scores(kind: str) -> None:
    gen = gens.gen(kind)
    X, y = gens.data(kind, 8)
    scores = gen.discriminate(X, y)
    pack = 2 if kind == "groups" else 1
    assert scores.shape == (8 // pack,) and scores.dtype == np.float32
    np.testing.assert_array_equal(gen.discriminate(X.astype(np.float64)[::-1][::-1].tolist(), y), scores)
    if kind == "groups":
        with pytest.raises(ValueError, match="expected a multiple of 4"):
            gen.discriminate(X[:6])
    else:
        np.testing.assert_array_equal(gen.discriminate(X[3:], None if y is None else y[3:]), scores[3:])


def test_labels_missing_or_too_many_are_refused() -> None:
    X, y = gens.data("labels")
    plain, labelled = gens.gen(), gens.gen("labels")
    for call in ("fit", "partial_fit", "discriminate"):
        with pytest.raises(ValueError, match=r"y: got None; expected one label per row \(classes=3\)"):
            getattr(labelled, call)(X)
        with pytest.raises(ValueError, match=r"y: got labels for a Gen without labels; expected None \(or"):
            getattr(plain, call)(X, y)
        with pytest.raises(ValueError, match="class indices 0 to 2"):
            getattr(labelled, call)(X, y + 1)  # type: ignore[operator]
        with pytest.raises(ValueError, match=r"y: got shape \(59,\); expected \(60,\), one label per row"):
            getattr(labelled, call)(X, y[:-1])  # type: ignore[index]
        with pytest.raises(
            ValueError, match="y: got the column name 'species' without a transformer; expected labels"
        ):
            labelled.fit(X, "species")


def test_augment_fills_up() -> None:
    gen = gens.gen("labels")
    X, y = gens.data("labels")
    assert y is not None
    counts = np.bincount(y)
    more, labels = gen.augment(X, y, seed=1)
    assert np.bincount(labels).tolist() == [counts.max()] * 3
    assert more[:60].tobytes() == X.tobytes() and labels[:60].tolist() == y.tolist()
    assert more.dtype == X.dtype and labels.dtype == np.int64
    new = labels[60:]
    assert more[60:].tobytes() == gen.sample(len(new), new, seed=1).tobytes()
    assert np.bincount(gen.augment(X, y, 50)[1]).tolist() == [50] * 3
    assert len(gen.augment(X, y, 0)[0]) == 60
    with pytest.raises(
        ValueError, match="augment: got a Gen without labels; expected one created with classes="
    ):
        gens.gen().augment(X)
    with pytest.raises(ValueError, match=r"y: got None; expected one label per row \(classes=3\)"):
        gen.augment(X)
    with pytest.raises(TypeError, match=r"n_per_class: got .*; expected an integer"):
        gen.augment(X, y, 1.5)


def test_a_gen_that_does_not_know_its_width() -> None:
    gen = ds.Gen(latent_size=3, generator=[4], discriminator=())
    X, _ = gens.data()
    for call in (lambda: gen.sample(2), lambda: gen.discriminate(X)):
        with pytest.raises(
            ValueError, match="Gen: got no data yet, so its width is unknown; expected data_size="
        ):
            call()
    assert gen.num_parameters == 0 and gen.state_dict() == {} and gen.reset() is gen
    before = models.bits(gen)
    for wrong in (np.zeros(5), np.zeros((3, 2, 2)), X * np.nan, np.zeros((0, 5)), [["a"]]):
        with pytest.raises((TypeError, ValueError)):
            gen.fit(wrong, epochs=1)
    assert gen.data_size is None and models.bits(gen) == before
    gen.fit(X, epochs=1)
    assert gen.data_size == 5
    known = ds.Gen(data_size=5, latent_size=3, generator=[4], discriminator=())
    known.fit(X, epochs=1)
    assert models.bits(known) == models.bits(gen)
    with pytest.raises(ValueError, match="X: got 3 columns; expected 5, one per input of the model"):
        gen.fit(X[:, :3], epochs=1)


def test_bad_numbers_are_refused_by_row_and_column() -> None:
    X, _ = gens.data()
    X[3, 2] = np.inf
    gen = gens.gen()
    before = models.bits(gen)
    for call in (gen.fit, gen.partial_fit, gen.discriminate):
        with pytest.raises(ValueError, match="X: got inf in row 3, column 2; expected finite numbers"):
            call(X)
    with pytest.raises(
        ValueError, match="monitor_data's X: got inf in row 3, column 2; expected finite numbers"
    ):
        gen.fit(np.zeros((8, 5)), epochs=1, monitor="ks", monitor_data=X)
    assert models.bits(gen) == before
