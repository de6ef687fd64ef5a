"""Tables: their coding for a Gen, and how synthetic rows compare with real ones.

`Gen` makes a transformer of its own with ``transformer="auto"`` and reports on itself; this module is for a transformer
with options, and for comparing rows that something else has made.
"""

from __future__ import annotations

from ._report.data import Report
from ._report.report import compare
from ._tables.labels import LabelColumn
from ._tables.transformer import TableTransformer

__all__ = ["LabelColumn", "Report", "TableTransformer", "compare"]
