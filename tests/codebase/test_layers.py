"""Who may include whom (ARCHITECTURE.md): the include graph, edge by edge, and what each room must never name."""

from __future__ import annotations

import pytest

from codebase.tree import CSRC, ROOT, includes, native_files, places, room_of

# What a room may include besides itself. "tables": kernels/*table.h, the kernels' face, which knows no instruction set.
EDGES: dict[str, set[str]] = {
    "core": set(),
    "simd": {"core"},
    "formulas": {"core", "simd"},
    "kernels": {"core", "simd", "formulas"},
    "gemm": {"core", "tables"},
    "backend": {"core", "gemm", "tables"},
    "layers": {"core", "backend", "tables"},
    "train": {"core", "backend", "layers", "tables"},
    "api": {"core", "backend", "layers", "train", "tables"},
    "bindings": {"core", "gemm", "backend", "train", "api", "tables"},
    "cuda": {"core", "formulas", "backend", "tables"},
}
ROOMS = sorted({path.name for path in CSRC.iterdir() if path.is_dir()})
BELOW_BINDINGS = [room for room in ROOMS if room != "bindings"]


def test_every_room_is_known() -> None:
    assert set(ROOMS) <= set(EDGES), "a new room: say in EDGES and in ARCHITECTURE.md what it may include"
    beside = {path.name for path in CSRC.iterdir() if path.is_file()}
    assert beside == {"CMakeLists.txt"}, "sources lie in rooms, not beside them"


@pytest.mark.parametrize("room", sorted(EDGES))
def test_edges(room: str) -> None:
    wrong = []
    for path in native_files(room):
        for name in includes(path):
            target, _, rest = name.partition("/")
            if target not in EDGES or target == room:
                continue
            table = target == "kernels" and rest.endswith("table.h")
            if target not in EDGES[room] and not (table and "tables" in EDGES[room]):
                wrong.append(f"{path.relative_to(ROOT)} includes {name}")
    assert not wrong


def test_includes_are_written_from_csrc() -> None:
    """So that an edge shows: `"core/types.h"`, never `"../core/types.h"` or `"types.h"`."""
    wrong = []
    for path in native_files():
        for name in includes(path):
            ours = (
                (CSRC / name).is_file() or (CSRC / room_of(path) / name).is_file()
                if ".." not in name
                else True
            )
            if ours and name.split("/")[0] not in EDGES:
                wrong.append(f"{path.relative_to(ROOT)} includes {name}")
    assert not wrong


def test_only_bindings_know_python() -> None:
    assert not places(native_files(*BELOW_BINDINGS), r"\bPython\.h\b|\bpybind11\b|\bPy(Object|_|Err_|Gil)")


def test_layers_and_training_name_no_instruction_set_and_no_device() -> None:
    named = r"(?i)\b(avx\w*|sse\w*|neon|__m(128|256|512)\w*|_mm\w+|cuda\w*|DS_ISA\w*)\b"
    assert not places(native_files("layers", "train", "api"), named)


def test_only_simd_and_the_machine_know_intrinsics() -> None:
    outside = [path for path in native_files() if room_of(path) not in ("simd", "cuda")]
    allowed = {CSRC / "core" / "fpenv.h"}  # the control word has no other door
    found = [
        path
        for path in outside
        if path not in allowed and {"immintrin.h", "arm_neon.h"} & set(includes(path))
    ]
    assert not found


def test_nothing_prints_or_exits() -> None:
    said = r"\bstd::(cout|cerr|clog|exit|abort|terminate)\b|\b(printf|fprintf|puts|exit|abort)\s*\("
    assert not places(native_files(), said)
