"""The layer table that `print(net)` shows."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from math import prod

from .. import activations
from .._settings import Settings
from .config import NetConfig

Row = tuple[str, str, str, int]
"""Number, what it does, its shape, how many parameters it has."""

_TRACKED = ("running_mean", "running_var", "_u", "_v")  # ends of names of what is tracked, not trained


def table(kind: str, config: Settings, rows: list[Row], told: Sequence[str] = ()) -> str:
    """A head, one line a layer, and the total; the head says what is `told` behind the optimizer."""
    lines = [("", "layer", "shape", "parameters")]
    lines += [(number, layer, shape, f"{count:,}") for number, layer, shape, count in rows]
    lines.append(("", "total", "", f"{sum(row[3] for row in rows):,}"))
    wide = [max(len(line[c]) for line in lines) for c in range(4)]
    body = [
        f"  {line[0]:>{wide[0]}}  {line[1]:<{wide[1]}}  {line[2]:>{wide[2]}}  {line[3]:>{wide[3]}}".rstrip()
        for line in lines
    ]
    loss = (
        config.loss
        if isinstance(config.loss, str) or config.loss != type(config.loss)()
        else config.loss.name
    )
    said = [f"loss {loss}", repr(config.optimizer), *told, config.dtype, config.device, f"seed {config.seed}"]
    head = f"{kind}: {', '.join(said)}"
    return "\n".join([head, *body])


def net_rows(config: NetConfig) -> list[Row]:
    """One a layer of weights."""
    sizes = zip(config.layers, config.layers[1:], strict=False)
    return [
        (str(i), _layer(config, i), f"{inputs} → {units}", parameters(config, f"{i}.*"))
        for i, (inputs, units) in enumerate(sizes)
    ]


def parameters(config: Settings, pattern: str) -> int:
    """How many numbers are trained under names such as "0.*"."""
    shapes = config.shapes().items()
    return sum(
        prod(shape) for name, shape in shapes if fnmatchcase(name, pattern) and not name.endswith(_TRACKED)
    )


def dense(bias: bool, activation: activations.Activation | str, dropout: float, norm: str = "none") -> str:
    """What a dense layer does, in order, as "dense, batch norm, relu, dropout 0.1"."""
    parts = ["dense" if bias else "dense without bias"]
    if norm != "none":
        parts.append(f"{norm} norm")
    parts.append(named(activation))
    if dropout:
        parts.append(f"dropout {dropout:g}")
    return ", ".join(parts)


def named(activation: activations.Activation | str) -> str:
    """An activation as the user would write it."""
    plain = isinstance(activation, str) or activation == type(activation)()
    return activations.name_of(activation) if plain else repr(activation)


def _layer(config: NetConfig, i: int) -> str:
    first = f"dropout {config.input_dropout:g}, " if i == 0 and config.input_dropout else ""
    if i == len(config.activation):
        return first + dense(config.bias, config.output_activation, 0.0)
    return first + dense(config.bias, config.activation[i], config.dropout[i], config.normalization[i])
