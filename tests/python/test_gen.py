"""Gen: what it takes and refuses, how it prints, its samples, scores and rows put behind others."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from programs import gens, models

KINDS = list(gens.KINDS)


def test_what_is_default() -> None:
    gen = ds.Gen(data_size=3)
    assert (gen.loss, gen.data_size, gen.latent_size, gen.classes) == ("relativistic", 3, 32, None)
    assert gen.optimizer == ds.Adam(1e-3, beta1=0.0, beta2=0.99)
    spec = gen._config.spec()
    assert spec["penalty"] == {"name": "r1r2", "weight": 0.1, "every": 1}
    assert spec["discriminator"]["layers"][0]["alpha"] == 0.2
    assert [layer["units"] for layer in spec["generator"]["layers"]] == [128, 128, 3]
    assert spec["discriminator"]["optimizer"] == spec["generator"]["optimizer"]
    other = ds.Gen(data_size=3, loss="wasserstein")._config.spec()
    assert other["penalty"] == {"name": "interpolated", "weight": 10.0, "every": 1}
    assert ds.Gen(data_size=3, loss="hinge")._config.spec()["penalty"]["name"] == "none"
    assert ds.Gen(data_size=3, penalty=None)._config.spec()["penalty"]["name"] == "none"
    assert ds.Gen(classes=40)._config.embedding == 16


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"data_size": 0}, "data_size must be at least 1, got 0"),
    ({"latent_size": 2.0}, "latent_size must be an integer"),
    ({"generator": 12}, "generator must be a list of hidden units"),
    ({"discriminator": [3, 0]}, r"discriminator\[1\] must be at least 1"),
    ({"classes": 0}, "classes must be at least 1"),
    ({"embedding_size": 3}, "embedding_size=3 needs classes"),
    ({"activation": "softmax"}, "activation must be one of"),
    ({"activation": ["relu", "relu"]}, "activation must be one value or a list of 1"),
    ({"output_activation": "softmax"}, "output_activation must be one of"),
    ({"output_activation": [{"units": 2}]}, "blocks cover 2 columns, the data have 5"),
    ({"output_activation": ["tanh"]}, r"output_activation\[0\] must be a dictionary"),
    ({"output_activation": [{"unit": 5}]}, r"output_activation\[0\] has unknown unit"),
    ({"output_activation": [{"units": 5, "temperature": 0}]}, r"\[0\]: temperature must be above 0"),
    ({"output_activation": [{"units": 4}, {"activation": "gumbel"}]}, "at least 2 units"),
    ({"discriminator_activation": 3}, "discriminator_activation must be a string"),
    ({"discriminator_output_activation": "sigmoid"}, "goes with loss 'least_squares' only"),
    ({"discriminator_output_activation": "tanh"}, "must be one of identity, sigmoid"),
    ({"loss": "cross_entropy"}, "loss must be one of minimax, non_saturating"),
    ({"penalty": "r3"}, "penalty must be one of auto, r1"),
    ({"penalty": 1}, "penalty must be a string"),
    ({"penalty_weight": 0.0}, "penalty_weight must be above 0"),
    ({"penalty": None, "penalty_weight": 0.1}, "penalty_weight=0.1 needs a penalty"),
    ({"penalty_every": 0}, "penalty_every must be at least 1"),
    ({"spectral_norm": 1}, "spectral_norm must be True or False"),
    ({"average": 1.0}, "average must be below 1"),
    ({"optimizer": "adamant"}, "optimizer must be one of"),
    ({"optimizer": ds.SGD(0.1, schedule=ds.Plateau())}, "optimizer must not have a Plateau schedule"),
    ({"discriminator_optimizer": ds.SGD(0.1, schedule=ds.Plateau())}, "discriminator_optimizer must not"),
    ({"discriminator_optimizer": 3}, "discriminator_optimizer must be one of"),
    ({"generator_steps": 0}, "generator_steps must be at least 1"),
    ({"discriminator_steps": -1}, "discriminator_steps must be at least 1"),
    ({"normalization": "group"}, "normalization must be one of"),
    ({"discriminator_normalization": "batch"}, 'must be "layer" or None, got "batch"'),
    ({"dropout": 1.0}, "dropout must be below 1"),
    ({"discriminator_dropout": [0.1, 0.1]}, "discriminator_dropout must be one value or a list of 1"),
    ({"discriminator_input_dropout": -0.1}, "discriminator_input_dropout must be at least 0"),
    ({"minibatch_std": 1}, "minibatch_std must be 0"),
    ({"pack": 0}, "pack must be at least 1"),
    ({"instance_noise": -1.0}, "instance_noise must be at least 0"),
    ({"instance_noise_epochs": 1.5}, "instance_noise_epochs must be an integer"),
    ({"augmentation": 0.5}, "augmentation must be Augmentation"),
    ({"transformer": "table"}, "transformer must be 'auto'"),
    ({"transformer": "auto"}, "follow from the transformer"),
    ({"data_size": None, "transformer": 3}, "transformer must have fit, transform and inverse"),
    ({"bias": 0}, "bias must be True or False"),
    ({"initialization": "auto2"}, "initialization must be one of"),
    ({"dtype": "float16"}, "dtype must be"),
    ({"device": "tpu"}, "device"),
    ({"threads": 0}, "threads must be at least 1"),
    ({"seed": -1}, "seed must be at least 0"),
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
    told = repr(gen)
    assert f"{gen.num_parameters:,}" in told.splitlines()[-1]
    assert "G.0" in told and "D.1" in told


def test_print_tells_both_players() -> None:
    text = repr(gens.gen(**gens.EVERYTHING)).splitlines()
    assert text[0].startswith("Gen: loss non_saturating, AdamW(rate=0.002, beta1=0.5")
    assert "discriminator RMSProp()" in text[0] and "penalty r1 0.1 every 2" in text[0]
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
    assert "not known before the first fit" in repr(ds.Gen())


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


def test_the_seed_articles_adversaries() -> None:
    """The configuration of docs/seed.md makes the article's steps."""
    from deepseek.reference import draws, philox
    from deepseek.reference.seed import Adversaries

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
        average=0.0,
        seed=0,
        dtype="float64",
    )
    state = gen.state_dict()
    pair = Adversaries(10, 50, 1)
    for player, own in (("generator", pair.generator), ("discriminator", pair.discriminator)):
        own.weights1, own.weights2 = (state[f"{player}.{i}.weight"].T.copy() for i in range(2))
    x = np.linspace(0.2, 0.7, 8).reshape(8, 1)
    for epoch in range(3):
        pair.train(x, draws.normal(0, philox.LATENT, 8, 10, (epoch, 0)))
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
    with pytest.raises(TypeError, match="n must be an integer"):
        gen.sample("3")
    with pytest.raises(ValueError, match="seed must be at least 0"):
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
        ([0, 1], "one label or 4"),
        ([0.5] * 4, "class indices"),
        ([[0]] * 4, "one label or 4"),
        ("a", "text"),
    ):
        with pytest.raises((TypeError, ValueError), match=said):
            gen.sample(4, wrong)
    with pytest.raises(ValueError, match="knows no labels"):
        gens.gen().sample(2, 0)


