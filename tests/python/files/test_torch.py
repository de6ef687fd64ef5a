"""deepseek.torch: modules with a model's outputs, and models with a module's."""

from __future__ import annotations

import importlib.util
import pickle
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek import losses
from deepseek.activations import OUTPUT, name_of
from programs import exchanged
from programs.exchanged import ACTIVATIONS, CELLS, HIDDEN_UNITS, LENGTHS, LOSSES, assert_close, real

pytestmark = pytest.mark.peers

if importlib.util.find_spec("torch") is None:
    pytest.skip("without PyTorch", allow_module_level=True)

LIMITS = {"float32": 3e-6, "float64": 1e-12}


@pytest.fixture
def torch() -> Any:
    """Imported only when a test runs: the import takes seconds and starts threads."""
    found: Any = importlib.import_module("torch")
    found.manual_seed(0)
    return found


def answer(module: Any, X: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
    torch: Any = importlib.import_module("torch")
    given = [torch.from_numpy(X), *([] if lengths is None else [torch.from_numpy(lengths)])]
    with torch.no_grad():
        found: np.ndarray = module(*given).numpy()
    return found


def same(a: ds.Net | ds.Rec, b: ds.Net | ds.Rec) -> bool:
    """Whether two models have the same numbers under the same names."""
    mine, other = a.state_dict(), b.state_dict()
    return mine.keys() == other.keys() and all(np.array_equal(mine[k], other[k]) for k in mine)


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=str)
def test_nets_go_over_and_back(torch: Any, activation: Any, normalization: str | None, dtype: str) -> None:
    rates = {"dropout": [0.1, 0.0], "input_dropout": 0.2}
    net = exchanged.net(
        activation=[activation, "tanh"], normalization=[normalization, None], dtype=dtype, **rates
    )
    X = exchanged.rows(dtype)
    module = net.to_torch()
    assert not module.training
    assert_close(answer(module, X), net.predict(X), LIMITS[dtype])
    back = ds.from_torch(module, seed=7, optimizer="sgd")
    assert isinstance(back, ds.Net)
    assert same(back, net)
    np.testing.assert_array_equal(back.predict(X), net.predict(X))
    kept = ("layers", "activation", "normalization", "dropout", "input_dropout", "bias", "dtype")
    assert [getattr(back._config, name) for name in kept] == [getattr(net._config, name) for name in kept]
    assert back.seed == 7 and isinstance(back.optimizer, ds.SGD)


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("features", [1, None])
def test_input_layers(torch: Any, features: int | None, dtype: str) -> None:
    embedding = ds.PeriodicEmbedding(0.3, frequencies=5, width=3, features=features)
    net = exchanged.net(numeric_embedding=embedding, input_scale_rate=6.0, input_dropout=0.2, dtype=dtype)
    net.fit(
        exchanged.rows(dtype), net.predict(exchanged.rows(dtype)) + 1, epochs=2, verbose=False
    )  # scales other than 1
    X = exchanged.rows(dtype)
    module = net.to_torch()
    assert_close(answer(module, X), net.predict(X), LIMITS[dtype])
    assert_close(answer(pickle.loads(pickle.dumps(module)), X), net.predict(X), LIMITS[dtype])
    with pytest.raises(TypeError, match="PeriodicEmbedding"):
        ds.from_torch(module)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("output", LOSSES)
def test_output_activations(torch: Any, output: str, bias: bool) -> None:
    net = exchanged.net(bias=bias, dtype="float64", **LOSSES[output])
    X = exchanged.rows("float64") / 8
    module = net.to_torch()
    assert_close(answer(module, X), net.predict(X), 1e-12)
    back = ds.from_torch(module)
    assert name_of(back._config.output_activation) == output and back._config.bias == bias
    np.testing.assert_array_equal(back.predict(X), net.predict(X))
    expected = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy", "exp": "poisson"}
    assert losses.name_of(back.loss) == expected.get(output, "squared_error")


def test_every_activation_has_a_module(torch: Any) -> None:
    assert {name_of(a) for a in ACTIVATIONS} | set(LOSSES) == set(OUTPUT)


