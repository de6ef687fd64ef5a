"""The compiled module as it is installed: what it needs, what it shows, how large it is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deepseek import _core

MODULE = Path(_core.__file__)
SYSTEM = re.compile(r"(libstdc\+\+|libgcc_s|libm|libc|libpthread|libdl|librt|ld-linux[-\w]*)\.so\.\d+$")
SANITIZER = re.compile(r"lib(asan|ubsan|tsan)\.so\.\d+$")

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads ELF")


def needs(tool: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not shutil.which(tool), reason=f"needs {tool}")


def output(*command: object) -> str:
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True).stdout


@linux_only
@needs("readelf")
def test_needed_libraries() -> None:
    """The system's C and C++ libraries and nothing else: no OpenMP, no BLAS, no libpython."""
    needed = re.findall(r"\(NEEDED\).*\[(.+)\]", output("readelf", "-d", MODULE))
    assert [library for library in needed if not SYSTEM.match(library) and not SANITIZER.match(library)] == []


@linux_only
@needs("nm")
def test_shown_symbols() -> None:
    """One: what the interpreter calls. No instantiation of the standard library that another module could meet."""
    shown = [line.split() for line in output("nm", "-D", "--defined-only", MODULE).splitlines()]
    assert [fields[-1] for fields in shown if "san" not in fields[-1]] == ["PyInit__core"]


@linux_only
@needs("readelf")
def test_stack_is_not_executable() -> None:
    stack = re.search(r"GNU_STACK(?:\s+0x\w+){5}\s+(\w+)", output("readelf", "-lW", MODULE))
    assert stack and "E" not in stack[1]
