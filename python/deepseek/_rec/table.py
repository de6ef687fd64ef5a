"""The rows of the table that `print(rec)` shows."""

from __future__ import annotations

from .._net.table import Row, dense, parameters
from .config import RecConfig


def rec_rows(config: RecConfig) -> list[Row]:
    """One a recurrent layer and one a dense one, under the names their parameters begin or end with."""
    rows: list[Row] = []
    first = config.widths[0]
    if config.vocabulary and config.embedding_size:
        shape = f"{config.vocabulary} → {first}"
        rows.append(("", "embedding", shape, parameters(config, "embedding.*")))
    for k, inputs in enumerate(config.widths[:-1]):
        shape = f"{inputs} → {config.widths[k + 1]}"
        count = parameters(config, f"rnn.*_l{k}") + parameters(config, f"rnn.*_l{k}_reverse")
        rows.append((f"l{k}", config.stack.told(k), shape, count))
    inputs = config.widths[-1]
    for i, (units, activation, dropout) in enumerate(config.dense):
        layer = dense(config.bias, activation, dropout)
        rows.append((f"head.{i}", layer, f"{inputs} → {units}", parameters(config, f"head.{i}.*")))
        inputs = units
    return rows
