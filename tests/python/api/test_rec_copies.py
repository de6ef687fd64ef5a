"""The state and files of a Rec: which are refused. test_copies.py has what all models share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from programs import models, recs
from programs.copies import assert_refused


def test_a_state_dict_goes_from_model_to_model() -> None:
    X, y = recs.lists()
    rec, other = recs.rec(), recs.rec(seed=9)
    rec.fit(X, y, epochs=1)
    other.load_state_dict(rec.state_dict())
    np.testing.assert_array_equal(other.predict(X), rec.predict(X))
    before, state = models.bits(other), rec.state_dict()
    wrong: list[tuple[dict[str, Any], str]] = [
        (
            {"rnn.weight_ih_l1": np.zeros(3)},
            r"state: got unknown rnn\.weight_ih_l1; expected rnn\.weight_ih_l0,",
        ),
        (
            {"rnn.weight_hh_l0": np.zeros((18, 5))},
            r"rnn\.weight_hh_l0: got shape \(18, 5\); expected \(18, 6\)",
        ),
        ({"head.0.bias": [0, np.nan, 0]}, r"head\.0\.bias: got nan in row 1; expected finite numbers"),
    ]
    for change, said in wrong:
        with pytest.raises(ValueError, match=said):
            other.load_state_dict({**state, **change})
    assert models.bits(other) == before


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        ("kind", "Net", "the configuration lacks or does not know"),
        ("kind", "Tree", "kind: got a model of kind 'Tree'; expected one of Net, Rec, Gen"),
        ("config/hidden", [7], r"rnn\.weight_ih_l0: got float32 \(18, 3\); expected float32 \(21, 3\)"),
        ("config/hidden", [2**40], "hidden"),
        ("config/cell", "lstm", r"expected float32 \(24, 3\)"),
        ("config/cell", 3, "cell: got .*; expected one of the strings"),
        ("config/output", "next", "output_size: got .*; expected input_size"),
        ("config/vocabulary", 5, "expected one of the two"),
        ("config/head_activation", {"type": "os.system"}, "head_activation: type: got .*; expected one of"),
        ("config/colour", "red", "lacks or does not know colour"),
        ("config/bidirectional", None, "lacks or does not know bidirectional"),
        ("tensors/rnn.weight_hh_l0", None, r"state: got no rnn\.weight_hh_l0; expected rnn\.weight_ih_l0,"),
        (
            "tensors/rnn.bias_hh_l0",
            np.full(18, np.nan, np.float32),
            r"rnn\.bias_hh_l0: got nan in row 0; expected finite numbers",
        ),
    ],
)
def test_a_file_is_checked_again(where: str, value: Any, said: str, tmp_path: Path) -> None:
    rec = recs.rec(output_size=2, loss="squared_error")
    assert_refused(rec, tmp_path, where, value, said)
