"""What is measured: the rows, by group.

A row names a kind of work (``matmul``, ``train_net``, …) and its parameters as plain data, so that it can be sent to
any worker; a contestant that knows the kind can run it.  Another kind of model adds a function to ``GROUPS`` and its
kinds to the contestants; nothing else changes.
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
    name, group : str
        How it is called and where it belongs.
    kind : str
        The work; the key in a contestant's ``BUILDERS``.
    params : dict
        Parameters of the work, plain data.
    unit : {"us", "GFLOP/s", "GB/s", "s", "MiB"}
        How the result is shown; times are kept in seconds a step.
    flops : float
        Floating-point operations of a step: with the measured FMA rate, its floor.
    moved : float
        Bytes that a step moves, for GB/s.
    read : float
        Bytes a step cannot avoid reading: with the measured bandwidth, its floor where ``flops`` is 0.
    slice : float
        Length of its slices beside those of the others; short work needs less.
    """

    name: str
    group: str
    kind: str
    params: dict[str, Any] = field(default_factory=dict)
    unit: str = "us"
    flops: float = 0.0
    moved: float = 0.0
    read: float = 0.0
    slice: float = 1.0

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
# name: cell, inputs, hidden, outputs, steps or their least and most, batch, batches in the data set
_RECS: dict[str, tuple[str, int, int, int, int | list[int], int, int]] = {
    "rec-seed": ("rnn", 2, 50, 1, 3, 1, 1000),
    "rnn-small": ("rnn", 8, 64, 1, 32, 32, 50),
    "gru-series": ("gru", 8, 64, 1, 128, 64, 5),
    "lstm-char": ("lstm", 64, 256, 64, 64, 32, 3),
    "lstm-large": ("lstm", 512, 1024, 10, 50, 64, 1),
    "ragged-gru": ("gru", 8, 64, 1, [16, 128], 64, 5),
    # beside PyTorch's PackedSequence, which padding outruns
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
# Sigmoid: in every layer. Otherwise the outputs are plain, and leaky_relu's slope is 0.2.  Both players have the same
# optimizer. The penalty is r1r2 of this weight; the average is the decay of the generator's. 0: none.
_RECIPES: dict[str, dict[str, Any]] = {
    "article": {
        "activations": ["sigmoid", "sigmoid"],
        "bias": False,
        "loss": "least_squares",
        "penalty": 0.0,
        "average": 0.0,
        "optimizer": "sgd",
        "rate": 1.0,
    },
    "plain": {
        "activations": ["relu", "leaky_relu"],
        "bias": True,
        "loss": "non_saturating",
        "penalty": 0.0,
        "average": 0.0,
        "optimizer": "adam",
        "rate": 1e-4,
        "betas": [0.9, 0.999],
    },
    "modern": {
        "activations": ["relu", "leaky_relu"],
        "bias": True,
        "loss": "relativistic",
        "penalty": 0.1,
        "average": 0.999,
        "optimizer": "adam",
        "rate": 1e-3,
        "betas": [0.0, 0.99],
    },
}
# name: layers, loss, rows, epochs of a fit; as scikit-learn's estimators are by default: Adam, batches of 200 rows
_ESTIMATORS: dict[str, tuple[list[int], str, int, int]] = {
    "fit-digits": ([64, 100, 10], "cross_entropy", 1800, 20),
    "fit-table": ([32, 128, 128, 1], "squared_error", 10000, 5),
}
_ACTIVATIONS = ("relu", "sigmoid", "tanh", "gelu", "silu", "softplus", "exp")
_ELEMENTS = 65536


def net_flops(layers: Sequence[int], batch: int) -> float:
    """Return the operations of one training step: forward, weight gradient, and input gradient but the first's."""
    weights = [a * b for a, b in pairwise(layers)]
    return 2.0 * batch * (2 * sum(weights) + sum(weights[1:]))


def rec_flops(cell: str, inputs: int, hidden: int, outputs: int, steps: float, batch: int) -> float:
    """Return the operations of one training step of a recurrent layer that is read out at the end.

    Parameters
    ----------
    cell : str
        Which cell: how many gates.
    inputs, hidden, outputs : int
        Sizes.
    steps : float
        Real steps in all sequences of the batch together.
    batch : int
        Sequences in the batch.

    Returns
    -------
    float
        Forward, weight gradients, and the gradient of the state; none of the inputs. The first step's state is
        zero, so its product and both that follow from it are not needed.
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
        Sizes from the inputs to the outputs.
    batch : int
        Training rows; as many are generated.
    pairs : bool
        The generator's loss reads the scores of training rows too.
    penalty : bool
        The gradient by both kinds of rows is penalised.

    Returns
    -------
    float
        One forward pass of the generator for both updates. The discriminator learns from twice the batch; in the
        generator's update it has a forward pass and an input gradient, no weight gradient. A penalty of gradients
        adds a backward pass to the rows, a forward pass of tangents, both without the last layer's one unit, and one
        more product in each weight gradient.
    """
    g, d = ([a * b for a, b in pairwise(sizes)] for sizes in (generator, discriminator))
    learning = 2 * (2 * sum(d) + sum(d[1:]))
    if penalty:
        learning += 2 * (2 * sum(d[:-1]) + sum(d))
    return 2.0 * batch * (learning + (3 if pairs else 2) * sum(d) + 2 * sum(g) + sum(g[1:]))


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
            slice=1 / 3,
        )
        for m, k, n in shapes
    ]
    for name in _ACTIVATIONS:
        params = {"function": name, "elements": _ELEMENTS}
        rows.append(
            Row(f"function-{name}", "kernels", "function", params, "GB/s", moved=8.0 * _ELEMENTS, slice=1 / 3)
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
    layers = [784, 256, 128, 10]
    weights = sum(a * b for a, b in pairwise(layers))
    rows.append(Row("net-predict-1", "net", "predict_net", {"layers": layers}, read=4.0 * weights))
    rows.append(Row("net-cold-start", "net", "cold_start", unit="s"))
    rows.append(Row("net-memory", "net", "cold_memory", unit="MiB"))
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
        # A slice is one fit: where a step takes a second, several must share what a fit begins with.
        rows.append(Row(name, "rec", "train_rec", params, flops=flops, slice=20.0 if flops > 1e11 else 1.0))
    params = {"cell": "lstm", "inputs": 256, "hidden": 256, "outputs": 10}
    weights = 4 * 256 * (256 + 256) + 256 * 10
    rows.append(Row("lstm-step", "rec", "step_rec", params, read=4.0 * weights))
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
        Names from ``GROUPS``.
    patterns : sequence of str
        Keep rows whose name matches one of these (``net-tab-*``); all if empty.

    Returns
    -------
    list of Row
        In the registry's order.
    """
    rows = [row for group in groups for row in GROUPS[group]()]
    for pattern in patterns:
        if not any(fnmatchcase(row.name, pattern) for row in rows):
            raise ValueError(f"no row matches {pattern!r}; rows: {', '.join(row.name for row in rows)}")
    return [
        row for row in rows if not patterns or any(fnmatchcase(row.name, pattern) for pattern in patterns)
    ]
