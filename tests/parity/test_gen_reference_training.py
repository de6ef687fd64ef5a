"""Training of the reference's GAN: turns, draws, resuming, samples, and that it finds a ring's modes."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from deepseek import _rng_streams as rng_streams
from deepseek.reference import Gen, draws, philox
from deepseek.reference.input_noise import draw_input_noise
from deepseek.reference.seed import Gan
from parity.gen_cases import CLASSES, DATA, OPTIONS, Spec, spec_of

ROWS = 29  # three batches of 8, and five rows over
EVERYTHING = {
    "conditional": True,
    "blocks": True,
    "generator": {"normalization": "batch", "dropout": 0.2},
    "top": {
        "instance_noise": {"std": 0.3, "epochs": 9},
        "augmentation": {"target": 0.6, "interval": 2, "rows": 300},
    },
    **OPTIONS["everything"],
}


def problem(spec: Spec | None = None, **options: Any) -> tuple[Gen, Any, Any]:
    gen = Gen(spec or spec_of(**{"loss": "relativistic", "penalty": "r1r2", **options}))
    rng = np.random.default_rng(3)
    y = rng.integers(0, CLASSES, ROWS) if gen.spec["classes"] else None
    return gen, rng.normal(size=(ROWS, gen.spec["data_size"])), y


def assert_same(a: Gen, b: Gen, rtol: float = 0.0) -> None:
    for name, value in a.get_params().items():
        np.testing.assert_allclose(value, b.get_params()[name], rtol=rtol, atol=rtol, err_msg=name)


@pytest.mark.parametrize("steps", [(1, 1), (2, 1), (3, 2), (1, 3)])
@pytest.mark.parametrize("options", [{}, EVERYTHING], ids=["plain", "everything"])
def test_fit_is_repeatable_and_goes_on(options: Spec, steps: tuple[int, int]) -> None:
    """Also where a fit ends with the generator's turn not come: three batches an epoch, two or three a turn."""
    spec = spec_of(**{"loss": "relativistic", "penalty": "r1r2", **options})
    spec["discriminator_steps"], spec["generator_steps"] = steps
    gen, x, y = problem(spec)
    whole, again = Gen(spec), Gen(spec)
    first = gen.fit(x, y, epochs=1, batch_size=8)
    kept = copy.deepcopy(gen)
    second = gen.fit(x, y, epochs=4, batch_size=8)
    assert kept.fit(x, y, epochs=4, batch_size=8) == second
    assert whole.fit(x, y, epochs=5, batch_size=8) == first + second
    assert again.fit(x, y, epochs=5, batch_size=8) == first + second
    for other in (kept, whole, again):
        assert_same(gen, other)
        assert other.adaptive_augment == gen.adaptive_augment
    assert gen.discriminator.training.updates == 15
    assert gen.generator.training.updates == 15 // steps[0] * steps[1]
    assert all(np.isfinite(v) for entry in first + second for v in entry.values())


def test_the_seed_decides() -> None:
    a, b = problem(), problem()
    b[0].reset(5)
    assert not np.array_equal(a[0].sample(3), b[0].sample(3))
    b[0].reset(a[0].spec["seed"])
    assert_same(a[0], b[0])


def test_parameters_go_by_name_not_by_order() -> None:
    gen, x, y = problem(**EVERYTHING)
    gen.fit(x, y, epochs=1, batch_size=8)
    other = Gen(gen.spec)
    other.set_params(dict(sorted(gen.get_params().items())))
    assert_same(gen, other)


def test_players_draw_apart() -> None:
    """Of the same shape, with the same seed, they begin with different weights."""
    layer = {"units": DATA}
    gen = Gen(
        {
            **spec_of(),
            "generator": {"layers": [layer, layer]},
            "latent_size": DATA,
            "discriminator": {"layers": [layer, {"units": 1}]},
        }
    )
    assert not np.array_equal(
        gen.generator.params["generator.0.weight"], gen.discriminator.params["discriminator.0.weight"]
    )


def test_latents_are_normal_and_their_own() -> None:
    drawn = draws.normal(1, rng_streams.LATENT, 2000, 70, (3, 4))
    assert abs(drawn.mean()) < 0.01 and abs(drawn.std() - 1.0) < 0.01
    assert np.abs(np.corrcoef(drawn.T) - np.eye(70)).max() < 0.12
    np.testing.assert_array_equal(draws.normal(1, rng_streams.LATENT, 50, 70, (3, 4)), drawn[:50])
    np.testing.assert_array_equal(draws.normal(1, rng_streams.LATENT, 2000, 65, (3, 4)), drawn[:, :65])
    for other in (
        (1, rng_streams.NOISE, (3, 4)),
        (1, rng_streams.LATENT, (3, 5)),
        (2, rng_streams.LATENT, (3, 4)),
    ):
        assert not np.isin(draws.normal(*other[:2], 9, 9, other[2]), drawn).any()


