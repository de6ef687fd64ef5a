"""Retired words stay out: private terms in identifiers, and turns of phrase in prose (CONTRIBUTING.md, "Style").

An identifier is split into its parts: `kTileRows` and `tile_rows` both have the parts tile and rows. Prose is every
comment, docstring, message and document.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from codebase.tree import PACKAGE, ROOT, code, native_files, python_files

NAMES = {
    "Ahead": "PrefetchHint", "AheadByTile": "PrefetchPerTile", "BatchPlace": "MiniBatch", "Below": "LayerInput",
    "Carver": "ArenaPlanner", "CellBent": "CellDoubleBackward", "Chain": "Sequential", "Corruption": "InputNoise",
    "Course": "TrainingTask", "Cursor": "TrainerState", "Described": "ConfigBase", "Desk": "WorkerContext",
    "Door": "DataAdapter", "Gate": "ModelLock", "Halt": "StopToken", "Pass": "ExecContext", "Place": "ErrorLocation",
    "Poll": "InterruptPoll", "SequencePlace": "SequenceBatchRef", "Slab": "FlatBuffer", "Spares": "BlockCache",
    "Tape": "LayerBuffers", "TeachStep": "PretrainStep", "Team": "ThreadPool", "TileAsks": "PrefetchPerTile",
    "Together": "ColumnParallel", "Unmade": "DeferredCore", "Wanted": "PrefetchHint", "Watch": "EpochMonitor",
    "given_up": "cancelled", "goes_on": "is_lead_after_sync", "kSplit": "has a separate product",
    "lend_top": "alias_output", "made_at": "is_cached_for", "penalty_every": "interval of Penalty",
    "place_buffers": "register_buffers",
    "shows_anew": "input_is_stochastic", "tile_cols": "nr", "tile_rows": "mr",
}  # fmt: skip
"""Whole identifiers, and what the term is now."""

PARTS = {
    "adversaries": "players", "adversary": "player", "bent": "double_backward", "carve": "allocate",
    "chances": "probabilities", "contestant": "library", "contestants": "libraries",
    "deviation": "stddev", "desk": "context", "heat": "inv_temperature",
    "halt": "stop_token", "halted": "stop_requested", "judge": "loss_and_gradient, update", "judged": "scored",
    "lend": "alias", "lends": "aliases", "maths": "scalar_math", "pupil": "pretrain", "room": "scratchpad",
    "rooms": "folders, scratchpads", "slab": "flat buffer", "slabs": "flat buffers",
    "spares": "block_cache", "tape": "buffers", "taught": "pretrained",
    "teach": "pretrain", "teaching": "pretraining", "told": "reported", "turned": "transposed, swapped",
    "unmake": "generator_backward", "unread": "encode_backward", "untold": "unreported",
    "wanted": "needs_input_grad, prefetch",
}  # fmt: skip
"""Parts of identifiers."""

CPP_PARTS = {"shrink": "decay", "strip": "micropanel", "strips": "micropanels"}
"""The same in C++ alone; in Python `str.strip` and matplotlib's `shrink=` have them."""

PHRASES = {
    r"adversar(y|ies)": "players, GAN",
    r"as ever": "say how",
    r"at the door": "when validated",
    r"figures? of merit": "metric",
    r"(give|gives|given|giving|gave) up": "cancel",
    r"gradients? by": "gradient with respect to",
    r"held against": "compared with",
    r"home-made|homemade": "own",
    r"means? nothing": "is unspecified",
    r"pupils?": "pretraining",
    r"so many": "say which number",
    r"sooner than": "faster than",
    r"(?<!\bno )such (?!as\b)": "name the thing",
    r"(the )?way (back|down)": "backward",
    r"whatever": "name the thing",
    r"whoever": "name the caller",
}
"""Turns of phrase, as regular expressions, and what to write."""

REFERENCE = (
    PACKAGE / "reference"
)  # its names are the literature's: a tape of saved values, a place in the data
NAMED = [path for path in [*native_files(), *python_files()] if not path.is_relative_to(REFERENCE)]
DOCUMENTS = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")]
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_WORD = re.compile(r"[A-Za-z_]\w*")
_PROSE = re.compile(rf"(?i)\b(?:{'|'.join(PHRASES)})\b")
_CPP_PROSE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)
_CPP_STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')


def at(path: Path, line: int, found: str) -> str:
    return f"{path.relative_to(ROOT)}:{line}: {found}"


def cpp_names(path: Path) -> Iterator[tuple[int, str]]:
    """Line and identifier, without comments and strings."""
    for number, line in enumerate(_CPP_STRING.sub('""', code(path)).splitlines(), 1):
        if not line.lstrip().startswith("#include"):
            yield from ((number, word) for word in _WORD.findall(line))


def python_names(path: Path) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type == tokenize.NAME:
            yield token.start[0], token.string


def names(path: Path) -> Iterator[tuple[int, str]]:
    return python_names(path) if path.suffix == ".py" else cpp_names(path)


def retired(name: str, *, cpp: bool = False) -> str | None:
    """The current term, if a name or a part of it is retired."""
    parts = PARTS | CPP_PARTS if cpp else PARTS
    if name in NAMES:
        return NAMES[name]
    found = [parts[part] for part in map(str.lower, _PART.findall(name)) if part in parts]
    return found[0] if found else None


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every comment, string and docstring; of a document, everything."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        yield 1, text
    elif path.suffix == ".py":
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type in (tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1)):
                yield token.start[0], token.string
    else:
        for match in _CPP_PROSE.finditer(text):
            yield text.count("\n", 0, match.start()) + 1, match[0]


def phrases(path: Path) -> Iterator[str]:
    for start, text in prose(path):
        joined = re.sub(
            r"\n(\s*)(//|#)?(\s*)", lambda m: "\n" + " " * (len(m[0]) - 1), text
        )  # wrapped comments
        for match in _PROSE.finditer(re.sub(r"[ \n]", " ", joined)):
            yield at(path, start + text.count("\n", 0, match.start()), match[0])


@pytest.mark.parametrize("folder", sorted({p.parent for p in NAMED}), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_retired_name(folder: Path) -> None:
    files = [path for path in NAMED if path.parent == folder]
    found = [
        at(path, line, f"{name} → {term}")
        for path in files
        for line, name in names(path)
        if (term := retired(name, cpp=path.suffix != ".py"))
    ]
    assert not found


@pytest.mark.parametrize(
    "folder",
    sorted({p.parent for p in [*native_files(), *python_files(), *ROOT.glob("docs/**/*.md")]} | {ROOT}),
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_plain_prose(folder: Path) -> None:
    files = [*native_files(), *python_files(), *ROOT.glob("docs/**/*.md"), *DOCUMENTS]
    assert not [found for path in files if path.parent == folder for found in phrases(path)]


def test_the_rules_bite(tmp_path: Path) -> None:
    """A retired name, a part of one, and a phrase are found, also across a line break."""
    assert retired("Desk") and retired("kTurned") and retired("room_") and not retired("bathroom")
    assert _PROSE.search("the rows are checked at the door") and not _PROSE.search("values such as 3")
    assert (PACKAGE / "net.py") in python_files()
    assert [name for _, name in python_names(PACKAGE / "net.py")].count("Net") >= 1
    assert ast.get_docstring(ast.parse((PACKAGE / "net.py").read_text()))
