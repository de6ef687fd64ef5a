"""NumPy references: the shortest correct text of what the compiled core computes, under the same names.

Nothing here imports the compiled module, nor anything else of the package; no user needs it to train.
It is what the fast code is held against, and a readable statement of the formulas.
"""

from .gen import Gen
from .net import Net
from .rec import Rec
from .sequence_gen import SequenceGen
from .spec import complete, complete_gen, complete_rec

__all__ = ["Gen", "Net", "Rec", "SequenceGen", "complete", "complete_gen", "complete_rec"]