def test_no_number_is_drawn_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every draw of an epoch has its own counter: purposes, streams, and the steps of both players' updates."""
    gen, x, y = problem(**{**EVERYTHING, "penalty": "interpolated"})
    gen.spec["generator"]["steps"] = gen.generator.spec["steps"] = 2
    drawn, words = [], philox.words

    def recorded(seed: int, purpose: int, blocks: Any, **counter: int) -> Any:
        drawn.append((purpose, *sorted(counter.items())))
        return words(seed, purpose, blocks, **counter)

    monkeypatch.setattr(philox, "words", recorded)
    gen.fit(x, y, epochs=2, batch_size=8, shuffle=False)
    assert len(set(drawn)) == len(drawn)
    assert {purpose for purpose, *_ in drawn} == {
        rng_streams.DROPOUT,
        rng_streams.LATENT,
        rng_streams.MIX,
        rng_streams.NOISE,
        rng_streams.AUGMENT,
        rng_streams.GUMBEL,
    }


def test_samples() -> None:
    gen, x, y = problem(**EVERYTHING)
    gen.fit(x, y, epochs=2, batch_size=8)
    labels = np.arange(20) % CLASSES
    rows = gen.sample(20, labels, seed=4)
    np.testing.assert_allclose(gen.sample(7, labels[:7], seed=4), rows[:7], rtol=1e-12)
    np.testing.assert_array_equal(gen.sample(20, labels, seed=4), rows)
    assert not np.array_equal(gen.sample(20, labels, seed=5), rows)
    assert (np.abs(rows[:, 0]) < 1.0).all()
    np.testing.assert_array_equal(np.sort(rows[:, 1:], axis=1), np.tile(np.eye(4)[3], (20, 1)))


def test_a_category_is_drawn_with_its_probability() -> None:
    gen, _, _ = problem(top={"output_blocks": [{"activation": "gumbel", "units": DATA}]})
    player, expected = gen.generator, [0.05, 0.1, 0.2, 0.3, 0.35]
    for name, value in player.params.items():
        value[...] = 0.0
        if name == "generator.2.bias":
            value[...] = np.log(expected)
    gen.average.set_params(player.get_params())
    np.testing.assert_allclose(gen.sample(4000).mean(axis=0), expected, atol=0.03)


def test_samples_come_from_the_moving_average() -> None:
    gen, x, y = problem()
    plain, _, _ = problem(top={"ema_decay": 0.0})
    for player in (gen, plain):
        player.fit(x, y, epochs=3, batch_size=8)
    assert not np.array_equal(gen.sample(3), plain.sample(3))
    average = {k: v for k, v in gen.get_params().items() if k.startswith("average.")}
    assert average and not any(k.startswith("average.") for k in plain.get_params())
    np.testing.assert_array_equal(
        gen.generator.params["generator.0.weight"], plain.generator.params["generator.0.weight"]
    )


def test_the_averages_memory_grows() -> None:
    gen, x, _ = problem(generator={"normalization": "batch"}, top={"ema_decay": 0.3})
    name, statistic = "generator.0.weight", "generator.0.norm.running_mean"
    want = gen.generator.params[name]
    for keep in (2 / 11, 3 / 12, 4 / 13, 0.3):  # (1 + t) / (10 + t), and at most 0.3
        gen.fit(x[:8], epochs=1, batch_size=8)
        want = want + (1.0 - min(keep, 0.3)) * (gen.generator.params[name] - want)
        np.testing.assert_allclose(gen.average.params[name], want, rtol=1e-13)
        np.testing.assert_array_equal(gen.average.buffers[statistic], gen.generator.buffers[statistic])
    assert gen.generator.buffers[statistic].all()


def test_instance_noise_sinks_to_nothing() -> None:
    gen, _, _ = problem(top={"instance_noise": {"std": 0.5, "epochs": 4}})
    spread = [draw_input_noise(gen.spec, 500, (epoch, 1), 0.0).added.std() for epoch in range(6)]
    np.testing.assert_allclose(spread, [0.5, 0.375, 0.25, 0.125, 0.0, 0.0], rtol=0.05)
    lasting = {**gen.spec, "instance_noise": {"std": 0.5, "epochs": 0}}
    assert draw_input_noise(lasting, 500, (99, 1), 0.0).added.std() == pytest.approx(0.5, rel=0.05)


def test_augmentation_changes_its_share_of_the_rows() -> None:
    gen, _, _ = problem(top={"augmentation": {"target": 0.6}})
    for probability in (0.0, 0.3):
        done = draw_input_noise(gen.spec, 4000, (0, 0), probability)
        whole = (done.factor[:, :1] == done.factor).all(axis=1)
        assert (done.added != 0).any(axis=1).mean() == pytest.approx(probability, abs=0.03)
        assert (done.factor == 0).mean() == pytest.approx(0.25 * probability, abs=0.02)
        assert ((done.factor[:, 0] != 1) & whole).mean() <= probability


