"""Sequences at the door: arrays and lists of unequal arrays become packed values of the engine's type.

An array (sequences, steps, features) that is contiguous and of the right type is read in place, whatever
lengths say; so what lies beyond a sequence's length may be anything. A list's sequences are copied together
once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .inputs import as_array, as_type, not_finite
from .packed import Packed, in_steps, real_rows, starts_of

Array = NDArray[Any]

INT64 = np.dtype(np.int64)


class Stepped(Protocol):
    """What a model's configuration says of a step."""

    @property
    def vocabulary(self) -> int | None:
        """Inputs are tokens 0 to vocabulary - 1; None: they are numbers."""

    @property
    def inputs(self) -> int:
        """Numbers a step."""

    @property
    def dtype(self) -> str:
        """Of those."""


@dataclass(frozen=True)
class Sequences:
    """Inputs, checked.

    Attributes
    ----------
    values, starts, lengths : ndarray
        As in `Packed`; values are (N, features) of the engine's type, or tokens (N,).
    steps : int or None
        Second dimension of the array they came in; None for a list.
    ragged : bool
        Whether they came as a list or with lengths, and outputs go back as a list.
    """

    values: Array
    starts: Array
    lengths: Array
    steps: int | None
    ragged: bool

    @property
    def count(self) -> int:
        """How many sequences."""
        return len(self.starts)

    @property
    def packed(self) -> Packed:
        """As the engine reads them."""
        return Packed(self.values, self.starts, self.lengths)

    @property
    def padded(self) -> bool:
        """Whether the array holds steps that are no one's."""
        return len(self.values) != int(self.lengths.sum())

    def take(self, order: Array) -> Sequences:
        """Some of the sequences; no value is copied."""
        return replace(self, starts=self.starts[order], lengths=self.lengths[order])

    def shaped(self, outputs: Array) -> Array | list[Array]:
        """Outputs of all steps as the user gave the inputs: (sequences, steps, …), or a list."""
        if self.steps is not None and not self.ragged:
            return outputs.reshape(self.count, self.steps, *outputs.shape[1:])
        return self.listed(outputs)

    def listed(self, outputs: Array) -> list[Array]:
        """Outputs of all steps, sequence by sequence."""
        starts = starts_of(self.lengths)
        return [outputs[a : a + n] for a, n in zip(starts.tolist(), self.lengths.tolist(), strict=True)]


def as_sequences(
    X: Any, config: Stepped, lengths: Any = None, name: str = "X", prefix: str = "", *, empty: bool = False
) -> Sequences:
    """Inputs of a Rec, checked.

    Parameters
    ----------
    X : array-like of shape (sequences, steps, features) or (sequences, steps), or list of array-like
        Of a list, the items have shape (steps, features) or (steps,). Without features there is one, or
        they are tokens.
    config : Stepped
    lengths : array-like of int, optional
        Real steps of each sequence of an array.
    name, prefix : str
        What messages call X, and put before "lengths".
    empty : bool
        Whether no sequences are fine.

    Raises
    ------
    TypeError, ValueError
        Naming the value and where it is.
    """
    if is_list(X):
        if lengths is not None:
            raise ValueError(
                f"{prefix}lengths is for arrays; the sequences of a list have lengths of their own"
            )
        found, original = _from_list(X, config, name)
    else:
        found, original = _from_array(X, config, lengths, name, prefix)
    if not (found.count or empty):
        raise ValueError(f"{name} has no sequences")
    _check_values(found, config, name, original)
    return found


def is_list(value: Any) -> bool:
    """Whether a value is many arrays, not one; an array of objects is a list in disguise."""
    return isinstance(value, (list, tuple)) or (
        type(value) is np.ndarray and value.dtype.kind == "O" and value.ndim == 1
    )


def as_tokens(array: Array, name: str) -> Array:
    """Refuse anything but integers."""
    if array.dtype.kind not in "iub":
        raise TypeError(f"{name} must hold integer tokens, got {array.dtype}")
    return array


def as_lengths(lengths: Any, count: int, steps: int, name: str) -> Array:
    """Real steps of each sequence: integers 1 … steps."""
    array = as_array(lengths, name)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must hold integers, got {array.dtype}")
    if array.shape != (count,):
        raise ValueError(f"{name} must have shape ({count},), one a sequence; got {array.shape}")
    odd = (array < 1) | (array > steps)
    if odd.any():
        i = int(odd.argmax())
        raise ValueError(f"{name} must be 1 to {steps}, the steps of X; {name}[{i}] is {int(array[i])}")
    return np.ascontiguousarray(array, INT64)


Original = Callable[[int], Any]
"""The values of a row of the packed array, as the user gave them."""


