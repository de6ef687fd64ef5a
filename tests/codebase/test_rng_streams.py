"""The random streams of C++ and of Python are one table."""

from __future__ import annotations

import re

from codebase.tree import ROOT
from deepseek import _rng_streams

HEADER = ROOT / "csrc" / "core" / "random" / "rng_streams.h"


def in_cpp() -> dict[str, int]:
    """Every constant of the header: kHeadDropout = 64 is HEAD_DROPOUT."""
    code = re.sub(r"//.*", "", HEADER.read_text(encoding="utf-8"))
    found = re.findall(r"\bk([A-Z]\w*) = (0x[0-9a-f]+|\d+)", code)
    return {re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper(): int(value, 0) for name, value in found}


def functions_in_cpp() -> dict[str, str]:
    """Body of every function of the header that computes a stream, in Python's syntax."""
    code = re.sub(r"\s+", " ", HEADER.read_text(encoding="utf-8"))
    found = re.findall(r"constexpr Index (\w+)\([^)]*\) \{ return ([^;]*);", code)
    return {
        name: re.sub(r"\bk(\w+)", lambda m: re.sub(r"(?<!^)(?=[A-Z])", "_", m[1]).upper(), body)
        for name, body in found
    }


def test_the_constants_are_equal() -> None:
    mirrored = {name: value for name, value in vars(_rng_streams).items() if name.isupper()}
    assert len(mirrored) > 20
    assert in_cpp() == mirrored


def test_the_functions_are_equal() -> None:
    bodies = functions_in_cpp()
    assert set(bodies) == {"recurrent_init", "recurrent_dropout"}
    for name, body in bodies.items():
        function = getattr(_rng_streams, name)
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        for values in [(0, 0, 0, 0), (1, 1, 1, 3), (7, 0, 1, 2), (3, 1, 0, 1)]:
            given = dict(zip(names, values, strict=False))
            assert function(**given) == eval(body, vars(_rng_streams) | given)


def test_recurrent_layers_share_no_stream() -> None:
    places = [(layer, d, m, g) for layer in range(8) for d in (0, 1) for m in (0, 1) for g in range(4)]
    assert len({_rng_streams.recurrent_init(*at) for at in places}) == len(places)
