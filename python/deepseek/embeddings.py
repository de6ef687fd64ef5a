"""Embeddings of numeric inputs, an option of `Net`.

``csrc/kernels/embedding/periodic.h`` computes them; ``deepseek.reference.layers.periodic`` defines them in NumPy.
"""

from __future__ import annotations

from dataclasses import dataclass

from ._config.base import ConfigBase, count, number

__all__ = ["PeriodicEmbedding"]

MOST = 256
"""Largest number of frequencies, and largest width."""


@dataclass(frozen=True, repr=False)
class PeriodicEmbedding(ConfigBase):
    """Periodic embedding of numeric inputs (Gorishniy et al. 2022), in the form of Holzmüller et al. (2024, "PBLD").

    A feature x becomes ``width`` numbers: x itself, and ``width - 1`` linear combinations of the waves
    cos 2π(frequency·x + phase). Frequencies, phases and combinations belong to the feature and are trained. The first
    dense layer reads all inputs unchanged, then the first combination of every feature, the second, and so on.

    Parameters
    ----------
    sigma : float, default=0.1
        Standard deviation of the initial frequencies, in cycles per unit of the feature, above 0. The default suits
        features whose quartiles lie about 1 apart; larger values follow finer structure and overfit sooner.
    frequencies : int, default=16
        Number of waves of a feature, 1 to 256.
    width : int, default=4
        Numbers that stand for a feature, itself included, 2 to 256.
    features : int, optional
        Number of embedded inputs, the first ones; the other inputs pass unchanged. Default: all inputs.

    Raises
    ------
    TypeError, ValueError
        For an invalid value.

    Examples
    --------
    >>> net = Net([8, 64, 1], numeric_embedding=PeriodicEmbedding(features=5))  # doctest: +SKIP
    """

    sigma: float = number(0.1, above=True)
    frequencies: int = count(16, 1, MOST)
    width: int = count(4, 2, MOST)
    features: int | None = count(None)


KINDS: dict[str, type[PeriodicEmbedding]] = {"PeriodicEmbedding": PeriodicEmbedding}
