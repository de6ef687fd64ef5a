"""Tables: reading of files and frames, encoders for networks, and the comparison of synthetic with real rows.

`read_table` and `columns_of` read any table; `FeatureEncoder` and `TargetEncoder` turn its columns into inputs and
targets by their content. `TableTransformer` encodes a table for a `Gen` and decodes samples, and `compare` compares
synthetic rows from any source with real ones.
"""

from __future__ import annotations

from ._report.data import Report
from ._report.report import compare
from ._tables.arrays import Columns, columns_of
from ._tables.feature_rows import Features
from ._tables.features import FeatureEncoder
from ._tables.labels import LabelColumn
from ._tables.read import read_table
from ._tables.readings import Reading
from ._tables.target import TargetEncoder
from ._tables.transformer import TableTransformer

__all__ = [
    "Columns",
    "FeatureEncoder",
    "Features",
    "LabelColumn",
    "Reading",
    "Report",
    "TableTransformer",
    "TargetEncoder",
    "columns_of",
    "compare",
    "read_table",
]
