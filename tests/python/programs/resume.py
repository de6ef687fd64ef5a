"""Goes on with saved models, in a process that has never seen them. Prints what each became, as a hash.

argv: the name of the case; then pairs of how to go on ("resume", or a number of further epochs) and file.
"""

from __future__ import annotations

import sys

import deepseek as ds
from programs import cases, models

case = cases.CASES[sys.argv[1]]
for how, path in zip(sys.argv[2::2], sys.argv[3::2], strict=True):
    net = ds.load(path)
    if how == "resume":
        cases.fit(case, net, epochs=case.epochs, resume=True)
        print(models.bits(net))
    else:
        cases.fit(case, net, epochs=int(how))
        print(models.weights(net))
