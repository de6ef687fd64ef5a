"""The benchmark's peers do the work that we do: torch and jax against each other, and against the reference."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from deepseek import _rng_streams as rng_streams
from deepseek.bench import coldstart, timing
from deepseek.bench.rows import rows_of

pytestmark = pytest.mark.peers


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_peers_compute_the_same_network(cell: str) -> None:
    torch, _ = pytest.importorskip("torch"), pytest.importorskip("jax")
    from deepseek.bench import peer_jax_cells as cells

    layer = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[cell](3, 4, batch_first=True)
    weights = {name: np.asarray(value) for name, value in cells.initial(cell, 3, 4, 2).items()}
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.tensor(weights["ih"].T))
        layer.weight_hh_l0.copy_(torch.tensor(weights["hh"].T))
        layer.bias_ih_l0.zero_()
        layer.bias_hh_l0.zero_()
        X, y, lengths = timing.rec_data(
            {"inputs": 3, "outputs": 2, "steps": [2, 6], "batch": 5, "batches": 1}
        )
        h = layer(torch.from_numpy(X))[0].numpy()[np.arange(5), lengths - 1]
        whole = layer(torch.from_numpy(X))[0].numpy()[:, -1]
    error = cells.objective(cell)
    assert float(error(weights, X, y, lengths)) == pytest.approx(
        np.square(h @ weights["out"] - y).mean(), 1e-5
    )
    assert float(error(weights, X, y)) == pytest.approx(np.square(whole @ weights["out"] - y).mean(), 1e-5)


def assert_close(got: NDArray[Any], want: NDArray[Any]) -> None:
    assert got.shape == want.shape
    assert np.abs(got - want).max() < 2e-6


def reference_of(params: dict[str, Any]) -> Any:
    """The reference's Gen of a row."""
    from deepseek.reference import Gen

    optimizer = {"name": params["optimizer"], "learning_rate": params["learning_rate"]}
    if "betas" in params:
        optimizer |= {"beta1": params["betas"][0], "beta2": params["betas"][1]}

    def player(sizes: list[int], activation: str) -> dict[str, Any]:
        layer = {"activation": activation, "alpha": 0.2, "bias": params["bias"]}
        last = {"activation": activation if activation == "sigmoid" else "identity", "bias": params["bias"]}
        hidden = [{"units": units, **layer} for units in sizes[1:-1]]
        return {"layers": [*hidden, {"units": sizes[-1], **last}], "optimizer": optimizer}

    generator, discriminator = map(player, params["players"], params["activations"])
    return Gen(
        {
            "data_size": params["players"][0][-1],
            "latent_size": params["players"][0][0],
            "loss": params["loss"],
            "penalty": {"kind": "r1r2" if params["penalty"] else "none", "weight": params["penalty"]},
            "ema_decay": params["ema_decay"],
            "generator": generator,
            "discriminator": discriminator,
        }
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gan-seed", "gan-tab", "gan-r1r2"])
def test_the_peers_play_the_same_game(name: str) -> None:
    """Torch and jax beside the reference: the same weights, rows and latents, and the losses of some turns."""
    torch, jnp = pytest.importorskip("torch"), pytest.importorskip("jax.numpy")
    from deepseek.bench import peer_jax, peer_jax_gen, peer_torch, peer_torch_gen
    from deepseek.reference import draws, gan_trainer

    params = rows_of(["gen"], [name])[0].params | {"batch": 6, "batches": 5}
    params["players"] = [[4, 9, 3], [3, 8, 1]]
    reference = reference_of(params)
    first = reference.get_params()
    X = timing.gen_data(params).reshape(5, 6, 3)
    rates = (params["learning_rate"], params["learning_rate"])
    latents = [draws.normal(0, rng_streams.LATENT, 6, 4, (0, 2 * i)) for i in range(5)]
    turns = [gan_trainer.train_batch(reference, x, None, (0, 2 * i), rates) for i, x in enumerate(X)]
    expected = np.array([[entry["loss"], entry["penalty"], losses[0]] for entry, losses in turns])

    players, weights = [], []
    for name, layers, act in zip(
        ("generator", "discriminator"), params["players"], params["activations"], strict=True
    ):
        own = [first[f"{name}.{i}.weight"] for i in range(2)]
        biases = [jnp.zeros(len(matrix)) if params["bias"] else None for matrix in own]
        weights.append([(jnp.asarray(matrix.T), bias) for matrix, bias in zip(own, biases, strict=True)])
        players.append(peer_torch._perceptron(layers, act, params["bias"]))
        for parameter in players[-1].parameters():
            matrix = own.pop(0) if parameter.ndim == 2 else np.zeros(len(parameter))
            parameter.data = torch.tensor(matrix, dtype=torch.float32)
    update, state = peer_jax.players_update(params)
    state = state._replace(generator=weights[0], discriminator=weights[1])
    state = state._replace(average=weights[0] if params["ema_decay"] else ())
    torch_turn = peer_torch_gen.make_train_step(params, *players)
    jax_turn = peer_jax_gen.make_train_step(params, peer_jax._outputs, update)
    for x, z, want in zip(X, latents, expected, strict=True):
        z = z.astype(np.float32)
        found = torch_turn(torch.from_numpy(x), torch.from_numpy(z))
        assert_close(np.array([float(torch.as_tensor(v).detach()) for v in found]), want)
        state, losses = jax_turn(state, x, z)
        assert_close(np.array([float(v) for v in losses]), want)
    last = reference.get_params()
    assert_close(players[0][0].weight.detach().numpy(), last["generator.0.weight"])
    assert_close(np.asarray(state.generator[0][0]).T, last["generator.0.weight"])
    if params["ema_decay"]:
        assert_close(np.asarray(state.average[0][0]).T, last["average.0.weight"])


def test_estimators_and_those_they_take_the_place_of_do_the_same_rows() -> None:
    pytest.importorskip("sklearn")
    from deepseek.bench import ours, peer_sklearn

    for row in rows_of(["estimators"]):
        if row.kind.startswith("cold_"):
            continue
        batch = min(row.params.get("batch", 20), 20)
        small = {**row.params, "batch": batch, "batches": 1, "epochs": 1, "rows": 40}
        for library in (ours, peer_sklearn):
            with warnings.catch_warnings(action="ignore"):  # one epoch is not enough
                assert library.BUILDERS[row.kind](small, 1)(0.001)["seconds"] > 0


def test_processes_that_fit_sparse_rows(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    coldstart.write_data(str(tmp_path), "text")
    for library in ("deepseek", "sklearn"):
        seconds, memory = coldstart.one(library, 1, str(tmp_path), "text")
        assert seconds > 0
        assert memory < 400, "a dense copy has 760 MiB"
