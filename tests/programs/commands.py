"""The command line, called in this process."""

from __future__ import annotations

import pytest

from deepseek.cli import main


def code_of(*arguments: str) -> int:
    """Return the exit code, whether it is returned or raised by argparse."""
    try:
        return main(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the one line that a command with bad input prints."""
    assert code_of(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.endswith("\n")
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
    return captured.err
