"""NumPy reference: what the compiled core computes, as short and readable as possible, under the same names.

It does not import the compiled module, and training does not use it. Tests compare the engine with it, and it documents
the formulas.
"""

from .gen import Gen
from .net import Net
from .rec import Rec
from .sequence_gen import SequenceGen
from .spec import complete, complete_gen, complete_rec

__all__ = ["Gen", "Net", "Rec", "SequenceGen", "complete", "complete_gen", "complete_rec"]
