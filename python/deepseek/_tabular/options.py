"""Options of a `TabularNet`: the only list of them, with checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._config import checks
from .._config.base import ConfigBase, count, number, one_of, option
from .._config.model import as_seed
from .._tables.cells import read_cells
from .._tables.readings import CHOICES
from .._tables.series import objects
from .._tables.target import TASKS
from ..activations import KINDS as ACTIVATIONS
from ..activations import as_activation


def _kinds(name: str, value: Any, _: Any) -> dict[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise TypeError(
            f"{name}: got {checks.short(value)}; expected a dictionary such as {{'zip code': 'category'}}"
        )
    return {
        str(column): checks.choice(f"{name}[{str(column)!r}]", kind, CHOICES)
        for column, kind in value.items()
    }


def _names(name: str, value: Any, _: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, Iterable):
        raise TypeError(f"{name}: got {checks.short(value)}; expected a list of column names")
    return tuple(str(column) for column in value)


def _class_weight(name: str, value: Any, _: Any) -> dict[str, float] | str | None:
    if value is None or (isinstance(value, str) and value == "balanced"):
        return value
    if not isinstance(value, Mapping):
        error = ValueError if isinstance(value, str) else TypeError
        raise error(
            f'{name}: got {checks.short(value)}; expected "balanced", a dictionary such as {{"yes": 2.0}}, or None'
        )
    weights: dict[str, float] = {}
    for label, weight in value.items():
        text = "".join(read_cells(objects([label])).texts)
        if not text or text in weights:
            problem = "twice" if text else "; expected the label of a class"
            raise ValueError(f"{name}: got the class {checks.short(label)} {problem}".replace(" ;", ";"))
        weights[text] = checks.real(f"{name}[{checks.short(label)}]", weight, above=True)
    return weights


def _hidden(name: str, value: Any, _: Any) -> tuple[int, ...] | None:
    return None if value is None else checks.units(name, value)


def _activation(name: str, value: Any, _: Any) -> Any:
    return None if value is None else as_activation(name, value)


@dataclass(frozen=True, repr=False)
class TabularConfig(ConfigBase):
    """Options of a `TabularNet` that a file keeps; None is chosen by the recipe."""

    members: int = count(8, high=1000)
    time_limit: float | None = number(None, above=True)
    task: str = one_of("auto", ("auto", *TASKS))
    kinds: dict[str, str] | None = option(None, _kinds)
    drop: tuple[str, ...] = option((), _names)
    class_weight: dict[str, float] | str | None = option(None, _class_weight)
    hidden: tuple[int, ...] | None = option(None, _hidden)
    activation: Any = option(None, _activation, kinds=lambda: ACTIVATIONS)
    dropout: float | None = number(None, 0.0, 1.0, below=True)
    learning_rate: float | None = number(None, above=True)
    weight_decay: float | None = number(None)
    epochs: int | None = count(None)
    batch_size: int | None = count(None)
    seed: int = option(0, lambda name, value, _: as_seed(value))