def test_a_packs_score_is_that_of_its_rows_together() -> None:
    gen, x, _ = problem(pac=2, minibatch_std=4)
    assert gen.discriminate(x[:8]).shape == (4,)
    moved = np.vstack([x[:7], x[7:8] + 1.0])
    assert (gen.discriminate(moved) != gen.discriminate(x[:8])).all()


def test_a_penalty_now_and_then() -> None:
    """Every second update, twice as strong."""
    gen, x, _ = problem()
    reported = gen.fit(x, epochs=1, batch_size=8, shuffle=False)[0]["penalty"]
    each = [
        gen.discriminator_gradients(x[:8], None, x[8:16], (0, 0), due)[0].penalty for due in (True, False)
    ]
    assert reported > 0 and each[0] > 0 and each[1] == 0
    once = Gen({**gen.spec, "penalty": {**gen.spec["penalty"], "interval": 1}})
    once.set_params(gen.get_params())
    assert each[0] == pytest.approx(2 * once.discriminator_gradients(x[:8], None, x[8:16], (0, 0))[0].penalty)


def test_spectral_normalisation_finds_the_largest_singular_value() -> None:
    gen, x, y = problem(spectral_norm=True, conditional=True)
    gen.fit(x, y, epochs=30, batch_size=8)
    normalised = gen.discriminator._normalised_params()
    for name in gen.discriminator.weights:
        assert np.linalg.norm(normalised[name], 2) == pytest.approx(1.0, rel=1e-2)


def test_augmentation_follows_its_target() -> None:
    gen, _, _ = problem(top={"augmentation": {"target": 0.6, "interval": 1, "rows": 100}})
    seen = []
    for sign in (1.0, 1.0, -1.0, -1.0, -1.0):
        gen.adaptive_augment.observe(gen.spec["augmentation"], np.full(8, sign), np.zeros(8))
        seen.append(gen.adaptive_augment.probability)
    assert seen == pytest.approx([0.08, 0.16, 0.08, 0.0, 0.0])


def article() -> Spec:
    layer = {"activation": "sigmoid", "bias": False, "initialization": "normal"}
    player = {
        "layers": [{"units": 50, **layer}, {"units": 1, **layer}],
        "optimizer": {"name": "sgd", "learning_rate": 1.0},
    }
    return {
        "dtype": "float64",
        "data_size": 1,
        "latent_size": 10,
        "generator": player,
        "discriminator": player,
        "loss": "least_squares",
        "ema_decay": 0.0,
    }


def test_seed_article_network_is_a_gen() -> None:
    pair = Gan(10, 50, 1, seed=2)
    gen = Gen(article())
    own = {
        f"{player}.{i}.weight": (getattr(pair, player), f"weights{i + 1}")
        for player in ("generator", "discriminator")
        for i in (0, 1)
    }
    gen.set_params({name: getattr(*owner).T for name, owner in own.items()})
    x = np.random.default_rng(4).random((10, 1))
    for epoch in range(25):
        pair.train(x, draws.normal(gen.spec["seed"], rng_streams.LATENT, 10, 10, (epoch, 0)))
    gen.fit(x, epochs=25, batch_size=10, shuffle=False)
    for player in (gen.generator, gen.discriminator):
        for name, value in player.params.items():
            np.testing.assert_allclose(value.T, getattr(*own[name]), rtol=1e-9, err_msg=name)
    np.testing.assert_allclose(gen.discriminate(x), pair.discriminator.forward(x)[:, 0], rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_a_ring_of_eight_is_found(seed: int) -> None:
    """Within 800 turns every mode has samples within three deviations, and most samples are at one."""
    rng = np.random.default_rng(0)
    angles = np.arange(8) * np.pi / 4.0
    modes = 2.0 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    x = modes[rng.integers(0, 8, 2048)] + rng.normal(size=(2048, 2)) * 0.1

    def player(act: str) -> Spec:
        hidden = {"units": 32, "activation": act, "alpha": 0.2, "initialization": "he_uniform"}
        return {
            "layers": [hidden, hidden, {"units": 2 if act == "relu" else 1}],
            "optimizer": {"name": "adam", "learning_rate": 0.01, "beta1": 0.0, "beta2": 0.99},
            "schedule": {"name": "cosine", "final": 0.05},
        }

    gen = Gen(
        {
            "dtype": "float64",
            "seed": seed,
            "data_size": 2,
            "latent_size": 4,
            "ema_decay": 0.99,
            "generator": player("relu"),
            "discriminator": player("leaky_relu"),
            "penalty": {"kind": "r1r2", "weight": 0.1},
        }
    )
    gen.fit(x, epochs=50, batch_size=128)
    distances = np.linalg.norm(gen.sample(2000)[:, None] - modes, axis=2)
    near = distances.min(axis=1) < 0.3
    assert near.mean() > 0.5
    assert np.bincount(distances.argmin(axis=1)[near], minlength=8).min() > 0.02 * 2000
