"""Cold start of JAX: import, load, build, compile, one epoch in one scan.  Arguments: folder with the data, threads."""

import sys
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
from end import done

folder = sys.argv[1]
X, y = np.load(f"{folder}/X.npy"), np.load(f"{folder}/y.npy")
batches = (jnp.asarray(X.reshape(-1, 64, 784)), jnp.asarray(y.reshape(-1, 64)))
rng = np.random.default_rng(0)
layers = (784, 256, 128, 10)
weights = [
    (jnp.asarray(rng.standard_normal((a, b), dtype=np.float32) / np.sqrt(a)), jnp.zeros(b))
    for a, b in pairwise(layers)
]
zeros = jax.tree.map(jnp.zeros_like, weights)


def objective(weights, x, y):
    """Return the mean cross-entropy."""
    for w, b in weights[:-1]:
        x = jax.nn.relu(x @ w + b)
    z = x @ weights[-1][0] + weights[-1][1]
    return (jax.nn.logsumexp(z, axis=1) - jnp.take_along_axis(z, y[:, None], 1)[:, 0]).mean()


def step(state, batch):
    """Return the state after one step of Adam."""
    weights, m, v, t = state
    gradients = jax.grad(objective)(weights, *batch)
    t = t + 1.0
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, gradients)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, gradients)
    c, d = 1.0 - 0.9**t, 1.0 - 0.999**t
    weights = jax.tree.map(lambda w, m, v: w - 1e-4 * (m / c) / (jnp.sqrt(v / d) + 1e-8), weights, m, v)
    return (weights, m, v, t), None


state = (weights, zeros, zeros, jnp.zeros(()))
jax.block_until_ready(jax.jit(lambda state, batches: jax.lax.scan(step, state, batches)[0])(state, batches))
done()
