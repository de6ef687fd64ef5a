"""The CUDA plug-in over the emulated runtime: its memory, its errors, and what `deepseek.cuda` says of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import deepseek as ds
from programs.cuda_plugin import COMPILER, emulated_plugin, library, memory_program

pytestmark = [
    pytest.mark.xdist_group("plugin"),  # they share the builds
    pytest.mark.skipif(not COMPILER or sys.platform != "linux", reason="needs GCC on Linux"),
]

ABI_OF_ANOTHER_VERSION = (
    'extern "C" [[gnu::visibility("default")]] const void* deepseek_cuda(int) { return nullptr; }'
)
SCRIPT = """
import json, os, sys
import deepseek as ds
from deepseek import cuda
def attempt(call):
    try:
        return call()
    except (ValueError, RuntimeError) as error:
        return f"{{type(error).__name__}}: {{error}}"
def report():
    return [cuda.why(), attempt(lambda: len(cuda.devices()))]
def in_child(call):
    ends = os.pipe()
    if os.fork() == 0:
        os.write(ends[1], json.dumps(call()).encode())
        os._exit(0)
    os.wait()
    return json.loads(os.read(ends[0], 10000))
print(json.dumps({expression}))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the builds."""
    return tmp_path_factory.mktemp("plugin")


def value(expression: str, plugin: Path | str, gpu: str = "") -> Any:
    """An expression's value in a new process with a plug-in."""
    environment = {**os.environ, "DEEPSEEK_CUDA_PLUGIN": str(plugin), "DEEPSEEK_EMULATED_GPU": gpu}
    command = [sys.executable, "-c", SCRIPT.format(expression=expression)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("case", ["copies", "threads", "allocations", "fork", "lost", "code"])
def test_memory(folder: Path, case: str) -> None:
    command = [memory_program(folder), emulated_plugin(folder), case]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr


def test_a_usable_device(folder: Path) -> None:
    expression = """{
        "why": cuda.why(), "available": cuda.is_available(),
        "devices": [[d.device, d.name, d.capability, d.memory] for d in cuda.devices()],
        "names": [ds.Net([2, 1], device=d).device for d in ("cpu", "cuda", "cuda:0", "cuda:1", "auto")],
        "others": [ds.Rec(input_size=2, output_size=1, device="auto").device, ds.TabularNet(device="auto")._device],
        "third": attempt(lambda: ds.Net([2, 1], device="cuda:2")),
        "config": "device" in ds.Net([2, 1], device="cuda")._config.to_config()}"""
    found = value(expression, emulated_plugin(folder))
    assert found == {
        "why": None,
        "available": True,
        "devices": [[f"cuda:{i}", f"emulated GPU {i}", [9, 0], 2**30] for i in range(2)],
        "names": ["cpu", "cuda:0", "cuda:0", "cuda:1", "cuda:0"],
        "others": ["cpu", "cpu"],
        "third": "ValueError: device: got 'cuda:2'; there is no cuda:2; the last device is cuda:1",
        "config": False,
    }


@pytest.mark.parametrize(
    ("gpu", "words"),
    [
        ("driver=0", "there is no NVIDIA driver of version 580 or newer; install one"),
        ("devices=0", "no CUDA device is visible; see nvidia-smi and CUDA_VISIBLE_DEVICES"),
        (
            "capability=70",
            "cuda:0 (emulated GPU 0) has compute capability 7.0; use a device with at least 7.5",
        ),
    ],
)
def test_machines_without_a_usable_device(folder: Path, gpu: str, words: str) -> None:
    expression = """[cuda.why(), ds.Net([2, 1], device="auto").device,
        attempt(lambda: ds.Net([2, 1], device="cuda"))]"""
    why, auto, error = value(expression, emulated_plugin(folder), gpu)
    assert words in why
    assert auto == "cpu"
    assert error == f"ValueError: device: got 'cuda'; {why}"


def test_libraries_that_are_no_plugin(folder: Path) -> None:
    other = library(folder, "other_version", ABI_OF_ANOTHER_VERSION)
    assert "of another version; install" in value("cuda.why()", other)
    empty = library(folder, "empty", "int x;")
    assert "the library is no CUDA plug-in" in value("cuda.why()", empty)
    assert "does not load; install it again" in value("cuda.why()", folder / "missing.so")


def test_fork(folder: Path) -> None:
    """A child of a process that has started CUDA is refused; one of a process that has not may start it."""
    expression = "[in_child(report), cuda.why(), in_child(report)]"
    before, _, after = value(expression, emulated_plugin(folder))
    assert before == [None, 2]
    assert "before fork" in after[0]
    assert "before fork" in after[1]
    assert after[1].startswith("RuntimeError: CUDA was started")


def test_import_starts_nothing(folder: Path) -> None:
    """Nor does a model on the CPU: the library is not even loaded."""
    expression = """[ds.Net([2, 1]).device, "emulated.so" in open("/proc/self/maps").read(),
        cuda.is_available(), "emulated.so" in open("/proc/self/maps").read()]"""
    assert value(expression, emulated_plugin(folder)) == ["cpu", False, True, True]


def test_info(folder: Path) -> None:
    environment = {**os.environ, "DEEPSEEK_CUDA_PLUGIN": str(emulated_plugin(folder))}
    command = [sys.executable, "-m", "deepseek"]
    info = subprocess.run([*command, "info"], capture_output=True, text=True, check=True, env=environment)
    assert re.search(r"CUDA +yes", info.stdout)
    assert "emulated GPU 1, compute capability 9.0, 1024 MiB" in info.stdout


def test_search(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment first, then the package of the extra; without both, the sentence says how to install it."""
    from deepseek import cuda

    monkeypatch.delenv("DEEPSEEK_CUDA_PLUGIN", raising=False)
    monkeypatch.setattr(cuda, "__file__", str(tmp_path / "cuda.py"))
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "deepseek_cuda", raising=False)
    assert cuda._plugin() is None
    assert ds.cuda.why() == "the CUDA plug-in is not installed; pip install 'deepseek-nn[cuda]' installs it"
    (tmp_path / "deepseek_cuda").mkdir()
    (tmp_path / "deepseek_cuda" / "__init__.py").touch()
    assert cuda._plugin() == str(tmp_path / "deepseek_cuda" / "libdeepseek_cuda.so")
    (tmp_path / "_lib").mkdir()
    (tmp_path / "_lib" / "libdeepseek_cuda.so").touch()
    assert cuda._plugin() == str(tmp_path / "_lib" / "libdeepseek_cuda.so")
    monkeypatch.setenv("DEEPSEEK_CUDA_PLUGIN", "/elsewhere.so")
    assert cuda._plugin() == "/elsewhere.so"


@pytest.mark.parametrize("device", ["cuda:", "cuda:-1", "cuda:01", "cuda:9999", "cuda: 1", "gpu", "CUDA"])
def test_wrong_names(device: str) -> None:
    with pytest.raises(ValueError, match=r"device: got .*; expected one of cpu, cuda, cuda:0, auto"):
        ds.Net([2, 1], device=device)
    with pytest.raises(TypeError, match="device: got 0; expected"):
        ds.Net([2, 1], device=0)  # type: ignore[arg-type]


def test_why_is_asked_of_cuda_devices() -> None:
    for device in ("cpu", "auto"):
        with pytest.raises(ValueError, match=r'device: got .*; expected "cuda"'):
            ds.cuda.why(device)
