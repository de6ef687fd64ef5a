"""Registry of the measured rows, by group.

A row has a kind of work (``matmul``, ``train_net``, …) and its parameters as plain data, which can be sent to any
worker. All libraries with a builder for the kind run it. A new kind of model needs a function in ``GROUPS``, and a
builder in the module of each library.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Any


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    name : str
        Name of the row.
    group : str
        Name of its group.
    kind : str
        Kind of work: the key in the ``BUILDERS`` of a library's module.
    params : dict
        Parameters of the work as plain data.
    unit : {"us", "GFLOP/s", "GB/s", "s", "MiB"}, default="us"
        Unit of the table; samples are in seconds per step.
    flops : float, default=0.0
        Floating-point operations per step. Their time at the measured FMA rate is the least possible time.
    bytes_accessed : float, default=0.0
        Bytes that a step reads and writes, for GB/s.
    bytes_read : float, default=0.0
        Bytes that a step has to read. If ``flops`` is 0, their time at the measured bandwidth is the least
        possible time.
    time_factor : float, default=1.0
        Factor of the measuring time per round; kernels need less.
    """

    name: str
    group: str
    kind: str
    params: dict[str, Any] = field(default_factory=dict)
    unit: str = "us"
    flops: float = 0.0
    bytes_accessed: float = 0.0
    bytes_read: float = 0.0
    time_factor: float = 1.0

    def to_json(self) -> dict[str, Any]:
        """Return the row as plain data."""
        return asdict(self)


# name: layers, batch, activation, loss, optimizer, batches in the data set
_NETS: dict[str, tuple[list[int], int, str, str, str, int]] = {
    "net-seed-b1": ([10, 50, 1], 1, "sigmoid", "squared_error", "sgd", 2000),
    "net-seed-b10": ([10, 50, 1], 10, "sigmoid", "squared_error", "sgd", 1000),
    "net-tab-b32": ([32, 128, 128, 1], 32, "relu", "squared_error", "adam", 200),
    "net-tab-b256": ([32, 128, 128, 1], 256, "relu", "squared_error", "adam", 200),
    "net-mnist-b64": ([784, 256, 128, 10], 64, "relu", "cross_entropy", "adam", 200),
    "net-mnist-b512": ([784, 256, 128, 10], 512, "relu", "cross_entropy", "adam", 50),
    "net-wide-b512": ([1024, 2048, 2048, 1000], 512, "relu", "cross_entropy", "adam", 4),
}
# Layers, rows, batch, epochs of each of many small nets; a step is the fit of one net.
_MANY: tuple[list[int], int, int, int] = ([16, 32, 1], 500, 32, 10)
# name: cell, inputs, hidden, outputs, steps or their minimum and maximum, batch, batches in the data set
_RECS: dict[str, tuple[str, int, int, int, int | list[int], int, int]] = {
    "rec-seed": ("rnn", 2, 50, 1, 3, 1, 1000),
    "rnn-small": ("rnn", 8, 64, 1, 32, 32, 50),
    "gru-series": ("gru", 8, 64, 1, 128, 64, 5),
    "lstm-char": ("lstm", 64, 256, 64, 64, 32, 3),
    "lstm-large": ("lstm", 512, 1024, 10, 50, 64, 1),
    "ragged-gru": ("gru", 8, 64, 1, [16, 128], 64, 5),
    # compared with PyTorch's PackedSequence, which is slower than padding
    "ragged-packed": ("gru", 8, 64, 1, [16, 128], 64, 5),
}
GATES = {"rnn": 1, "gru": 3, "lstm": 4}
# name: latent, generator's hidden, data, discriminator's hidden, batch, batches in the data set, recipe
_GENS: dict[str, tuple[int, list[int], int, list[int], int, int, str]] = {
    "gan-seed": (10, [50], 1, [50], 10, 1000, "article"),
    "gan-tab": (16, [64, 64], 8, [64, 64], 128, 100, "plain"),
    "gan-digits": (64, [128, 256], 64, [256, 128], 64, 100, "plain"),
    "gan-mnist": (100, [256, 512, 1024], 784, [512, 256], 64, 10, "plain"),
    "gan-r1r2": (64, [128, 256], 64, [256, 128], 64, 100, "modern"),
}
# Sigmoid is used in every layer; otherwise the outputs are linear, and the slope of leaky_relu is 0.2. Generator and
# discriminator have the same optimizer. `penalty` is the weight of r1r2, `ema_decay` the decay of the generator's
# moving average; 0 for none.
_RECIPES: dict[str, dict[str, Any]] = {
    "article": {
        "activations": ["sigmoid", "sigmoid"],
        "bias": False,
        "loss": "least_squares",
        "penalty": 0.0,
        "ema_decay": 0.0,
        "optimizer": "sgd",
        "learning_rate": 1.0,
    },
    "plain": {
        "activations": ["relu", "leaky_relu"],
        "bias": True,
        "loss": "non_saturating",
        "penalty": 0.0,
        "ema_decay": 0.0,
        "optimizer": "adam",
        "learning_rate": 1e-4,
        "betas": [0.9, 0.999],
    },
    "modern": {
        "activations": ["relu", "leaky_relu"],
        "bias": True,
        "loss": "relativistic",
        "penalty": 0.1,
        "ema_decay": 0.999,
        "optimizer": "adam",
        "learning_rate": 1e-3,
        "betas": [0.0, 0.99],
    },
}
# name: layers, loss, rows, epochs of a fit; with the defaults of scikit-learn: Adam, mini-batches of 200 rows
_ESTIMATORS: dict[str, tuple[list[int], str, int, int]] = {
    "fit-digits": ([64, 100, 10], "cross_entropy", 1800, 20),
    "fit-table": ([32, 128, 128, 1], "squared_error", 10000, 5),
}
# name: layers, rows, entries per row, epochs of a fit on sparse rows, such as bags of words
_SPARSE: dict[str, tuple[list[int], int, int, int]] = {"fit-text": ([20000, 32, 2], 5000, 40, 3)}
_ACTIVATIONS = ("relu", "sigmoid", "tanh", "gelu", "silu", "softplus", "exp")
_ELEMENTS = 65536


