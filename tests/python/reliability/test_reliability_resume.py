"""Promises B6 and C7: a training broken off, by will or by force, ends with the bits it would have had."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import deepseek as ds
from programs import cases, models
from programs.harness import figure, process, run
from programs.kinds import KINDS
from programs.selection import slow_except

pytestmark = pytest.mark.xdist_group("resume")  # they share one process

Elsewhere = Callable[..., list[str]]


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    """Complete models in another process: the case's name, then pairs of how and file; gives hashes."""
    with process("resume.py", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin and other.stdout
        ask, answers = other.stdin, other.stdout

        def complete(name: str, *tasks: tuple[str | int, str]) -> list[str]:
            print(json.dumps([name, *tasks]), file=ask, flush=True)
            return answers.readline().split()

        yield complete


@pytest.mark.parametrize("name", cases.CASES)
def test_a_fit_resumed_in_a_new_process(tmp_path: Path, elsewhere: Elsewhere, name: str) -> None:
    """Saved at the end of every epoch; each file, completed elsewhere, gives all that the whole fit gave."""
    case = cases.CASES[name]
    net = models.net(**case.net)
    saved: list[str] = []

    def save(epoch: int, logs: dict[str, Any]) -> None:
        saved.append(str(tmp_path / f"{epoch}.ds"))
        net.save(saved[-1])

    cases.fit(case, net, epochs=case.epochs, callbacks=[ds.LambdaCallback(on_epoch_end=save)])
    if name == "early_stopping":
        assert len(saved) < case.epochs, "the case does not stop early"
    else:
        assert len(saved) == case.epochs or name == "plateau_and_stopping"
    assert elsewhere(name, *(("resume", path) for path in saved)) == [models.bits(net)] * len(saved)


@pytest.mark.parametrize("name", sorted(set(cases.CASES) - cases.WITHIN_ONE_FIT))
def test_two_fits_are_one(tmp_path: Path, elsewhere: Elsewhere, name: str) -> None:
    case = cases.CASES[name]
    whole = models.net(**case.net)
    cases.fit(case, whole, epochs=case.epochs)
    tasks = []
    for done in (1, 7, 19):
        part = models.net(**case.net)
        cases.fit(case, part, epochs=done)
        path = str(tmp_path / f"{done}.ds")
        part.save(path)
        tasks.append((case.epochs - done, path))
    assert elsewhere(name, *tasks) == [models.weights(whole)] * 3


def test_a_fit_resumed_in_the_middle_of_an_epoch(tmp_path: Path) -> None:
    X, y = models.data(6000, 40, 10)

    def fit(net: ds.Net, **options: Any) -> None:
        net.fit(X, y, epochs=2, batch_size=32, **options)

    def make() -> ds.Net:
        return models.net((40, 300, 300, 10), normalization="batch", dropout=0.2)

    whole = make()
    fit(whole)
    part, steps = make(), []

    def stop(progress: ds.Progress) -> None:
        if progress.step not in (0, progress.steps):
            steps.append(progress.step)
            part.stop()

    breaking = [ds.LambdaCallback(on_block_end=stop)]
    fit(part, callbacks=breaking)
    for n in range(200):
        if part.history.epochs == 2:
            break
        part.save(tmp_path / "m")
        part = ds.load(tmp_path / "m")
        fit(part, resume=True, callbacks=breaking if n < 5 else [])
    assert steps, "no block ended inside an epoch"
    assert models.bits(part) == models.bits(whole)


def test_saving_and_loading_changes_nothing(tmp_path: Path) -> None:
    for name, case in cases.CASES.items():
        net = models.net(**case.net)
        cases.fit(case, net, epochs=2)
        net.save(tmp_path / "one")
        ds.load(tmp_path / "one").save(tmp_path / "two")
        assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes(), name


def test_nothing_to_resume() -> None:
    """Without a fit to complete it is an error; with a complete one nothing happens."""
    X, y = models.data()
    net = models.net()
    before = models.bits(net)
    with pytest.raises(ValueError, match="resume"):
        net.fit(X, y, epochs=3, resume=True)
    assert models.bits(net) == before
    net.fit(X, y, epochs=3)
    before = models.bits(net)
    assert net.fit(X, y, epochs=3, resume=True).epochs == 0
    assert models.bits(net) == before


@pytest.mark.parametrize("kind", slow_except(KINDS, "Net", "Rec"))
def test_killed_during_a_checkpointed_fit(tmp_path: Path, kind: str) -> None:
    """kill -9 at random, start again, until it is done: only time is lost."""
    kills = figure("KILLS", 20) // (1 if kind == "Net" else 2)
    done = int(run("kill_fit.py", kind, tmp_path, kills, timeout=120 + 2 * kills))
    assert done >= kills