def test_where_is_for_tables() -> None:
    with pytest.raises(ValueError, match="where is for tables"):
        gens.gen().sample(2, where={0: 1.0})
    with pytest.raises(TypeError, match="where must map"):
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
        with pytest.raises(ValueError, match="multiple of 4 rows"):
            gen.discriminate(X[:6])
    else:
        np.testing.assert_array_equal(gen.discriminate(X[3:], None if y is None else y[3:]), scores[3:])


def test_labels_missing_or_too_many_are_refused() -> None:
    X, y = gens.data("labels")
    plain, labelled = gens.gen(), gens.gen("labels")
    for call in ("fit", "partial_fit", "discriminate"):
        with pytest.raises(ValueError, match="y is missing"):
            getattr(labelled, call)(X)
        with pytest.raises(ValueError, match="y was given"):
            getattr(plain, call)(X, y)
        with pytest.raises(ValueError, match="class indices 0 to 2"):
            getattr(labelled, call)(X, y + 1)  # type: ignore[operator]
        with pytest.raises(ValueError, match=r"shape \(60,\)"):
            getattr(labelled, call)(X, y[:-1])  # type: ignore[index]
        with pytest.raises(ValueError, match="needs a transformer"):
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
    with pytest.raises(ValueError, match="knows no labels"):
        gens.gen().augment(X)
    with pytest.raises(ValueError, match="y is missing"):
        gen.augment(X)
    with pytest.raises(TypeError, match="n_per_class must be an integer"):
        gen.augment(X, y, 1.5)


def test_a_gen_that_does_not_know_its_width() -> None:
    gen = ds.Gen(latent_size=3, generator=[4], discriminator=())
    X, _ = gens.data()
    for call in (lambda: gen.sample(2), lambda: gen.discriminate(X)):
        with pytest.raises(ValueError, match="give data_size, or fit it first"):
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
    with pytest.raises(ValueError, match="X must have 5 columns"):
        gen.fit(X[:, :3], epochs=1)


def test_bad_numbers_are_refused_by_row_and_column() -> None:
    X, _ = gens.data()
    X[3, 2] = np.inf
    gen = gens.gen()
    before = models.bits(gen)
    for call in (gen.fit, gen.partial_fit, gen.discriminate):
        with pytest.raises(ValueError, match="X has inf in row 3, column 2"):
            call(X)
    with pytest.raises(ValueError, match="monitor_data's X has inf in row 3, column 2"):
        gen.fit(np.zeros((8, 5)), epochs=1, monitor="ks", monitor_data=X)
    assert models.bits(gen) == before