def net_flops(layers: Sequence[int], batch: int) -> float:
    """Return the operations of a training step: forward pass, weight gradients, later layers' input gradients."""
    weights = [a * b for a, b in pairwise(layers)]
    return 2.0 * batch * (2 * sum(weights) + sum(weights[1:]))


def rec_flops(cell: str, inputs: int, hidden: int, outputs: int, steps: float, batch: int) -> float:
    """Return the operations of a training step of a recurrent layer with an output at the last step.

    Parameters
    ----------
    cell : str
        Type of the cell, which sets the number of gates.
    inputs, hidden, outputs : int
        Number of input features, units and outputs.
    steps : float
        Total number of real steps of the sequences of the batch.
    batch : int
        Number of sequences of the batch.

    Returns
    -------
    float
        Operations of the forward pass, the weight gradients and the gradient of the state. Input gradients
        are not computed; products with the initial state, which is zero, are not needed.
    """
    units = GATES[cell] * hidden
    return 2.0 * (
        2 * units * inputs * steps + 3 * units * hidden * (steps - batch) + 3 * hidden * outputs * batch
    )


def gen_flops(
    generator: Sequence[int],
    discriminator: Sequence[int],
    batch: int,
    pairs: bool = False,
    penalty: bool = False,
) -> float:
    """Return the operations of one update of the discriminator and one of the generator.

    Parameters
    ----------
    generator, discriminator : sequence of int
        Sizes of the layers from the inputs to the outputs.
    batch : int
        Number of training rows; the same number is generated.
    pairs : bool, default=False
        Whether the generator's loss depends on the scores of training rows too.
    penalty : bool, default=False
        Whether there is a penalty on the gradient with respect to training and generated rows.

    Returns
    -------
    float
        Operations with one forward pass of the generator for both updates. The discriminator is trained on
        twice the batch. In the generator's update it has a forward pass and an input gradient, but no weight
        gradient. A gradient penalty adds a backward pass to the rows and a forward pass of tangents, both
        without the last layer's single unit. It also adds one product to each weight gradient.
    """
    g, d = ([a * b for a, b in pairwise(sizes)] for sizes in (generator, discriminator))
    update = 2 * (2 * sum(d) + sum(d[1:]))
    if penalty:
        update += 2 * (2 * sum(d[:-1]) + sum(d))
    return 2.0 * batch * (update + (3 if pairs else 2) * sum(d) + 2 * sum(g) + sum(g[1:]))


def _kernel_rows() -> list[Row]:
    shapes = [(size, size, size) for size in (32, 64, 128, 256, 512, 1024)]
    for size in (256, 512, 1024):
        shapes += [(narrow, size, size) for narrow in (1, 8, 32)]
        shapes += [(size, size, narrow) for narrow in (1, 8, 32)]
    rows = [
        Row(
            f"matmul-{m}x{k}x{n}",
            "kernels",
            "matmul",
            {"m": m, "k": k, "n": n},
            "GFLOP/s",
            flops=2.0 * m * k * n,
            time_factor=1 / 3,
        )
        for m, k, n in shapes
    ]
    for name in _ACTIVATIONS:
        params = {"function": name, "elements": _ELEMENTS}
        rows.append(
            Row(
                f"function-{name}",
                "kernels",
                "function",
                params,
                "GB/s",
                bytes_accessed=8.0 * _ELEMENTS,
                time_factor=1 / 3,
            )
        )
    return rows


