"""What code compiled for one instruction set must not hold: a weak symbol, a container, another's maths.

If an inline function compiled with AVX-512 flags has a weak symbol, it may be the copy that the linker keeps for
everybody, and an older CPU dies of it. If a kernel calls libm, its bits are libm's.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from codebase.tree import CSRC, ROOT, includes, native_files, places
from deepseek import _core

FILES = native_files("simd", "formulas", "kernels")
PLAIN = "table.h", "traits.cpp"  # compiled once, for no instruction set
SOURCES = [path for path in FILES if not path.name.endswith(PLAIN)]
HEADERS = {"cstdint", "cstddef", "type_traits", "utility", "bit", "limits", "immintrin.h", "arm_neon.h"}
COMPILE_TIME = [
    r"u?int(8|16|32|64|ptr)_t|size_t|ptrdiff_t|nullptr_t",
    r"numeric_limits|bit_cast|forward|declval|(make_)?(integer|index)_sequence",
    r"is_\w+_v|(conditional|enable_if|remove_\w+|make_unsigned|make_signed|underlying_type)_t",
    r"integral_constant|true_type|false_type",
]
LIBM = "exp|exp2|expm1|log|log2|log10|log1p|pow|a?tanh?|a?sinh?|a?cosh?|erfc?|cbrt|fmod"
EMULATED = "cuda"  # in builds for tests
HERE = [isa for isa in _core.isas() if isa not in ("baseline", EMULATED)]
ARM = ["neon"] if "neon" not in HERE and shutil.which("aarch64-linux-gnu-g++") else []


def compiler_of(isa: str) -> tuple[str, str]:
    """A compiler and the nm that goes with it; arm64's also where it is only a cross-compiler."""
    prefix = "aarch64-linux-gnu-" if isa in ARM else ""
    return shutil.which(f"{prefix}g++") or shutil.which("c++") or "", shutil.which(f"{prefix}nm") or ""


def flags_of(isa: str) -> list[str]:
    """The flags that cmake/isa.cmake gives an instruction set."""
    text = (ROOT / "cmake" / "isa.cmake").read_text()
    found = re.search(rf"set\(DEEPSEEK_FLAGS_{isa} ([^)]*)\)", text)
    assert found, isa
    on_arm = isa == "scalar" and "neon" in HERE
    return [flag for flag in found[1].split() if flag.startswith("-m") and not on_arm]


def compiled(isa: str, target: Path) -> Path:
    """The kernels of an instruction set, unoptimised, so that nothing hides by being inlined: stricter than shipped."""
    define = [f"-DDS_ISA={isa}", f"-DDS_ISA_{isa.upper()}=1"]
    options = ["-std=c++20", "-O0", "-w", "-fvisibility=hidden", f"-I{CSRC}", *define, *flags_of(isa)]
    source = str(CSRC / "kernels/kernels.cpp")
    subprocess.run([compiler_of(isa)[0], *options, "-c", source, "-o", target], check=True)
    return target


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Path]]]:
    """All of them, compiled side by side: it takes longer than any other test."""
    folder = tmp_path_factory.mktemp("kernels")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {isa: pool.submit(compiled, isa, folder / f"{isa}.o") for isa in [*HERE, *ARM]}


@pytest.mark.slow
@pytest.mark.xdist_group("kernels")  # which share the objects
@pytest.mark.skipif(not all(compiler_of("scalar")), reason="needs a compiler and nm")
@pytest.mark.parametrize("isa", [*HERE, *ARM])
def test_no_weak_symbol(isa: str, objects: dict[str, Future[Path]]) -> None:
    """Every build checks its own objects (cmake/check_kernels.cmake); without inlining there are more functions."""
    nm = [compiler_of(isa)[1], "-C", objects[isa].result()]
    symbols = subprocess.run(nm, check=True, capture_output=True, text=True).stdout
    shared = {line[19:] for line in symbols.splitlines() if line[17] in "TDBRVWuvw"}
    unwinder = {name for name in shared if name.startswith("DW.ref.")}  # a reference, no code
    assert shared - unwinder == {f"ds::kernel_table_{isa}()"}


@pytest.mark.slow
@pytest.mark.skipif(
    not shutil.which("cmake") or not all(compiler_of("scalar")), reason="needs CMake and a compiler"
)
@pytest.mark.parametrize(
    "planted", ["", "inline int weak() { return 1; } int (*const keep)() = weak;", "int global;"]
)
def test_the_builds_check_finds_shared_symbols(tmp_path: Path, planted: str) -> None:
    source, target = tmp_path / "kernels.cpp", tmp_path / "kernels.o"
    source.write_text(f"namespace ds {{ void kernel_table_scalar() {{}} }}\n{planted}\n")
    subprocess.run([compiler_of("scalar")[0], "-c", source, "-o", target], check=True)
    options = [f"-DNM={shutil.which('nm')}", "-DISA=scalar", f"-DOBJECT={target}"]
    command = ["cmake", *options, "-P", str(ROOT / "cmake/check_kernels.cmake")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (not planted), done.stderr
    assert not planted or "expected ds::kernel_table_scalar() alone" in " ".join(done.stderr.split())


def test_headers() -> None:
    foreign = {(path, name) for path in SOURCES for name in includes(path) if not (CSRC / name).is_file()}
    assert not [f"{path.relative_to(ROOT)}: {name}" for path, name in foreign if name not in HEADERS]


def test_no_library_calls() -> None:
    """No libm and no container; what std:: names here, it names at compile time."""
    assert not places(SOURCES, rf"\bstd::(?!(?:{'|'.join(COMPILE_TIME)})\b)")
    assert not places(SOURCES, rf"(?<![\w:])::(?:{LIBM})\s*\(")
    assert not places(SOURCES, rf"\b__builtin_(?:{LIBM})f?\s*\(")


def test_no_estimates() -> None:
    """Reciprocal estimates differ between makers of CPUs."""
    assert not places(FILES, r"_(rcp|rsqrt)\d*_|vrecpe|vrsqrte")


def test_no_flag_that_changes_results() -> None:
    build = [
        ROOT / name
        for name in ("CMakeLists.txt", "csrc/CMakeLists.txt", "CMakePresets.json", "pyproject.toml")
    ]
    build += [*ROOT.glob("cmake/*"), *ROOT.glob("cuda/CMakeLists.txt")]
    lines = [(path.name, line.split("#")[0]) for path in build for line in path.read_text().splitlines()]
    forbidden = re.compile(
        r"-ffast-math|-Ofast|-funsafe-math|-fassociative|-m(arch|tune)=native|use_fast_math"
    )
    assert not [line for line in lines if forbidden.search(line[1])]
    assert "-ffp-contract=off" in (ROOT / "cmake" / "flags.cmake").read_text()
    assert not places(
        native_files(), r"#\s*pragma\s+(GCC\s+optimize|STDC\s+FP_CONTRACT|omp)|__attribute__.*optimize"
    )
