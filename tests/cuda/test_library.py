"""The plug-in that nvcc has built: what it needs, what it shows, its size, and what it says on this machine.

`cmake --build --preset cuda` builds it. DEEPSEEK_BUILD names the build folder (build/cuda).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = Path(os.environ.get("DEEPSEEK_BUILD", "build/cuda"), "cuda", "libdeepseek_cuda.so").resolve()
SYSTEM = re.compile(r"(libstdc\+\+|libgcc_s|libm|libc|libpthread|libdl|librt|ld-linux[-\w]*)\.so\.\d+$")
BYTES = 4_000_000

pytestmark = [
    pytest.mark.skipif(not PLUGIN.is_file(), reason="needs the plug-in (cmake --build --preset cuda)"),
    pytest.mark.skipif(not shutil.which("readelf") or not shutil.which("nm"), reason="needs readelf and nm"),
]


def output(*command: object) -> str:
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True).stdout


def test_needed_libraries() -> None:
    """The system's C and C++ libraries. The CUDA runtime is inside, and it opens the driver at run time."""
    needed = re.findall(r"\(NEEDED\).*\[(.+)\]", output("readelf", "-d", PLUGIN))
    assert "libc.so.6" in needed
    assert [name for name in needed if not SYSTEM.match(name)] == []


def test_shown_symbols() -> None:
    shown = [line.split()[-1] for line in output("nm", "-D", "--defined-only", PLUGIN).splitlines()]
    assert shown == ["deepseek_cuda"]


def test_stack_is_not_executable() -> None:
    stack = re.search(r"GNU_STACK(?:\s+0x\w+){5}\s+(\w+)", output("readelf", "-lW", PLUGIN))
    assert stack
    assert "E" not in stack[1]


def test_size() -> None:
    assert PLUGIN.stat().st_size < BYTES


def test_it_opens_here_and_says_why_not() -> None:
    """Also in a forked child. Without a driver the sentence asks for one."""
    pytest.importorskip("deepseek")
    script = (
        "import os\nfrom deepseek import cuda\nprint(cuda.why(), flush=True)\n"
        "if os.fork() == 0:\n    print(cuda.why(), flush=True)\n    os._exit(0)\nos.wait()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "DEEPSEEK_CUDA_PLUGIN": str(PLUGIN)},
    )
    parent, child = done.stdout.splitlines()
    if "driver" in parent or "no CUDA device" in parent:
        assert child == parent
    else:
        assert parent == "None"
        assert "started before fork" in child
