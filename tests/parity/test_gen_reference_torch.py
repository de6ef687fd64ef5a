"""The reference's GAN against PyTorch: both updates by its automatic (double) differentiation, in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deepseek import _rng_streams as rng_streams
from deepseek.reference import Gen, draws, gan_losses
from deepseek.reference.penalty import NAMES as PENALTIES
from parity.gen_cases import GENERATOR, LATENT, OPTIONS, PLACE, Array, Spec, rows, scattered, spec_of

pytestmark = pytest.mark.peers

LIMIT = 1e-12
ACTIVATIONS = ["tanh", "sigmoid", "relu", "elu", "selu", "gelu", "silu", "mish", "softplus", "leaky_relu"]


@pytest.fixture
def torch() -> Any:
    """Imported only when a test runs: the import takes seconds and starts threads."""
    return pytest.importorskip("torch")


def assert_close(got: Array | float, want: Any, what: str) -> None:
    got, want = np.asarray(got), want.detach().numpy()
    assert got.shape == want.shape, what
    assert np.abs(got - want).max() <= LIMIT * max(float(np.abs(want).max()), 1.0), what


def activated(torch: Any, name: str, z: Any) -> Any:
    functions = torch.nn.functional
    if name == "leaky_relu":
        return functions.leaky_relu(z, 0.3)
    if name == "elu":
        return functions.elu(z, 0.3)
    return z if name == "identity" else getattr(functions, name)(z)


class TorchPlayers:
    """The same players in PyTorch, on leaves of their parameters."""

    def __init__(self, torch: Any, gen: Gen) -> None:
        self.torch, self.gen = torch, gen
        both = {**gen.generator.params, **gen.discriminator.params}
        self.leaves = {name: torch.from_numpy(value.copy()).requires_grad_() for name, value in both.items()}

    def weight(self, name: str) -> Any:
        """Spectrally normalised, where the player is."""
        value = self.leaves[name]
        if not self.gen.discriminator.spec["spectral_norm"]:
            return value
        u, v = (self.torch.from_numpy(self.gen.discriminator.buffers[f"{name}_{k}"]) for k in "uv")
        return value / self.torch.dot(u, value @ v)

    def scores(self, x: Any, labels: Any) -> Any:
        """Of packed rows: [real; generated; mixed]."""
        torch, spec = self.torch, self.gen.discriminator.spec
        *masks, last = self.gen.discriminator._masks(len(x), PLACE)
        *hidden, output = spec["layers"]
        for i, (layer, mask) in enumerate(zip(hidden, masks, strict=True)):
            x = x if mask is None else x * torch.from_numpy(mask)
            at = f"discriminator.{i}"
            x = torch.nn.functional.linear(x, self.weight(f"{at}.weight"), self.leaves.get(f"{at}.bias"))
            if layer["normalization"] == "layer":
                norm = (self.leaves[f"{at}.norm.{k}"] for k in ("weight", "bias"))
                x = torch.nn.functional.layer_norm(x, x.shape[1:], *norm)
            x = activated(torch, layer["activation"], x)
        x = x if last is None else x * torch.from_numpy(last)
        if spec["minibatch_std"]:
            groups = x.reshape(-1, spec["minibatch_std"], x.shape[1])
            q = (groups.var(dim=1, correction=0) + 1e-8).sqrt().mean(dim=1)
            x = torch.hstack([x, q.repeat_interleave(spec["minibatch_std"])[:, None]])
        at = f"discriminator.{len(hidden)}"
        z = torch.nn.functional.linear(x, self.weight(f"{at}.weight"), self.leaves.get(f"{at}.bias"))[:, 0]
        if labels is not None:
            z = z + (x * (labels @ self.weight("discriminator.embedding.weight"))).sum(dim=1)
        return activated(torch, output["activation"], z)

    def pack(self, rows: Any) -> Any:
        return rows.reshape(-1, self.gen.discriminator.spec["pac"] * rows.shape[1])

    def losses(self, a: Any, b: Any) -> tuple[Any, Any]:
        """The discriminator's and the generator's, from PyTorch's own losses."""
        functions, one, zero = self.torch.nn.functional, self.torch.ones_like(a), self.torch.zeros_like(a)
        entropy = functions.binary_cross_entropy_with_logits
        both = entropy(a, one) + entropy(b, zero)
        match self.gen.spec["loss"]:
            case "minimax":
                return both, -entropy(b, zero)
            case "non_saturating":
                return both, entropy(b, one)
            case "least_squares":
                mse = functions.mse_loss
                return 0.5 * mse(a, one) + 0.5 * mse(b, zero), 0.5 * mse(b, one)
            case "hinge":
                return functions.relu(1 - a).mean() + functions.relu(1 + b).mean(), -b.mean()
            case "wasserstein":
                return b.mean() - a.mean(), -b.mean()
        return entropy(a - b, one), entropy(b - a, one)

    def discriminator(self, x: Array, labels: Array | None, fake: Array) -> tuple[Any, Any]:
        """(loss, penalty)."""
        torch, spec = self.torch, self.gen.spec
        x, fake = (self.pack(torch.from_numpy(v)) for v in (x, fake))
        n, name = len(x), spec["penalty"]["kind"]
        shown = [x, fake]
        if name == "interpolated":
            t = torch.from_numpy(draws.uniform(spec["seed"], rng_streams.MIX, n, 1, PLACE))
            shown.append(t * x + (1 - t) * fake)
        points = torch.vstack(shown).requires_grad_()
        packed = None if labels is None else self.pack(torch.from_numpy(labels)).tile(len(shown), 1)
        s = self.scores(points, packed)
        loss = self.losses(s[:n], s[n : 2 * n])[0]
        weight = spec["penalty"]["weight"] * spec["penalty"]["interval"]
        first, stop = {"none": (0, 0), "r1": (0, n), "r2": (n, 2 * n), "r1r2": (0, 2 * n)}.get(
            name, (2 * n, 3 * n)
        )
        (g,) = torch.autograd.grad(s[first:stop].sum(), points, create_graph=True)
        if name == "interpolated":
            return loss, weight * ((g[first:stop].norm(dim=1) - 1) ** 2).sum() / n
        return loss, 0.5 * weight * (g[first:stop] ** 2).sum() / n

    def generator(self, x: Array, labels: Array | None) -> Any:
        torch, spec = self.torch, self.gen.spec
        latent = torch.from_numpy(draws.normal(spec["seed"], rng_streams.LATENT, len(x), LATENT, PLACE))
        condition = None if labels is None else torch.from_numpy(labels)
        if condition is not None:
            latent = torch.hstack([latent, condition @ self.leaves["generator.embedding.weight"]])
        for i in range(len(GENERATOR) + 1):
            names = (f"generator.{i}.weight", f"generator.{i}.bias")
            latent = torch.nn.functional.linear(latent, *(self.leaves[name] for name in names))
            latent = torch.tanh(latent) if i < len(GENERATOR) else latent
        if spec["output_blocks"]:
            g = torch.from_numpy(draws.gumbel(spec["seed"], rng_streams.GUMBEL, len(x), x.shape[1], PLACE))
            soft = torch.softmax((latent[:, 1:] + g[:, 1:]) / 0.7, dim=1)
            latent = torch.hstack([torch.tanh(latent[:, :1]), soft])
        packed = None if condition is None else self.pack(condition).tile(2, 1)
        s = self.scores(self.pack(torch.vstack([torch.from_numpy(x), latent])), packed)
        return self.losses(*s.tensor_split(2))[1]


