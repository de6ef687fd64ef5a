"""Host code that touches the memory of models, which a GPU's memory would not allow (docs/design/cuda.md).

In the build of the preset "guard" (guard.cpp), touches outside of operations are recorded. touches.txt lists
the functions that do; it may only shrink.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from codebase.tree import ROOT

BUILD = Path(os.environ.get("DEEPSEEK_BUILD", "")).resolve()
CACHE = BUILD / "CMakeCache.txt"
HERE = Path(__file__).parent
LIST = HERE / "touches.txt"
NOT_HOST_CODE = {"core", "simd", "formulas", "kernels"}

pytestmark = pytest.mark.skipif(
    not CACHE.is_file() or "DEEPSEEK_GUARD:BOOL=ON" not in CACHE.read_text(),
    reason="needs DEEPSEEK_BUILD, a build of the preset guard",
)


def module_file() -> Path:
    return next((BUILD / "site" / "deepseek").glob("_core.*.so"))


def function_name(demangled: str) -> str:
    """Class and name only, of the function around a lambda."""
    name = re.sub(r"\[clone .*|\(anonymous namespace\)::", "", demangled)
    while (shorter := re.sub(r"<[^<>]*>|\([^()]*\)|\{lambda[^{}]*\}", "", name)) != name:
        name = shorter
    return name.replace(" const", "").partition("::::")[0].split()[-1].removeprefix("ds::")


def source_lines(addresses: set[str]) -> dict[str, list[tuple[str, str]]]:
    """The file:line and the function of each address, with those that it was inlined into, innermost first."""
    ordered = sorted(addresses)
    command = ["addr2line", "--addresses", "--functions", "--inlines", "--demangle", "--exe", module_file()]
    done = subprocess.run(command, input="\n".join(ordered), capture_output=True, text=True, check=True)
    found: dict[str, list[tuple[str, str]]] = {}
    lines = iter(done.stdout.splitlines())
    current: list[tuple[str, str]] = []
    for line in lines:
        if re.fullmatch(r"0x[0-9a-f]+", line):
            current = found.setdefault(hex(int(line, 16)), [])
        else:
            current.append((next(lines).split(" ")[0], line))
    return found


def recorded_touches(log: Path) -> dict[str, str]:
    """`file function` of each touch, and its line: the innermost function of csrc that is host code."""
    traces = [line.split() for line in log.read_text().splitlines()]
    lines = source_lines({address for trace in traces for address in trace})
    touches: dict[str, str] = {}
    own = [trace for trace in traces if "guard/guard.cpp" in lines[trace[0]][0][0]]
    assert len(own) == 1, "the guard missed the touch of its own"
    for trace in traces:
        if trace in own:
            continue
        for where, function in (frame for address in trace for frame in lines[address]):
            file, _, number = where.partition("/csrc/")[2].rpartition(":")
            if file and file.partition("/")[0] not in NOT_HOST_CODE:
                touches[f"{file} {function_name(function)}"] = f"csrc/{file}:{number}"
                break
        else:
            touches[f"? {lines[trace[0]]}"] = "no caller in csrc"
    return touches


@pytest.mark.skipif(not shutil.which("addr2line"), reason="needs addr2line")
def test_touches_only_become_fewer(tmp_path: Path) -> None:
    log = tmp_path / "touches"
    paths = os.pathsep.join([str(BUILD / "site"), str(ROOT / "tests")])
    env = {**os.environ, "DEEPSEEK_GUARD": str(log), "PYTHONPATH": paths, "DEEPSEEK_ISA": ""}
    program = [sys.executable, HERE / "trainings.py"]
    done = subprocess.run(program, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"changed hashes, or an error:\n{done.stderr}"
    touches = recorded_touches(log)
    if os.environ.get("DEEPSEEK_WRITE_TOUCHES"):
        LIST.write_text("".join(f"{touch}\n" for touch in sorted(touches)))
    listed = set(LIST.read_text().splitlines())
    new = sorted(touches.keys() - listed)
    assert not new, "host code touches memory of models:\n" + "\n".join(f"{touches[t]} {t}" for t in new)
    gone = sorted(listed - touches.keys())
    assert not gone, "remove from touches.txt:\n" + "\n".join(gone)
