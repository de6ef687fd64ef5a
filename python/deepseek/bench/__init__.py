"""Microbenchmarks of this package beside its peers, interleaved in one run.

One process per contestant and number of threads stays alive for the whole run; every row is measured in rounds that
go through all of them in turn, so a busy moment of the machine hits everybody.  The process that conducts the run
never imports a peer.  ``docs/benchmarks.md`` says how each contestant is set up.

    rows.py      what is measured: a registry of rows, one group per kind of model
    ours.py, peer_*.py   how each contestant does a row; imported in worker processes only
    worker.py    the process of one contestant
    runner.py    the rounds
    coldstart.py whole processes, from their start to the end of the first epoch
    report.py    medians, ratios, the table and the JSON file
"""

from .rows import GROUPS, Row, rows_of
from .runner import Settings, run

__all__ = ["GROUPS", "Row", "Settings", "rows_of", "run"]
