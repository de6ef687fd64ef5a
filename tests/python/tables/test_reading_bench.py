"""``python -m deepseek.bench.reading`` writes its files, reads them and prints a line for each."""

from __future__ import annotations

import re
from pathlib import Path

from deepseek.bench.reading import report, write_files
from deepseek.tables import FeatureEncoder, read_table


def test_a_line_for_each_file(tmp_path: Path) -> None:
    lines = report(tmp_path, rows=40, rounds=1)
    assert [line.partition(":")[0] for line in lines] == ["decimals", "mixed", "mixed and texts"]
    assert all(re.match(r"[\w ]+: read \d+ ms.*, read and encode \d+ ms", line) for line in lines)


def test_the_files_have_columns_of_every_kind(tmp_path: Path) -> None:
    kinds = []
    for path in write_files(tmp_path, rows=400):
        readings = FeatureEncoder.fit(read_table(path)).readings
        kinds.append(" ".join(reading.kind for reading in readings))
    assert kinds == [
        " ".join(["number"] * 9),
        "number number number number category category date boolean number number",
        "number number number number category category date boolean text number",
    ]
