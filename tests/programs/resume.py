"""Completes saved models, in a process that did not make them.

Reads lines of JSON from standard input: the name of a case and pairs of how to continue ("resume", or a number of
further epochs) and file. Answers each with a line: what the models became, as hashes.
"""

from __future__ import annotations

import json
import sys

import deepseek as ds
from programs import cases, models

for line in sys.stdin:
    name, *tasks = json.loads(line)
    case, found = cases.CASES[name], []
    for how, path in tasks:
        net = ds.load(path)
        if how == "resume":
            cases.fit(case, net, epochs=case.epochs, resume=True)
            found.append(models.bits(net))
        else:
            cases.fit(case, net, epochs=how)
            found.append(models.weights(net))
    print(*found, flush=True)
