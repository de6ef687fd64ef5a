"""Description of the machine on which a result was measured."""

from __future__ import annotations

import datetime
import os
import platform
from typing import Any


def describe() -> dict[str, Any]:
    """Return processor, system, versions and load as plain data."""
    from .. import __version__, _core

    cpu = dict(_core.cpu_info())
    return {
        "cpu": str(cpu.get("brand") or cpu.get("vendor") or "unknown").strip(),
        "cores": cpu.get("cores"),
        "l1d": cpu.get("l1d"),
        "l2": cpu.get("l2"),
        "l3": cpu.get("l3"),
        "isa": _core.isa(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "deepseek": __version__,
        "load": list(os.getloadavg()) if hasattr(os, "getloadavg") else [],
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
