"""Builds for tests of the plug-in: its sources over the emulated runtime, and libraries that are no plug-in."""

from __future__ import annotations

import functools
import platform
import shutil
import subprocess
from pathlib import Path

from codebase.tree import CSRC, CUDA, ROOT

HERE = ROOT / "tests" / "cuda"
COMPILER = shutil.which("g++") or ""
FMA = ["-mfma"] if platform.machine() in ("x86_64", "AMD64") else []
FLAGS = ["-std=c++20", "-O1", "-g1", "-Wall", "-Wextra", "-Werror", "-pthread", f"-I{ROOT}", f"-I{CSRC}"]


def _shared(folder: Path, name: str, *arguments: object) -> Path:
    library = folder / name
    command = [COMPILER, *FLAGS, "-shared", "-fPIC", "-fvisibility=hidden", *arguments, "-o", library]
    subprocess.run([str(part) for part in command], check=True)
    return library


@functools.cache
def emulated_plugin(folder: Path) -> Path:
    """The plug-in over the emulated runtime."""
    runtime = [f"-I{HERE / 'runtime'}", "-x", "c++"]
    kernels = folder / "execute.o"  # device code has warnings that nvcc does not have
    options = ["-w", "-fPIC", "-fvisibility=hidden", "-ffp-contract=off", "-fno-math-errno", *FMA]
    command = [COMPILER, *FLAGS, *options, *runtime, "-c", CUDA / "execute.cu", "-o", kernels]
    subprocess.run([str(part) for part in command], check=True)
    sources = [CUDA / "plugin.cu", CUDA / "device.cu", HERE / "runtime" / "runtime.cpp"]
    script = f"-Wl,--version-script={CUDA / 'plugin.map'}"
    return _shared(folder, "emulated.so", *runtime, *sources, "-x", "none", kernels, script)


@functools.cache
def library(folder: Path, name: str, text: str) -> Path:
    """A library of one line of C++."""
    source = folder / f"{name}.cpp"
    source.write_text(text + "\n")
    return _shared(folder, f"{name}.so", source)


@functools.cache
def commands_program(folder: Path, engine: Path) -> Path:
    """The program commands.cpp with the engine, a static library."""
    program = folder / "commands"
    command = [
        COMPILER,
        *FLAGS,
        "-Wno-missing-field-initializers",
        HERE / "commands.cpp",
        engine,
        "-ldl",
        "-o",
        program,
    ]
    subprocess.run([str(part) for part in command], check=True)
    return program


@functools.cache
def memory_program(folder: Path) -> Path:
    """The program device_memory.cpp with the parts of the engine that it needs."""
    program = folder / "device_memory"
    sources = [
        HERE / "device_memory.cpp",
        CSRC / "backend" / "plugin.cpp",
        *(CSRC / "core" / "memory").glob("*.cpp"),
    ]
    subprocess.run([COMPILER, *FLAGS, *map(str, sources), "-ldl", "-o", str(program)], check=True)
    return program
