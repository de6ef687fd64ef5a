"""Saves where no file may have more than argv[1] bytes: an OSError, the old file whole, nothing beside it."""

from __future__ import annotations

import os
import resource
import sys
import tempfile

import numpy as np

from deepseek._io.reader import read_model
from deepseek._io.writer import write_model

with tempfile.TemporaryDirectory() as folder:
    path = folder + "/m"
    write_model(path, {"n": "old"}, {"a": np.zeros(300_000)})
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
    try:
        write_model(path, {"n": "new"}, {"a": np.ones(300_000)})
    except OSError as error:
        print("fine" if "large" in str(error) else error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    config, tensors = read_model(path)
    assert config == {"n": "old"} and not tensors["a"].any()
    assert os.listdir(folder) == ["m"]
