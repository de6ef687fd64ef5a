"""Metrics of texts (edit distance, error rate) and of generated samples against data (Fréchet distance, MMD)."""

from __future__ import annotations

from ._metrics.samples import frechet as frechet_distance
from ._metrics.samples import mmd as maximum_mean_discrepancy
from ._metrics.text import character_error_rate, edit_distance

__all__ = ["character_error_rate", "edit_distance", "frechet_distance", "maximum_mean_discrepancy"]
