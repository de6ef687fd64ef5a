"""Labels from the probabilities of output "ctc": the likeliest path, or prefix beam search.

Classes are the blank (0) and the labels. A path has a class a step; it reads as its labels without repeats, then
without blanks (Graves et al. 2006).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .config import BLANK

Array = NDArray[Any]
Prefix = tuple[int, ...]


def greedy(probabilities: Array) -> Array:
    """Labels of the likeliest path; probabilities (steps, classes)."""
    path = probabilities.argmax(axis=1)
    kept = path != BLANK
    kept[1:] &= path[1:] != path[:-1]
    labels: Array = path[kept].astype(np.int64)
    return labels


def beam_search(probabilities: Array, width: int) -> Array:
    """Labels of the highest probability over all their paths, as far as `width` prefixes a step tell.

    Prefix beam search without a language model (Hannun et al. 2014, arXiv:1408.2873, algorithm 1). Equal
    probabilities: the prefix that is first in order stays.

    Parameters
    ----------
    probabilities : ndarray of shape (steps, classes)
    width : int
        Prefixes kept from step to step.
    """
    beam: dict[Prefix, tuple[float, float]] = {(): (1.0, 0.0)}  # paths that end in a blank, and in the label
    for step in probabilities.astype(np.float64).tolist():
        grown: dict[Prefix, list[float]] = {}
        for prefix, (blank, label) in beam.items():
            total = blank + label
            own = grown.setdefault(prefix, [0.0, 0.0])
            own[0] += step[BLANK] * total
            last = prefix[-1] if prefix else BLANK
            if prefix:
                own[1] += step[last] * label  # the same label, still the same
            for k in range(1, len(step)):
                paths = blank if k == last else total  # a repeat needs a blank between
                if step[k] * paths > 0.0:
                    grown.setdefault((*prefix, k), [0.0, 0.0])[1] += step[k] * paths
        kept = sorted(grown.items(), key=lambda item: (-item[1][0] - item[1][1], item[0]))[:width]
        scale = kept[0][1][0] + kept[0][1][1]  # keeps long sequences from underflowing
        beam = {prefix: (b / scale, n / scale) for prefix, (b, n) in kept}
    return np.array(next(iter(beam)), np.int64)