def test_softplus_stays_exact_far_out(torch: Any) -> None:
    net = ds.Net([1, 1], output_activation="softplus", dtype="float64").load_state_dict(
        {"0.weight": [[1.0]], "0.bias": [0.0]}
    )
    X = np.linspace(-60, 60, 1001)[:, None]
    np.testing.assert_allclose(answer(net.to_torch(), X), net.predict(X), rtol=1e-14)


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("hidden", HIDDEN_UNITS, ids=str)
@pytest.mark.parametrize(("output", "bidirectional"), exchanged.DIRECTIONS)
@pytest.mark.parametrize("cell", CELLS)
def test_recs_go_over_and_back(
    torch: Any, cell: str, output: str, bidirectional: bool, hidden: list[int], dtype: str
) -> None:
    options = {"bidirectional": bidirectional, "hidden": hidden, "dtype": dtype, "dropout": 0.2, "head": [6]}
    rec = exchanged.rec(output, **options, **CELLS[cell])
    X = exchanged.sequences(dtype)
    module = rec.to_torch()
    back = ds.from_torch(module)
    assert same(back, rec) and back._config.dropout == 0.2
    for lengths in (None, LENGTHS):
        want = rec.predict(X, lengths=lengths)
        shaped = [real(y, lengths, rec._config.stepwise) for y in (answer(module, X, lengths), want)]
        assert_close(shaped[0], shaped[1], LIMITS[dtype] * (10 if cell == "relu" else 1))
        again = real(back.predict(X, lengths=lengths), lengths, rec._config.stepwise)
        np.testing.assert_array_equal(again, shaped[1])


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("embedding", [None, 4])
@pytest.mark.parametrize("output", ["mean", "next"])
def test_tokens(torch: Any, output: str, embedding: int | None, bias: bool) -> None:
    options = {"input_size": None, "vocabulary": 6, "embedding_size": embedding, "bias": bias}
    rec = exchanged.rec(output, **options, dtype="float64")
    X = exchanged.tokens()
    assert_close(answer(rec.to_torch(), X), rec.predict(X), 1e-12)
    np.testing.assert_array_equal(ds.from_torch(rec.to_torch()).predict(X), rec.predict(X))


def test_a_module_trains_and_shares_nothing(torch: Any) -> None:
    net, rec = exchanged.net(normalization="batch"), exchanged.rec()
    for model, X in ((net, exchanged.rows()), (rec, exchanged.sequences())):
        before = model.predict(X)
        module = model.to_torch().train()
        module(torch.from_numpy(X)).square().sum().backward()
        assert all(p.grad is not None for p in module.parameters())
        with torch.no_grad():
            for p in module.parameters():
                p.zero_()
        np.testing.assert_array_equal(model.predict(X), before)


def test_a_model_from_a_module_trains(torch: Any) -> None:
    nn = torch.nn
    module = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3))
    X = exchanged.rows()
    y = X[:, :3].argmax(axis=1)
    logits = answer(module, X)
    np.testing.assert_allclose(ds.from_torch(module).predict(X), logits, rtol=1e-5, atol=1e-5)
    net = ds.from_torch(module, loss="cross_entropy", optimizer=ds.Adam(0.02))
    assert isinstance(net, ds.Net)
    np.testing.assert_allclose(net.predict(X), np.asarray(torch.tensor(logits).softmax(1)), atol=1e-6)
    history = net.fit(X, y, epochs=20, verbose=False)
    assert history["loss"][-1] < history["loss"][0] / 2
    np.testing.assert_array_equal(answer(module, X), logits)


def test_to_torch_draws_nothing_and_pickles(torch: Any) -> None:
    state = torch.get_rng_state()
    models = [exchanged.net(normalization="batch"), exchanged.rec(hidden=[4, 3])]
    modules = [model.to_torch() for model in models]
    assert torch.equal(torch.get_rng_state(), state)
    X = exchanged.sequences()
    np.testing.assert_array_equal(answer(pickle.loads(pickle.dumps(modules[1])), X), answer(modules[1], X))


