"""CTC decoding: labels from the class probabilities of each step, by the best path or by prefix beam search.

Class 0 is the blank, the other classes are labels. A path has one class per step. Its labels are the classes
without repeats and then without blanks (Graves et al. 2006).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._config.rec import BLANK

Array = NDArray[Any]
Prefix = tuple[int, ...]


def greedy(probabilities: Array) -> Array:
    """Return the labels of the most probable path; `probabilities` has shape (steps, classes)."""
    path = probabilities.argmax(axis=1)
    kept = path != BLANK
    kept[1:] &= path[1:] != path[:-1]
    labels: Array = path[kept].astype(np.int64)
    return labels


def beam_search(probabilities: Array, width: int) -> Array:
    """Return the most probable labels found by prefix beam search; a label sequence sums over all its paths.

    The search has no language model (Hannun et al. 2014, arXiv:1408.2873, algorithm 1). Of equally probable
    prefixes, those first in lexicographic order are kept.

    Parameters
    ----------
    probabilities : ndarray of shape (steps, classes)
        Class probabilities of each step.
    width : int
        Beam width: prefixes kept after each step.

    Returns
    -------
    ndarray of int64, shape (labels,)
    """
    beam: dict[Prefix, tuple[float, float]] = {
        (): (1.0, 0.0)
    }  # (paths ending in a blank, paths ending in a label)
    for step in probabilities.astype(np.float64).tolist():
        candidates: dict[Prefix, list[float]] = {}
        for prefix, (blank, label) in beam.items():
            total = blank + label
            unchanged = candidates.setdefault(prefix, [0.0, 0.0])
            unchanged[0] += step[BLANK] * total
            last = prefix[-1] if prefix else BLANK
            if prefix:
                unchanged[1] += step[last] * label  # a repeated class without a blank adds no label
            for k in range(1, len(step)):
                paths = blank if k == last else total  # a repeated label needs a blank in between
                if step[k] * paths > 0.0:
                    candidates.setdefault((*prefix, k), [0.0, 0.0])[1] += step[k] * paths
        kept = sorted(candidates.items(), key=lambda item: (-item[1][0] - item[1][1], item[0]))[:width]
        scale = kept[0][1][0] + kept[0][1][1]  # normalised so that long sequences do not underflow
        beam = {prefix: (b / scale, n / scale) for prefix, (b, n) in kept}
    return np.array(next(iter(beam)), np.int64)
