"""Errors that name the right word: other libraries' names, retired names, typing mistakes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek._config.hints import did_you_mean
from programs import models

X, Y = models.data()


def net(**options: Any) -> ds.Net:
    return ds.Net([6, 8, 3], **options)


VALUES: list[tuple[Callable[[], Any], str]] = [
    (lambda: net(loss="mse"), "squared_error"),
    (lambda: net(loss="mae"), "absolute_error"),
    (lambda: net(loss="bce"), "binary_cross_entropy"),
    (lambda: net(loss="categorical_crossentropy"), "cross_entropy"),
    (lambda: net(loss="CrossEntropy"), "cross_entropy"),
    (lambda: net(activation="swish"), "silu"),
    (lambda: net(activation="linear"), "identity"),
    (lambda: net(activation="ReLU"), "relu"),
    (lambda: net(activation="leaky-relu"), "leaky_relu"),
    (lambda: net(normalization="batch_norm"), "batch"),
    (lambda: net(initialization="xavier_uniform"), "glorot_uniform"),
    (lambda: net(optimizer="rms_prop"), "rmsprop"),
    (lambda: ds.Rec(input_size=1, cell="elman"), "rnn"),
    (lambda: ds.Rec(input_size=1, output="many_to_many"), "sequence"),
    (lambda: ds.Gen(loss="lsgan"), "least_squares"),
    (lambda: ds.Gen(loss="wgan-gp"), "wasserstein"),
    (lambda: ds.Gen(penalty="wgan-gp"), "interpolated"),
    (lambda: ds.Penalty("gp"), "interpolated"),
    (lambda: ds.SequencePlayers(3, cell="simple_rnn"), "rnn"),
]

KEYWORDS: list[tuple[Callable[..., Any], str, str]] = [
    (ds.Adam, "lr", "learning_rate"),
    (ds.SGD, "rate", "learning_rate"),
    (ds.Adam, "beta_1", "beta1"),
    (ds.Adam, "lr_scheduler", "schedule"),
    (ds.Step, "every", "interval"),
    (ds.Step, "gamma", "decay"),
    (ds.Plateau, "min_lr", "min_learning_rate"),
    (ds.Augmentation, "every", "interval"),
    (ds.EarlyStopping, "pateince", "patience"),
    (ds.Checkpoint, "every", "interval"),
    (net, "random_state", "seed"),
    (net, "n_jobs", "threads"),
    (net, "activation_fn", "activation"),
    (net, "drop_out", "dropout"),
    (ds.Net, "hidden_layer_sizes", "layers"),
    (ds.Rec, "hidden_size", "hidden"),
    (ds.Rec, "vocab_size", "vocabulary"),
    (ds.Gen, "latent_dim", "latent_size"),
    (ds.Gen, "average", "ema_decay"),
    (ds.Gen, "pack", "pac"),
    (ds.Gen, "n_critic", "discriminator_steps"),
    (ds.Penalty, "every", "interval"),
    (ds.InstanceNoise, "sigma", "std"),
    (ds.Texts, "vocab_size", "vocabulary"),
    (ds.Texts, "stop", "eos_token"),
    (net().fit, "n_epochs", "epochs"),
    (net().fit, "Y", "y"),
    (net().partial_fit, "Y", "y"),
    (ds.Rec(input_size=1).fit, "Y", "y"),
    (net().fit, "batch", "batch_size"),
    (net().fit, "validation_split", "validation_fraction"),
    (net().fit, "checkpoint_every", "checkpoint_interval"),
    (net().partial_fit, "sample_weights", "sample_weight"),
    (ds.Rec(input_size=1).fit, "validation", "validation_data"),
    (ds.Gen().fit, "monitor_every", "monitor_interval"),
    (ds.Gen().pretrain, "num_epochs", "epochs"),
]


@pytest.mark.parametrize(("make", "right"), VALUES)
def test_values(make: Callable[[], Any], right: str) -> None:
    with pytest.raises(ValueError, match=rf"got '.*'; expected one of .*; did you mean '{right}'\?"):
        make()


@pytest.mark.parametrize(("call", "given", "right"), KEYWORDS)
def test_keywords(call: Callable[..., Any], given: str, right: str) -> None:
    with pytest.raises(TypeError, match=rf"got an unknown argument '{given}'; did you mean '{right}'\?"):
        call(**{given: 1})


def test_what_has_no_likely_meaning_gets_the_list() -> None:
    with pytest.raises(TypeError, match="LeakyReLU: got an unknown argument 'x'; expected one of slope"):
        ds.LeakyReLU(x=1)  # type: ignore[call-arg]
    assert did_you_mean("", ["relu"]) == did_you_mean("zzz" * 99, ["relu"]) == ""
    assert did_you_mean("l2", ["l1", "l2x"]) == "; did you mean 'l2x'?"


IN_OPTIMIZER: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: net(lr=0.1),
        "Net: got lr; expected it in the optimizer: write optimizer=ds.Adam(learning_rate=0.1)",
    ),
    (
        lambda: net(optimizer="sgd", learning_rate=0.1, weight_decay=0.2),
        "got learning_rate, weight_decay; expected them in the optimizer: write optimizer=ds.SGD(learning_rate=0.1, w",
    ),
    (lambda: net(momentum=0.9), "write optimizer=ds.SGD(momentum=0.9)"),
    (lambda: net(optimizer=ds.Lion(), beta_1=0.5), "write optimizer=ds.Lion(beta1=0.5)"),
    (lambda: net(beta1=0.5, momentum=0.9), "write optimizer=ds.Adam(beta1=0.5, momentum=0.9)"),
    (lambda: ds.Rec(input_size=1, lr=0.1), "Rec: got lr; expected it in the optimizer"),  # type: ignore[call-arg]
    (lambda: ds.Gen(lr=0.1), "Gen: got lr; expected it in the optimizer"),  # type: ignore[call-arg]
]


@pytest.mark.parametrize(("call", "said"), IN_OPTIMIZER)
def test_options_of_the_optimizer(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(TypeError, match=re.escape(said)):
        call()


def test_the_class_of_a_subclass_is_named() -> None:
    class Mine(ds.Net):
        pass

    with pytest.raises(
        TypeError, match=r"Mine\.fit: got an unknown argument 'n_epochs'; did you mean 'epochs'"
    ):
        Mine([6, 3]).fit(X, Y, n_epochs=3)  # type: ignore[call-arg]


def test_capital_letters_do_not_matter() -> None:
    assert did_you_mean("Y", ["x", "y"]) == "; did you mean 'y'?"
    assert did_you_mean("id", ["Id", "Name"]) == "; did you mean 'Id'?"


def test_nothing_was_trained_or_hidden() -> None:
    """An unknown argument of fit leaves the model as it was, and signatures are those of the methods."""
    model = net(loss="cross_entropy")
    with pytest.raises(TypeError):
        model.fit(X, Y, n_epochs=3)  # type: ignore[call-arg]
    assert not model.history
    assert list(inspect.signature(ds.Net.fit).parameters)[:4] == ["self", "X", "y", "epochs"]
    assert next(iter(inspect.signature(ds.Net).parameters)) == "layers"
    assert next(iter(inspect.signature(ds.Adam).parameters)) == "learning_rate"
    assert model.predict(X).dtype == np.float32


MOVED: list[tuple[dict[str, Any], str]] = [
    (
        {"steps": 12, "cell": "gru"},
        r"got steps, cell; expected them in their group: write Gen(sequences=ds.SequencePlayers(steps=12, cell='gru'))",
    ),
    (
        {"vocabulary": 28, "steps": 12, "stop": 0},
        "got vocabulary, steps, stop; expected .*Gen(sequences=ds.Texts(vocabulary=28, steps=12, eos_token=0))",
    ),
    ({"penalty": "r1", "penalty_every": 4}, "write Gen(penalty=ds.Penalty('r1', interval=4))"),
    ({"penalty_weight": 1.0}, "write Gen(penalty=ds.Penalty(kind, weight=1.0))"),
    (
        {"instance_noise": 0.1, "instance_noise_epochs": 5},
        "write Gen(instance_noise=ds.InstanceNoise(0.1, epochs=5))",
    ),
]


@pytest.mark.parametrize(("options", "said"), MOVED)
def test_arguments_that_moved_into_groups(options: dict[str, Any], said: str) -> None:
    """The error shows the new call."""
    with pytest.raises(TypeError, match=said.replace("(", r"\(").replace(")", r"\)")):
        ds.Gen(**options)
