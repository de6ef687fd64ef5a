#!/usr/bin/env python3
"""Writes the README's table of figures from the JSON of ``deepseek bench … --threads 1,2``: .ci/figures.py FILE."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

README = Path(__file__).parents[1] / "README.md"
PEERS = ("torch", "jax", "sklearn")
LABELS = {
    "net-seed-b1": "10-50-1 sigmoid, batch 1",
    "net-seed-b10": "10-50-1 sigmoid, batch 10",
    "net-tab-b32": "32-128-128-1 ReLU, batch 32",
    "net-tab-b256": "32-128-128-1 ReLU, batch 256",
    "net-mnist-b64": "784-256-128-10 ReLU, batch 64",
    "net-mnist-b512": "784-256-128-10 ReLU, batch 512",
    "net-wide-b512": "1024-2048-2048-1000 ReLU, batch 512",
    "fit-many": "fit of one of many 16-32-1 nets, 500 rows, 10 epochs",
    "net-predict-1": "predict one row, 784-256-128-10",
    "net-cold-start": "process start to the end of one epoch, s",
    "net-memory": "peak memory of that process, MiB",
    "rec-seed": "Elman 2-50-1, 3 steps, batch 1",
    "rnn-small": "Elman 8-64-1, 32 steps, batch 32",
    "gru-series": "GRU 8-64-1, 128 steps, batch 64",
    "lstm-char": "LSTM 64-256-64, 64 steps, batch 32",
    "lstm-large": "LSTM 512-1024-10, 50 steps, batch 64",
    "ragged-gru": "GRU 8-64-1, 16 to 128 steps, batch 64",
    "ragged-packed": "the same, against PyTorch's packed sequences",
    "lstm-step": "one more step of LSTM 256-256-10",
    "gan-seed": "GAN 10-50-1 against 1-50-1, batch 10",
    "gan-tab": "GAN 16-64-64-8 against 8-64-64-1, batch 128",
    "gan-digits": "GAN 64-128-256-64 against 64-256-128-1, batch 64",
    "gan-mnist": "GAN 100-256-512-1024-784 against 784-512-256-1, batch 64",
    "gan-r1r2": "the third with Gen's default loss and penalties",
}
SCALE = {"us": 1e6, "s": 1.0, "MiB": 1.0}


def figure(x: float) -> str:
    """Return three significant digits, with spaces between thousands."""
    if x >= 100:
        return f"{x:,.0f}".replace(",", " ")
    return f"{x:.3g}" if x >= 1 else f"{x:.3f}"


def line(name: str, rows: dict[tuple[str, int], dict[str, Any]]) -> str:
    """Return a row of the table."""
    one, two = rows[name, 1], rows[name, 2]
    known = one["libraries"]
    cells = [figure(known[who]["median"] * SCALE[one["unit"]]) if who in known else "–" for who in PEERS]
    own = figure(known["deepseek"]["median"] * SCALE[one["unit"]])
    ratios = f"{one['ratio']:.2f} × {one['fastest_peer']} | {two['ratio']:.2f} ×"
    return f"| {LABELS[name]} | {own} | {' | '.join(cells)} | {ratios} |"


def main() -> int:
    """Rewrite the rows of the table in README.md."""
    found = json.loads(Path(sys.argv[1]).read_text())["rows"]
    rows = {(row["name"], row["threads"]): row for row in found}
    table = "\n".join(line(name, rows) for name in LABELS if (name, 1) in rows and (name, 2) in rows)
    text, n = re.subn(r"(?<=\|---\|---\|\n)(\| .*\n)+", lambda _: table + "\n", README.read_text(), count=1)
    if n != 1:
        raise SystemExit("README.md: no table of figures")
    README.write_text(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
