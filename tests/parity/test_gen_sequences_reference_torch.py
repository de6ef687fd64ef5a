"""The reference's GAN of sequences against PyTorch: packed recurrent layers and (double) differentiation.

A generated text's straight-through gradient is checked here, since no difference of its value is that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deepseek import _rng_streams as rng_streams
from deepseek.reference import SequenceGen, draws, gan_losses
from deepseek.reference.penalty import NAMES as PENALTIES
from parity.gen_sequence_cases import (
    CELLS,
    EMBEDDING,
    PLACE,
    STEPS,
    VOCABULARY,
    Array,
    Spec,
    batch,
    scattered,
    spec_of,
)
from parity.test_gen_reference_torch import TorchPlayers as DensePlayers
from parity.test_gen_reference_torch import assert_close

pytestmark = pytest.mark.peers

KINDS = {"rnn": "RNN", "gru": "GRU", "lstm": "LSTM"}
TEMPERATURE = 0.7


@pytest.fixture
def torch() -> Any:
    """Imported only when a test runs: the import takes seconds and starts threads."""
    return pytest.importorskip("torch")


class TorchPlayers(DensePlayers):
    """The same players in PyTorch, on sequences."""

    gen: SequenceGen

    def stack(self, player: Any, name: str, x: Any, state: Any = None) -> Any:
        """(outputs, state) of x, packed or padded."""
        spec, prefix = player.spec, f"{name}.rnn."
        own = {k.removeprefix(prefix): self.of(player, k) for k in self.leaves if k.startswith(prefix)}
        inputs = own["weight_ih_l0"].shape[1]
        peer = getattr(self.torch.nn, KINDS[spec["cell"]])(
            inputs,
            spec["hidden"][0],
            len(spec["hidden"]),
            batch_first=True,
            bidirectional=spec["bidirectional"],
            dtype=self.torch.float64,
        )
        return self.torch.func.functional_call(peer, own, (x, state))

    def of(self, player: Any, name: str) -> Any:
        normal = player is self.gen.discriminator and name in player.weights
        return self.weight(name) if normal else self.leaves[name]

    def scores(self, x: Any, labels: Any) -> Any:
        """Of rows that hold all steps; the caller sets `lengths`."""
        rnn, player = self.torch.nn.utils.rnn, self.gen.discriminator
        x = x.reshape(len(x), STEPS, -1)
        if "discriminator.tokens.weight" in self.leaves:
            x = x @ self.weight("discriminator.tokens.weight")
        lengths = self.torch.from_numpy(self.lengths)
        packed = rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        y = rnn.pad_packed_sequence(self.stack(player, "discriminator", packed)[0], batch_first=True)[0]
        own = self.torch.arange(y.shape[1]) < lengths[:, None]
        match player.spec["pooling"]:
            case "mean":
                y = (y * own[:, :, None]).sum(dim=1) / lengths[:, None]
            case "max":
                y = y.masked_fill(~own[:, :, None], -self.torch.inf).amax(dim=1)
            case _:
                units = player.spec["hidden"][-1]
                ends = y[self.torch.arange(len(y)), lengths - 1, :units]
                y = self.torch.hstack([ends, y[:, 0, units:]])
        return super().scores(y, labels)

    def pack(self, rows: Any) -> Any:
        return rows

    def seen(self, lengths: Array) -> None:
        self.lengths = lengths

    def rows(self, x: Array, labels: Array | None, lengths: Array) -> Any:
        """The generator's."""
        torch, spec, player = self.torch, self.gen.spec, self.gen.generator
        seed, n = spec["seed"], len(x)
        z = draws.normal(seed, rng_streams.LATENT, n, spec["latent_size"], PLACE)
        own = [
            draws.normal(seed, rng_streams.LATENT, n, spec["step_latent_size"], PLACE, 1 + t)
            for t in range(STEPS)
        ]
        static = torch.from_numpy(np.stack([np.hstack([z, step]) for step in own], axis=1))
        if labels is not None:
            vector = torch.from_numpy(labels) @ self.leaves["generator.embedding.weight"]
            static = torch.cat([static, vector[:, None].expand(-1, STEPS, -1)], dim=2)
        if not spec["vocabulary"]:
            y, _ = self.stack(player, "generator", static)
            y = self.head(y)
        else:
            y = self.text(static)
        y = y * (torch.arange(STEPS) < torch.from_numpy(lengths)[:, None])[:, :, None]
        return y.reshape(n, -1)

    def head(self, y: Any) -> Any:
        linear = self.torch.nn.functional.linear
        for i in (0, 1):
            y = linear(y, *(self.leaves[f"generator.{i}.{kind}"] for kind in ("weight", "bias")))
            y = self.torch.tanh(y) if i == 0 else y
        return y

    def text(self, static: Any) -> Any:
        """Reverse mode as it was meant: a hard row in place of a soft one."""
        torch, spec = self.torch, self.gen.spec
        table, found, state = self.leaves["generator.tokens.weight"], [], None
        before = table[VOCABULARY].expand(len(static), -1)
        for t in range(STEPS):
            x = torch.hstack([before, static[:, t]])[:, None]
            y, state = self.stack(self.gen.generator, "generator", x, state)
            g = draws.gumbel(spec["seed"], rng_streams.GUMBEL, len(static), VOCABULARY, PLACE, t)
            noisy = self.head(y[:, 0]) + torch.from_numpy(g)
            soft = torch.softmax(noisy / TEMPERATURE, dim=1)
            if spec["output_blocks"][0]["hard"]:
                hard = torch.nn.functional.one_hot(noisy.argmax(dim=1), VOCABULARY)
                soft = hard - soft.detach() + soft
            found.append(soft)
            before = soft @ table[:VOCABULARY]
        return torch.stack(found, dim=1)


