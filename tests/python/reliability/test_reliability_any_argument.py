"""Promise D6: any argument gives the right answer, or a ValueError or TypeError that says what is wrong.

Hypothesis makes the arguments: values of every kind for every parameter, arrays of every type, shape and
stride, and nets of every configuration, which have to predict what the NumPy reference does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import deepseek as ds
from deepseek.activations import HIDDEN
from deepseek.reference import Net as ReferenceNet
from programs import models
from programs.arguments import ANY, EXAMPLES, JUNK, check_said

NET_PARAMETERS = [
    "activation", "output_activation", "loss", "optimizer", "bias", "dropout", "input_dropout",
    "numeric_embedding", "input_scale_rate", "normalization", "initialization", "dtype", "device", "threads", "seed",
    "no_such_parameter",
]  # fmt: skip
FIT_PARAMETERS = [
    "epochs", "batch_size", "validation_data", "validation_fraction", "sample_weight", "class_weight",
    "early_stopping", "callbacks", "shuffle", "checkpoint_interval", "resume", "no_such_parameter",
]  # fmt: skip
MANY_PARAMETERS = [
    "rows", "validation_rows", "epochs", "batch_size", "validation_data", "validation_fraction", "sample_weight",
    "class_weight", "early_stopping", "callbacks", "shuffle", "threads", "no_such_parameter",
]  # fmt: skip
X, Y = models.data(20)


@given(layers=JUNK | st.lists(st.integers(1, 9), min_size=2, max_size=4), options=st.dictionaries(
    st.sampled_from(NET_PARAMETERS), ANY, max_size=3
))  # fmt: skip
@settings(max_examples=EXAMPLES * 3, deadline=None)
def test_any_net(layers: Any, options: dict[str, Any]) -> None:
    try:
        net = ds.Net(layers, **options)
    except (ValueError, TypeError) as error:
        check_said(error)
        return
    rows = np.ones((2, net.layers[0]), "f4")
    assert net.predict(rows).shape == (2, net.layers[-1])
    repr(net)


@given(options=st.dictionaries(st.sampled_from(FIT_PARAMETERS), ANY, min_size=1, max_size=2))
@settings(max_examples=EXAMPLES * 2, deadline=None)
def test_any_fit(options: dict[str, Any]) -> None:
    if options.get("epochs") in (2**31 - 1, 2**31) and type(options["epochs"]) is int:
        return  # right, but long
    net = models.net()
    before = models.weights(net)
    try:
        history = net.fit(X, Y, **{"epochs": 1, **options})
    except (ValueError, TypeError) as error:
        check_said(error)
        assert models.weights(net) == before
        return
    assert history.epochs >= 1 and history.outcome in ("finished", "stopped early")


KINDS = [
    ds.SGD, ds.Adam, ds.AdamW, ds.RMSProp, ds.Adagrad, ds.Lion, ds.Cosine, ds.OneCycle, ds.Step, ds.Plateau,
    ds.Exponential, ds.Constant, ds.Huber, ds.Quantile, ds.CrossEntropy, ds.Focal, ds.ELU, ds.LeakyReLU,
    ds.PeriodicEmbedding, ds.EarlyStopping, ds.Checkpoint, ds.LambdaCallback,
]  # fmt: skip
FIELDS = [
    "learning_rate", "momentum", "schedule", "clip_norm", "l2", "epochs", "warmup", "delta", "gamma", "patience",
    "interval", "on_fit_end", "sigma", "frequencies", "width", "features",
]  # fmt: skip


@given(options=st.dictionaries(st.sampled_from(MANY_PARAMETERS), ANY, min_size=1, max_size=2))
@settings(max_examples=EXAMPLES * 2, deadline=None)
def test_any_fit_of_many(options: dict[str, Any]) -> None:
    if options.get("epochs") in (2**31 - 1, 2**31) and type(options["epochs"]) is int:
        return  # right, but long
    nets = [models.net(seed=seed) for seed in range(2)]
    before = [models.weights(net) for net in nets]
    try:
        histories = ds.fit_many(nets, X, Y, **{"epochs": 1, **options})
    except (ValueError, TypeError) as error:
        check_said(error)
        assert [models.weights(net) for net in nets] == before
        return
    assert {history.outcome for history in histories} == {"finished"}


@given(
    kind=st.sampled_from(KINDS),
    arguments=st.lists(ANY, max_size=2),
    options=st.dictionaries(st.sampled_from(FIELDS), ANY, max_size=2),
)
@settings(max_examples=EXAMPLES * 2, deadline=None)
def test_any_description(kind: Any, arguments: list[Any], options: dict[str, Any]) -> None:
    try:
        made = kind(*arguments, **options)
    except (ValueError, TypeError) as error:
        check_said(error)
        return
    repr(made)


REAL = st.sampled_from(["f2", "f4", "f8", ">f4", ">f8", "i1", "u1", "i2", ">i2", "u4", "i8", "u8", "?", "g"])
ODD = st.sampled_from(["c8", "c16", "M8[s]", "m8[D]", "S3", "U2", "O", "V4"])


@st.composite
def arrays(draw: st.DrawFn, columns: int = 6) -> Any:
    """An array of any type, shape and stride; half of them of the expected shape."""
    shape = draw(st.just((7, columns)) | hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=8))
    dtype = draw(REAL | REAL | ODD)
    wide = tuple(2 * n + 1 for n in shape)
    array = np.zeros(wide, dtype)
    if array.dtype.kind in "fiub?":
        numbers = draw(st.integers(0, 2**32 - 1))
        array[...] = np.random.default_rng(numbers).integers(0, 2, wide)
    start = [draw(st.integers(0, 1)) for _ in shape]
    view = array[(*(slice(s, s + 2 * n, 2) for s, n in zip(start, shape, strict=True)), ...)]
    for axis in range(view.ndim):
        if draw(st.booleans()):
            view = np.flip(view, axis)
    if draw(st.booleans()):
        view = np.asfortranarray(view)
    if draw(st.booleans()):
        view.flags.writeable = False
    return draw(st.sampled_from([view, view, view.tolist()]))


@given(given_rows=arrays())
@settings(max_examples=EXAMPLES * 3, deadline=None)
def test_any_rows(given_rows: Any) -> None:
    net = models.net(seed=2)
    copy = np.array(given_rows)
    try:
        outputs = net.predict(given_rows)
    except (ValueError, TypeError) as error:
        check_said(error)
        assert copy.shape != (7, 6) or copy.dtype.kind not in "fiub"
        return
    assert copy.ndim == 2 and copy.shape[1] == 6 and copy.dtype.kind in "fiub"
    assert outputs.tobytes() == net.predict(copy.astype("f4")).tobytes()
    assert np.array_equal(copy, np.array(given_rows)), "an input was written to"


@given(targets=arrays(columns=3), weights=st.none() | arrays(columns=1))
@settings(max_examples=EXAMPLES * 3, deadline=None)
def test_any_targets(targets: Any, weights: Any) -> None:
    net = models.net(seed=2)
    before = models.weights(net)
    try:
        net.fit(X[:7], targets, sample_weight=weights, epochs=1)
    except (ValueError, TypeError) as error:
        check_said(error)
        assert models.weights(net) == before
        return
    plain = models.net(seed=2)
    y = np.array(targets)
    y = y.reshape(-1).astype("i8") if y.size == 7 else y.astype("f4")
    plain.fit(X[:7], y, sample_weight=None if weights is None else np.array(weights).astype("f4"), epochs=1)
    assert models.weights(plain) == models.weights(net)


@given(
    layers=st.lists(st.integers(1, 9), min_size=2, max_size=4),
    activation=st.sampled_from(HIDDEN),
    output=st.sampled_from(HIDDEN),
    normalization=st.sampled_from([None, "batch", "layer"]),
    bias=st.booleans(),
    rows=st.integers(0, 20),
    seed=st.integers(0, 2**64 - 1),
)
@settings(max_examples=EXAMPLES, deadline=None)
def test_any_net_predicts_what_the_reference_does(
    layers: list[int],
    activation: str,
    output: str,
    normalization: str | None,
    bias: bool,
    rows: int,
    seed: int,
) -> None:
    shape = {
        "activation": activation,
        "output_activation": output,
        "normalization": normalization,
        "bias": bias,
    }
    net = ds.Net(layers, **shape, dtype="float64", seed=seed)
    reference = ReferenceNet(net._config.spec())
    reference.set_params(net.state_dict())
    given_rows = np.random.default_rng(0).normal(size=(rows, layers[0]))
    expected, _ = reference.forward(given_rows)
    np.testing.assert_allclose(net.predict(given_rows), expected, rtol=1e-10, atol=1e-12)
