"""The numerics contract of Gen, byte by byte: threads, instruction sets, pieces of a run, samples, scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from parity import engine, gen_trainings
from parity.gen_trainings import ALL, WIDE

DTYPES = ("float32", "float64")
SMALL = (
    "adam-cosine-clip",
    "option-everything-interpolated",
    "option-everything-r1",
    "augment",
    "batch-norm",
    "generator-dropout",
    "hard-blocks",
    "turns-3-2",
    "turns-1-3",
)


def trained(name: str, dtype: str, threads: int = 1, **pieces: Any) -> str:
    case = ALL[name]
    core = gen_trainings.core_of(case, dtype, threads)
    gen_trainings.fit(core, case, *gen_trainings.data_of(case, dtype), **pieces)
    return engine.digest(core)


@engine.kept
def expected(name: str, dtype: str) -> str:
    """The digest of the instruction set in use, by one thread, in one piece."""
    return trained(name, dtype)


@engine.with_threads(range(1, 6), engine.FUSED_ISAS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", WIDE)
def test_threads_and_instruction_sets(name: str, dtype: str, isa: str, threads: int) -> None:
    assert trained(name, dtype, threads) == expected(name, dtype)


@pytest.mark.parametrize("threads", [2, 3, 5])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SMALL)
def test_many_workers_on_small_players(name: str, dtype: str, threads: int) -> None:
    assert trained(name, dtype, threads) == expected(name, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SMALL)
def test_instruction_sets_on_small_players(name: str, dtype: str, fused_isa: str) -> None:
    assert trained(name, dtype) == expected(name, dtype)


@pytest.mark.parametrize("budget", [0.0, 1e-4])
@pytest.mark.parametrize("name", SMALL)
def test_run_in_pieces(name: str, budget: float) -> None:
    assert trained(name, "float32", budget=budget) == expected(name, "float32")


@pytest.mark.parametrize("name", [*SMALL, *WIDE])
def test_stopped_carried_over_and_resumed(name: str) -> None:
    """Parameters and state taken out between batches, put into a new core, and the fit resumed there."""
    case = ALL[name]
    data = gen_trainings.data_of(case, "float64")
    options = {"epochs": case.epochs, "batch_size": case.batch}
    core = gen_trainings.core_of(case, "float64")
    core.begin(*data, options)
    block = core.run(1, 0.0)
    records, steps = list(block["epochs"]), {block["step"]}
    while not block["finished"]:
        params, state = core.get_params(), core.get_state()
        core.end()
        core = gen_trainings.core_of(case, "float64")
        core.set_params(params)
        core.set_state(state)
        core.begin(*data, {**options, "resume": True})
        block = core.run(1, 0.0)
        records += block["epochs"]
        steps.add(block["step"])
    core.end()
    assert (len(steps) > 1) == (name in WIDE)  # small ones train whole epochs between two looks at the clock
    assert engine.digest(core) == expected(name, "float64")
    whole = gen_trainings.core_of(case, "float64")
    history = gen_trainings.fit(whole, case, *data)
    for key in (
        "loss",
        "penalty",
        "real_score",
        "fake_score",
        "generator_loss",
        "learning_rate",
        "generator_learning_rate",
    ):
        assert [r[key] for r in records] == [h[key] for h in history], key


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["wide", "generator-dropout", "hard-blocks"])
def test_samples_by_number(name: str, dtype: str, isa: str) -> None:
    """The first n of more samples are those of n, for any number of threads and chunks."""
    case = ALL[name]
    core = gen_trainings.core_of(case, dtype, 3)
    gen_trainings.fit(core, case, *gen_trainings.data_of(case, dtype), epochs=1)
    y = np.arange(700) % gen_trainings.CLASSES if case.spec.get("classes") else None
    whole = core.sample(700, y, 9)
    for begin, end in ((0, 1), (0, 17), (17, 530), (699, 700)):
        part = core.sample(end - begin, None if y is None else y[begin:end].copy(), 9, begin)
        assert part.tobytes() == whole[begin:end].tobytes()
    assert core.sample(700, y, 10).tobytes() != whole.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["wide", "option-everything-r1", "option-layer-norm-r1"])
def test_scores_do_not_depend_on_other_rows(name: str, dtype: str, isa: str) -> None:
    case = ALL[name]
    core = gen_trainings.core_of(case, dtype, 2)
    gen_trainings.fit(core, case, *gen_trainings.data_of(case, dtype), epochs=1)
    rng = np.random.default_rng(3)
    x = rng.normal(size=(800, case.spec["data_size"])).astype(dtype)
    y = np.arange(800) % gen_trainings.CLASSES
    d = case.spec
    together, pack = d.get("pac", 1) * max(d.get("minibatch_std", 0), 1), d.get("pac", 1)
    whole = core.scores(x, y)
    for size in (1, 2, 7, 40):
        n = size * together
        parts = [core.scores(x[i : i + n], y[i : i + n]) for i in range(0, 800 // n * n, n)]
        assert np.concatenate(parts).tobytes() == whole[: 800 // n * n // pack].tobytes()
