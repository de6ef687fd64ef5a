"""Model files: one safetensors file that holds a configuration, tensors and a digest over both.

This package is the door: `write_model`, `read_model` and `ModelFileError`. What goes into a model is the
business of the classes that save themselves; here only bytes are made, kept safe on the disk, and read back
without trusting them. `docs/promises.md` says what users may rely on.

The file, from the outside in:

* a safetensors container, so any tool reads the weights;
* in its metadata one entry, ``"deepseek"``: canonical JSON with the keys ``config``, ``format``, ``sha256``
  and ``version`` (one entry, because the order of several is not fixed: equal models give equal files);
* ``sha256`` over the configuration and every tensor's name, type, shape and bytes (`_files.digest`).
"""

from __future__ import annotations

from ._common import ModelFileError
from .reader import read_model
from .writer import write_model

__all__ = ["ModelFileError", "read_model", "write_model"]
