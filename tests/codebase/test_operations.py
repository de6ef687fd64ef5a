"""The list of the operations that can be recorded (csrc/backend/commands.h) against the operations of Backend."""

from __future__ import annotations

import re

from codebase.tree import CSRC, code

NEVER_RECORDED = {"pack"}
"""A part of planning: a recorder packs nothing."""


def test_every_operation_without_a_result_can_be_recorded() -> None:
    backend = code(CSRC / "backend" / "backend.h").partition("class Backend {")[2]
    operations = re.findall(r"virtual\s+void\s+(\w+)\([^;{}]*?\)\s*const\s*=\s*0;", backend)
    listed = re.findall(r"&Backend<T>::(\w+)", code(CSRC / "backend" / "commands.h"))
    assert len(operations) > 60
    assert sorted(listed) == sorted(name for name in operations if name not in NEVER_RECORDED)