def test_parts_of_modules(torch: Any) -> None:
    """What to_torch would not have made: nesting, biases here and there, plain norms, all kinds of heads."""
    nn = torch.nn
    inner = nn.Sequential(
        nn.Linear(5, 4, bias=False), nn.BatchNorm1d(4, affine=False), nn.Identity(), nn.SiLU()
    )
    module = nn.Sequential(nn.Dropout(0.0), inner, nn.Dropout(0.3), nn.Linear(4, 2), nn.Softmax(1)).eval()
    inner[1].running_var.fill_(0.3)
    X = exchanged.rows()
    net = ds.from_torch(module)
    assert isinstance(net, ds.Net) and net._config.dropout == (0.3,) and isinstance(net.loss, ds.CrossEntropy)
    assert_close(net.predict(X), answer(module, X), 3e-6)
    one = nn.Linear(5, 2)
    assert_close(ds.from_torch(one).predict(X), answer(one, X), 3e-6)


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_recurrent_layers_with_a_head(torch: Any, kind: str) -> None:
    nn = torch.nn
    layers = getattr(nn, kind)(3, 5, num_layers=2, bidirectional=True, dtype=torch.float64)
    head = nn.Sequential(nn.Linear(10, 4, bias=False), nn.GELU(), nn.Linear(4, 2)).double()
    rec = ds.from_torch(layers, head=head, output="sequence")
    X = exchanged.sequences("float64")
    want = head(layers(torch.from_numpy(X.swapaxes(0, 1)))[0]).detach().numpy().swapaxes(0, 1)
    assert_close(rec.predict(X), want, 1e-12)


def test_recurrent_layers_in_a_list_and_tokens(torch: Any) -> None:
    nn = torch.nn
    layers = [nn.GRU(6, 5, batch_first=True), nn.GRU(5, 4, batch_first=True, bias=False)]
    head, X = nn.Linear(4, 6), torch.from_numpy(exchanged.tokens())
    inputs = nn.functional.one_hot(X, 6).float()
    want = head(layers[1](layers[0](inputs)[0])[0][:, -1]).detach().numpy()
    assert_close(ds.from_torch(layers, head=head, vocabulary=6).predict(X.numpy()), want, 3e-6)
    embedding = nn.Embedding(9, 6)
    want = head(layers[1](layers[0](embedding(X))[0])[0][:, -1]).detach().numpy()
    rec = ds.from_torch(nn.ModuleList(layers), head=head, embedding=embedding, dropout=0.2)
    assert_close(rec.predict(X.numpy()), want, 3e-6)
    assert rec._config.dropout == 0.2


def test_modules_that_are_no_net(torch: Any) -> None:
    nn = torch.nn
    linear = nn.Linear(5, 5)

    def sequential(*parts: Any) -> Any:
        return nn.Sequential(linear, *parts)

    cases: list[tuple[Any, type[Exception], str]] = [
        (nn.Conv1d(1, 1, 1), TypeError, "from_torch: got a Conv1d; expected a Sequential of Linear,"),
        (
            sequential(nn.Conv1d(1, 1, 1)),
            TypeError,
            "layer 1 of from_torch: got Conv1d.*; expected one of Linear",
        ),
        (
            sequential(nn.LogSoftmax(1)),
            TypeError,
            "layer 1 of from_torch: got LogSoftmax.*; expected one of Linear",
        ),
        (sequential(nn.GELU("tanh")), TypeError, "layer 1 of from_torch: got GELU.*; expected one of Linear"),
        (
            sequential(nn.Softmax(0)),
            TypeError,
            "layer 1 of from_torch: got Softmax.*; expected one of Linear",
        ),
        (
            sequential(nn.Softplus(2)),
            TypeError,
            "layer 1 of from_torch: got Softplus.*; expected one of Linear",
        ),
        (
            sequential(nn.ReLU(), nn.BatchNorm1d(5), linear),
            TypeError,
            "layer 2 of from_torch: got BatchNorm1d.*; expected the order Linear, norm,",
        ),
        (
            sequential(nn.ReLU(), nn.ReLU()),
            TypeError,
            r"layer 2 of from_torch: got ReLU\(\); expected the order",
        ),
        (
            sequential(nn.Dropout(0.5)),
            TypeError,
            "from_torch: got a normalisation or Dropout after the last Linear",
        ),
        (
            sequential(nn.LayerNorm(5)),
            TypeError,
            "from_torch: got a normalisation or Dropout after the last Linear",
        ),
        (
            nn.Sequential(nn.ReLU(), linear),
            TypeError,
            r"layer 0 of from_torch: got ReLU\(\); expected a Linear",
        ),
        (nn.Sequential(nn.Dropout(0.5)), TypeError, "from_torch: got no Linear; expected at least one"),
        (sequential(nn.Linear(4, 2)), ValueError, "layer 1 of from_torch: got Linear.*; expected 5 inputs"),
        (
            sequential(nn.BatchNorm1d(4), linear),
            ValueError,
            "layer 1 of from_torch: got BatchNorm1d.*; expected size 5",
        ),
        (
            sequential(nn.LayerNorm(5, eps=1e-3), linear),
            ValueError,
            "layer 1 of from_torch: got LayerNorm.*; expected eps=1e-05",
        ),
        (sequential(nn.BatchNorm1d(5, track_running_stats=False), linear), ValueError, "running statistics"),
        (nn.Linear(5, 2).half(), TypeError, r"got torch\.float16; expected torch\.float32 or torch\.float64"),
        (
            sequential(nn.Linear(5, 2).double()),
            TypeError,
            "parameters: got float32 and float64; expected one",
        ),
        ([linear], TypeError, "from_torch: got a list; expected a Sequential of Linear, BatchNorm1d or"),
    ]
    for module, error, said in cases:
        with pytest.raises(error, match=said):
            ds.from_torch(module)
    with pytest.raises(TypeError, match=r"layers: got \[5, 5\]; expected no value, .*: \[5, 5\]"):
        ds.from_torch(linear, layers=[5, 5])
    with pytest.raises(
        TypeError, match=r"head, embedding: got a value with a Linear; expected None \(both belong to an"
    ):
        ds.from_torch(linear, head=linear)


