"""The layer table that `print(net)` shows."""

from __future__ import annotations

from math import prod

from . import activations
from ._config import NetConfig


def layer_table(kind: str, config: NetConfig) -> str:
    """One line a layer of weights: what it does, its sizes, how many parameters it has."""
    shapes = config.shapes()
    rows = [("", "layer", "shape", "parameters")]
    total = 0
    for i, (inputs, units) in enumerate(zip(config.layers, config.layers[1:], strict=False)):
        trained = [n for n in shapes if n.startswith(f"{i}.") and "running" not in n]
        count = sum(prod(shapes[name]) for name in trained)
        total += count
        rows.append((str(i), _layer(config, i), f"{inputs} → {units}", f"{count:,}"))
    rows.append(("", "total", "", f"{total:,}"))
    wide = [max(len(row[c]) for row in rows) for c in range(4)]
    lines = [
        f"  {row[0]:>{wide[0]}}  {row[1]:<{wide[1]}}  {row[2]:>{wide[2]}}  {row[3]:>{wide[3]}}".rstrip()
        for row in rows
    ]
    loss = (
        config.loss
        if isinstance(config.loss, str) or config.loss != type(config.loss)()
        else config.loss.name
    )
    head = f"{kind}: loss {loss}, {config.optimizer!r}, {config.dtype}, {config.device}, seed {config.seed}"
    return "\n".join([head, *lines])


def _layer(config: NetConfig, i: int) -> str:
    """What a layer does, in order, as "dense, batch norm, relu, dropout 0.1"."""
    parts = [f"dropout {config.input_dropout:g}"] if i == 0 and config.input_dropout else []
    parts.append("dense" if config.bias else "dense without bias")
    if i == len(config.activation):
        return ", ".join([*parts, _named(config.output_activation)])
    if config.normalization[i] != "none":
        parts.append(f"{config.normalization[i]} norm")
    parts.append(_named(config.activation[i]))
    if config.dropout[i]:
        parts.append(f"dropout {config.dropout[i]:g}")
    return ", ".join(parts)


def _named(activation: activations.Activation | str) -> str:
    plain = isinstance(activation, str) or activation == type(activation)()
    return activations.name_of(activation) if plain else repr(activation)
