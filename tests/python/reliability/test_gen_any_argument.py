"""Promise D6 for Gen: any argument gives the right answer, or a ValueError or TypeError that says what is wrong."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import deepseek as ds
from deepseek._config.gen import LOSSES
from deepseek._config.gen_sequences import SequenceGenConfig
from deepseek.gen_options import PENALTIES
from programs import gens, models
from programs.arguments import ANY, EXAMPLES, JUNK, check_said
from programs.gen_sequences import grouped

PARAMETERS = [*(set(inspect.signature(ds.Gen).parameters) - {"transformer"}), "no_such_parameter"]
GROUPED = [*PARAMETERS, *(item.name for item in fields(ds.Texts))]
FIT = [
    "epochs", "batch_size", "monitor", "monitor_interval", "monitor_data", "early_stopping", "callbacks", "shuffle",
    "checkpoint_interval", "resume", "no_such_parameter",
]  # fmt: skip
BLOCKS = st.lists(
    st.dictionaries(
        st.sampled_from(["activation", "units", "alpha", "temperature", "hard", "x"]), ANY, max_size=3
    )
    | JUNK,
    max_size=3,
)
GROUPS = [
    ds.Augmentation(),
    ds.Penalty("r2", 2.0),
    ds.InstanceNoise(0.1),
    ds.SequencePlayers(3),
    ds.Texts(3, vocabulary=4),
]
CHOICES = st.sampled_from([*LOSSES, *PENALTIES, "ks", "frechet", "tstr", *GROUPS])
NAMES = st.sampled_from(["lstm", "rnn", "relu", "last", "max", 0.5, [3]])
ROWS = st.sampled_from([
    np.ones((4, 5)), np.ones((4, 5), "f2"), np.zeros((0, 5)), np.ones((4, 5, 1)), np.full((4, 5), np.nan), np.zeros(4),
    [[1, 2, 3, 4, 5]] * 4, np.array([None]), {"a": np.ones(4)}, np.arange(4) % 3, [0, 1, 2, 0], [0.5] * 4,
])  # fmt: skip


@given(st.dictionaries(st.sampled_from(sorted(PARAMETERS)), ANY | BLOCKS | CHOICES, max_size=4))
@settings(max_examples=EXAMPLES * 3)
def test_any_gen(options: dict[str, Any]) -> None:
    try:
        gen = ds.Gen(**{"data_size": 3, "generator": [4], "discriminator": [4], **options})
    except (ValueError, TypeError) as error:
        check_said(error)
        return
    repr(gen)
    if gen.data_size is not None:
        assert gen.sample(2, seed=1).shape == (2, gen.data_size)
        assert {name: array.shape for name, array in gen.state_dict().items()} == gen._config.shapes()


@given(
    st.dictionaries(st.sampled_from(sorted(GROUPED)), ANY | BLOCKS | CHOICES | NAMES, max_size=4),
    st.booleans(),
)
@settings(max_examples=EXAMPLES * 2)
def test_any_gen_of_sequences(options: dict[str, Any], texts: bool) -> None:
    size = {"vocabulary": 4, "eos_token": 1} if texts else {"data_size": 2}
    try:
        gen = ds.Gen(**grouped({**size, "steps": 3, "generator": [4], "discriminator": [4], **options}))
    except (ValueError, TypeError) as error:
        check_said(error)
        return
    repr(gen)
    assert {name: array.shape for name, array in gen.state_dict().items()} == gen._config.shapes()
    if gen._config.known and isinstance(gen._config, SequenceGenConfig) and gen._config.steps < 100:
        assert len(gen.sample(2, seed=1)) == 2


@given(st.dictionaries(st.sampled_from(FIT), ANY | CHOICES | ROWS, max_size=2))
@settings(max_examples=EXAMPLES * 2)
def test_any_fit(options: dict[str, Any]) -> None:
    if type(options.get("epochs")) is int and options["epochs"] >= 2**31 - 1:
        return  # right, but long
    X, _ = gens.data(rows=12)
    gen = gens.gen()
    before = models.everything(gen)
    try:
        history = gen.fit(X, **{"epochs": 1, **options})
    except (ValueError, TypeError) as error:
        check_said(error)
        if "must return a number" not in str(error) and "lambda" not in str(error):  # seen at an epoch's end
            assert models.everything(gen) == before
        return
    assert history.epochs >= 1


@given(st.sampled_from(["plain", "labels", "groups"]), ROWS | JUNK, ROWS | JUNK, ANY | ROWS)
@settings(max_examples=EXAMPLES * 3)
def test_any_data(kind: str, X: Any, y: Any, other: Any) -> None:
    gen = gens.gen(kind)
    before = models.everything(gen)
    for call in (
        lambda: gen.discriminate(X, y),
        lambda: gen.fit(X, y, epochs=1),
        lambda: gen.partial_fit(X, y),
        lambda: gen.augment(X, y, seed=1),
        lambda: gen.augment(X, y, other, seed=1),
        lambda: gen.sample(2, y, seed=1),
        lambda: gen.sample(2, seed=other),
        lambda: gen.sample(other if np.ndim(other) else 3, where=other),
    ):
        try:
            call()
        except (ValueError, TypeError) as error:
            check_said(error)
        else:
            before = models.everything(gen)
            continue
        assert models.everything(gen) == before


@given(JUNK | ROWS)
@settings(max_examples=EXAMPLES)
def test_any_first_rows(X: Any) -> None:
    gen = ds.Gen(generator=[3], discriminator=[3])
    try:
        gen.fit(X, epochs=1)
    except (ValueError, TypeError) as error:
        check_said(error)
        assert gen.data_size is None
    else:
        assert gen.sample(1).shape == (1, gen.data_size)
