"""Output blocks of a generator: groups of columns with an activation each, or categories with Gumbel noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from .. import activations
from . import checks
from .base import ConfigBase, count, number, one_of, switch

GUMBEL = "gumbel"
_ALPHAS = {"leaky_relu": 0.01}  # of activations whose parameter is not 1 by default


@dataclass(frozen=True, repr=False)
class Block(ConfigBase):
    """Adjacent columns with one output activation.

    Parameters
    ----------
    activation : str
        Elementwise activation, or "gumbel": a category with one column per value (Jang et al. 2017; Maddison et
        al. 2017).
    units : int, default=1
        Number of columns.
    alpha : float, optional
        Parameter of the activation, if it has one.
    temperature : float, default=0.5
        Softmax temperature of a category in training, above 0.
    hard : bool, default=False
        Whether the discriminator's input in training is the one-hot maximum, with the gradient of the softmax
        (straight-through).
    """

    activation: str = one_of("identity", (*activations.HIDDEN, GUMBEL))
    units: int = count(1)
    alpha: float | None = number(None)
    temperature: float = number(0.5, above=True)
    hard: bool = switch(False)

    def _spec(self) -> dict[str, Any]:
        return {"alpha": _ALPHAS.get(self.activation, 1.0), **super()._spec()}


def as_blocks(given: Any) -> tuple[Block, ...]:
    """Return the blocks of a list of blocks or of dictionaries with their fields."""
    return tuple(_block(f"output_activation[{i}]", block) for i, block in enumerate(given))


def _block(what: str, given: Any) -> Block:
    if isinstance(given, Block):
        return given
    if not isinstance(given, Mapping):
        example = '{"activation": "tanh", "units": 3}'
        raise TypeError(f"{what}: got {given!r}; expected a dictionary such as {example}")
    known = {f.name for f in fields(Block)}
    values = {key: value for key, value in given.items() if key != "type"}
    unknown = [str(key) for key in values if key not in known]
    if unknown:
        raise ValueError(f"{what}: got unknown {', '.join(unknown)}; expected {', '.join(sorted(known))}")
    try:
        block = Block(**values)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{what}: {error}") from None
    if block.activation == GUMBEL and block.units < 2:
        raise ValueError(
            f"{what}: got {block.units} unit in a gumbel block; expected at least 2 units, one per category"
        )
    return block


def width(blocks: tuple[Block, ...]) -> int:
    """Return the number of columns of all blocks."""
    return checks.integer("columns of output_activation", sum(block.units for block in blocks))
