"""Rows that many fits select by number from the same arrays, which are validated once and never copied."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._config.model import targets_of
from .rows import FitData, Rows, fit_data, rows_of
from .rows import validation_rows as read_validation
from .sparse import Inputs
from .weights import with_class_weights

if TYPE_CHECKING:
    from .._config.net import NetConfig
    from .._training.fit_state import FitConfig

Array = NDArray[Any]


class SelectedRows(NamedTuple):
    """Rows of a Net: shared inputs, targets and weights, and the numbers of the selected rows (None: all rows)."""

    X: Inputs
    y: Array
    weights: Array | None
    selection: Array | None = None

    @property
    def rows(self) -> int:
        return len(self.X) if self.selection is None else len(self.selection)

    @property
    def arrays(self) -> tuple[Inputs, Array, Array | None, Array | None]:
        return self

    def take(self, order: Array) -> SelectedRows:
        return self._replace(selection=order if self.selection is None else self.selection[order])

    def has_weight(self) -> bool:
        return self.weights is None or bool(_take(self.weights, self.selection).any())

    def with_class_weights(self, class_weight: Any, config: NetConfig) -> SelectedRows:
        if class_weight is None:
            return self
        own = None if self.weights is None else _take(self.weights, self.selection)
        product = with_class_weights(own, class_weight, _take(self.y, self.selection), config)
        if self.selection is None or product is None:
            return self._replace(weights=product)
        weights = np.zeros(len(self.X), product.dtype)
        weights[self.selection] = product
        return self._replace(weights=weights)


def _take(array: Array, order: Array | None) -> Array:
    return array if order is None else array[order]


class SharedData:
    """Data of many fits: arrays validated once per dtype and kind of targets, and the rows of each Net.

    Parameters
    ----------
    configs : sequence of NetConfig
        Configurations of the Nets.
    fits : sequence of FitConfig
        Options of their fits.
    X, y, sample_weight, validation_data, class_weight
        The arguments of `fit_many`.
    rows, validation_rows : sequence or None
        One array of row numbers, a mask or None per Net; see `fit_many`.

    Raises
    ------
    TypeError, ValueError
        For any data that the fit of one of the Nets would refuse.
    """

    def __init__(
        self,
        configs: Sequence[NetConfig],
        fits: Sequence[FitConfig],
        X: Any,
        y: Any,
        rows: Any,
        validation_rows: Any,
        *,
        sample_weight: Any,
        class_weight: Any,
        validation_data: Any,
    ) -> None:
        self.configs, self.fits, self.class_weight = configs, fits, class_weight
        self._training: list[Rows] = []
        self._held_out: list[Callable[[], SelectedRows] | None] = []
        training: dict[Any, Rows] = {}
        held_out: dict[Any, Callable[[], SelectedRows] | None] = {}
        for number, config in enumerate(configs):
            key = config.dtype, targets_of(config), config.inputs, config.outputs
            if key not in training:
                try:
                    training[key] = rows_of(config, X, y, sample_weight)
                    held_out[key] = _given(config, validation_data)
                except (TypeError, ValueError) as error:
                    if number:  # the other Nets take these data
                        error.add_note(f"The data do not fit nets[{number}].")
                    raise
            self._training.append(training[key])
            self._held_out.append(held_out[key])
        count = len(self._training[0].X) if configs else 0
        self._rows = as_selections(rows, len(configs), count, "rows")
        if validation_rows is not None:
            self._hold_out(validation_rows, validation_data, count)
        self._check()

    def _hold_out(self, validation_rows: Any, validation_data: Any, count: int) -> None:
        fraction = self.fits[0].validation_fraction
        if validation_data is not None or fraction:
            other = "validation_data" if validation_data is not None else f"validation_fraction={fraction:g}"
            raise ValueError(f"validation_rows: got row numbers and {other}; expected only one of them")
        for number, chosen in enumerate(
            as_selections(validation_rows, len(self.configs), count, "validation_rows")
        ):
            if chosen is not None:
                self._held_out[number] = partial(_select, self._training[number], chosen)

    def _check(self) -> None:
        """Validate what depends on the rows and options of a Net: the split, weights above 0, the monitored loss."""
        weighted = self.class_weight is not None or self._training[0].weights is not None
        known: set[tuple[int, bool]] = set()
        for number, fit in enumerate(self.fits):
            validated = self._held_out[number] is not None or fit.validation_fraction > 0
            try:
                if weighted or fit.validation_fraction:
                    data = self.of(number)
                    for part in (data.training, data.validation):
                        if part is not None and not part.has_weight():
                            name = "training" if part is data.training else "validation"
                            raise ValueError(
                                f"sample_weight: got only zeros in the {name} rows; expected at least one weight "
                                "above 0"
                            )
                if (id(fit), validated) not in known:
                    fit.with_sizes(1, int(validated))
                    known.add((id(fit), validated))
            except (TypeError, ValueError) as error:
                error.add_note(f"It concerns the rows of nets[{number}].")
                raise

    def count(self, number: int) -> int:
        """Return the number of rows of a Net, before a split."""
        chosen = self._rows[number]
        if chosen is None:
            return len(self._training[number].X)
        return int(np.count_nonzero(chosen)) if chosen.dtype == np.bool_ else len(chosen)

    def of(self, number: int) -> FitData[SelectedRows]:
        """Return the data of the fit of a Net."""
        return fit_data(
            lambda: _select(self._training[number], self._rows[number]),
            self._held_out[number],
            self.fits[number].validation_fraction,
            self.class_weight,
            self.configs[number],
        )


def _given(config: NetConfig, validation_data: Any) -> Callable[[], SelectedRows] | None:
    """Validate the argument `validation_data`."""
    return (
        None if validation_data is None else partial(_select, read_validation(config, validation_data), None)
    )


def _select(rows: Rows, chosen: Array | None) -> SelectedRows:
    """Select rows by the numbers or the mask that `as_selection` returned."""
    if chosen is not None:
        chosen = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen
        chosen = np.ascontiguousarray(chosen, np.int64)
    return SelectedRows(*rows, chosen)


def as_entries(value: Any, nets: int, name: str, expected: str) -> list[Any]:
    """Return the entries of an argument of `fit_many` that has one per net."""
    if isinstance(value, (str, bytes, Mapping)) or not hasattr(value, "__iter__"):
        raise TypeError(
            f"{name}: got a value of type {type(value).__name__}; expected a list with one entry per net: {expected}"
        )
    entries = list(value)
    if len(entries) != nets:
        raise ValueError(f"{name}: got {len(entries)} entries for {nets} nets; expected {expected}, per net")
    return entries


def as_selections(rows: Any, nets: int, count: int, name: str) -> list[Array | None]:
    """Validate the argument `rows` or `validation_rows` of `fit_many`.

    They are converted to int64 when a fit needs them, so masks and shared entries take no further memory.
    """
    if rows is None:
        return [None] * nets
    entries = as_entries(rows, nets, name, "an array of row numbers, a mask, or None")
    known: dict[int, Array | None] = {id(None): None}
    for number, entry in enumerate(entries):
        if id(entry) not in known:
            known[id(entry)] = as_selection(entry, count, f"{name}[{number}]")
    return [known[id(entry)] for entry in entries]


def as_selection(value: Any, count: int, name: str) -> Array:
    """Validate row numbers below `count`, or a mask of the rows; return them as an array."""
    try:
        chosen = np.asarray(value)
    except ValueError:  # lists of unequal length
        chosen = np.asarray(None)
    is_mask = chosen.dtype == np.bool_ and chosen.shape == (count,)
    if not is_mask and (chosen.ndim != 1 or (chosen.dtype.kind not in "iu" and chosen.size)):
        expected = f"row numbers of shape (n,), or a mask of shape ({count},)"
        raise TypeError(f"{name}: got {chosen.dtype} of shape {chosen.shape}; expected {expected}")
    if not (chosen.any() if is_mask else chosen.size):
        raise ValueError(f"{name}: got no rows; expected at least one")
    if is_mask:
        return chosen
    for wrong in (chosen.min(), chosen.max()):
        if not 0 <= wrong < count:
            raise ValueError(f"{name}: got row {int(wrong)}; expected row numbers 0 to {count - 1}")
    return chosen
