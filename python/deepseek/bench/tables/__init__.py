"""Benchmark of models for tables: accuracy, loss and time of this package and of its peers on real files.

Every model gets the same rows of the same frames, with the preprocessing that its users would write, and its default
options. Every fit has a fresh process, which imports the library before the clock starts; a fit beyond the time limit
ends with its process. The main process imports no peer, and the packages that contain the tables are not imported.

    registry.py  the tables: file, target, task, and the columns that are left out, each with its reason
    sources.py   location of the files inside installed packages
    frames.py    reading a file as a frame, and the preprocessing that several peers share
    scoring.py   splits and metrics
    models.py    the models by name: library, package, module
    ours.py, sklearn_models.py, boosting.py, realmlp.py   implementations; imported in worker processes only
    worker.py    process of one fit
    runner.py    loop over tables, splits and models
    results.py   one record for each fit, and the JSON file that a later run continues
    ranking.py   ranks, tables won or level, distances to the best, total times
    report.py    the printed tables and the summary
"""

from .models import MODELS, PEERS
from .registry import TABLES, Table, tables_of
from .runner import Observer, Settings, run

__all__ = ["MODELS", "PEERS", "TABLES", "Observer", "Settings", "Table", "run", "tables_of"]
