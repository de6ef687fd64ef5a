"""Loader of the bundled sequences.

The archive stores the values as integers (millionths), one plane per byte. This is exact to the published
digits and takes two thirds of the size of floats.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._bundled import FOLDER


class SequenceDataset(NamedTuple):
    """Data set of sequences of unequal length, as a named tuple.

    Attributes
    ----------
    data : list of ndarray of shape (steps, features)
        Sequences.
    target : ndarray of int64, shape (sequences,)
        Class indices.
    training : int
        Number of sequences in the published training part, which comes first; the others are the test part.
    feature_names : tuple of str
        Names of the features.
    target_names : tuple of str
        Names of the classes.
    description : str
        Description with source and licence.
    """

    data: list[NDArray[Any]]
    target: NDArray[Any]
    training: int
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    description: str


def load_japanese_vowels() -> SequenceDataset:
    """Load 640 utterances of two vowels by nine Japanese speakers.

    Each speaker said /ae/; every 6.4 ms of the recording became twelve linear-prediction cepstrum
    coefficients. The target is the speaker. The test part was recorded on other occasions than the training
    part.

    Returns
    -------
    SequenceDataset
        ``data`` 640 arrays (7 to 29, 12) float64; ``target`` the speaker, 0 to 8, int64; the first 270 are
        the training part, 30 of each speaker.

    Notes
    -----
    Source: M. Kudo, J. Toyama and M. Shimbo, *Japanese Vowels*, UCI Machine Learning Repository (1999),
    doi:10.24432/C5NS47, by way of aeon's copy. Licence: CC BY 4.0.
    """
    with np.load(FOLDER / "japanese_vowels.npz", allow_pickle=False) as archive:
        planes, lengths, target = archive["data"], archive["lengths"], archive["target"]
    words = np.zeros((*planes.shape[1:], 4), dtype=np.uint8)
    words[..., 1:] = np.moveaxis(planes, 0, -1)
    millionths = (
        words.view("<i4")[..., 0] >> 8
    )  # an arithmetic shift of 24 bits in the upper bytes keeps the sign
    data = np.split(millionths.T / 1e6, np.cumsum(lengths[:-1], dtype=np.int64))
    names = tuple(f"cepstrum_{index}" for index in range(1, 13))
    text = (
        "Japanese Vowels: 640 utterances of /ae/ by nine speakers, 12 coefficients a frame (UCI, CC BY 4.0)"
    )
    return SequenceDataset(
        [np.ascontiguousarray(sequence) for sequence in data],
        target.astype(np.int64),
        270,
        names,
        tuple(f"speaker_{index}" for index in range(1, 10)),
        text,
    )
