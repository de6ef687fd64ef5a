"""What code compiled for one instruction set must not hold: a weak symbol, a container, another's maths.

If an inline function compiled with AVX-512 flags has a weak symbol, it may be the copy that the linker keeps for
everybody, and an older CPU dies of it. If a kernel calls libm, its bits are libm's.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from codebase.tree import CSRC, ROOT, includes, native_files, places
from deepseek import _core

PER_ISA = ("simd", "formulas", "kernels")
HEADERS = {"cstdint", "cstddef", "type_traits", "utility", "bit", "limits", "immintrin.h", "arm_neon.h"}
COMPILER = shutil.which("c++") or shutil.which("g++")


def flags_of(isa: str) -> list[str]:
    """The flags that cmake/isa.cmake gives an instruction set."""
    text = (ROOT / "cmake" / "isa.cmake").read_text()
    found = re.search(rf"set\(DEEPSEEK_FLAGS_{isa} ([^)]*)\)", text)
    assert found, isa
    return [flag for flag in found[1].split() if flag.startswith("-")]


@pytest.mark.skipif(not (COMPILER and shutil.which("nm")), reason="needs a compiler and nm")
@pytest.mark.parametrize("isa", [isa for isa in _core.isas() if isa not in ("baseline", "neon")])
def test_no_weak_symbol(isa: str, tmp_path: Path) -> None:
    """Unoptimised, so that nothing hides by being inlined: stricter than the objects that are shipped."""
    target = tmp_path / f"{isa}.o"
    define = [f"-DDS_ISA={isa}", f"-DDS_ISA_{isa.upper()}=1"]
    command = [str(COMPILER), "-std=c++20", "-O0", "-w", "-fvisibility=hidden", f"-I{CSRC}", *define]
    subprocess.run([*command, *flags_of(isa), "-c", str(CSRC / "kernels/kernels.cpp"), "-o", target], check=True)
    symbols = subprocess.run(["nm", "-C", target], check=True, capture_output=True, text=True).stdout
    shared = {
        line[19:]
        for line in symbols.splitlines()
        if line[17] in "TDBRVWuvw" and not line[19:].startswith("DW.ref.")  # a reference of the unwinder, no code
    }
    assert shared == {f"ds::kernel_table_{isa}()"}


def test_headers() -> None:
    wrong = []
    for path in native_files(*PER_ISA):
        for name in includes(path):
            if name not in HEADERS and not (CSRC / name).is_file():
                wrong.append(f"{path.relative_to(ROOT)} includes {name}")
    assert not wrong


def test_no_library_calls() -> None:
    """No libm and no container; what std:: names there, it names at compile time."""
    harmless = r"u?int(8|16|32|64|ptr)_t|size_t|ptrdiff_t|(?:numeric_limits|bit_cast|conditional_t|integer_sequence"
    harmless += r"|make_integer_sequence|index_sequence|make_index_sequence|is_same_v|true_type|false_type"
    harmless += r"|integral_constant|enable_if_t|remove_\w+|is_\w+_v|make_unsigned_t|make_signed_t|forward|declval"
    harmless += r"|underlying_type_t)"
    assert not places(native_files(*PER_ISA), rf"\bstd::(?!(?:{harmless})\b)")
    libm = r"(?<![\w.:>])(?:exp|exp2|expm1|log|log2|log1p|pow|tanh|sinh|cosh|sin|cos|erf|erfc|fmaf?|powf|expf|logf)\s*\("
    builtin = r"__builtin_(?!expect|prefetch|unreachable|assume_aligned|convertvector|shuffle|memcpy|ia32|fmaf?\b"
    builtin += r"|sqrtf?\b|fabsf?\b|copysignf?\b|rintf?\b|bit_cast|rint|nearbyint|roundeven)"
    assert not places(native_files(*PER_ISA), rf"{builtin}|::{libm}")


def test_no_estimates() -> None:
    """Reciprocal estimates differ between makers of CPUs."""
    assert not places(native_files(*PER_ISA), r"_(rcp|rsqrt)\d*_|vrecpe|vrsqrte")


def test_no_flag_that_changes_results() -> None:
    build = [ROOT / "CMakeLists.txt", ROOT / "CMakePresets.json", ROOT / "pyproject.toml", *ROOT.glob("cmake/*")]
    build += list(ROOT.glob("cuda/CMakeLists.txt"))
    forbidden = re.compile(r"-ffast-math|-Ofast|-funsafe-math|-fassociative-math|-march=native|-mtune=native|use_fast_math")
    for path in build:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            assert not forbidden.search(line.split("#")[0]), f"{path.name}:{number}: {line}"
    flags = (ROOT / "cmake" / "flags.cmake").read_text()
    assert "-ffp-contract=off" in flags
    assert not places(native_files(), r"#pragma\s+(GCC\s+optimize|STDC\s+FP_CONTRACT|omp)|__attribute__.*optimize")
