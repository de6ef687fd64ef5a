"""Microbenchmarks of this package and of other libraries (peers), interleaved in one run.

Each library has one process per number of threads for the whole run. Every row is measured in rounds that go through
all processes in turn, so that a disturbance of the machine affects all of them. The main process does not import any
peer. ``docs/benchmarks.md`` describes the configuration of each library.

    rows.py      registry of the measured rows, one group per kind of model
    ours.py, peer_*.py   implementation of the rows by each library; imported in worker processes only
    worker.py    process of one library
    runner.py    loop over rows and rounds
    coldstart.py whole processes, from their start to the end of the first epoch
    report.py    medians, ratios, the table and the JSON file
"""

from .rows import GROUPS, Row, rows_of
from .runner import Settings, run

__all__ = ["GROUPS", "Row", "Settings", "rows_of", "run"]
