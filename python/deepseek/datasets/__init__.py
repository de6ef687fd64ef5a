"""Small real data sets that are part of the package; nothing is downloaded.

``deepseek demo``, the examples and the tests use them. ``data/README.md`` and the docstrings of the loaders
name sources and licences.
"""

from ._bundled import Dataset, load_breast_cancer, load_diabetes, load_digits, load_wine
from ._penguins import load_penguins
from ._sequences import SequenceDataset, load_japanese_vowels
from ._split import Split, fixed_order, train_test_split

__all__ = [
    "Dataset",
    "SequenceDataset",
    "Split",
    "fixed_order",
    "load_breast_cancer",
    "load_diabetes",
    "load_digits",
    "load_japanese_vowels",
    "load_penguins",
    "load_wine",
    "train_test_split",
]
