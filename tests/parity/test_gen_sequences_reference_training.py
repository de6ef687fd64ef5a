"""Training of GANs on sequences: draws apart from packing, pretraining as a Rec, samples, and small successes."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from deepseek import _rng_streams as rng_streams
from deepseek.reference import Rec, SequenceGen, philox
from deepseek.reference.input_noise import draw_input_noise
from parity.gen_sequence_cases import (
    CELLS,
    CLASSES,
    DATA,
    DISCRIMINATORS,
    LENGTHS,
    PLACE,
    STACKS,
    STEPS,
    STOP,
    VOCABULARY,
    Array,
    Spec,
    batch,
    scattered,
    sequences,
    spec_of,
)

SERIES = {
    "penalty": "interpolated",
    "instance_noise": {"std": 0.3, "epochs": 9},
    "augmentation": {"target": 0.6, "interval": 2, "rows": 300},
}
ENDED = {"eos_token": STOP}
EVERYTHING = {
    "conditional": True,
    "stack": STACKS["everything"],
    "discriminator": DISCRIMINATORS["everything"],
}


def problem(spec: Spec) -> tuple[SequenceGen, list[Array], Any]:
    gen = SequenceGen(spec)
    rng = np.random.default_rng(3)
    x = sequences(gen, rng, LENGTHS * 4)
    return gen, x, rng.integers(0, CLASSES, len(x)) if gen.spec["classes"] else None


def assert_same(a: SequenceGen, b: SequenceGen) -> None:
    for name, value in a.get_params().items():
        np.testing.assert_array_equal(value, b.get_params()[name], err_msg=name)


@pytest.mark.parametrize("text", [False, True], ids=["series", "text"])
def test_fit_is_repeatable_and_goes_on(text: bool) -> None:
    spec = spec_of(
        "lstm", text, "relativistic", **{"penalty": "r1r2", **EVERYTHING}, **(ENDED if text else {})
    )
    spec["discriminator_steps"], spec["generator_steps"] = 2, 2
    gen, x, y = problem(spec)
    whole = SequenceGen(spec)
    for player in (gen, whole) if text else ():
        player.pretrain(x, y, epochs=2, batch_size=6)
    first = gen.fit(x, y, epochs=1, batch_size=6)
    kept = copy.deepcopy(gen)
    second = gen.fit(x, y, epochs=2, batch_size=6)
    assert kept.fit(x, y, epochs=2, batch_size=6) == second
    assert whole.fit(x, y, epochs=3, batch_size=6) == first + second
    assert_same(gen, kept)
    assert_same(gen, whole)
    assert gen.discriminator.training.updates == gen.generator.training.updates == 12
    assert all(np.isfinite(v) for entry in first + second for v in entry.values())


@pytest.mark.parametrize("cell", CELLS)
def test_a_generated_sequence_does_not_depend_on_the_others(cell: str) -> None:
    """Nor on its position among the packed rows; its own steps do not depend on its length."""
    gen = scattered(
        spec_of(cell, conditional=True, stack=STACKS["everything"], depth=2), np.random.default_rng(0)
    )
    labels = np.eye(CLASSES)[np.arange(len(LENGTHS)) % CLASSES]
    full, some = np.full(len(LENGTHS), STEPS), np.array(LENGTHS)
    whole, cut = (gen.generator.generate(len(labels), labels, PLACE, lengths=n).output for n in (full, some))
    for a, b, length in zip(whole, cut, LENGTHS, strict=True):
        np.testing.assert_allclose(a[: length * DATA], b[: length * DATA], rtol=1e-12)
        assert not b[length * DATA :].any()


@pytest.mark.parametrize("text", [False, True], ids=["series", "text"])
def test_a_score_does_not_depend_on_the_packing(text: bool) -> None:
    """Sequence 3's score, masks and all, where the lengths of others change; and behind its end nothing is read."""
    options = {**DISCRIMINATORS["everything"], "minibatch_std": 0}
    gen = scattered(spec_of("gru", text, depth=2, discriminator=options), np.random.default_rng(0))
    x, lengths, _ = batch(gen, np.random.default_rng(1))
    score = gen.discriminator.forward(x, None, PLACE, lengths).score
    assert lengths[3] < STEPS
    x[3, lengths[3] * gen.spec["data_size"] :] = 7.0
    for others in ([6, 6, 6, 6, 6], [1, 2, 3, 4, 5], [1, 1, 1, 1, 1]):
        moved = np.insert(others, 3, lengths[3])
        got = gen.discriminator.forward(x, None, PLACE, moved).score
        assert got[3] == pytest.approx(score[3], rel=1e-12)


