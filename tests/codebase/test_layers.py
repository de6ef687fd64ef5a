"""Who may include whom (ARCHITECTURE.md): the include graph, edge by edge, and what each folder must never name."""

from __future__ import annotations

import pytest

from codebase.tree import CSRC, ROOT, folder_of, includes, native_files, places

# The folders that a folder of csrc may include besides itself. "tables" are kernels/**/*table.h, the interface of the
# kernels, and "gemm_plan" is kernels/gemm/gemm_plan.*: both are independent of the instruction set. "plugin" is
# cuda/plugin.h, the interface of the CUDA plug-in.
EDGES: dict[str, set[str]] = {
    "core": set(),
    "csv": {"core"},
    "text": {"core"},
    "simd": {"core"},
    "formulas": {"core", "simd"},
    "kernels": {"core", "simd", "formulas"},
    "gemm_plan": {"core", "tables"},
    "plugin": set(),
    "backend": {"core", "gemm_plan", "tables", "plugin"},
    "layers": {"core", "backend", "tables"},
    "training": {"core", "backend", "layers", "tables"},
    "net": {"core", "backend", "layers", "training", "tables"},
    "rec": {"core", "backend", "layers", "training", "tables"},
    "gen": {"core", "backend", "layers", "training", "rec", "tables"},
    "api": {"core", "backend", "layers", "training", "net", "rec", "gen", "tables"},
    "bindings": {
        "core",
        "csv",
        "text",
        "gemm_plan",
        "backend",
        "training",
        "net",
        "rec",
        "gen",
        "api",
        "tables",
    },
    "cuda": {"core", "simd", "formulas", "kernels", "backend", "tables", "plugin"},
}
FOLDERS = sorted({path.name for path in CSRC.iterdir() if path.is_dir()})
BELOW_BINDINGS = [folder for folder in FOLDERS if folder != "bindings"]


def target_of(include: str) -> str:
    """The key of EDGES that an include leads to, or "" for a header of the system."""
    folder, _, rest = include.partition("/")
    if folder not in EDGES:
        return ""
    if folder == "kernels" and rest.endswith("table.h"):
        return "tables"
    if include == "cuda/plugin.h":
        return "plugin"
    return "gemm_plan" if include == "kernels/gemm/gemm_plan.h" else folder


def test_every_folder_is_known() -> None:
    assert set(FOLDERS) <= set(EDGES), "new folder: add it to EDGES and to ARCHITECTURE.md"
    beside = {path.name for path in CSRC.iterdir() if path.is_file()}
    assert beside == {"CMakeLists.txt"}, "sources belong into a folder of csrc"


@pytest.mark.parametrize("folder", sorted(EDGES))
def test_edges(folder: str) -> None:
    own = {folder, "tables"} if folder == "kernels" else {folder}
    wrong = [
        f"{path.relative_to(ROOT)} includes {name}"
        for path in native_files(folder)
        for name in includes(path)
        if (target := target_of(name)) and target not in EDGES[folder] | own
    ]
    assert not wrong


def test_includes_are_written_from_csrc() -> None:
    """So that an edge shows: `"core/types.h"`, never `"../core/types.h"` or `"types.h"`."""
    wrong = []
    for path in native_files():
        for name in includes(path):
            ours = (CSRC / name).is_file() or (path.parent / name).is_file()
            if ours and name.split("/")[0] not in EDGES:
                wrong.append(f"{path.relative_to(ROOT)} includes {name}")
    assert not wrong


def test_only_bindings_know_python() -> None:
    assert not places(native_files(*BELOW_BINDINGS), r"\bPython\.h\b|\bpybind11\b|\bPy(Object|_|Err_|Gil)")


def test_layers_and_training_name_no_instruction_set_and_no_device() -> None:
    named = r"(?i)\b(avx\w*|sse\w*|neon|__m(128|256|512)\w*|_mm\w+|cuda\w*|DS_ISA\w*)\b"
    assert not places(native_files("layers", "training", "net", "rec", "gen", "api"), named)


def test_only_simd_and_fpenv_know_intrinsics() -> None:
    outside = [path for path in native_files() if folder_of(path) not in ("simd", "cuda")]
    allowed = {CSRC / "core" / "fpenv.h"}  # the only access to the control word
    found = [
        path
        for path in outside
        if path not in allowed and {"immintrin.h", "arm_neon.h"} & set(includes(path))
    ]
    assert not found


def test_nothing_prints_or_exits() -> None:
    said = r"\bstd::(cout|cerr|clog|exit|abort|terminate)\b|\b(printf|fprintf|puts|exit|abort)\s*\("
    assert not places(native_files(), said)
