"""The sources as the codebase tests see them: folders of csrc, their files, their includes, code without comments."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CSRC = ROOT / "csrc"
CUDA = ROOT / "cuda"
PACKAGE = ROOT / "python" / "deepseek"
NATIVE = {".h", ".cpp", ".cu", ".cuh"}

_COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/|("(?:\\.|[^"\\\n])*")', re.DOTALL)
_INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)


def native_files(*names: str) -> list[Path]:
    """C++ and CUDA files of the folders named (see `folder_of`), or all of them."""
    files = [path for folder in (CSRC, CUDA) for path in folder.rglob("*") if path.suffix in NATIVE]
    return sorted(path for path in files if not names or folder_of(path) in names)


def python_files(folder: Path = PACKAGE) -> list[Path]:
    """Python files of a folder, however deep."""
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


@cache
def code(path: Path) -> str:
    """The file without comments; strings stay, and so do line numbers."""

    def blank(match: re.Match[str]) -> str:
        return match[1] if match[1] else "\n" * match[0].count("\n")

    return _COMMENT.sub(blank, path.read_text(encoding="utf-8"))


def includes(path: Path) -> list[str]:
    """What the file includes, as written between the quotes or brackets."""
    return _INCLUDE.findall(code(path))


def folder_of(path: Path) -> str:
    """The folder of csrc that holds a file, "cuda", or a part with edges of its own.

    "gemm_plan" is the part of kernels/ that is engine code, and "plugin" the interface of the CUDA plug-in.
    """
    if path.is_relative_to(CUDA):
        return "plugin" if path.name == "plugin.h" else "cuda"
    return "gemm_plan" if path.stem == "gemm_plan" else path.relative_to(CSRC).parts[0]


def places(paths: list[Path], pattern: str) -> list[str]:
    """Where a regular expression matches code, as file:line."""
    found = []
    for path in paths:
        for number, line in enumerate(code(path).splitlines(), 1):
            if re.search(pattern, line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    return found
