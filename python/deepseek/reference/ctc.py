"""Connectionist temporal classification (Graves et al. 2006): loss, gradient, decoding. Mirrors ``csrc/formulas/ctc``.

A path names a class at each of T steps; without its repeats, and then without its blanks (class 0), it spells
labels. The loss is -log of the sum of the probabilities of all paths that spell the wanted ones, in log space.
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
NEVER = -np.inf  # the logarithm of probability 0


def is_possible(steps: int, labels: Labels) -> bool:
    """Whether there is a path: one step a label, and a blank between equal ones."""
    return steps >= len(labels) + sum(int(a == b) for a, b in itertools.pairwise(labels))


def loss(logits: Array, labels: Labels) -> tuple[float, Array]:
    """(-log p(labels | logits), its gradient by the logits (T, C)); zeros where there is no path."""
    if not is_possible(len(logits), labels):
        return 0.0, np.zeros_like(logits)
    log_p = log_softmax(logits)
    places = np.full(
        2 * len(labels) + 1, BLANK
    )  # what a path runs through: blank, label, blank, label, …, blank
    places[1::2] = labels
    before, after = _alphas(log_p, places), _alphas(log_p[::-1], places[::-1])[::-1, ::-1]
    total = float(np.logaddexp.reduce(before[-1, -2:]))
    visits = np.exp(before + after - log_p[:, places] - total)  # each place's probability, given the labels
    gradient = np.exp(log_p)
    for s, label in enumerate(places):
        gradient[:, label] -= visits[:, s]
    return -total, gradient


def _alphas(log_p: Array, places: NDArray[np.int64]) -> Array:
    """(T, S): log probability of the paths that begin at the first two places and are at place s after step t.

    From one step to the next a path stays, or goes one place on, or two where that passes over a blank between
    two different labels.
    """
    passes = np.zeros(len(places), bool)
    passes[2:] = (places[2:] != BLANK) & (places[2:] != places[:-2])
    alphas = np.full((len(log_p), len(places)), NEVER)
    alphas[0, :2] = log_p[0, places[:2]]
    for t in range(1, len(log_p)):
        stays = alphas[t - 1]
        one, two = np.full((2, len(places)), NEVER)
        one[1:], two[2:] = stays[:-1], stays[:-2]
        moves = np.logaddexp(one, np.where(passes, two, NEVER))
        alphas[t] = np.logaddexp(stays, moves) + log_p[t, places]
    return alphas


def greedy(logits: Array) -> NDArray[np.int64]:
    """What the likeliest path spells."""
    path = logits.argmax(axis=1)
    begins = np.append(True, path[1:] != path[:-1])
    return np.asarray(path[begins & (path != BLANK)])


def beam_search(logits: Array, width: int) -> NDArray[np.int64]:
    """The likeliest labels by prefix beam search (Hannun et al. 2014), `width` prefixes kept a step.

    Of equally likely prefixes the one that is smaller as a tuple comes first.
    """
    log_p = log_softmax(logits)
    beam: dict[Prefix, Array] = {
        (): np.array([0.0, NEVER])
    }  # log probabilities of paths that end in blank, and that do not
    for frame in log_p:
        found: dict[Prefix, Array] = {}
        for prefix, (blank, other) in beam.items():
            both = np.logaddexp(blank, other)
            _add(found, prefix, both + frame[BLANK], NEVER)
            for label in range(1, len(frame)):
                again = prefix[-1:] == (label,)
                _add(found, (*prefix, label), NEVER, (blank if again else both) + frame[label])
                if again:
                    _add(found, prefix, NEVER, other + frame[label])
        beam = dict(sorted(found.items(), key=_rank)[:width])
    return np.array(min(beam.items(), key=_rank)[0], np.int64)


def _add(found: dict[Prefix, Array], prefix: Prefix, blank: float, other: float) -> None:
    found[prefix] = np.logaddexp(found.get(prefix, NEVER), [blank, other])


def _rank(item: tuple[Prefix, Array]) -> tuple[float, Prefix]:
    return -float(np.logaddexp(*item[1])), item[0]


def edit_distance(a: Labels, b: Labels) -> int:
    """Least number of insertions, deletions and substitutions between the two (Levenshtein 1966)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + int(x != y))
    return row[-1]


def character_error_rate(found: Iterable[Labels], wanted: Sequence[Labels]) -> float:
    """Edits that lead from all that was found to what was wanted, per wanted label."""
    edits = sum(edit_distance(f, w) for f, w in zip(found, wanted, strict=True))
    return edits / sum(len(w) for w in wanted)
