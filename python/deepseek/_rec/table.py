"""Rows of the layer table that `print(rec)` shows."""

from __future__ import annotations

from .._config.rec import RecConfig
from .._net.table import Row, dense, parameters


def rec_rows(config: RecConfig) -> list[Row]:
    """Return one row per recurrent layer and per dense layer, named like their parameters in `state_dict`."""
    rows: list[Row] = []
    first = config.widths[0]
    if config.vocabulary and config.embedding_size:
        shape = f"{config.vocabulary} → {first}"
        rows.append(("", "embedding", shape, parameters(config, "embedding.*")))
    for k, inputs in enumerate(config.widths[:-1]):
        shape = f"{inputs} → {config.widths[k + 1]}"
        count = parameters(config, f"rnn.*_l{k}") + parameters(config, f"rnn.*_l{k}_reverse")
        rows.append((f"l{k}", config.stack.describe(k), shape, count))
    inputs = config.widths[-1]
    for i, (units, activation, dropout) in enumerate(config.dense):
        layer = dense(config.bias, activation, dropout)
        rows.append((f"head.{i}", layer, f"{inputs} → {units}", parameters(config, f"head.{i}.*")))
        inputs = units
    return rows
