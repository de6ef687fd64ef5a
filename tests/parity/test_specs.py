"""Specifications: engine and reference have the same keys and defaults, and both refuse an unknown key by its path."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest

from deepseek import _core
from deepseek.reference import complete, complete_gen, complete_rec
from parity import gen_sequence_trainings, gen_trainings

Spec = dict[str, Any]
COMPLETE = {_core.NetCore: complete, _core.RecCore: complete_rec, _core.GenCore: complete_gen}
SPECS: dict[str, tuple[type, Spec]] = {
    "net": (_core.NetCore, {"input_size": 3, "layers": [{"units": 2}, {"units": 1}]}),
    "rec": (_core.RecCore, {"input_size": 3, "hidden": [4], "layers": [{"units": 1}]}),
    "gen": (_core.GenCore, gen_trainings.CASES["hard-blocks"].spec),
    "series": (_core.GenCore, gen_sequence_trainings.series()),
    "texts": (_core.GenCore, gen_sequence_trainings.texts()),
}
GEN_CASES = {**gen_trainings.ALL, **gen_sequence_trainings.CASES}


def groups(spec: Spec, path: str = "") -> Iterator[tuple[str, Spec]]:
    """Yield every dict of a specification, and the path that errors give it."""
    yield path, spec
    for key, value in spec.items():
        if isinstance(value, dict):
            yield from groups(value, f"{path}{key}.")
        elif isinstance(value, list):
            for i, item in enumerate(value):
                if isinstance(item, dict):
                    yield from groups(item, f"{path}{key}[{i}].")


def known_keys(make: Any, spec: Spec, path: str) -> set[str]:
    """Return the keys that the error for an unknown one lists."""
    start = f"{path}unknown: got an unknown key; expected one of "
    with pytest.raises(ValueError, match="^" + re.escape(start)) as error:
        make(spec)
    return set(str(error.value).removeprefix(start).split(", "))


@pytest.mark.parametrize("kind", SPECS)
def test_unknown_keys_are_refused(kind: str) -> None:
    core, given = SPECS[kind]
    whole = COMPLETE[core](given)
    paths = [path for path, _ in groups(whole)]
    assert {"", "layers[0].", "optimizer.", "schedule.", "loss."} <= set(paths) or core is _core.GenCore
    for path in paths:
        spec = copy.deepcopy(whole)
        keys = dict(groups(spec))[path]
        expected = set(keys)
        keys["unknown"] = 1
        assert known_keys(core, spec, path) == known_keys(COMPLETE[core], spec, path) == expected


@pytest.mark.parametrize("name", ["vocabulary", "step_latent_size", "eos_token", "pretrain"])
def test_rows_have_no_keys_of_sequences(name: str) -> None:
    spec = {**SPECS["gen"][1], name: {}}
    for make in (_core.GenCore, complete_gen):
        with pytest.raises(ValueError, match=f"^{name}: got an unknown key; expected one of "):
            make(spec)


@pytest.mark.parametrize("name", GEN_CASES)
def test_specification_of_a_gen_is_completed_alike(name: str) -> None:
    spec = GEN_CASES[name].spec
    assert _core.GenCore(spec).spec() == complete_gen(spec) == complete_gen(complete_gen(spec))


def test_reference_refuses_an_unknown_optimizer() -> None:
    with pytest.raises(ValueError, match=r"^optimizer\.name: got 'adamm'; expected one of sgd, adam, "):
        complete({**SPECS["net"][1], "optimizer": {"name": "adamm"}})