def _from_array(X: Any, config: Stepped, lengths: Any, name: str, prefix: str) -> tuple[Sequences, Original]:
    array = as_array(X, name)
    if config.vocabulary:
        as_tokens(array, name)
        if array.ndim != 2:
            raise ValueError(_shape(array, "2-D (sequences, steps) of tokens", 2, name))
    elif array.ndim == 2 and config.inputs == 1:
        array = array[:, :, None]
    elif array.ndim != 3:
        wanted = f"3-D (sequences, steps, {config.inputs})"
        if config.inputs == 1:
            raise ValueError(_shape(array, f"2-D (sequences, steps) or {wanted}", 2, name))
        raise ValueError(_shape(array, wanted, 3, name))
    elif array.shape[2] != config.inputs:
        raise ValueError(f"{name} must have {config.inputs} features a step, got {array.shape[2]}")
    count, steps = array.shape[:2]
    if count and not steps:
        raise ValueError(f"{name}'s sequences have no steps, shape {array.shape}")
    real = (
        np.full(count, steps, np.int64)
        if lengths is None
        else as_lengths(lengths, count, steps, f"{prefix}lengths")
    )
    values = as_type(array, _dtype(config)).reshape(count * steps, *array.shape[2:])
    starts = np.arange(count, dtype=np.int64) * steps
    found = Sequences(values, starts, real, steps, lengths is not None)
    return found, lambda row: array[divmod(row, steps)]


def _from_list(X: Any, config: Stepped, name: str) -> tuple[Sequences, Original]:
    arrays = [_item(as_array(item, f"{name}[{i}]"), config, f"{name}[{i}]") for i, item in enumerate(X)]
    lengths = np.array([len(array) for array in arrays], np.int64)
    starts = starts_of(lengths)
    dtype = _dtype(config)
    if len(arrays) == 1:
        values = as_type(arrays[0], dtype)
    else:
        shape = () if config.vocabulary else (config.inputs,)
        values = np.empty((int(lengths.sum()), *shape), dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            for array, start in zip(arrays, starts.tolist(), strict=True):
                values[start : start + len(array)] = array

    def original(row: int) -> Any:
        i = int(np.searchsorted(starts, row, side="right")) - 1
        return arrays[i][row - int(starts[i])]

    return Sequences(values, starts, lengths, None, True), original


def _item(array: Array, config: Stepped, name: str) -> Array:
    """One sequence of a list: (steps, features), or (steps,) tokens."""
    if config.vocabulary:
        as_tokens(array, name)
        if array.ndim != 1:
            raise ValueError(f"{name} must be 1-D (steps,) of tokens, got shape {array.shape}")
    elif array.ndim == 1 and config.inputs == 1:
        array = array[:, None]
    elif array.ndim != 2:
        also = " or (steps,)" if config.inputs == 1 else ""
        raise ValueError(f"{name} must have shape (steps, {config.inputs}){also}, got {array.shape}")
    elif array.shape[1] != config.inputs:
        raise ValueError(f"{name} must have {config.inputs} features a step, got {array.shape[1]}")
    if not len(array):
        raise ValueError(f"{name} has no steps, shape {array.shape}")
    return array


def _check_values(found: Sequences, config: Stepped, name: str, original: Original) -> None:
    """Refuse NaN, infinity and unknown tokens in real steps."""
    values = found.values
    if values.size == 0 or _first_bad(values, config) is None:
        return
    rows = real_rows(found.starts, found.lengths)
    bad = _first_bad(values[rows] if found.padded else values, config)
    if bad is None:
        return  # it was in the padding
    row, column = int(rows[bad[0]]), bad[1]
    place = in_steps(found.starts, "feature")
    if config.vocabulary:
        raise ValueError(
            f"{name} must hold tokens 0 to {config.vocabulary - 1}; {place(row)} is {int(original(row))}"
        )
    raise ValueError(not_finite(original(row)[column], (row, column), values.dtype, name, place))


def _first_bad(values: Array, config: Stepped) -> tuple[int, int] | None:
    if not config.vocabulary:
        at: tuple[int, int] | None = _core.check_finite(values)
        return at
    if values.min() >= 0 and values.max() < config.vocabulary:
        return None
    return int(((values < 0) | (values >= config.vocabulary)).argmax()), 0


def _dtype(config: Stepped) -> np.dtype[Any]:
    return INT64 if config.vocabulary else np.dtype(config.dtype)


def _shape(array: Array, wanted: str, fewest: int, name: str) -> str:
    advice = f". Use {name}[None] for a single sequence" if array.ndim == fewest - 1 else ""
    return f"{name} must be {wanted} or a list of sequences, got shape {array.shape}{advice}"
