"""What a generator's columns become, block by block: numbers through an activation, categories through Gumbel noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from .. import _checks, activations
from .._described import Described, count, name, number, switch

GUMBEL = "gumbel"
_ALPHAS = {"leaky_relu": 0.01}  # of activations whose parameter is not 1 by default


@dataclass(frozen=True, repr=False)
class Block(Described):
    """Columns that lie side by side and belong together.

    Parameters
    ----------
    activation : str
        An elementwise one, or "gumbel": a category, one column each (Jang et al. 2017; Maddison et al. 2017).
    units : int, default=1
        Columns.
    alpha : float, optional
        The activation's parameter, if it has one.
    temperature : float, default=0.5
        Of a category in training, the softer the hotter; above 0.
    hard : bool, default=False
        Whether the discriminator is shown the one-hot maximum in training; the gradient is the soft one's.
    """

    activation: str = name("identity", (*activations.HIDDEN, GUMBEL))
    units: int = count(1)
    alpha: float | None = number(None)
    temperature: float = number(0.5, above=True)
    hard: bool = switch(False)

    def spec(self) -> dict[str, Any]:
        """What the engine reads."""
        alpha = _ALPHAS.get(self.activation, 1.0) if self.alpha is None else self.alpha
        return {**vars(self), "alpha": alpha}


def as_blocks(given: Any) -> tuple[Block, ...]:
    """A list of dictionaries with a block's fields."""
    return tuple(_block(f"output_activation[{i}]", block) for i, block in enumerate(given))


def _block(what: str, given: Any) -> Block:
    if isinstance(given, Block):
        return given
    if not isinstance(given, Mapping):
        wanted = '{"activation": "tanh", "units": 3}'
        raise TypeError(f"{what} must be a dictionary such as {wanted}, got {given!r}")
    known = {f.name for f in fields(Block)}
    values = {key: value for key, value in given.items() if key != "type"}
    unknown = [str(key) for key in values if key not in known]
    if unknown:
        raise ValueError(f"{what} has unknown {', '.join(unknown)}; a block has {', '.join(sorted(known))}")
    try:
        block = Block(**values)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{what}: {error}") from None
    if block.activation == GUMBEL and block.units < 2:
        raise ValueError(
            f"{what}: a gumbel block needs at least 2 units, one per category, got {block.units}"
        )
    return block


def width(blocks: tuple[Block, ...]) -> int:
    """Columns that they cover."""
    return _checks.integer("columns of output_activation", sum(block.units for block in blocks))
