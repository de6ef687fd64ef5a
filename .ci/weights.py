"""Print the SHA-256 of weights trained on the bundled digits: the same on every ISA with FMA, for any threads."""

import hashlib

import numpy as np

import deepseek as ds
from deepseek.datasets import load_digits

digits = load_digits()
net = ds.Net(
    [64, 256, 96, 10], activation="gelu", loss="cross_entropy", dropout=0.2, normalization="batch", seed=7
)
net.fit((digits.data / 16).astype(np.float32), digits.target, epochs=2, batch_size=257)
state = net.state_dict()
print(hashlib.sha256(b"".join(name.encode() + state[name].tobytes() for name in sorted(state))).hexdigest())
