"""Cold start of this package: import, load, build, one epoch.  Arguments: folder with the data, threads."""

import sys

import deepseek as ds
import numpy as np
from end import done

folder, threads = sys.argv[1], int(sys.argv[2])
X, y = np.load(f"{folder}/X.npy"), np.load(f"{folder}/y.npy")
net = ds.Net(
    [784, 256, 128, 10], activation="relu", loss="cross_entropy", optimizer=ds.Adam(1e-4), threads=threads
)
net.fit(X, y, epochs=1, batch_size=64, verbose=False)
done()
