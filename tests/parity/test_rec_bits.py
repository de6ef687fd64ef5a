"""The numerics contract of Rec, byte by byte: threads, instruction sets, pieces, neighbours, padding, steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek import _core
from parity import engine, rec_trainings
from parity.rec_trainings import CELLS, DROPPED, EMBEDDING, HEAD, OUTPUTS, Case, Data, packed
from parity.rec_trainings import spec as make
from parity.test_net_bits import layouts

DTYPES = ("float32", "float64")
ADAM = {"name": "adam", "learning_rate": 1e-3, "clip_norm": 0.5, "l2": 1e-3}
LONG = tuple(2 + 7 * i % 23 for i in range(30))

# Nothing a multiple of anything; sums of more steps than a chunk has, and of fewer.
WIDE: dict[str, Case] = {
    "rnn": Case(spec := make("rnn", (35, 19), "sequence", layer_norm=True, optimizer=ADAM, **DROPPED), LONG, 23),
    "rnn-even": Case(spec, (13,) * 30, 23, weights="step"),
    "gru": Case(make("gru", (35, 19), "max", bidirectional=True, head=HEAD, input_size=301, **DROPPED), LONG, 23),
    "gru-pieces": Case(
        make("gru", (35, 19), "next", tokens=True, embedding_size=17, bptt_steps=9, optimizer=ADAM), LONG, 23
    ),
    "lstm": Case(make("lstm", (35, 19), "mean", layer_norm=True, bidirectional=True), LONG, 23, weights="row"),
    "lstm-ctc": Case(make("lstm", (35,), "ctc", head=HEAD, bidirectional=True, **DROPPED), LONG, 23),
    "lstm-tokens": Case(make("lstm", (35,), "last", tokens=True, optimizer=ADAM), LONG, 23),
}  # fmt: skip
COSINE = {"name": "cosine", "warmup": 0.2}
SMALL: dict[str, Case] = {
    **{f"{cell}-{output}": Case(make(cell, output=output)) for cell in CELLS for output in ("last", "ctc")},
    "rnn-relu": Case(make("rnn", cell_activation="relu", output="max")),
    "rnn-sigmoid": Case(make("rnn", cell_activation="sigmoid", output="mean")),
    "pieces": Case(
        make("lstm", (7, 4), "sequence", bptt_steps=3, schedule=COSINE, optimizer=ADAM, **DROPPED)
    ),
    "plateau": Case(
        make("gru", schedule={"name": "plateau", "patience": 0, "factor": 0.5}), epochs=5, held_out=(3, 1, 8)
    ),
    "early": Case(
        make("gru", optimizer={"name": "adam", "learning_rate": 0.1}),
        epochs=30,
        held_out=(3, 1, 8),
        fit={"patience": 3},
    ),
}
TABLES = {"wide": WIDE, "small": SMALL}


def arrays(case: Case, dtype: str) -> tuple[Any, ...]:
    """X, y, w and the validation data."""
    train, held_out = rec_trainings.data_of(case, dtype)
    return (*train.arrays(), held_out and held_out.arrays())


def trained(case: Case, dtype: str, threads: int = 1, **pieces: Any) -> str:
    core = _core.RecCore({**case.spec, "dtype": dtype, "threads": threads})
    engine.fit(core, *arrays(case, dtype), **rec_trainings.options_of(case), **pieces)
    return engine.digest(core)


@engine.kept
def expected(table: str, name: str, dtype: str) -> str:
    """The digest of the instruction set in use, by one thread, in one piece."""
    return trained(TABLES[table][name], dtype)


@engine.with_threads(range(1, 5), engine.FUSED_ISAS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", WIDE)
def test_threads_and_instruction_sets(name: str, dtype: str, isa: str, threads: int) -> None:
    assert trained(WIDE[name], dtype, threads) == expected("wide", name, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SMALL)
def test_instruction_sets_on_small_nets(name: str, dtype: str, fused_isa: str) -> None:
    assert trained(SMALL[name], dtype) == expected("small", name, dtype)


CELL_KINDS = {**{cell: {} for cell in CELLS}, "relu": {"cell": "rnn", "cell_activation": "relu"}}
CELL_KINDS["sigmoid"] = {"cell": "rnn", "cell_activation": "sigmoid"}


@engine.kept
def cell_expected(kind: str, units: int, dtype: str) -> str:
    """The digest of the instruction set in use, which fused ones share."""
    return trained_cell(kind, units, dtype)


def trained_cell(kind: str, units: int, dtype: str) -> str:
    spec = {**make("gru" if "cell" in CELL_KINDS[kind] else kind, (units,)), **CELL_KINDS[kind]}
    return trained(Case(spec, (3, 1, 4, 2), 4, 2), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", CELL_KINDS)
def test_cells_of_every_width(kind: str, dtype: str, fused_isa: str) -> None:
    """Registers full, short, and one lane over: forward and back."""
    for units in (1, 2, 3, 5, 8, 9, 15, 16, 17, 31, 33):
        assert trained_cell(kind, units, dtype) == cell_expected(kind, units, dtype), f"{units} units"


@pytest.mark.parametrize("pieces", [{"max_epochs": 1}, {"max_epochs": 3}, {"budget": 0.0}, {"budget": 1e-4}])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SMALL)
def test_run_in_pieces(name: str, dtype: str, pieces: dict[str, Any]) -> None:
    assert trained(SMALL[name], dtype, **pieces) == expected("small", name, dtype)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("name", WIDE)
def test_wide_run_in_pieces(name: str, threads: int) -> None:
    assert trained(WIDE[name], "float32", threads, budget=0.0) == expected("wide", name, "float32")


@pytest.mark.parametrize(("table", "name"), [("small", n) for n in SMALL] + [("wide", n) for n in WIDE])
def test_stopped_carried_over_and_resumed(table: str, name: str) -> None:
    """Parameters and state taken out, in the middle of a batch too, put into a new core, and the fit resumed there."""
    case = TABLES[table][name]
    x, y, w, validation = arrays(case, "float64")
    data = (x, y, w, *(validation or (None, None, None)))
    spec = {**case.spec, "dtype": "float64"}
    options = rec_trainings.options_of(case)
    longest = max(case.lengths) - (spec["output"] == "next")
    pieces = -(-longest // (spec.get("bptt_steps") or longest))
    core = _core.RecCore(spec)
    core.begin(*data, options)
    block = core.run(1, 0.0)
    steps = {block["step"]}
    while not block["finished"]:
        params, state, before = core.get_params(), core.get_state(), block["step"]
        core.end()
        core = _core.RecCore(spec)
        core.set_params(params)
        core.set_state(state)
        core.begin(*data, {**options, "resume": True})
        block = core.run(1, 0.0)
        steps.add(block["step"])
        assert ("bptt_state" in state) == bool(before % pieces), "the states, in the middle of a batch alone"
    core.end()
    assert table == "small" or len(steps) > 1
    assert table == "small" or pieces == 1 or any(step % pieces for step in steps)
    assert engine.digest(core) == expected(table, name, "float64")


def test_what_a_batch_carries_belongs_to_its_sequences() -> None:
    """Another shape is refused, and so is going on without it or with another batch; the model stays as it is."""
    name, case = next((n, c) for n, c in WIDE.items() if c.spec.get("bptt_steps"))
    spec = {**case.spec, "dtype": "float64"}
    x, y, w, _ = arrays(case, "float64")
    options = rec_trainings.options_of(case)
    core = _core.RecCore(spec)
    core.begin(x, y, w, None, None, None, options)
    while "bptt_state" not in core.get_state():
        assert not core.run(1, 0.0)["finished"]
    params, state = core.get_params(), core.get_state()
    core.end()
    assert state["bptt_state"].shape == (case.batch, core.state_size)
    for wrong in (state["bptt_state"][:, 1:], state["bptt_state"][0], state["bptt_state"].astype(np.float32)):
        with pytest.raises((ValueError, TypeError), match="bptt_state"):
            core.set_state({**state, "bptt_state": np.ascontiguousarray(wrong)})
    assert core.get_state()["bptt_state"].tobytes() == state["bptt_state"].tobytes()
    for other in ({"bptt_state": state["bptt_state"][:-1]}, {}):
        fresh = _core.RecCore(spec)
        fresh.set_params(params)
        fresh.set_state({**{k: v for k, v in state.items() if k != "bptt_state"}, **other})
        with pytest.raises(ValueError, match="within a batch"):
            fresh.begin(x, y, w, None, None, None, {**options, "resume": True})
        fresh.set_state(state)
        engine.fit(fresh, x, y, w, **options, resume=True)
        assert engine.digest(fresh) == expected("wide", name, "float64")


def core_of(cell: str, output: str, dtype: str, hidden: tuple[int, ...] = (35, 19), **options: Any) -> Any:
    """Two layers of a cell, trained a little."""
    case = Case(make(cell, hidden, output, head=HEAD, **options), rec_trainings.lengths_for(output), epochs=1)
    core = _core.RecCore({**case.spec, "dtype": dtype})
    engine.fit(core, *arrays(case, dtype), **rec_trainings.options_of(case))
    return core


FORMS: dict[str, dict[str, Any]] = {
    "values": {},
    "normed": {"layer_norm": True},
    "both": {"bidirectional": True},
    "embedding": {"tokens": True, "embedding_size": EMBEDDING},
    "tokens": {"tokens": True, "bidirectional": True},
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("output", [o for o in OUTPUTS if o != "next"])
@pytest.mark.parametrize("cell", CELLS)
def test_a_sequence_alone_is_the_sequence_in_any_batch(
    cell: str, output: str, form: str, dtype: str, isa: str
) -> None:
    """In any order, with any padding between."""
    core = core_of(cell, output, dtype, **FORMS[form])
    x = rec_trainings.data(core.spec(), LONG, dtype, 3).x
    values, starts, lengths = packed(x)
    whole = core.predict(values, starts, lengths)
    per_step = output in ("sequence", "ctc")
    rows = np.split(whole, starts[1:]) if per_step else list(whole[:, None])
    for size in (1, 2, 7, 29):
        parts = [core.predict(*packed(x[i : i + size])) for i in range(0, len(x), size)]
        assert np.concatenate(parts).tobytes() == whole.tobytes(), f"batches of {size}"
    order = np.argsort((np.arange(len(x)) * 7) % 30)
    shuffled = core.predict(values, starts[order], lengths[order])
    assert shuffled.tobytes() == np.concatenate([rows[i] for i in order]).tobytes()
    stride = max(LONG) + 2
    padded = np.full((len(x), stride, *values.shape[1:]), -1 if values.ndim == 1 else np.nan, values.dtype)
    for row, s in zip(padded, x, strict=True):
        row[: len(s)] = s
    offsets = np.arange(len(x), dtype=np.int64) * stride
    found = core.predict(padded.reshape(-1, *values.shape[1:]), offsets, lengths)
    assert found.tobytes() == whole.tobytes()


@engine.with_threads([1, 3])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("form", [form for form, options in FORMS.items() if "bidirectional" not in options])
@pytest.mark.parametrize("output", ["last", "sequence", "next", "ctc"])
@pytest.mark.parametrize("cell", CELLS)
def test_steps_are_the_sequence(
    cell: str, output: str, form: str, dtype: str, isa: str, threads: int
) -> None:
    """Taken by all sequences, by some, by one; of "last" the prediction for what there was until then."""
    core = core_of(cell, output, dtype, threads=threads, **FORMS[form])
    x = np.array(rec_trainings.data(core.spec(), (5,) * 17, dtype, 3).x)
    offsets = np.arange(17, dtype=np.int64) * 5
    flat = x.reshape(-1, *x.shape[2:])
    if output == "last":
        want = np.stack([core.predict(flat, offsets, np.full(17, t)) for t in range(1, 6)], axis=1)
    else:
        want = core.predict(flat, offsets, np.full(17, 5)).reshape(17, 5, -1)
    for size in (1, 2, 7, 17):
        for begin in range(0, 17, size):
            some = x[begin : begin + size]
            state = np.zeros((len(some), core.state_size), dtype)
            for t in range(5):
                kept = state.tobytes()
                y, after = core.step(np.ascontiguousarray(some[:, t]), state)
                assert state.tobytes() == kept
                assert y.tobytes() == want[begin : begin + size, t].tobytes(), f"{size} at once, step {t}"
                state = after


@engine.with_threads([1, 2], others=2)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "form", [{"input_size": 150}, {"layer_norm": True}, {"tokens": True}, {"bias": False}], ids=str
)
@pytest.mark.parametrize("cell", CELLS)
def test_steps_of_large_models_are_the_sequence(
    cell: str, form: dict[str, Any], dtype: str, isa: str, threads: int
) -> None:
    """Every other step multiplies by the states first, of one chunk of sums (200); several workers share a step."""
    core = core_of(cell, "sequence", dtype, (200, 280), threads=threads, **form)
    x = np.array(rec_trainings.data(core.spec(), (9,) * 3, dtype, 3).x)
    offsets, lengths = np.arange(3, dtype=np.int64) * 9, np.full(3, 9)
    want = core.predict(x.reshape(-1, *x.shape[2:]), offsets, lengths).reshape(3, 9, -1)
    for size in (1, 3):
        state = np.zeros((size, core.state_size), dtype)
        for t in range(9):
            y, state = core.step(np.ascontiguousarray(x[:size, t]), state)
            assert y.tobytes() == want[:size, t].tobytes(), f"{size} at once, step {t}"


@engine.with_threads([2, 3, 4])
@pytest.mark.parametrize("name", WIDE)
def test_predict_and_evaluate_by_threads(name: str, isa: str, threads: int) -> None:
    case = WIDE[name]
    lengths = tuple(2 + 7 * i % 23 for i in range(200))  # several chunks
    data = rec_trainings.data(case.spec, lengths, "float32", 1, case.weights)
    one, many = (_core.RecCore({**case.spec, "threads": t}) for t in (1, threads))
    assert one.predict(*packed(data.x)).tobytes() == many.predict(*packed(data.x)).tobytes()
    assert one.evaluate(*data.arrays()) == many.evaluate(*data.arrays())


def fitted(
    X: Any, y: Any, given: Any = None, **options: Any
) -> tuple[dict[str, bytes], list[bytes], dict[str, float]]:
    """What a model becomes: weights, outputs, loss."""
    rec = ds.Rec(hidden=[9, 5], seed=4, dropout=0.1, **options)
    rec.fit(X, y, lengths=given, epochs=2, batch_size=8)
    outputs = [np.ascontiguousarray(a).tobytes() for a in rec.predict(X, lengths=given)]
    return {k: v.tobytes() for k, v in rec.state_dict().items()}, outputs, rec.evaluate(X, y, lengths=given)


KINDS: dict[str, dict[str, Any]] = {
    "last": {"input_size": 3, "output_size": 2},
    "sequence": {"input_size": 3, "output_size": 2, "output": "sequence"},
    "next": {"input_size": 3, "output": "next", "bptt_steps": 4},
    "tokens": {"vocabulary": 11, "embedding_size": 4, "output": "next"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_padding_does_not_matter(kind: str) -> None:
    """A list, and an array with lengths, with any values behind the ends, in training as well."""
    options = KINDS[kind]
    spec = {"input_size": 3, "output": options.get("output", "last"), "vocabulary": options.get("vocabulary")}
    spec["layers"] = [{"units": 2}]
    data = rec_trainings.data(spec, LONG, "float32")
    lengths = np.array(LONG)
    want = fitted(data.x, data.y, **options)
    for filler in (0, np.nan, 7e37):
        if kind == "tokens":
            filler = int(np.nan_to_num(filler) > 0) * 99 - 1
        X = np.full((30, 30, *data.x[0].shape[1:]), filler, data.x[0].dtype)
        for row, s in zip(X, data.x, strict=True):
            row[: len(s)] = s
        y = data.y
        if kind == "sequence":
            y = np.full((30, 30, 2), filler, np.float32)
            for row, s in zip(y, data.y, strict=True):
                row[: len(s)] = s
        assert fitted(X, y, lengths, **options) == want, f"padded with {filler}"


def test_layout_does_not_matter() -> None:
    """Of the inputs and of the targets, each a matrix of sequences' steps; inputs are not written."""
    data: Data = rec_trainings.data(make(output="sequence"), (9,) * 12, "float32")
    x, y = (np.concatenate(part) for part in data[:2])
    shapes = (12, 9, -1)
    kept = x.tobytes(), y.tobytes()
    options = {"input_size": 5, "output": "sequence", "output_size": 3}
    want = fitted(x.reshape(shapes), y.reshape(shapes), **options)
    ys = layouts(y)
    for name, other in layouts(x).items():
        assert fitted(cut(other), cut(ys[name]), **options) == want, name
    transposed = [np.asfortranarray(a.reshape(shapes)) for a in (x, y)]
    assert fitted(*transposed, **options) == want
    mirrored = [a.reshape(shapes)[::-1, ::-1, ::-1].copy()[::-1, ::-1, ::-1] for a in (x, y)]
    assert fitted(*mirrored, **options) == want
    assert fitted(x.reshape(shapes).tolist(), y.reshape(shapes).tolist(), **options) == want
    assert (x.tobytes(), y.tobytes()) == kept


def cut(a: Any) -> list[Any]:
    """Views of its sequences, laid out as it is."""
    return [a[i : i + 9] for i in range(0, len(a), 9)]


def test_kinds_of_tokens_do_not_matter() -> None:
    data = rec_trainings.data(make("gru", output="next", tokens=True), (9,) * 12, "float32")
    tokens, options = np.array(data.x), KINDS["tokens"]
    want = fitted(tokens, None, **options)
    strided = np.full((24, 27), 99)
    strided[::2, ::3] = tokens
    for other in (
        *(tokens.astype(kind) for kind in ("u1", "i2", ">i4", ">i8", "u8")),
        np.asfortranarray(tokens),
        strided[::2, ::3],
        tokens[::-1, ::-1].copy()[::-1, ::-1],
        tokens.tolist(),
        list(tokens.astype(np.uint8)),
    ):
        assert fitted(other, None, **options) == want
