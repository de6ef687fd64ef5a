"""The benchmark: rows, workers, rounds, and what is made of the samples; never how fast a machine is."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepseek import _core, bench
from deepseek.bench import coldstart, processes, report, runner, timing, worker
from deepseek.bench.report import Entry, Result, Sheet
from deepseek.bench.rows import GROUPS, Row, gen_flops, net_flops, rec_flops, rows_of
from deepseek.cli import main


def sheet_of(*results: Result, threads: tuple[int, ...] = (1,)) -> Sheet:
    machine = {"cpu": "a CPU", "cores": 2, "isa": "avx2", "load": [0.5]}
    return Sheet(machine, ["deepseek", "torch", "jax"], list(threads), list(results))


def result(row: Row, threads: int = 1, **samples: list[float]) -> Result:
    return Result(row, threads, {name: Entry(values) for name, values in samples.items()})


def test_the_rows_are_those_that_are_promised() -> None:
    names = {row.name for row in rows_of(list(GROUPS))}
    trained = "net-seed-b1 net-seed-b10 net-tab-b32 net-tab-b256 net-mnist-b64 net-mnist-b512 net-wide-b512"
    assert {
        *trained.split(),
        "fit-many",
        "fit-loop",
        "net-predict-1",
        "net-cold-start",
        "net-memory",
    } <= names
    recurrent = "rec-seed rnn-small gru-series lstm-char lstm-large ragged-gru ragged-packed lstm-step"
    assert {row.name for row in rows_of(["rec"])} == set(recurrent.split())
    generative = "gan-seed gan-tab gan-digits gan-mnist gan-r1r2"
    assert {row.name for row in rows_of(["gen"])} == set(generative.split())
    estimators = "fit-digits fit-table fit-text text-memory proba-1 proba-1000"
    assert {row.name for row in rows_of(["estimators"])} == set(estimators.split())
    assert {f"matmul-{n}x{n}x{n}" for n in (32, 64, 128, 256, 512, 1024)} <= names
    for size in (256, 512, 1024):
        for narrow in (1, 8, 32):
            assert {f"matmul-{narrow}x{size}x{size}", f"matmul-{size}x{size}x{narrow}"} <= names
    assert len(names) == sum(len(make()) for make in GROUPS.values())
    assert all(json.loads(json.dumps(row.to_json())) == row.to_json() for row in rows_of(list(GROUPS)))


def test_every_kind_of_row_is_known_to_us() -> None:
    from deepseek.bench import ours

    kinds = {row.kind for row in rows_of(list(GROUPS))}
    assert {kind for kind in kinds if not kind.startswith("cold_")} == set(ours.BUILDERS)
    assert coldstart.has_script("deepseek")
    assert not coldstart.has_script("numpy")
    assert all(coldstart.has_script(peer) for peer in runner.PEERS)
    assert all(coldstart.has_script(name, "text") for name in ("deepseek", "sklearn"))
    assert set(worker.MODULES) == {"deepseek", "numpy", *runner.PEERS}


def test_the_least_time_counts_no_input_gradient_of_the_first_layer() -> None:
    assert net_flops([2, 3], 5) == 2 * 5 * (6 + 6)
    assert net_flops([784, 256, 128, 10], 64) == 2 * 64 * (2 * 234752 + 34048)


def test_the_least_time_of_a_sequence_counts_no_product_with_the_first_state() -> None:
    assert rec_flops("rnn", 2, 50, 1, 3, 1) == 2 * (2 * 50 * 2 * 3 + 3 * 50 * 50 * 2 + 3 * 50)
    assert rec_flops("lstm", 2, 5, 3, 7 + 4, 2) == 2 * (2 * 20 * 2 * 11 + 3 * 20 * 5 * 9 + 3 * 5 * 3 * 2)


def test_the_least_time_of_a_gan_counts_what_is_shared_once() -> None:
    generator, discriminator = [2, 3, 5], [5, 7, 1]  # weights: 6, 15 and 35, 7
    generates = 2 * 2 * (6 + 15) + 2 * 15  # forward and weight gradients, input gradient of all but the first
    learns, tells = 2 * 2 * (2 * 42 + 7), 2 * 2 * 42  # from twice the rows; forward and input gradient
    assert gen_flops(generator, discriminator, 11) == 11 * (generates + learns + tells)
    with_real = gen_flops(generator, discriminator, 11, pairs=True)
    assert with_real - gen_flops(generator, discriminator, 11) == 11 * 2 * 42
    extra = gen_flops(generator, discriminator, 11, penalty=True) - gen_flops(generator, discriminator, 11)
    assert extra == 11 * 2 * 2 * (35 + 35 + 42)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("with_loads", [False, True])
def test_a_machine_has_a_peak(dtype: str, with_loads: bool) -> None:
    assert 0.01 < _core.kernels.peak(dtype, 1e-3, 2, with_loads=with_loads) < 1e6


def test_rows_are_chosen_by_pattern() -> None:
    assert [row.name for row in rows_of(["net"], ["net-tab-*"])] == ["net-tab-b32", "net-tab-b256"]
    with pytest.raises(ValueError, match=r"rows: got 'matmul-\*'; expected one of"):
        rows_of(["net"], ["matmul-*"])


def test_time_is_per_step() -> None:
    done: list[int] = []

    def work(count: int) -> None:
        done.append(count)
        sum(range(100 * count))

    measure = timing.per_step(work, steps=10)
    assert done == [1]
    first = measure(1e-4)["seconds"]
    assert first > 0
    assert len(done) >= 2
    before = len(done)
    assert measure(1e-4)["seconds"] > 0
    assert len(done) == before + 1  # known by now: one long run


def test_everybody_gets_the_same_data() -> None:
    params = {"layers": [4, 3], "batch": 2, "batches": 5, "loss": "cross_entropy"}
    X, y = timing.net_data(params)
    assert X.shape == (10, 4)
    assert X.dtype == np.float32
    assert set(y) == {0, 1, 2}
    again = timing.net_data(params)
    assert np.array_equal(X, again[0])
    assert np.array_equal(y, again[1])
    assert timing.net_data({**params, "loss": "squared_error"})[1].shape == (10, 3)


def test_everybody_gets_the_same_sequences() -> None:
    params = {"inputs": 3, "outputs": 2, "steps": 6, "batch": 2, "batches": 5}
    even = timing.rec_data(params)
    assert even.X.shape == (10, 6, 3)
    assert even.y.shape == (10, 2)
    assert even.lengths is None
    ragged = timing.rec_data({**params, "steps": [2, 6]})
    assert ragged.lengths is not None
    assert ragged.lengths.min() >= 2
    assert ragged.lengths.max() <= 6
    assert all(not row[length:].any() for row, length in zip(ragged.X, ragged.lengths, strict=True))
    assert np.array_equal(ragged.X, timing.rec_data({**params, "steps": [2, 6]}).X)


def test_everybody_learns_from_the_same_rows() -> None:
    params = {"players": [[2, 3], [3, 1]], "batch": 2, "batches": 5}
    X = timing.gen_data(params)
    assert X.shape == (10, 3)
    assert X.dtype == np.float32
    assert np.array_equal(X, timing.gen_data(params))


def test_medians_spread_ratio_and_roofline() -> None:
    row = Row("r", "net", "train_net", flops=200.0)
    found = result(row, deepseek=[2.0, 1.0, 9.0], torch=[8.0, 6.0, 7.0], jax=[4.0, 5.0, 4.0])
    found.limits = [100.0, 200.0, 150.0]
    assert found.entries["deepseek"].median == 2.0
    assert found.entries["deepseek"].spread == pytest.approx((5.5 - 1.5) / 2 / 2)
    assert found.fastest_peer() == "jax"
    assert found.ratio() == 2.0
    assert found.roofline() == pytest.approx(200 / 150 / 2)
    found.entries["deepseek"].inner = [1.5]
    assert found.roofline() == pytest.approx(200 / 150 / 1.5)
    assert result(row, deepseek=[1.0]).ratio() is None
    assert result(row, torch=[1.0]).ratio() is None
    assert result(row, deepseek=[1.0]).roofline() is None


@pytest.mark.parametrize(
    ("row", "seconds", "text"),
    [
        (Row("a", "g", "k", unit="GFLOP/s", flops=2e9), 0.5, "4.0"),
        (Row("a", "g", "k", unit="GB/s", bytes_accessed=8e9), 2.0, "4.0"),
        (Row("a", "g", "k"), 0.74e-6, "0.74"),
        (Row("a", "g", "k"), 358.4e-6, "358"),
        (Row("a", "g", "k"), 0.2725, "272,500"),
        (Row("a", "g", "k", unit="s"), 2.79, "2.79"),
        (Row("a", "g", "k", unit="MiB"), 346.2, "346"),
    ],
)
def test_values_are_shown_in_the_rows_unit(row: Row, seconds: float, text: str) -> None:
    assert report.shown(row, seconds) == text


def test_table_and_summary() -> None:
    row, other = Row("a", "net", "k", flops=1.0), Row("b", "net", "k")
    one = result(row, 1, deepseek=[2e-6], torch=[4e-6])
    two = result(row, 2, deepseek=[1e-6], torch=[0.5e-6])
    one.limits = [1e6]
    sheet = sheet_of(one, two, result(other, 2, deepseek=[1e-6]), threads=(1, 2))
    header, rows = report.table(sheet, "net", 1)
    assert header == ["row", "unit", "deepseek", "torch", "speed-up", "roofline", "spread"]
    assert rows == [["a", "us", "2", "4", "2.00", "50%", "0%"]]
    header, rows = report.table(sheet, "net", 2)
    assert header[-1] == "vs 1 thread"
    assert rows[0][-1] == "2.00"
    assert rows[1] == ["b", "us", "1", "-", "-", "-", "0%", "-"]
    assert report.table(sheet, "kernels", 1)[1] == []
    assert report.summary(sheet, ["net"]) == [
        "1 thread: fastest in 1 of 1 rows",
        "2 threads: fastest in 0 of 1 rows",
    ]


def test_a_sheet_is_saved_as_json(tmp_path: Path) -> None:
    sheet = sheet_of(result(Row("a", "net", "k"), deepseek=[1.0, 3.0], torch=[4.0]))
    sheet.missing["jax"] = "not installed"
    path = tmp_path / "b.json"
    sheet.save(str(path))
    kept = json.loads(path.read_text())
    assert kept["missing"] == {"jax": "not installed"}
    assert kept["rows"][0]["ratio"] == 2.0
    assert kept["rows"][0]["libraries"]["deepseek"]["samples"] == [1.0, 3.0]


def test_a_worker_answers() -> None:
    process = processes.WorkerProcess("numpy", 1)
    try:
        assert process.version == np.__version__
        rows = {row.name: row.to_json() for row in rows_of(["kernels", "net"])}
        assert process.ask("open", row=rows["net-tab-b32"]) == {"unsupported": True}
        assert process.ask("open", row=rows["function-gelu"]) == {"unsupported": True}
        assert process.ask("open", row=rows["matmul-32x32x32"]) == {"ok": True}
        assert process.ask("measure", seconds=1e-4)["seconds"] > 0
        assert process.ask("close") == {"ok": True}
        with pytest.raises(processes.WorkerError, match="no row is open"):
            process.ask("measure", seconds=1e-4)
        with pytest.raises(processes.WorkerError, match="do: got 'dance'; expected open"):
            process.ask("dance")
        process._process.kill()
        with pytest.raises(processes.WorkerError, match="exit code -9"):
            process.ask("close")
    finally:
        process.close()


def test_a_worker_that_does_not_start_says_why() -> None:
    with pytest.raises(processes.WorkerError, match="KeyError"):
        processes.WorkerProcess("nobody", 1)


def test_another_installation_takes_part() -> None:
    """Here the interpreter of this one: both are measured, and the ratio compares them."""
    if "site/deepseek" in bench.__file__:
        pytest.skip("runs from a build folder: no interpreter has this package installed")
    found = bench.run(
        bench.Settings(peers=(), rounds=2, seconds=1e-3, patterns=("net-seed-b1",), against=sys.executable)
    )
    (result,) = found.results
    assert set(result.entries) == {"deepseek", processes.OTHER} and result.fastest_peer() == processes.OTHER
    assert found.versions[processes.OTHER] == found.versions["deepseek"]


def test_an_installation_that_does_not_start_is_named(tmp_path: Path) -> None:
    for python in (str(tmp_path / "nothing"), "/bin/false"):
        with pytest.raises(ValueError, match=f"got '{python}'; expected a Python interpreter with deepseek"):
            bench.run(bench.Settings(peers=(), patterns=("net-seed-b1",), against=python))


def test_a_run_from_end_to_end(tmp_path: Path) -> None:
    rows = ("matmul-32x32x32", "function-relu", "function-exp", "net-seed-b1", "net-predict-1")
    seen: list[int] = []
    settings = bench.Settings(peers=("no_such_peer",), rounds=2, seconds=1e-3, patterns=rows)
    sheet = bench.run(settings, lambda sheet: seen.append(len(sheet.results)))
    assert {found.row.name for found in sheet.results} == set(rows)
    assert seen == [1, 2, 3, 4, 5]
    assert sheet.missing == {"no_such_peer": "not installed"}
    assert sheet.notes == []
    by_name = {found.row.name: found for found in sheet.results}
    for found in by_name.values():
        assert len(found.entries["deepseek"].samples) == 2
        assert min(found.entries["deepseek"].samples) > 0
    assert by_name["matmul-32x32x32"].fastest_peer() == "numpy"
    assert by_name["matmul-32x32x32"].roofline() is not None
    assert len(by_name["matmul-32x32x32"].entries["deepseek"].inner) == 2
    assert by_name["net-predict-1"].roofline() is not None
    assert by_name["net-seed-b1"].ratio() is None


def test_a_library_that_fails_is_left_out_and_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        def __init__(self, name: str, threads: int) -> None:
            self.name, self.threads, self.version = name, threads, "1"
            self.asked = 0

        def ask(self, do: str, **details: Any) -> dict[str, Any]:
            self.asked += 1
            if self.name == "numpy" and self.asked > 3:
                raise processes.WorkerError("out of memory")
            return {"ok": True, "seconds": 1.0, "value": 1.0}

        def close(self) -> None:
            pass

    monkeypatch.setattr(runner, "WorkerProcess", Failing)
    monkeypatch.setattr(runner, "processors", lambda: [0, 1])
    settings = bench.Settings(["kernels"], (), (1,), rounds=3, patterns=["function-exp", "function-relu"])
    sheet = bench.run(settings)
    assert [set(found.entries) for found in sheet.results] == [{"deepseek"}, {"deepseek"}]
    assert sheet.notes[0] == "function-relu: numpy, 1 threads: out of memory"


def test_cold_start_runs_whole_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    coldstart.write_data(str(tmp_path), rows=128)
    seconds, memory = coldstart.one("deepseek", 1, str(tmp_path))
    assert seconds > 0
    assert 5 < memory < 2000
    failed: dict[tuple[str, int], str] = {}
    monkeypatch.setattr(coldstart, "one", lambda name, threads, folder, workload: (float(threads), 7.0))
    samples = coldstart.rounds([("deepseek", 1), ("numpy", 1), ("deepseek", 2)], 2, failed)
    assert samples == {("deepseek", 1): [(1.0, 7.0)] * 2, ("deepseek", 2): [(2.0, 7.0)] * 2}
    assert failed == {}


def test_a_cold_start_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(processes.WorkerError, match="Error"):
        coldstart.one("deepseek", 1, str(tmp_path))  # no data there


def test_threads_are_held_by_environment_and_processors() -> None:
    one = processes.environment("jax", 1)
    assert one["OMP_NUM_THREADS"] == one["DEEPSEEK_NUM_THREADS"] == "1"
    assert "intra_op_parallelism_threads=1" in one["XLA_FLAGS"]
    assert "intra_op_parallelism_threads" not in processes.environment("jax", 2).get("XLA_FLAGS", "")
    if hasattr(os, "sched_getaffinity"):
        before = os.sched_getaffinity(0)
        assert set(processes.processors()) == before
        with processes.pinned(1):
            assert len(os.sched_getaffinity(0)) == 1
        assert os.sched_getaffinity(0) == before


def test_the_conducting_process_imports_no_peer() -> None:
    program = (
        "import sys; from deepseek import bench; from deepseek.bench import worker, coldstart;"
        "bench.rows_of(['net', 'kernels']);"
        "bad = {'torch', 'jax', 'sklearn', 'matplotlib', 'rich'} & set(sys.modules); assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_command_prints_a_table_and_keeps_the_samples(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "b.json"
    options = ["--vs", "none", "--quick", "--seconds", "0.001", "--rows", "matmul-32x*,function-tanh"]
    assert main(["bench", "kernels", *options, "--json", str(path)]) == 0
    out = capsys.readouterr().out
    assert "kernels, 1 thread" in out
    assert "matmul-32x32x32" in out
    assert "speed-up" in out and report.LEGEND[0] in out
    assert {row["name"] for row in json.loads(path.read_text())["rows"]} >= {
        "matmul-32x32x32",
        "function-tanh",
    }


@pytest.mark.peers
def test_the_command_draws_a_chart(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "b.png"
    options = ["--vs", "none", "--rounds", "1", "--seconds", "0.001", "--rows", "matmul-32x32x32"]
    assert main(["bench", "kernels", *options, "--plot", str(path)]) == 0
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.peers
@pytest.mark.slow
@pytest.mark.parametrize("peer", runner.PEERS)
def test_a_peer_does_every_row_it_claims(peer: str) -> None:
    if importlib.util.find_spec(peer) is None:
        pytest.skip(f"{peer} is not installed")
    chosen = [
        "matmul-32x32x32",
        "function-relu",
        "function-softplus",
        "net-seed-b10",
        "net-tab-b32",
        "net-predict-1",
        "rec-seed",
        "ragged-gru",
        "lstm-step",
    ]
    process = processes.WorkerProcess(peer, 1)
    try:
        for row in rows_of(list(GROUPS), chosen):
            answer = process.ask("open", row=row.to_json())
            if row.group == "net" or peer != "sklearn":
                assert answer == {"ok": True}
                assert process.ask("measure", seconds=1e-3)["seconds"] > 0
    finally:
        process.close()