def test_modules_that_are_no_rec(torch: Any) -> None:
    nn = torch.nn
    gru, head = nn.GRU(3, 5), nn.Linear(5, 2)
    dropped = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Dropout(0.5), nn.Linear(4, 2))
    normed = nn.Sequential(nn.Linear(5, 4), nn.LayerNorm(4), nn.Linear(4, 2))
    cases: list[tuple[Any, dict[str, Any], type[Exception], str]] = [
        (gru, {}, TypeError, "head: got None; expected the Linear or Sequential that follows the"),
        (gru, {"head": gru}, TypeError, "head: got a GRU; expected a Sequential of Linear, BatchNorm1d"),
        (gru, {"head": nn.Linear(4, 2)}, ValueError, "head: got 4 inputs; expected 5, the outputs of the"),
        (gru, {"head": dropped}, ValueError, r"dropout: got a module with \[0\.0, 0\.5\]; .*dropout="),
        (gru, {"head": normed}, ValueError, "head: got several activations or a normalisation; expected one"),
        (gru, {"head": head, "vocabulary": 4}, ValueError, "vocabulary: got 4; expected 3, the inputs"),
        (
            gru,
            {"head": head, "embedding": nn.Embedding(9, 4)},
            ValueError,
            "embedding: got width 4 .*; expected width 3",
        ),
        (
            gru,
            {"head": head, "embedding": head},
            TypeError,
            "embedding: got Linear.*; expected an nn.Embedding",
        ),
        (gru, {"head": head, "output": "first"}, ValueError, "output: got .*; expected one of last"),
        (gru, {"head": head, "cell": "gru"}, TypeError, "cell: got 'gru'; expected no value, .*: 'gru'"),
        (
            [gru, nn.LSTM(5, 5)],
            {"head": head},
            ValueError,
            r"recurrent layer 1: got LSTM\(5, 5\); expected 5",
        ),
        ([gru, nn.GRU(4, 5)], {"head": head}, ValueError, r"recurrent layer 1: got GRU\(4, 5\); expected 5"),
        (
            nn.LSTM(3, 5, proj_size=2),
            {"head": head},
            ValueError,
            "recurrent layer 0: got proj_size=2; expected 0",
        ),
        (
            exchanged.rec().to_torch(),
            {"head": head},
            TypeError,
            "head, embedding: got a value, .*; expected None",
        ),
        (exchanged.rec().to_torch(), {"output": "last"}, TypeError, "output: got 'last'; expected no"),
    ]
    for module, arguments, error, said in cases:
        with pytest.raises(error, match=said):
            ds.from_torch(module, **arguments)


def test_what_pytorch_lacks_is_said(torch: Any) -> None:
    with pytest.raises(ValueError, match="layer_norm: got a model with layer_norm=True; expected False,"):
        exchanged.rec(layer_norm=True).to_torch()
    with pytest.raises(ValueError, match="cell_activation: got a model with 'sigmoid'; expected 'tanh'"):
        exchanged.rec(cell="rnn", cell_activation="sigmoid").to_torch()
    from deepseek.torch import to_torch

    with pytest.raises(TypeError, match="to_torch: got a Gen; expected a Net or a Rec"):
        to_torch(ds.Gen(data_size=2))  # type: ignore[arg-type]
