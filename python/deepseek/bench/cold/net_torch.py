"""Cold start of PyTorch: import, load, build, one epoch in eager mode.  Arguments: folder with the data, threads."""

import sys

import numpy as np
import torch
from end import done
from torch import nn

folder, threads = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(threads)
X, y = (torch.from_numpy(np.load(f"{folder}/{name}.npy")) for name in "Xy")
model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, fused=True)
loss = nn.CrossEntropyLoss()
for inputs, targets in zip(X.split(64), y.split(64), strict=True):
    optimizer.zero_grad(set_to_none=True)
    loss(model(inputs), targets).backward()
    optimizer.step()
done()