def check(torch: Any, spec: Spec) -> None:
    rng = np.random.default_rng(3)
    gen = scattered(spec, rng)
    x, labels = rows(gen, rng)
    made = gen.generator.generate(len(x), labels, PLACE)

    players = TorchPlayers(torch, gen)
    losses, grads = gen.discriminator_gradients(x, labels, made.output, PLACE)
    loss, penalty = players.discriminator(x, labels, made.output)
    assert_close(losses.loss, loss, "loss")
    assert_close(losses.penalty, penalty, "penalty")
    (loss + penalty).backward()
    for name, gradient in grads.items():
        assert_close(gradient, players.leaves[name].grad, name)

    players = TorchPlayers(torch, gen)
    value, grads = gen.generator_gradients(x, labels, made, PLACE)
    loss = players.generator(x, labels)
    assert_close(value, loss, "generator's loss")
    loss.backward()
    for name, gradient in grads.items():
        assert_close(gradient, players.leaves[name].grad, name)


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", gan_losses.NAMES)
def test_losses_and_penalties(torch: Any, loss: str, penalty: str) -> None:
    check(torch, spec_of("tanh", loss, penalty, conditional=True))


@pytest.mark.parametrize("act", ACTIVATIONS)
def test_activations(torch: Any, act: str) -> None:
    check(torch, spec_of(act, "relativistic", "r1r2", blocks=True))


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("act", ["silu", "leaky_relu"])
@pytest.mark.parametrize("penalty", ["r1r2", "interpolated"])
def test_options(torch: Any, penalty: str, act: str, options: Spec) -> None:
    check(torch, spec_of(act, "least_squares", penalty, output="sigmoid", conditional=True, **options))


def test_spectral_normalisation_is_the_peers(torch: Any) -> None:
    """Its turns and its value are PyTorch's: one turn of power iteration, from the same u."""
    rng = np.random.default_rng(5)
    gen = scattered(spec_of(spectral_norm=True, depth=2), rng)
    name = "discriminator.0.weight"
    peer = torch.nn.Linear(*gen.discriminator.params[name].shape[::-1], bias=False, dtype=torch.float64)
    peer.weight.data = torch.from_numpy(gen.discriminator.params[name])
    peer = torch.nn.utils.spectral_norm(peer)
    peer.weight_u.copy_(torch.from_numpy(gen.discriminator.buffers[f"{name}_u"]))
    gen.discriminator.update_singular_vectors()
    peer(torch.zeros(1, gen.discriminator.params[name].shape[1], dtype=torch.float64))
    assert_close(gen.discriminator._normalised_params()[name], peer.weight, "weight")
    assert_close(gen.discriminator.buffers[f"{name}_u"], peer.weight_u, "u")