def test_tokens_have_numbers_of_their_own() -> None:
    """The first steps of a text are those of a longer one, with dropout and latents."""
    spec = spec_of("gru", True, hard=True, stack={"recurrent_dropout": 0.4})
    short, long = (
        scattered({**spec, "steps": n}, np.random.default_rng(0)).generator.generate(
            6, None, PLACE, lengths=np.full(6, n)
        )
        for n in (4, 9)
    )
    np.testing.assert_array_equal(short.g, long.g[:, :4])
    width = 4 * VOCABULARY
    np.testing.assert_array_equal(short.output, long.output[:, :width])


@pytest.mark.parametrize("text", [False, True], ids=["series", "text"])
def test_no_number_is_drawn_twice(monkeypatch: pytest.MonkeyPatch, text: bool) -> None:
    spec = spec_of("lstm", text, depth=2, **{**EVERYTHING, **({"penalty": "r1"} if text else SERIES)})
    spec["generator_steps"] = 2
    if text:
        spec["generator"]["recurrent_dropout"] = 0.0  # one mask at every step, and drawn at every step
    gen, x, y = problem(spec)
    drawn: list[Any] = []
    grid = philox.grid

    def recorded(seed: int, purpose: int, rows: Any, width: int, **at: Any) -> Any:
        """Which words: narrow rows share a group of 64, wide ones own whole groups."""
        each, groups = max(64 // max(width, 1), 1), -(-width // 64)
        numbers = np.arange(rows) if isinstance(rows, int) else rows
        first = numbers // each * groups * 64 + numbers % each * width
        words = (first[:, None] + np.arange(width)).ravel().tolist()
        drawn.extend((purpose, at.get("stream", 0), at["place"], word) for word in words)
        return grid(seed, purpose, rows, width, **at)

    monkeypatch.setattr(philox, "grid", recorded)
    if text:
        gen.pretrain(x, y, epochs=2, batch_size=12, shuffle=False)
    gen.fit(x, y, epochs=2, batch_size=12, shuffle=False)
    assert len(set(drawn)) == len(drawn)
    purposes = {rng_streams.DROPOUT, rng_streams.LATENT}
    purposes |= {rng_streams.GUMBEL} if text else {rng_streams.MIX, rng_streams.NOISE, rng_streams.AUGMENT}
    assert {purpose for purpose, *_ in drawn} == purposes


@pytest.mark.parametrize("cell", CELLS)
def test_pretraining_is_what_a_rec_does(cell: str) -> None:
    """Of output "next", on the same parameters, behind a start token; whole fits, epoch by epoch."""
    spec = spec_of(cell, True, depth=2, latent_size=0, step_latent_size=0)  # of texts that end where they end
    spec["pretrain"] = {"optimizer": {"name": "adam", "learning_rate": 0.01}, "schedule": {"name": "cosine"}}
    gen, x, _ = problem(spec)
    player, (rows, lengths) = gen.generator.spec, gen.rows(x)
    layers = [*player["layers"][:-1], {**player["layers"][-1], "activation": "softmax"}]
    same = ("dtype", "seed", "cell", "hidden", "bias")
    rec = Rec(
        {
            **{key: player[key] for key in same},
            **spec["pretrain"],
            "vocabulary": VOCABULARY + 1,
            "embedding_size": player["token_embedding_size"],
            "output": "next",
            "layers": layers,
            "loss": {"name": "cross_entropy"},
        }
    )
    own = {"embedding.": "tokens.", "head.": ""}
    names = {name: "generator." + name for name in rec.params}
    for a, b in own.items():
        names = {k: v.replace(f"generator.{a}", f"generator.{b}") for k, v in names.items()}
    rec.set_params({name: gen.generator.params[other] for name, other in names.items()})
    tokens = rows.reshape(len(rows), STEPS, -1).argmax(axis=2)
    behind_a_start = [np.append(VOCABULARY, s[:n]) for s, n in zip(tokens, lengths, strict=True)]
    want = rec.fit(behind_a_start, epochs=4, batch_size=5)
    got = gen.pretrain(x, epochs=4, batch_size=5)
    for a, b in zip(got, want, strict=True):
        assert a["loss"] == pytest.approx(b["loss"], rel=1e-10) and a["learning_rate"] == b["learning_rate"]
    assert got[-1]["loss"] < got[0]["loss"]
    for name, other in names.items():
        np.testing.assert_allclose(gen.generator.params[other], rec.params[name], rtol=1e-9, atol=1e-12)
        np.testing.assert_array_equal(gen.average.params[other], gen.generator.params[other])
    assert gen.cross_entropy(x) == pytest.approx(rec.evaluate(behind_a_start), rel=1e-9)
    assert gen.generator.training.updates == 4 * -(-len(x) // 5)
    gen.fit(x, epochs=1, batch_size=12)
    assert gen.generator.training.updates == 2  # the other phase has a clock of its own


def test_series_samples() -> None:
    gen, x, y = problem(spec_of("gru", conditional=True))
    gen.fit(x, y, epochs=1, batch_size=6)
    labels = np.arange(40) % CLASSES
    some = gen.sample(40, labels, seed=4)
    for a, b in zip(gen.sample(7, labels[:7], seed=4), some, strict=False):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    assert {len(s) for s in some} == set(LENGTHS)
    assert all(s.shape[1] == DATA for s in some)
    assert not np.array_equal(some[0][:1], gen.sample(1, labels[:1], seed=5)[0][:1])
    given = gen.sample(3, labels[:3], seed=4, lengths=np.array([2, STEPS, 1]))
    assert [len(s) for s in given] == [2, STEPS, 1]
    np.testing.assert_allclose(given[1][:1], some[1][:1], rtol=1e-12)
    assert gen.discriminate(x, y).shape == (len(x),)


def test_tokens_are_drawn_with_their_probability() -> None:
    """And a text ends at its first eos_token."""
    gen, _, _ = problem(spec_of("gru", True, **ENDED))
    probabilities = np.array([0.1, 0.15, 0.2, 0.25, 0.3])
    params = {name: np.zeros_like(value) for name, value in gen.generator.params.items()}
    params["generator.1.bias"] = np.log(probabilities)
    gen.average.set_params(params)
    some = gen.sample(4000)
    ended = np.mean([len(s) == 0 for s in some])
    assert ended == pytest.approx(probabilities[STOP], abs=0.02)
    assert np.mean([len(s) == STEPS for s in some]) == pytest.approx(
        (1 - probabilities[STOP]) ** STEPS, abs=0.02
    )
    counts = np.bincount(np.concatenate(some), minlength=VOCABULARY) / sum(map(len, some))
    others = np.where(np.arange(VOCABULARY) == STOP, 0.0, probabilities)
    np.testing.assert_allclose(counts, others / others.sum(), atol=0.02)


def test_a_sequence_is_scaled_as_a_whole_and_jittered_step_by_step() -> None:
    gen, _, _ = problem(spec_of(**{**SERIES, "instance_noise": {}}))
    done = draw_input_noise(gen.spec, 2000, (0, 0), 0.4)
    factor, added = (a.reshape(2000, STEPS, DATA) for a in done)
    assert (factor == factor[:, :1]).all()
    assert (added != 0).any(axis=(1, 2)).mean() == pytest.approx(0.4, abs=0.04)
    flat = added[(added != 0).any(axis=(1, 2))].reshape(-1, STEPS * DATA)
    assert np.abs(np.corrcoef(flat.T) - np.eye(STEPS * DATA)).max() < 0.15


def player(cell: str, units: int, outputs: int, **options: Any) -> Spec:
    return {
        "cell": cell,
        "hidden": [units],
        "layers": [{"units": outputs}],
        "optimizer": {"name": "adam", "learning_rate": 0.01, "beta1": 0.0, "beta2": 0.99},
        "schedule": {"name": "cosine", "final": 0.05},
        **options,
    }


@pytest.mark.slow
@pytest.mark.parametrize(("cell", "latents"), [("lstm", (3, 0)), ("gru", (0, 3))])
def test_waves_of_any_phase_are_learnt(cell: str, latents: tuple[int, int]) -> None:
    """Sines of period 8, of 9 to 12 steps: the marginal, the autocorrelation, and phases all around."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(9, 13, 384)
    x = [np.sin(np.pi / 4.0 * (np.arange(n) + 8.0 * rng.random()))[:, None] for n in lengths]
    gen = SequenceGen(
        {
            "dtype": "float64",
            "steps": 12,
            "data_size": 1,
            "latent_size": latents[0],
            "step_latent_size": latents[1],
            "ema_decay": 0.98,
            "generator": player(cell, 16, 1),
            "discriminator": player(cell, 16, 1),
            "penalty": {"kind": "r1r2", "weight": 0.1},
        }
    )
    gen.fit(x, epochs=24, batch_size=48)
    some = gen.sample(400)
    assert np.concatenate(some).std() == pytest.approx(0.707, abs=0.08)
    for lag, want in ((1, 0.354), (2, 0.0), (4, -0.5), (8, 0.5)):
        pairs = np.concatenate([np.hstack([s[:-lag], s[lag:]]) for s in some])
        assert pairs.prod(axis=1).mean() == pytest.approx(want, abs=0.12), lag
    phases = [np.arctan2(s[2, 0], s[0, 0]) for s in some]
    assert np.histogram(phases, 6, (-np.pi, np.pi))[0].min() > 0.03 * len(some)


@pytest.mark.slow
@pytest.mark.parametrize("pretrain", [0, 2])
def test_words_are_learnt(pretrain: int) -> None:
    """Four words, from nothing or after a little pretraining: most samples are words, and all words are sampled."""
    words = [[0, 1, 1, 0], [2, 0, 1], [1, 0, 3], [3, 0, 3, 0]]
    x = [np.array(words[i]) for i in np.random.default_rng(0).integers(0, 4, 384)]
    gen = SequenceGen(
        {
            "dtype": "float64",
            "steps": 4,
            "vocabulary": 5,
            "eos_token": 4,
            "latent_size": 0,
            "ema_decay": 0.98,
            "output_blocks": [{"activation": "gumbel", "units": 5, "temperature": 1.0, "hard": True}],
            "generator": player("gru", 24, 5, token_embedding_size=8),
            "discriminator": player("gru", 24, 1, token_embedding_size=8, pooling="mean"),
            "penalty": {"kind": "r1r2", "weight": 0.1},
            "pretrain": {"optimizer": {"name": "adam", "learning_rate": 0.01}},
        }
    )

    def found() -> Array:
        some = [s.tolist() for s in gen.sample(400, seed=1)]
        return np.array([some.count(word) for word in words]) / len(some)

    if pretrain:
        gen.pretrain(x, epochs=pretrain, batch_size=64)
    assert found().sum() < 0.3
    gen.fit(x, epochs=20, batch_size=64)
    assert found().sum() > 0.8
    assert found().min() > 0.02