def _net_rows() -> list[Row]:
    rows = []
    for name, (layers, batch, activation, loss, optimizer, batches) in _NETS.items():
        params = {
            "layers": layers,
            "batch": batch,
            "activation": activation,
            "loss": loss,
            "optimizer": optimizer,
            "batches": batches,
        }
        rows.append(Row(name, "net", "train_net", params, flops=net_flops(layers, batch)))
    layers, count, batch, epochs = _MANY
    for name, loop in (("fit-many", False), ("fit-loop", True)):
        params = {"layers": layers, "rows": count, "batch": batch, "epochs": epochs, "loop": loop}
        flops = epochs * net_flops(layers, count)
        rows.append(Row(name, "net", "fit_many", params, flops=flops, time_factor=4.0))
    layers = [784, 256, 128, 10]
    weights = sum(a * b for a, b in pairwise(layers))
    rows.append(Row("net-predict-1", "net", "predict_net", {"layers": layers}, bytes_read=4.0 * weights))
    rows.append(Row("net-cold-start", "net", "cold_start", {"workload": "net"}, unit="s"))
    rows.append(Row("net-memory", "net", "cold_memory", {"workload": "net"}, unit="MiB"))
    return rows


def _rec_rows() -> list[Row]:
    rows = []
    for name, (cell, inputs, hidden, outputs, steps, batch, batches) in _RECS.items():
        params = {
            "cell": cell,
            "inputs": inputs,
            "hidden": hidden,
            "outputs": outputs,
            "steps": steps,
            "batch": batch,
            "batches": batches,
            "packed": name == "ragged-packed",
        }
        average = steps if isinstance(steps, int) else sum(steps) / 2
        flops = rec_flops(cell, inputs, hidden, outputs, average * batch, batch)
        # A measurement is one fit. If a step takes a second, several steps have to share the initial cost of the fit.
        rows.append(
            Row(name, "rec", "train_rec", params, flops=flops, time_factor=20.0 if flops > 1e11 else 1.0)
        )
    params = {"cell": "lstm", "inputs": 256, "hidden": 256, "outputs": 10}
    weights = 4 * 256 * (256 + 256) + 256 * 10
    rows.append(Row("lstm-step", "rec", "step_rec", params, bytes_read=4.0 * weights))
    return rows


def _gen_rows() -> list[Row]:
    rows = []
    for name, (latent, generator, data, discriminator, batch, batches, recipe) in _GENS.items():
        players = [latent, *generator, data], [data, *discriminator, 1]
        params = {"players": list(players), "batch": batch, "batches": batches, **_RECIPES[recipe]}
        flops = gen_flops(*players, batch, params["loss"] == "relativistic", params["penalty"] > 0)
        rows.append(Row(name, "gen", "train_gen", params, flops=flops))
    return rows


def _estimator_rows() -> list[Row]:
    rows = []
    for name, (layers, loss, count, epochs) in _ESTIMATORS.items():
        params = {"layers": layers, "loss": loss, "batch": 200, "batches": count // 200, "epochs": epochs}
        flops = epochs * (count // 200) * net_flops(layers, 200)
        rows.append(Row(name, "estimators", "fit_estimator", params, flops=flops))
    for name, (layers, count, entries, epochs) in _SPARSE.items():
        params = {"layers": layers, "rows": count, "entries": entries, "epochs": epochs}
        rows.append(Row(name, "estimators", "fit_sparse", params, time_factor=4.0))
    rows.append(Row("text-memory", "estimators", "cold_memory", {"workload": "text"}, unit="MiB"))
    for name, count in (("proba-1", 1), ("proba-1000", 1000)):
        params = {"layers": [64, 100, 10], "loss": "cross_entropy", "batch": count, "batches": 1}
        rows.append(Row(name, "estimators", "predict_estimator", params))
    return rows


GROUPS: dict[str, Callable[[], list[Row]]] = {
    "kernels": _kernel_rows,
    "net": _net_rows,
    "rec": _rec_rows,
    "gen": _gen_rows,
    "estimators": _estimator_rows,
}


def rows_of(groups: Sequence[str], patterns: Sequence[str] = ()) -> list[Row]:
    """Return the rows of some groups.

    Parameters
    ----------
    groups : sequence of str
        Names in ``GROUPS``.
    patterns : sequence of str, default=()
        Patterns of names, such as ``net-tab-*``; empty for all rows.

    Returns
    -------
    list of Row
        Rows of the groups whose name matches a pattern, in the order of the registry.

    Raises
    ------
    ValueError
        If a pattern matches no row.
    """
    rows = [row for group in groups for row in GROUPS[group]()]
    for pattern in patterns:
        if not any(fnmatchcase(row.name, pattern) for row in rows):
            raise ValueError(f"rows: got {pattern!r}; expected one of {', '.join(row.name for row in rows)}")
    return [
        row for row in rows if not patterns or any(fnmatchcase(row.name, pattern) for pattern in patterns)
    ]
