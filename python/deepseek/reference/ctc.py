"""Connectionist temporal classification (Graves et al. 2006): loss, gradient, decoding. Mirrors ``csrc/formulas/ctc``.

A path names a class at each of T steps. Its repeats are merged, then its blanks (class 0) are removed; the rest are
the labels of the path. The loss is -log of the sum of the probabilities of all paths with the target labels, in
log space.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from .activation import log_softmax

Array = NDArray[np.float64]
Labels = NDArray[np.int64] | Sequence[int]
Prefix = tuple[int, ...]
BLANK = 0
LOG_ZERO = -np.inf  # the logarithm of probability 0


def is_possible(steps: int, labels: Labels) -> bool:
    """Return whether there is a path: it needs a step per label, and a blank between equal ones."""
    return steps >= len(labels) + sum(int(a == b) for a, b in itertools.pairwise(labels))


def loss(logits: Array, labels: Labels) -> tuple[float, Array]:
    """Return -log p(labels | logits) and its gradient with respect to the logits (T, C); zeros if there is no path."""
    if not is_possible(len(logits), labels):
        return 0.0, np.zeros_like(logits)
    log_p = log_softmax(logits)
    states = np.full(2 * len(labels) + 1, BLANK)  # blank, label, blank, label, …, blank
    states[1::2] = labels
    alphas, betas = _alphas(log_p, states), _alphas(log_p[::-1], states[::-1])[::-1, ::-1]
    total = float(np.logaddexp.reduce(alphas[-1, -2:]))
    posterior = np.exp(alphas + betas - log_p[:, states] - total)  # of each state, given the labels
    gradient = np.exp(log_p)
    for s, label in enumerate(states):
        gradient[:, label] -= posterior[:, s]
    return -total, gradient


def _alphas(log_p: Array, states: NDArray[np.int64]) -> Array:
    """Return (T, S): the log probability of all paths that are in state s after step t.

    A path begins in one of the first two states. At each step it stays, or moves on by one state, or by two where
    that skips a blank between two different labels.
    """
    passes = np.zeros(len(states), bool)
    passes[2:] = (states[2:] != BLANK) & (states[2:] != states[:-2])
    alphas = np.full((len(log_p), len(states)), LOG_ZERO)
    alphas[0, :2] = log_p[0, states[:2]]
    for t in range(1, len(log_p)):
        stays = alphas[t - 1]
        one, two = np.full((2, len(states)), LOG_ZERO)
        one[1:], two[2:] = stays[:-1], stays[:-2]
        moves = np.logaddexp(one, np.where(passes, two, LOG_ZERO))
        alphas[t] = np.logaddexp(stays, moves) + log_p[t, states]
    return alphas


def greedy(logits: Array) -> NDArray[np.int64]:
    """Return the labels of the likeliest path."""
    path = logits.argmax(axis=1)
    begins = np.append(True, path[1:] != path[:-1])
    return np.asarray(path[begins & (path != BLANK)])


def beam_search(logits: Array, width: int) -> NDArray[np.int64]:
    """Return the likeliest labels by prefix beam search (Hannun et al. 2014) with a beam of `width` prefixes.

    Among equally likely prefixes the one that is smaller as a tuple comes first.
    """
    log_p = log_softmax(logits)
    # Log probabilities of the paths of a prefix that end in a blank, and of those that do not.
    beam: dict[Prefix, Array] = {(): np.array([0.0, LOG_ZERO])}
    for frame in log_p:
        found: dict[Prefix, Array] = {}
        for prefix, (blank, other) in beam.items():
            both = np.logaddexp(blank, other)
            _add(found, prefix, both + frame[BLANK], LOG_ZERO)
            for label in range(1, len(frame)):
                again = prefix[-1:] == (label,)
                _add(found, (*prefix, label), LOG_ZERO, (blank if again else both) + frame[label])
                if again:
                    _add(found, prefix, LOG_ZERO, other + frame[label])
        beam = dict(sorted(found.items(), key=_rank)[:width])
    return np.array(min(beam.items(), key=_rank)[0], np.int64)


def _add(found: dict[Prefix, Array], prefix: Prefix, blank: float, other: float) -> None:
    found[prefix] = np.logaddexp(found.get(prefix, LOG_ZERO), [blank, other])


def _rank(item: tuple[Prefix, Array]) -> tuple[float, Prefix]:
    return -float(np.logaddexp(*item[1])), item[0]


def edit_distance(a: Labels, b: Labels) -> int:
    """Return the least number of insertions, deletions and substitutions from a to b (Levenshtein 1966)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + int(x != y))
    return row[-1]


def character_error_rate(found: Iterable[Labels], expected: Sequence[Labels]) -> float:
    """Return the edits from the found to the expected labels, divided by the number of expected labels."""
    edits = sum(edit_distance(f, w) for f, w in zip(found, expected, strict=True))
    return edits / sum(len(w) for w in expected)
