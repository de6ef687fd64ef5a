"""The layer table that `print(net)` shows."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from math import prod

from .. import activations
from .._config.model import ModelConfig
from .._config.net import NetConfig

Row = tuple[str, str, str, int]
"""Number of the layer, description, shape, number of parameters."""

_BUFFERS = ("running_mean", "running_var", "_u", "_v")  # name endings of buffers, which are not trained


def table(kind: str, config: ModelConfig, rows: list[Row], options: Sequence[str] = ()) -> str:
    """Return the table: a headline, one line per layer, and the total.

    `options` are further entries of the headline, placed after the optimizer.
    """
    lines = [("", "layer", "shape", "parameters")]
    lines += [(number, layer, shape, f"{count:,}") for number, layer, shape, count in rows]
    lines.append(("", "total", "", f"{sum(row[3] for row in rows):,}"))
    w = [max(len(line[c]) for line in lines) for c in range(4)]
    body = [
        f"  {line[0]:>{w[0]}}  {line[1]:<{w[1]}}  {line[2]:>{w[2]}}  {line[3]:>{w[3]}}".rstrip()
        for line in lines
    ]
    loss = (
        config.loss
        if isinstance(config.loss, str) or config.loss != type(config.loss)()
        else config.loss.name
    )
    parts = [
        f"loss {loss}",
        repr(config.optimizer),
        *options,
        config.dtype,
        config.device,
        f"seed {config.seed}",
    ]
    return "\n".join([f"{kind}: {', '.join(parts)}", *body])


def net_rows(config: NetConfig) -> list[Row]:
    """Return one row per layer of weights."""
    sizes = zip(config.widths, config.widths[1:], strict=False)
    return _embedding(config) + [
        (str(i), _layer(config, i), f"{inputs} → {units}", parameters(config, f"{i}.*"))
        for i, (inputs, units) in enumerate(sizes)
    ]


def parameters(config: ModelConfig, pattern: str) -> int:
    """Return the number of trained parameters whose names match a pattern such as "0.*"."""
    shapes = config.shapes().items()
    return sum(
        prod(shape) for name, shape in shapes if fnmatchcase(name, pattern) and not name.endswith(_BUFFERS)
    )


def dense(bias: bool, activation: activations.Activation | str, dropout: float, norm: str = "none") -> str:
    """Return the operations of a dense layer in order, such as "dense, batch norm, relu, dropout 0.1"."""
    parts = ["dense" if bias else "dense without bias"]
    if norm != "none":
        parts.append(f"{norm} norm")
    parts.append(activation_text(activation))
    if dropout:
        parts.append(f"dropout {dropout:g}")
    return ", ".join(parts)


def activation_text(activation: activations.Activation | str) -> str:
    """Return an activation as the user writes it in code."""
    plain = isinstance(activation, str) or activation == type(activation)()
    return activations.name_of(activation) if plain else repr(activation)


def _embedding(config: NetConfig) -> list[Row]:
    embedding = config.numeric_embedding
    if embedding is None:
        return []
    text = f"periodic embedding of {embedding.features} inputs, {embedding.frequencies} frequencies"
    return [("", text, f"{config.inputs} → {config.widths[0]}", parameters(config, "embedding.*"))]


def _layer(config: NetConfig, i: int) -> str:
    first = f"dropout {config.input_dropout:g}, " if i == 0 and config.input_dropout else ""
    if i == 0 and config.input_scale_rate:
        first += "scales of the inputs, "
    if i == len(config.activation):
        return first + dense(config.bias, config.output_activation, 0.0)
    return first + dense(config.bias, config.activation[i], config.dropout[i], config.normalization[i])
