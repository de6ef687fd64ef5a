"""Trained weights by their committed hashes: a change of bits does not go unnoticed. See golden.py."""

from __future__ import annotations

import json

import pytest

from parity import golden


@pytest.mark.parametrize("key", golden.KEYS)
def test_hash(key: str, fused_isa: str) -> None:
    assert golden.train(key) == json.loads(golden.PATH.read_text())[key]


def test_table_is_whole() -> None:
    assert list(json.loads(golden.PATH.read_text())) == golden.KEYS
