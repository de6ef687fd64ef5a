"""The rows by PyTorch: eager mode, fused optimizers, mini-batches in tensors, no data loader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from itertools import chain, islice, pairwise, repeat
from typing import Any

import numpy as np

from . import peer_torch_gen
from .timing import (
    Builder,
    Measure,
    calls,
    function_data,
    gen_data,
    matmul_data,
    net_data,
    per_step,
    rec_data,
)


def setup(threads: int) -> str:
    """Set the number of threads; return the version."""
    torch: Any = import_module("torch")
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    return str(torch.__version__)


def _perceptron(layers: list[int], activation: str, bias: bool = True) -> Any:
    nn: Any = import_module("torch.nn")
    modules: list[Any] = []
    for fan_in, fan_out in pairwise(layers):
        between = {"relu": nn.ReLU(), "sigmoid": nn.Sigmoid(), "leaky_relu": nn.LeakyReLU(0.2)}[activation]
        modules += [nn.Linear(fan_in, fan_out, bias), between]
    if activation != "sigmoid":
        modules.pop()  # the output layer is linear, except in rows with sigmoids
    return nn.Sequential(*modules)


def _matmul(params: Mapping[str, Any], threads: int) -> Measure:
    torch: Any = import_module("torch")
    a, b = (torch.from_numpy(factor) for factor in matmul_data(params))
    c = torch.empty(params["m"], params["n"])
    return per_step(calls(lambda: torch.mm(a, b, out=c)))


def _function(params: Mapping[str, Any], threads: int) -> Measure:
    torch: Any = import_module("torch")
    namespaces = {"relu": torch, "sigmoid": torch, "tanh": torch, "exp": torch}
    function = getattr(namespaces.get(params["function"], torch.nn.functional), params["function"])
    x = torch.from_numpy(function_data(params))
    return per_step(calls(lambda: function(x)))


def _train_net(params: Mapping[str, Any], threads: int) -> Measure:
    torch: Any = import_module("torch")
    X, y = (torch.from_numpy(array) for array in net_data(params))
    batches = list(zip(X.split(params["batch"]), y.split(params["batch"]), strict=True))
    model = _perceptron(params["layers"], params["activation"])
    loss = torch.nn.CrossEntropyLoss() if params["loss"] == "cross_entropy" else torch.nn.MSELoss()
    if params["optimizer"] == "sgd":
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, fused=True)
    else:
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, fused=True)
    endless = chain.from_iterable(repeat(batches))

    def run(count: int) -> None:
        for inputs, targets in islice(endless, count):
            optimizer.zero_grad(set_to_none=True)
            loss(model(inputs), targets).backward()
            optimizer.step()

    return per_step(run)


def _predict_net(params: Mapping[str, Any], threads: int) -> Measure:
    torch: Any = import_module("torch")
    model = _perceptron(params["layers"], "relu").eval()
    x = np.random.default_rng(0).standard_normal((1, params["layers"][0]), dtype=np.float32)

    def run(count: int) -> None:
        with torch.inference_mode():
            for _ in repeat(None, count):
                torch.softmax(model(torch.from_numpy(x)), 1).numpy()

    return per_step(run)


def _train_rec(params: Mapping[str, Any], threads: int) -> Measure:
    torch: Any = import_module("torch")
    data = rec_data(params)
    X, y = (torch.from_numpy(array).split(params["batch"]) for array in (data.X, data.y))
    layer = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[params["cell"]]
    recurrent = layer(params["inputs"], params["hidden"], batch_first=True)
    head = torch.nn.Linear(params["hidden"], params["outputs"])
    loss = torch.nn.MSELoss()
    optimizer = torch.optim.Adam([*recurrent.parameters(), *head.parameters()], lr=1e-4, fused=True)

    def training(batches: list[Any], last: Callable[..., Any]) -> Measure:
        endless = chain.from_iterable(repeat(batches))

        def run(count: int) -> None:
            for targets, *inputs in islice(endless, count):
                optimizer.zero_grad(set_to_none=True)
                loss(head(last(*inputs)), targets).backward()
                optimizer.step()

        return per_step(run)

    if data.lengths is None:
        return training(list(zip(y, X, strict=True)), lambda x: recurrent(x)[0][:, -1])

    rows = torch.arange(params["batch"])

    def packed(x: Any, lengths: Any) -> Any:
        return recurrent(torch.nn.utils.rnn.pack_padded_sequence(x, lengths, True, False))[1][0]

    def padded(x: Any, lengths: Any) -> Any:
        return recurrent(x)[0][rows, lengths - 1]

    lengths = torch.from_numpy(data.lengths).split(params["batch"])
    trimmed = [x[:, : int(real.max())].contiguous() for x, real in zip(X, lengths, strict=True)]
    batches = list(zip(y, trimmed, lengths, strict=True))
    if params.get("packed"):
        return training(batches, packed)
    return min((training(batches, way) for way in (packed, padded)), key=lambda way: way(0.05)["seconds"])


def _step_rec(params: Mapping[str, Any], threads: int) -> Measure:
    """Time a step from a NumPy array to a NumPy array; the state is a tensor."""
    torch: Any = import_module("torch")
    cell = torch.nn.LSTMCell(params["inputs"], params["hidden"]).eval()
    head = torch.nn.Linear(params["hidden"], params["outputs"]).eval()
    x = np.random.default_rng(0).standard_normal((1, params["inputs"]), dtype=np.float32)
    state = (torch.zeros(1, params["hidden"]), torch.zeros(1, params["hidden"]))

    def run(count: int) -> None:
        nonlocal state
        with torch.inference_mode():
            for _ in repeat(None, count):
                state = cell(torch.from_numpy(x), state)
                head(state[0]).numpy()

    return per_step(run)


def _train_gen(params: Mapping[str, Any], threads: int) -> Measure:
    """Time updates of both networks, including the drawing of latent variables."""
    torch: Any = import_module("torch")
    batches = torch.from_numpy(gen_data(params)).split(params["batch"])
    players = [
        _perceptron(layers, activation, params["bias"])
        for layers, activation in zip(params["players"], params["activations"], strict=True)
    ]
    train_step = peer_torch_gen.make_train_step(params, *players)
    shape = (params["batch"], params["players"][0][0])
    endless = chain.from_iterable(repeat(batches))

    def run(count: int) -> None:
        for x in islice(endless, count):
            train_step(x, torch.randn(shape))

    return per_step(run)


BUILDERS: dict[str, Builder] = {
    "matmul": _matmul,
    "function": _function,
    "train_net": _train_net,
    "predict_net": _predict_net,
    "train_rec": _train_rec,
    "step_rec": _step_rec,
    "train_gen": _train_gen,
}
