"""What `import deepseek` brings along: shared libraries, threads, modules. Prints them as JSON."""

from __future__ import annotations

import json
import os
import sys
import time

import numpy as np


def libraries() -> set[str]:
    """File names of the shared libraries in this process."""
    with open("/proc/self/maps") as maps:
        return {line.split("/", 1)[1].strip().rsplit("/", 1)[-1] for line in maps if ".so" in line}


def threads() -> int:
    """How many there are."""
    return len(os.listdir("/proc/self/task"))


libraries_before, threads_before, modules_before = libraries(), threads(), set(sys.modules)
start = time.perf_counter()
import deepseek as ds  # noqa: E402

seconds = time.perf_counter() - start
threads_after_import = threads()
modules = sorted({name.split(".")[0] for name in set(sys.modules) - modules_before})
net = ds.Net([6, 256, 256, 3], loss="cross_entropy", threads=2)
net.fit(np.ones((500, 6)), np.zeros(500, int), epochs=2, batch_size=256)
report = {
    "libraries": sorted(libraries() - libraries_before),
    "threads": threads_after_import - threads_before,
    "modules": modules,
    "seconds": seconds,
}
print(json.dumps(report))
