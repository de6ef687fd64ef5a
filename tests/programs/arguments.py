"""Hypothesis strategies for values of every kind, for the tests that pass any argument."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

import deepseek as ds
from deepseek.activations import HIDDEN
from deepseek.losses import NAMES
from programs.harness import figure

EXAMPLES = figure("EXAMPLES", 100)

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 70),
    st.sampled_from([2**31, 2**40, 2**63, 2**64, 10**30, -(2**63)]),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=8),
    st.binary(max_size=8),
    st.lists(st.integers(-2, 40), max_size=5),
    st.lists(st.floats() | st.text(max_size=3) | st.none(), max_size=4),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.sampled_from([object(), int, ds.Adam, ds.SGD(), ds.Cosine(), ds.Huber(), ds.EarlyStopping(), ...]),
    st.sampled_from([np.float32(0.5), np.int64(3), np.bool_(True), np.array(3), np.ones(2), np.str_("relu")]),
    st.sampled_from([Fraction(1, 3), Decimal("0.5"), range(2, 5), {3, 4}, np.dtype("f4"), lambda: 0]),
)
WORDS = """
    softmax exp adam adamw sgd lion auto zeros orthogonal he_normal float32 float64 f8 float16 cpu cuda batch
    layer none RELU balanced
"""
NAMES_ANY = st.sampled_from([*HIDDEN, *NAMES, *WORDS.split(), "", "\0"])
ANY = JUNK | NAMES_ANY | st.lists(NAMES_ANY, max_size=3)


def check_said(error: BaseException) -> None:
    """An error that a user can act on."""
    assert len(str(error)) > 10
    assert len(str(error)) < 1000
