"""The reference against PyTorch: recurrent layers over packed sequences, and CTC, in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deepseek.reference import Rec, ctc
from deepseek.reference.activation import log_softmax
from deepseek.reference.packing import Packing
from parity.rec_cases import INPUTS, Array, scattered, spec_of

pytestmark = pytest.mark.peers

LIMIT = 1e-12
UNITS = 6  # PyTorch's layers are all of one width
LENGTHS = (5, 4, 4, 2, 1)


@pytest.fixture
def torch() -> Any:
    """Imported only when a test runs: the import takes seconds and starts threads."""
    return pytest.importorskip("torch")


def assert_close(got: Array, want: Any, what: str) -> None:
    want = want.detach().numpy()
    assert got.shape == want.shape, what
    assert np.abs(got - want).max() <= LIMIT * max(float(np.abs(want).max()), 1.0), what


def by_layer(state: Array, parts: int) -> Array:
    """The reference's (n, layers·directions·parts·H) as (parts, layers·directions, n, H)."""
    return np.ascontiguousarray(state.reshape(len(state), -1, parts, UNITS).transpose(2, 1, 0, 3))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("cell", ["tanh", "relu", "gru", "lstm"])
def test_layers(torch: Any, cell: str, layers: int, bidirectional: bool) -> None:
    rng = np.random.default_rng(layers)
    plain = cell in ("tanh", "relu")
    options = {"hidden": [UNITS] * layers, "bidirectional": bidirectional}
    options |= {"cell": "rnn", "cell_activation": cell} if plain else {"cell": cell}
    net = scattered({**spec_of(), **options}, rng)
    kind = {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM}.get(cell, torch.nn.RNN)
    peer = kind(
        INPUTS,
        UNITS,
        layers,
        bidirectional=bidirectional,
        dtype=torch.float64,
        **({"nonlinearity": cell} if plain else {}),
    )
    own = {k.removeprefix("rnn."): v for k, v in net.params.items() if k.startswith("rnn.")}
    peer.load_state_dict({k: torch.from_numpy(v) for k, v in own.items()})

    packing = Packing(LENGTHS)
    x = packing.pack([rng.normal(size=(n, INPUTS)) for n in LENGTHS])
    state = rng.normal(size=net.initial_state(len(LENGTHS)).shape)
    y, final, tapes = net.stack.forward(x, packing, state, None)
    dy, dfinal = rng.normal(size=y.shape), rng.normal(size=final.shape)
    dx, dstate, grads = net.stack.backward(dy, dfinal, tapes)

    parts = 2 if cell == "lstm" else 1
    x_peer = torch.from_numpy(x).requires_grad_()
    initial = [torch.from_numpy(s).requires_grad_() for s in by_layer(state, parts)]
    sizes = torch.tensor(packing.active)
    packed = torch.nn.utils.rnn.PackedSequence(x_peer, sizes)
    y_peer, last = peer(packed, tuple(initial) if parts == 2 else initial[0])
    ends = last if parts == 2 else (last,)
    total = (y_peer.data * torch.from_numpy(dy)).sum()
    for end, d in zip(ends, by_layer(dfinal, parts), strict=True):
        total = total + (end * torch.from_numpy(d)).sum()
    total.backward()

    assert_close(y, y_peer.data, "outputs")
    assert_close(dx, x_peer.grad, "dx")
    for got, want in zip(by_layer(final, parts), ends, strict=True):
        assert_close(got, want, "final state")
    for got, leaf in zip(by_layer(dstate, parts), initial, strict=True):
        assert_close(got, leaf.grad, "initial state")
    for name, parameter in peer.named_parameters():
        assert_close(grads[f"rnn.{name}"], parameter.grad, name)


@pytest.mark.parametrize("output", ["last", "sequence"])
def test_a_whole_network(torch: Any, output: str) -> None:
    """Embedding, two layers of LSTM, head and cross-entropy: the loss and every gradient."""
    rng = np.random.default_rng(5)
    options = {
        "vocabulary": 11,
        "embedding_size": 10,
        "hidden": [UNITS] * 2,
        "loss": {"name": "cross_entropy"},
    }
    layers = [{"units": 7, "activation": "tanh"}, {"units": 3, "activation": "softmax"}]
    net: Rec = scattered({**spec_of("lstm", output=output, **options), "layers": layers}, rng)
    x = rng.integers(0, 11, (4, 5))
    y = rng.integers(0, 3, (4, 5) if output == "sequence" else 4)
    loss, grads, _, _ = net.gradients(list(x), y)

    leaves = {k: torch.from_numpy(v.copy()).requires_grad_() for k, v in net.params.items()}
    peer = torch.nn.LSTM(10, UNITS, 2, batch_first=True, dtype=torch.float64)
    own = {k.removeprefix("rnn."): v for k, v in leaves.items() if k.startswith("rnn.")}
    embedded = leaves["embedding.weight"][torch.from_numpy(x)]
    h, _ = torch.func.functional_call(peer, own, (embedded,))
    h = h if output == "sequence" else h[:, -1]
    linear = torch.nn.functional.linear
    h = torch.tanh(linear(h, leaves["head.0.weight"], leaves["head.0.bias"]))
    z = linear(h, leaves["head.1.weight"], leaves["head.1.bias"]).reshape(-1, 3)
    want = torch.nn.functional.cross_entropy(z, torch.from_numpy(y).reshape(-1))
    want.backward()
    assert_close(np.array(loss), want, "loss")
    for name, leaf in leaves.items():
        assert_close(grads[name], leaf.grad, name)


@pytest.mark.parametrize("labels", [(), (1,), (2, 2), (3, 1, 2), (1, 1, 1, 1), (2, 3, 2, 3, 1), (1,) * 6])
def test_ctc(torch: Any, labels: tuple[int, ...]) -> None:
    logits = np.random.default_rng(len(labels)).normal(size=(9, 4)) * 3
    loss, gradient = ctc.loss(logits, labels)
    leaf = torch.from_numpy(logits).requires_grad_()
    want = torch.nn.functional.ctc_loss(
        leaf.log_softmax(1)[:, None],
        torch.tensor([labels], dtype=torch.int64),
        torch.tensor([9]),
        torch.tensor([len(labels)]),
        reduction="sum",
        zero_infinity=True,
    )
    want.backward()
    assert_close(log_softmax(logits), leaf.log_softmax(1), "log_softmax")
    assert_close(np.array(loss), want, "loss")
    assert_close(gradient, leaf.grad, "gradient")