def check(torch: Any, spec: Spec) -> None:
    rng = np.random.default_rng(3)
    gen = scattered(spec, rng)
    x, lengths, labels = batch(gen, rng)
    made = gen.generator.generate(len(x), labels, PLACE, lengths=lengths)
    both = np.concatenate([lengths, made.lengths])
    mixed = spec["penalty"]["kind"] == "interpolated"

    players = TorchPlayers(torch, gen)
    players.seen(np.concatenate([both, lengths]) if mixed else both)
    losses, grads = gen.discriminator_gradients(x, labels, made.output, PLACE, lengths=both)
    loss, penalty = players.discriminator(x, labels, made.output)
    assert_close(losses.loss, loss, "loss")
    assert_close(losses.penalty, penalty, "penalty")
    (loss + penalty).backward()
    for name, gradient in grads.items():
        assert_close(gradient, players.leaves[name].grad, name)

    players = TorchPlayers(torch, gen)
    players.seen(both)
    rows = players.rows(x, labels, made.lengths)
    assert_close(made.output, rows, "rows")
    value, grads = gen.generator_gradients(x, labels, made, PLACE, both)
    packed = None if labels is None else torch.from_numpy(labels).tile(2, 1)
    loss = players.losses(*players.scores(torch.vstack([torch.from_numpy(x), rows]), packed).tensor_split(2))[
        1
    ]
    assert_close(value, loss, "generator's loss")
    loss.backward()
    for name, gradient in grads.items():
        assert_close(gradient, players.leaves[name].grad, name)


@pytest.mark.parametrize("hard", [False, True], ids=["soft", "hard"])
@pytest.mark.parametrize("text", [False, True], ids=["series", "text"])
@pytest.mark.parametrize("cell", CELLS)
def test_cells(torch: Any, cell: str, text: bool, hard: bool) -> None:
    check(torch, spec_of(cell, text, penalty="r1r2", conditional=True, hard=hard))


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", gan_losses.NAMES)
def test_losses_and_penalties(torch: Any, loss: str, penalty: str) -> None:
    check(torch, spec_of("lstm", False, loss, penalty, conditional=True))


@pytest.mark.parametrize("text", [False, True], ids=["series", "text"])
@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
@pytest.mark.parametrize("cell", CELLS)
def test_discriminators(torch: Any, cell: str, pooling: str, text: bool) -> None:
    player = {
        "pooling": pooling,
        "bidirectional": True,
        "spectral_norm": True,
        "minibatch_std": 3,
        "layers": [{"units": 5, "activation": "silu", "dropout": 0.3}, {"units": 1}],
    }
    check(torch, spec_of(cell, text, penalty="r1r2", conditional=True, discriminator=player, hard=True))


def test_pretraining(torch: Any) -> None:
    """The cross-entropy of every token, labels and latents beside those before it."""
    rng = np.random.default_rng(3)
    gen = scattered(spec_of("gru", True, conditional=True), rng)
    x, lengths, labels = batch(gen, rng)
    value, steps, grads = gen.generator.pretrain_gradients(x, lengths, labels, PLACE)
    players = TorchPlayers(torch, gen)
    latent = gen.generator.latents(len(x), None, PLACE, gen.spec["seed"])
    static = torch.from_numpy(latent)
    vector = torch.from_numpy(labels) @ players.leaves["generator.embedding.weight"]
    assert vector.shape[1] == EMBEDDING
    static = torch.cat([static, vector[:, None].expand(-1, STEPS, -1)], dim=2)
    tokens = x.reshape(len(x), STEPS, -1).argmax(axis=2)
    before = torch.from_numpy(np.hstack([np.full((len(x), 1), VOCABULARY), tokens[:, :-1]]))
    embedded = players.leaves["generator.tokens.weight"][before]
    y, _ = players.stack(gen.generator, "generator", torch.cat([embedded, static], dim=2))
    z = players.head(y)
    own = torch.arange(STEPS) < torch.from_numpy(lengths)[:, None]
    want = torch.nn.functional.cross_entropy(z[own], torch.from_numpy(tokens)[own])
    assert steps == lengths.sum()
    assert_close(value, want, "loss")
    want.backward()
    for name, gradient in grads.items():
        assert_close(gradient, players.leaves[name].grad, name)
