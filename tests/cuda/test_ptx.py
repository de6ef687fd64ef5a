"""What nvcc makes of the device code: only instructions that round as the numerics contract says.

`cmake --build --preset cuda` writes the PTX. DEEPSEEK_BUILD names the build folder (build/cuda).
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("DEEPSEEK_BUILD", "build/cuda"), "cuda").resolve()
PTX, PLUGIN_PTX = FOLDER / "device_code.ptx", FOLDER / "execute.ptx"

ROUNDED = {"add", "sub", "mul", "fma", "div", "rcp", "sqrt"}
"""Correctly rounded with the modifier .rn."""

INEXACT = {"mad", "rsqrt", "sin", "cos", "lg2", "ex2", "tanh"}
"""Estimates, and a multiply-add whose rounding depends on the architecture."""

_INSTRUCTION = re.compile(r"^\s*(?:@!?%\w+\s+)?([a-z]\w*)((?:\.\w+)*)\s([^;\n]*)", re.MULTILINE)
_NUMBER = re.compile(
    r"0(?:f(?!(?:[08]0{7}|[7F][F8]\w{6})$)\w{8}|d(?!(?:[08]0{15}|[7F]FF\w{13})$)\w{16})$", re.IGNORECASE
)
"""A constant that is finite and not 0."""


def violations(ptx: str) -> list[str]:
    """The instructions of a PTX text that may not appear in device code."""
    found = []
    for match in _INSTRUCTION.finditer(ptx):
        name, modifiers = match[1], match[2].split(".")[1:]
        floating = bool({"f16", "f16x2", "bf16", "f32", "f32x2", "f64"} & set(modifiers))
        wrong = (
            bool({"approx", "ftz"} & set(modifiers))
            or (name == "ld" and "nc" in modifiers)
            or (floating and name in ROUNDED and "rn" not in modifiers)
            or (floating and name in INEXACT)
            # PTX's min and max drop a NaN and order zeros. The contract's do neither: min(a, b) is a < b ? a : b.
            or (floating and name in {"min", "max"} and not _NUMBER.search(match[3]))
        )
        if wrong:
            found.append(name + match[2])
    return found + re.findall(r"\b__(?:nv|internal)_\w+", ptx)


@pytest.mark.parametrize(
    "line",
    [
        "mul.f32 %f1, %f2, %f3;",
        "mad.rn.f64 %fd1, %fd2, %fd3, %fd4;",
        "div.approx.f32 %f1, %f2, %f3;",
        "add.rn.ftz.f32 %f1, %f2, %f3;",
        "@%p1 sqrt.approx.ftz.f32 %f1, %f2;",
        "ex2.approx.f32 %f1, %f2;",
        "ld.global.nc.f32 %f1, [%rd1];",
        "min.f32 %f1, %f2, %f3;",
        "max.f32 %f1, %f2, 0f00000000;",
        "max.f64 %fd1, %fd2, 0d8000000000000000;",
        "min.f32 %f1, %f2, 0f7F800000;",
        "call.uni (retval0), __nv_erff, (param0);",
    ],
)
def test_finds_what_is_forbidden(line: str) -> None:
    assert violations(f"\t{line}\n")


@pytest.mark.parametrize(
    "line",
    [
        "fma.rn.f32 %f1, %f2, %f3, %f4;",
        "@%p1 div.rn.f64 %fd1, %fd2, %fd3;",
        "mul.lo.s32 %r1, %r2, %r3;",
        "mad.wide.u32 %rd1, %r2, %r3, %rd4;",
        "ld.global.f32 %f1, [%rd1];",
        "neg.f32 %f1, %f2;",
        "min.f32 %f1, %f2, 0f3F800000;",
        "max.f64 %fd1, %fd2, 0dBFE0000000000000;",
    ],
)
def test_passes_what_is_allowed(line: str) -> None:
    assert not violations(f"\t{line}\n")


@pytest.mark.skipif(not PTX.is_file(), reason="needs the device code (cmake --build --preset cuda)")
def test_device_code() -> None:
    text = PTX.read_text()
    entries = set(re.findall(r"\.entry (\w+)", text))
    assert {"loss_f32", "loss_f64", "update_f32", "cell_f64", "product_f32", "random_f32"} <= entries
    assert text.count("fma.rn.f32") > 1000
    assert text.count("fma.rn.f64") > 1000
    assert not violations(text)


@pytest.mark.skipif(not PLUGIN_PTX.is_file(), reason="needs the device code (cmake --build --preset cuda)")
def test_kernels_of_the_plugin() -> None:
    text = PLUGIN_PTX.read_text()
    assert len(re.findall(r"\.entry \w*run_list", text)) == 2  # float and double
    assert text.count("fma.rn.f32") > 1000
    assert text.count("fma.rn.f64") > 1000
    assert not violations(text)
