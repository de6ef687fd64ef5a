"""A Net on the plug-in over the emulated runtime: the CPU's bits, for any number of blocks and order of threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from codebase.tree import ROOT
from parity import golden
from programs.cuda_plugin import COMPILER, commands_program, emulated_plugin

ENGINE = Path(os.environ.get("DEEPSEEK_BUILD", "build/dev"), "csrc", "libdeepseek_engine.a").resolve()
SCRIPT = """
import copy, json, os, pickle, tempfile
import numpy as np
import deepseek as ds
from deepseek import cuda
from parity import golden
def attempt(call):
    try:
        return call()
    except Exception as error:
        return f"{{type(error).__name__}}: {{error}}"
def digest(net):
    import hashlib
    return hashlib.sha256(b"".join(v.tobytes() for v in net.state_dict().values())).hexdigest()
rng = np.random.default_rng(0)
X = rng.normal(size=(90, 6)).astype(np.float32)
y = rng.integers(0, 3, 90)
w = rng.uniform(size=90).astype(np.float32)
def make(device, **options):
    return ds.Net([6, 20, 3], loss="cross_entropy", dropout=0.2, normalization="batch", device=device, **options)
def fit(net, epochs=2, **options):
    net.fit(X, y, epochs=epochs, batch_size=16, sample_weight=w, verbose=False, **options)
    return net
{body}
print(json.dumps(result))
"""

pytestmark = [
    pytest.mark.xdist_group("plugin"),  # they share the builds
    pytest.mark.skipif(not COMPILER or sys.platform != "linux", reason="needs GCC on Linux"),
]


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return emulated_plugin(tmp_path_factory.mktemp("plugin"))


def value(plugin: Path, body: str, gpu: str = "") -> Any:
    """`result` after statements in a new process with the plug-in."""
    environment = {
        **os.environ,
        "DEEPSEEK_CUDA_PLUGIN": str(plugin),
        "DEEPSEEK_EMULATED_GPU": gpu,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]),
    }
    command = [sys.executable, "-c", SCRIPT.format(body=body)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(not ENGINE.is_file(), reason="needs the engine's static library (DEEPSEEK_BUILD)")
def test_single_operations(plugin: Path) -> None:
    command = [str(commands_program(plugin.parent, ENGINE)), str(plugin)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", [name for name in golden.NETS if "wide" not in name])
def test_golden_trainings(plugin: Path, name: str) -> None:
    keys = [f"{name}-float32", f"{name}-float64"]
    body = f"number = cuda.number_of('cuda:0')\nresult = [golden.train(key, device=number) for key in {keys}]"
    expected = json.loads(golden.PATH.read_text())
    assert value(plugin, body) == [expected[key] for key in keys]


@pytest.mark.parametrize("gpu", ["blocks=1 seed=2", "blocks=3 seed=3", "blocks=2 seed=4"])
def test_blocks_and_orders_of_threads(plugin: Path, gpu: str) -> None:
    body = "result = [digest(fit(make(d))) for d in ('cpu', 'cuda')]"
    cpu, cuda = value(plugin, body, gpu)
    assert cpu == cuda


def test_predict_evaluate_and_validation(plugin: Path) -> None:
    body = """
result = []
for device in ("cpu", "cuda:1"):
    net = fit(make(device), validation_data=(X[:20], y[:20]))
    result.append([net.device, net.predict(X).tolist(), net.predict(X[:1]).tolist(),
                   net.evaluate(X, y, sample_weight=w), list(net.history["val_loss"])])"""
    cpu, cuda = value(plugin, body)
    assert (cpu[0], cuda[0]) == ("cpu", "cuda:1")
    assert cpu[1:] == cuda[1:]


def test_a_fit_goes_on_elsewhere(plugin: Path) -> None:
    """Files, `to` and pickles cross devices in the middle of a fit."""
    body = """
result = [digest(fit(make("cpu"), 4))]
for first, second in (("cpu", "cuda"), ("cuda", "cpu"), ("cuda:0", "cuda:1")):
    net = make(first)
    fit(net, 4, callbacks=[ds.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: net.stop())])
    copied = pickle.loads(pickle.dumps(net))
    with tempfile.TemporaryDirectory() as folder:
        net.save(folder + "/net.ds")
        loaded = ds.load(folder + "/net.ds", device=second)
    result += [digest(fit(each, 4, resume=True)) for each in (loaded, net.to(second), copied)]
    assert loaded.device == net.device == ("cuda:0" if second == "cuda" else second)"""
    whole, *continued = value(plugin, body)
    assert continued == [whole] * 9


def test_memory_that_is_lacking(plugin: Path) -> None:
    """Whichever allocation fails, the error is a MemoryError, the model is as it was, and the next fit works."""
    body = """
result = []
net = fit(make("cuda"))
before = digest(net)
for number in range(1, 12):
    os.environ["DEEPSEEK_EMULATED_GPU"] = f"allocation={number}"
    error = attempt(lambda: fit(net))
    os.environ["DEEPSEEK_EMULATED_GPU"] = ""
    if not isinstance(error, str):
        break
    result.append([error.partition(":")[0], digest(net) == before])
"""
    found = value(plugin, body)
    assert len(found) > 3
    assert found == [["MemoryError", True]] * len(found)


def test_a_lost_device(plugin: Path) -> None:
    """Calls say that the device is lost; models on the CPU go on."""
    body = """
net = make("cuda")
errors = [attempt(lambda: fit(net)) for _ in range(5)]
result = [[error for error in errors if isinstance(error, str)], fit(make("cpu")).device]"""
    errors, device = value(plugin, body, "lost=400")
    assert len(errors) > 1
    for error in errors:
        assert error.startswith("RuntimeError: cuda:0 is lost; start a new process")
    assert device == "cpu"


def test_what_does_not_run_yet(plugin: Path) -> None:
    body = """
from parity.sparse import rows_of
result = [attempt(lambda: ds.Rec(input_size=2, output_size=1, device="cuda")),
          attempt(lambda: ds.Gen(data_size=2, device="cuda")),
          attempt(lambda: ds.TabularNet(device="cuda")), ds.TabularNet(device="auto")._device,
          attempt(lambda: make("cuda").fit(rows_of(X), y))]"""
    rec, gen, tabular, auto, sparse = value(plugin, body)
    words = "ValueError: device: got 'cuda'; {} does not run on CUDA yet, only Net does"
    assert [rec, gen, tabular] == [words.format(name) for name in ("Rec", "Gen", "TabularNet")]
    assert auto == "cpu"
    assert sparse.startswith("ValueError: X: got sparse rows; expected a dense array on this device")


def test_fork(plugin: Path) -> None:
    body = """
net = fit(make("cuda"))
ends = os.pipe()
if os.fork() == 0:
    found = [attempt(lambda: net.predict(X).sum()), attempt(lambda: fit(make("cpu")).device)]
    os.write(ends[1], json.dumps(found).encode())
    os._exit(0)
os.wait()
result = json.loads(os.read(ends[0], 10000))"""
    error, cpu = value(plugin, body)
    assert "before fork" in error
    assert cpu == "cpu"
