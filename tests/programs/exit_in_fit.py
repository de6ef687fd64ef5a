"""Ends at a random moment while a daemon thread trains. argv[1] seeds the moment."""

from __future__ import annotations

import random
import sys
import threading
import time

from programs import models

X, y = models.data(300)
net = models.net((6, 256, 256, 3), threads=2)
started = threading.Event()


def train() -> None:
    """Without end."""
    started.set()
    net.fit(X, y, epochs=10**9)


threading.Thread(target=train, daemon=True).start()
started.wait()
time.sleep(random.Random(int(sys.argv[1])).uniform(0, 0.1))
print("out")
