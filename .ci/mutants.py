"""Do the tests bite? Small faults, one at a time, in the engine's arithmetic; each has to make a test fail.

    python .ci/mutants.py [--count 200] [--seed 0] [--folder DIR]

Works on a copy of the tracked files, with the kernels of two instruction sets, little optimised so that it compiles
quickly. A fault that does not compile is no mutant. Prints a line a mutant, then the share that was killed and the
survivors, and exits with 1 below 95 %. What only decides how fast something is computed (paths, blocks, prefetching) is
left out: by the numerics contract no test may notice it.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PLACES = (
    "csrc/formulas/*.h",
    "csrc/kernels/elementwise/elementwise.h", "csrc/kernels/elementwise/reduce.h", "csrc/kernels/gan/gan.h",
    "csrc/kernels/gan/minibatch_stddev.h", "csrc/kernels/gemm/gemm_tile.h", "csrc/kernels/loss/loss.h",
    "csrc/kernels/norm/norm.h", "csrc/kernels/optimizer/optimizer_kernels.h", "csrc/kernels/random/random.h",
    "csrc/kernels/recurrent/cell.h",
    "csrc/layers/*.cpp", "csrc/layers/dropout.h", "csrc/layers/gan/*", "csrc/layers/recurrent/*.cpp",
    "csrc/training/optimizer_state.cpp", "csrc/training/schedule.cpp", "csrc/training/sequential.h",
    "csrc/training/stopping.h", "csrc/net/step.cpp", "csrc/rec/ctc.cpp", "csrc/rec/pooling.h",
    "csrc/rec/stack.cpp", "csrc/rec/step.cpp", "csrc/rec/tangents.cpp",
    "csrc/gen/*_step.cpp", "csrc/gen/input_noise.h", "csrc/gen/spectral_norm.cpp", "csrc/gen/tangents.h",
    "csrc/gen/sequences/*.cpp",
)  # fmt: skip
FAULTS = (
    (" + ", " - "), (" - ", " + "), (" * ", " + "), (" / ", " * "), (" += ", " -= "), (" -= ", " += "),
    (" < ", " <= "), (" <= ", " < "), (" > ", " >= "), (" >= ", " > "), (" == ", " != "), (" != ", " == "),
    (" && ", " || "), (" || ", " && "), ("fnma(", "fma("), ("fma(", "fnma("), ("min(", "max("), ("max(", "min("),
    ("T(0)", "T(1)"), ("T(1)", "T(2)"), ("T(0.5)", "T(1)"), ("true", "false"), ("false", "true"),
    (".begin", ".end"), ("++", "--"),
)  # fmt: skip
# The quick ones that look at most first; all of them compare with the reference or with committed bits.
TESTS = (
    "test_golden", "test_elementary", "test_activation", "test_loss_kernels", "test_optim_kernels", "test_philox",
    "test_net_reference", "test_net_bits", "test_rec_reference_training", "test_gen_training", "test_rec_bits",
    "test_rec_reference", "test_gen_sequences_training", "test_gen_bits", "test_gemm", "test_row_gradients",
)  # fmt: skip
ENOUGH = 0.95
LIMIT = 900.0  # seconds for the tests of one mutant: one that never ends is killed too


class Mutant(NamedTuple):
    """A fault: in which line of which file what is written instead of what."""

    path: str
    line: int
    column: int
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line + 1}:{self.column + 1} {self.old.strip()} → {self.new.strip()}"

    def of(self, text: str) -> str:
        """Return the file with the fault in it."""
        lines = text.splitlines(keepends=True)
        line = lines[self.line]
        lines[self.line] = line[: self.column] + self.new + line[self.column + len(self.old) :]
        return "".join(lines)


def candidates(path: Path) -> list[Mutant]:
    """Every place of a file where one of the faults can be."""
    found = []
    for number, line in enumerate(path.read_text().splitlines()):
        code = line.split("//")[0]
        if re.match(r"\s*(#|template|static_assert|namespace|using|class|struct)", code) or '"' in code:
            continue
        for old, new in FAULTS:
            for at in re.finditer(re.escape(old), code):
                before = code[at.start() - 1 : at.start()]
                if old[0].isalpha() and (before.isalnum() or before == "_"):
                    continue
                found.append(Mutant(str(path.relative_to(ROOT)), number, at.start(), old, new))
    return found


def run(command: list[str], folder: Path, limit: float, **environment: str) -> int:
    """Exit status, 124 past the limit."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.wait()
        return 124


def built(folder: Path) -> bool:
    """Compile what has changed."""
    return run(["cmake", "--build", "--preset", "release"], folder, 1800.0) == 0


def killed(folder: Path, isa: str) -> bool:
    """Whether a test fails."""
    tests = [f"tests/parity/{name}.py" for name in TESTS]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    site = str(folder / "build/release/site")
    return run(command, folder, LIMIT, PYTHONPATH=site, DEEPSEEK_ISA=isa) != 0


def prepare(folder: Path, isa: str) -> None:
    """Copy what is tracked, build it and see that its tests pass."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    for name in filter(None, tracked.stdout.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    options = [
        f"-DPython_EXECUTABLE={sys.executable}",
        f"-DDEEPSEEK_ISAS={isa};scalar",
        "-DCMAKE_CXX_FLAGS_RELEASE=-O1",
    ]
    if run(["cmake", "--preset", "release", *options], folder, 600.0) or not built(folder):
        sys.exit("the build fails without any fault")
    if killed(folder, isa):
        sys.exit("the tests fail without any fault")


def tried(mutant: Mutant, folder: Path, isa: str) -> bool | None:
    """Whether the tests kill it; None if it is none, since it does not compile."""
    path = folder / mutant.path
    whole = path.read_text()
    path.write_text(mutant.of(whole))
    try:
        return killed(folder, isa) if built(folder) else None
    finally:
        path.write_text(whole)


def main() -> int:
    """Try `--count` mutants."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder")
    given = parser.parse_args()
    isa = "avx2" if os.uname().machine == "x86_64" else "neon"
    matches = {place: list(ROOT.glob(place)) for place in PLACES}
    if empty := [place for place, paths in matches.items() if not paths]:
        raise SystemExit(f"PLACES: got {', '.join(empty)}; expected patterns of existing files")
    files = sorted({path for paths in matches.values() for path in paths})
    rng = random.Random(given.seed)
    pool = [mutant for path in files for mutant in candidates(path)]
    rng.shuffle(pool)
    survivors: list[Mutant] = []
    count = 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as temporary:
        folder = (given.folder or Path(temporary)).resolve()
        prepare(folder, isa)
        while count < given.count and pool:
            mutant, start = pool.pop(), time.monotonic()
            dies = tried(mutant, folder, isa)
            if dies is None:
                continue
            count += 1
            survivors += [] if dies else [mutant]
            says = "killed" if dies else "SURVIVES"
            print(f"{count:4d} {says:8s} {mutant}  ({time.monotonic() - start:.0f} s)", flush=True)
    share = 1 - len(survivors) / max(count, 1)
    print(f"{count} mutants, {share:.1%} killed; survivors:", *survivors, sep="\n  ")
    return int(share < ENOUGH)


if __name__ == "__main__":
    sys.exit(main())
