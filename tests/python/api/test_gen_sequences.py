"""Gen of sequences: what it takes and refuses, both phases, samples and scores."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek import _rng_streams as rng_streams
from deepseek._gen import draws as _gen_draws
from deepseek.cli import main
from deepseek.reference import draws
from deepseek.reference.sequence_gen import SequenceGen
from programs import models
from programs.gen_sequences import EVERY, KINDS, STEPS, TOKENS, data, gen, padded, same

ADVERSARIAL = [
    "epoch", "loss", "penalty", "real_score", "fake_score", "generator_loss", "learning_rate",
    "generator_learning_rate", "seconds",
]  # fmt: skip
TEXTS = [kind for kind in EVERY if "texts" in kind]


def test_what_is_default() -> None:
    series = ds.Gen(data_size=3, sequences=ds.SequencePlayers(9))._core.spec()
    assert (series["steps"], series["vocabulary"]) == (9, 0)
    assert (series["latent_size"], series["step_latent_size"]) == (8, 8)
    assert series["generator"]["hidden"] == series["discriminator"]["hidden"] == [64]
    assert series["discriminator"]["pooling"] == "mean" and series["penalty"]["kind"] == "r1r2"
    group = ds.Texts(9, vocabulary=99, eos_token=0)
    texts = ds.Gen(sequences=group, loss="wasserstein")._core.spec()
    assert (texts["latent_size"], texts["step_latent_size"], texts["eos_token"], texts["data_size"]) == (
        0,
        0,
        0,
        99,
    )
    assert texts["generator"]["token_embedding_size"] == 64
    assert texts["discriminator"]["token_embedding_size"] == 64
    gumbel = {"activation": "gumbel", "units": 99, "alpha": 1.0, "temperature": 1.0, "hard": True}
    assert texts["output_blocks"] == [gumbel]
    assert texts["pretrain"]["optimizer"]["learning_rate"] == 1e-3 and texts["penalty"]["kind"] == "r1r2"


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("series", {"cell": None}, "cell: got None; expected one of"),
    ("series", {"steps": None}, "steps: got None; expected an integer"),
    ("series", {"layer_norm": 0}, "layer_norm: got 0; expected True or False"),
    ("series", {"steps": 0}, "steps: got .*; expected .*at least 1"),
    ("series", {"cell": "transformer"}, "cell: got .*; expected one of rnn, gru, lstm"),
    ("series", {"cell_activation": "relu"}, "cell_activation: got 'relu' for cell='gru'"),
    ("series", {"vocabulary": 5}, "data_size: got 2 with Texts"),
    ("series", {"generator": ()}, r"generator: got \[\]; expected at least 1 layer"),
    ("series", {"discriminator": [0]}, r"discriminator\[0\]: got .*; expected .*at least 1"),
    ("series", {"generator_head": 3}, "generator_head: got 3; expected a list"),
    ("series", {"latent_size": 0, "step_latent_size": 0}, "or nothing is random"),
    ("series", {"latent_size": -1}, "latent_size: got .*; expected .*at least 0"),
    ("series", {"pooling": "sum"}, "pooling: got .*; expected one of last, mean, max"),
    ("series", {"pac": 2}, "pac: got 2; expected 1 for sequences"),
    (
        "series",
        {"generator_head": [3], "normalization": "batch"},
        'normalization: got "batch"; expected "layer"',
    ),
    (
        "series",
        {"discriminator_head": [3], "discriminator_normalization": "batch"},
        'expected "layer" or None',
    ),
    ("series", {"data_size": None, "transformer": "auto"}, "transformer: got .*; expected None"),
    ("series", {"recurrent_dropout": 1.0}, "recurrent_dropout: got .*; expected .*below 1"),
    ("series", {"dropout": [0.1, 0.1]}, r"dropout: got .*; expected one value or a list of 1"),
    ("series", {"eos_token": 0}, "missing .* 'vocabulary'"),
    ("series", {"sequences": 3}, "sequences: got 3; expected SequencePlayers"),
    ("series", {"output_activation": [{"units": 3}]}, "got blocks of 3 columns; expected 2"),
    ("texts", {"vocabulary": 1}, "vocabulary: got .*; expected .*at least 2"),
    ("texts", {"eos_token": 5}, "eos_token: got .*; expected .*at most 4"),
    ("texts", {"bidirectional": True}, "bidirectional: got True; expected False for texts"),
    ("texts", {"temperature": 0.0}, "temperature: got .*; expected .*above 0"),
    ("texts", {"output_activation": "tanh"}, "output_activation: got 'tanh' with Texts"),
    (
        "texts",
        {"instance_noise": 0.1},
        r"instance_noise: got InstanceNoise\(std=0.1\); expected None for texts",
    ),
    ("texts", {"augmentation": True}, "augmentation: got .* expected None for texts"),
    ("texts", {"penalty": "interpolated"}, "penalty: got .*interpolated.* expected None for texts"),
    (
        "texts",
        {"pretrain_optimizer": ds.SGD(0.1, schedule=ds.Plateau())},
        "pretrain_optimizer: got a Plateau",
    ),
    ("texts", {"generator": [2**31 - 1]}, "GiB to train"),
]


@pytest.mark.parametrize(("kind", "options", "said"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_argument_is_named(kind: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        gen(kind, **options)


@pytest.mark.parametrize("kind", EVERY)
def test_shapes_are_the_engines(kind: str) -> None:
    model = gen(kind)
    state = model.state_dict()
    assert {name: array.shape for name, array in state.items()} == model._config.shapes()
    trained = [n for n in state if not n.startswith("average.") and not n.endswith(("_u", "_v"))]
    assert model.num_parameters == sum(prod(state[name].shape) for name in trained)
    text = repr(model)
    assert f"{model.num_parameters:,}" in text.splitlines()[-1]
    assert "G.l0" in text and "D.l0" in text and "at most 6 steps" in text


def test_print_tells_what_is_below_the_dense_layers() -> None:
    text = repr(gen("every series"))
    for said in (
        "series, at most 6 steps",
        "rnn of relu, bidirectional, layer norm, recurrent dropout 0.1, dropout 0.1",
        "spectral dropout 0.1, rnn",
        "deviation of 2 rows, spectral dense",
        "max of the steps",
        "1 × tanh",
    ):
        assert said in text
    assert "6 → 3" in repr(gen("every texts")) and "1 × gumbel" in repr(gen("every texts"))


@pytest.mark.parametrize("kind", EVERY)
def test_a_fit_is_the_references(kind: str) -> None:
    X, y = data(kind)
    model = gen(kind, dtype="float64")
    reference = SequenceGen(model._config.spec())
    if "vocabulary" in EVERY[kind]:
        pretrained = model.pretrain(X, y, epochs=2, batch_size=16)
        expected = reference.pretrain(X, y, epochs=2, batch_size=16)
        np.testing.assert_allclose(pretrained["loss"], [entry["loss"] for entry in expected], rtol=1e-9)
    history = model.fit(X, y, epochs=2, batch_size=16)
    entries = reference.fit(X, y, epochs=2, batch_size=16)
    for name in ADVERSARIAL[1:-1]:
        np.testing.assert_allclose(history[name], [e[name] for e in entries], rtol=1e-6, atol=1e-9)
    for name, array in reference.get_params().items():
        np.testing.assert_allclose(model.state_dict()[name], array, rtol=1e-5, atol=1e-8, err_msg=name)
    np.testing.assert_allclose(model.discriminate(X, y), reference.discriminate(X, y), rtol=1e-5, atol=1e-8)
    labels = None if y is None else np.arange(9) % 2
    for ours, theirs in zip(
        model.sample(9, labels, seed=4), reference.sample(9, labels, seed=4), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("kind", EVERY)
def test_threads_change_no_bit(kind: str) -> None:
    X, y = data(kind, 96)
    found = []
    for threads in (1, 2, 5):
        model = gen(kind, threads=threads, generator=[40], discriminator=[30])
        history = model.fit(X, y, epochs=2, batch_size=32, pretrain=int("texts" in kind))
        scores = model.discriminate(X, y).tobytes()
        found.append((models.weights(model), history["loss"], scores, model.sample(20, seed=1)))
    for other in found[1:]:
        assert other[:3] == found[0][:3] and same(other[3], found[0][3])


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_and_an_array_with_lengths_are_the_same(kind: str) -> None:
    X, y = data(kind)
    array, lengths = padded(X)
    first, second = gen(kind), gen(kind)
    first.fit(X, y, epochs=2, batch_size=16)
    second.fit(array, y, lengths=lengths, epochs=2, batch_size=16)
    assert models.bits(first) == models.bits(second)
    assert first.discriminate(X, y).tobytes() == second.discriminate(array, y, lengths=lengths).tobytes()
    one, other = first.partial_fit(X, y), second.partial_fit(array, y, lengths=lengths)
    assert one == other and list(one) == ADVERSARIAL[1:-1]
    assert same(first.sample(5), second.sample(5))


def test_the_first_fit_tells_the_features() -> None:
    X, _ = data("series")
    model = ds.Gen(sequences=ds.SequencePlayers(STEPS), generator=[4], discriminator=[4])
    with pytest.raises(ValueError, match=r"Gen: got no data yet, .*; expected data_size="):
        model.sample(2)
    with pytest.raises(ValueError, match=r"Gen: got no data yet, .*; expected data_size="):
        model.discriminate(X)
    for wrong in ([np.zeros(3)], np.zeros((4, 3)), []):
        with pytest.raises(ValueError, match=r"X.*: got .*; expected (X to be 3-D|at least one)"):
            model.fit(wrong, epochs=1)
    assert model.data_size is None
    model.fit(X, epochs=1)
    assert model.data_size == 2 and model.sample(1)[0].shape[1] == 2


@pytest.mark.parametrize("kind", KINDS)
def test_samples_are_a_function_of_model_and_seed(kind: str) -> None:
    model = gen(kind)
    y = None if model.classes is None else np.arange(9) % 2
    made = model.sample(9, y, seed=7)
    assert same(model.sample(9, y, seed=7), made)
    assert same(model.sample(4, None if y is None else y[:4], seed=7), made[:4])
    assert not same(model.sample(9, y, seed=8), made)
    assert model.sample(0, seed=1) == []
    for one in made:
        if model.data_size:
            assert one.shape == (STEPS, 2) and one.dtype == np.float32
        else:
            assert one.dtype == np.int64 and one.ndim == 1 and ((one >= 0) & (one < TOKENS)).all()


def test_lengths_are_drawn_as_those_of_the_training() -> None:
    X, _ = data("series")
    X = [x for x in X if len(x) != 3]
    model = gen("series")
    assert {len(s) for s in model.sample(9, seed=1)} == {STEPS}, "before any training"
    model.fit(X, epochs=1)
    assert model._lengths == np.bincount([len(x) for x in X], minlength=STEPS + 1)[1:].tolist()
    drawn = [len(s) for s in model.sample(300, seed=1)]
    assert 3 not in drawn and set(drawn) == {len(x) for x in X}
    u = draws.uniform(1, rng_streams.LATENT, 300, 1, draws.SAMPLE, STEPS + 1)[:, 0]
    ordered = np.sort([len(x) for x in X])
    assert drawn == ordered[(u * len(X)).astype(int)].tolist()
    assert _gen_draws.lengths(model._lengths, 5, 1, first=20).tolist() == drawn[20:25]
    assert [len(s) for s in model.sample(3, seed=1, lengths=[1, 6, 2])] == [1, 6, 2]
    assert {len(s) for s in model.sample(3, lengths=4)} == {4}
    model.reset()
    assert {len(s) for s in model.sample(9, seed=1)} == {STEPS}


def test_texts_end_before_their_first_stop() -> None:
    X, y = data("stopped texts")
    model = gen("stopped texts")
    model.fit(X, y, epochs=1, pretrain=2)
    made = model.sample(200, seed=1)
    assert not any((text == 0).any() for text in made)
    assert len({len(text) for text in made}) > 3
    stopped = [np.pad(x, (0, int(len(x) < STEPS))) for x in X]
    filled = np.array([np.pad(x, (0, STEPS - len(x))) for x in X])
    for same_texts in (stopped, filled):
        assert model.discriminate(same_texts, y).tobytes() == model.discriminate(X, y).tobytes()
    with pytest.raises(ValueError, match=r"X: got another token .* in sequence 1; expected only 0"):
        model.discriminate([[1, 0, 0], [1, 0, 2], [0, 1]], [0, 1, 0])
    with pytest.raises(ValueError, match=r"lengths: got .* with an eos_token, .*; expected None"):
        model.sample(2, lengths=3)


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("series", {"X": np.zeros((4, 3, 3))}, "X: got 3 features per step; expected 2"),
    ("series", {"X": np.zeros((4, 7, 2))}, r"X: got 7 steps in sequence 0; expected at most 6 \(steps=\)"),
    (
        "series",
        {"X": [np.zeros((2, 2)), np.zeros((0, 2))]},
        r"X\[1\]: got no steps, shape \(0, 2\); expected at least one",
    ),
    ("series", {"X": np.full((2, 2, 2), np.nan)}, "sequence 0, step 0, feature 0"),
    (
        "series",
        {"X": np.zeros((4, 3, 2)), "lengths": [1, 2, 3, 4]},
        r"lengths\[3\]: got 4; expected 1 to 3, the steps of X",
    ),
    (
        "series",
        {"X": [np.zeros((2, 2))], "lengths": [1]},
        r"lengths: got a value beside a list of sequences; expected None \(lengths belong to an array\)",
    ),
    ("series", {"y": np.zeros(40, int)}, "y: got labels for a Gen without labels; expected None"),
    ("series", {"y": "label"}, "y: got the column name 'label' .*; expected one label per"),
    ("series", {"pretrain": 1}, "pretrain: got a Gen without Texts"),
    ("series", {"monitor": "frechet"}, "monitor: got 'frechet' .*; expected 'mmd' or 'ks'"),
    ("series", {"monitor": "tstr"}, "monitor: got 'tstr' .* without labels; expected another"),
    (
        "series",
        {"monitor": "mmd", "monitor_data": np.zeros((2, 3, 4))},
        "monitor_data's X: got 4 features per step; expected 2",
    ),
    ("texts", {"X": [[0, 5]]}, "X: got 5 in sequence 0, step 1; expected tokens 0 to 4"),
    ("texts", {"X": [[0.5]]}, r"X\[0\]: got float64; expected integer tokens"),
    ("texts", {"pretrain": -1}, "pretrain: got .*; expected .*at least 0"),
    ("texts", {"monitor": {"phase": print}}, "monitor: got the name 'phase', .*; expected another"),
    ("stopped texts", {"y": [0]}, r"y: got shape \(1,\); expected \(40,\), one label per row of X"),
    ("stopped texts", {"y": None}, "y: got None; expected one label per row"),
    ("texts", {"resume": True}, "no fit to resume"),
]


@pytest.mark.parametrize(("kind", "options", "said"), BAD, ids=lambda value: str(value)[:40])
def test_a_refused_fit_changes_nothing(kind: str, options: dict[str, Any], said: str) -> None:
    X, y = data(kind)
    model = gen(kind)
    before = models.bits(model)
    with pytest.raises((TypeError, ValueError), match=said):
        model.fit(**{"X": X, "y": y, "epochs": 1, **options})
    assert models.bits(model) == before and model.history == {}


def test_what_is_for_rows_is_refused() -> None:
    X, _ = data("series")
    model = gen("series")
    for call, said in (
        (lambda: model.sample(2, where={"a": 1}), "where: got .* of sequences; expected None"),
        (lambda: model.sample(2, lengths=7), "lengths: got .*; expected .*at most 6"),
        (
            lambda: model.sample(2, lengths=[1]),
            r"lengths: got shape \(1,\); expected \(2,\), one length per sequence",
        ),
        (lambda: model.report(X), "report: got a Gen of sequences; expected one of rows"),
        (lambda: model.augment(X), "augment: got a Gen without labels; expected .*classes="),
        (lambda: model.pretrain(X, epochs=1), "pretrain: got a Gen without Texts"),
        (lambda: ds.Gen(data_size=2).sample(2, lengths=3), "lengths: got .* rows; expected None"),
        (
            lambda: ds.Gen(data_size=2).fit(np.zeros((9, 2)), lengths=[1] * 9),
            "lengths: got .* rows; expected None",
        ),
        (
            lambda: ds.Gen(data_size=2).discriminate(np.zeros((9, 2)), lengths=[1] * 9),
            "lengths: got .*; expected None",
        ),
        (lambda: ds.Gen(data_size=2).fit(np.zeros((9, 2)), pretrain=1), "pretrain: got a Gen without Texts"),
    ):
        with pytest.raises(ValueError, match=said):
            call()


def test_both_phases_are_in_the_history() -> None:
    X, y = data("stopped texts")
    model, apart = gen("stopped texts"), gen("stopped texts")
    history = model.fit(X, y, epochs=2, batch_size=16, pretrain=3, monitor="mmd")
    assert history["epoch"] == [1, 2, 3, 1, 2] and history.outcome == "finished"
    assert history["phase"] == ["pretrain"] * 3 + ["adversarial"] * 2
    assert set(history) == {*ADVERSARIAL, "phase", "mmd"} and model.history == history
    for name in ("penalty", "generator_loss", "mmd"):
        assert np.isfinite(history[name]).tolist() == [False] * 3 + [True] * 2
    pretrained = apart.pretrain(X, y, epochs=3, batch_size=16)
    assert list(pretrained) == ["epoch", "loss", "learning_rate", "seconds", "phase"]
    assert pretrained["loss"] == history["loss"][:3] and pretrained["loss"][-1] < pretrained["loss"][0]
    assert pretrained.best_epoch == 3
    apart.fit(X, y, epochs=2, batch_size=16)
    assert models.weights(apart) == models.weights(model)
    assert model.pretrain(X, y, epochs=1, batch_size=16)["epoch"] == [4]


@pytest.mark.parametrize("kind", KINDS)
def test_monitors_touch_nothing(kind: str) -> None:
    X, y = data(kind)
    plain, model = gen(kind), gen(kind)
    plain.fit(X, y, epochs=2, batch_size=16)

    def longest(one: ds.Gen, epoch: int) -> int:
        return max(map(len, one.sample(5, seed=1)))

    names: list[Any] = ["mmd", "ks", longest, *(["tstr"] if y is not None else [])]
    held = data(kind, 30, seed=8) if y is not None else data(kind, 30, seed=8)[0]
    history = model.fit(X, y, epochs=2, batch_size=16, monitor=names, monitor_data=held)
    assert models.weights(model) == models.weights(plain)
    for name in ("mmd", "ks", "longest"):
        assert np.isfinite(history[name]).all()
    array, lengths = padded(X)
    model.fit(array, y, lengths=lengths, epochs=1, monitor="mmd", monitor_data=(array, y, lengths))


def test_augment_puts_sequences_behind_others() -> None:
    X, y = data("labelled series")
    assert y is not None
    model = gen("labelled series")
    model.fit(X, y, epochs=1)
    array, lengths = padded(X)
    for given in ({"X": X}, {"X": array, "lengths": lengths}):
        more, labels = model.augment(y=y, n_per_class=30, seed=3, **given)
        assert same(more[: len(X)], X) and np.bincount(labels).tolist() == [30, 30]
        assert same(more[len(X) :], model.sample(len(more) - len(X), labels[len(X) :], seed=3))


def test_a_stop_ends_the_phase_and_the_fit() -> None:
    X, _ = data("texts")
    model = gen("texts")
    stop = ds.LambdaCallback(on_epoch_end=lambda epoch, logs: model.stop() if epoch == 2 else None)
    history = model.fit(X, epochs=3, pretrain=2, callbacks=stop)
    assert history.outcome == "stopped" and history["phase"] == ["pretrain"] * 2
    with pytest.raises(ValueError, match=r"resume: got True, .* was a fit; expected fit\(resume=True\)"):
        model.pretrain(X, epochs=2, resume=True)
    with pytest.raises(ValueError, match="pretrain: got 5; expected 2, that of the fit to resume"):
        model.fit(X, resume=True, pretrain=5)
    with pytest.raises(ValueError, match="resume: got 39 rows; expected 40, as many as the fit to resume"):
        model.fit(X[:39], resume=True)
    assert model.fit(X, resume=True)["epoch"] == [1, 2, 3]
    whole = gen("texts")
    whole.fit(X, epochs=3, pretrain=2)
    assert models.bits(model) == models.bits(whole)


def test_the_command_line_refuses_sequences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gen("texts").save(tmp_path / "gen.ds")
    assert main(["sample", str(tmp_path / "gen.ds"), "-n", "2"]) != 0
    assert "got a Gen of sequences; expected one of rows" in capsys.readouterr().err
