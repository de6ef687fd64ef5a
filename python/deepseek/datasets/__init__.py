"""Small real data sets that travel with the package.

Enough for ``deepseek demo``, the examples' first run and the tests; nothing is downloaded.  Sources and licences
are named in ``data/README.md`` and in each loader's docstring.
"""

from ._bundled import Dataset, load_breast_cancer, load_diabetes, load_digits, load_wine
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
    "load_wine",
    "train_test_split",
]
