"""Print the SHA-256 of weights trained on the bundled digits: the same on every ISA with FMA, for any threads.

A Net sees the images, a Rec their lines one after the other.
"""

import hashlib

import numpy as np

import deepseek as ds
from deepseek.datasets import load_digits

digits = load_digits()
X = (digits.data / 16).astype(np.float32)
net = ds.Net(
    [64, 256, 96, 10], activation="gelu", loss="cross_entropy", dropout=0.2, normalization="batch", seed=7
)
net.fit(X, digits.target, epochs=2, batch_size=257)
rec = ds.Rec(
    input_size=8, hidden=[96, 33], cell="lstm", bidirectional=True, layer_norm=True, head=[20], output_size=10,
    loss="cross_entropy", dropout=0.2, recurrent_dropout=0.1, seed=7,
)  # fmt: skip
rec.fit(X.reshape(-1, 8, 8), digits.target, lengths=3 + digits.target % 6, epochs=1, batch_size=257)
sha = hashlib.sha256()
for state in (net.state_dict(), rec.state_dict()):
    for name in sorted(state):
        sha.update(name.encode() + state[name].tobytes())
print(sha.hexdigest())
