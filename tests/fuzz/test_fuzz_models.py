"""Mutated files of whole models: `load` refuses them with a ModelFileError, or gives a model that works.

Every second mutant has the right digest and one wrong value in what the model says of itself. Each file is a
checkpoint: its training is not over.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from mutate import try_mutants
from programs import gen_sequences, gens, models, recs
from programs.gen_tables import gen as table_gen
from programs.gen_tables import people

Made = tuple[Any, Any, Any, dict[str, Any]]  # model, X, y, options of its fit


MADE: dict[str, Callable[[], Made]] = {
    "Net": lambda: (models.net(normalization="batch"), *models.data(40), {"early_stopping": True}),
    "Rec": lambda: (recs.rec("last", bidirectional=True), *recs.lists("last", 40), {}),
    "Gen": lambda: (
        gens.gen(**gens.EVERYTHING), *gens.data("labels"), {"monitor": "ks", "early_stopping": True},
    ),
    "Gen of a table": lambda: (table_gen(pac=2), people(40), "job", {"monitor": "tstr"}),
    "Gen of series": lambda: (
        gen_sequences.gen("every series"), *gen_sequences.data("every series"), {"monitor": "mmd"},
    ),
    "Gen of texts": lambda: (
        gen_sequences.gen("stopped texts"), *gen_sequences.data("stopped texts"), {"pretrain": 3},
    ),
}  # fmt: skip


class Crash(Exception):
    """What breaks the fits off."""


def checkpoint(name: str, path: Path) -> Made:
    """A fit broken off in its second epoch, saved at the end of the first."""
    model, X, y, options = MADE[name]()

    def crash(epoch: int, logs: dict[str, Any]) -> None:
        if epoch == 2:
            raise Crash

    with pytest.raises(Crash):
        model.fit(X, y, epochs=3, checkpoint=path, callbacks=ds.LambdaCallback(on_epoch_end=crash), **options)
    return model, X, y, options


def use(model: Any, X: Any, y: Any, path: Path) -> None:
    """All that a model that was loaded has to be good for; resuming may find that it does not fit the data."""
    assert str(model) and model.num_parameters > 0
    if isinstance(model, ds.Gen):
        made = model.sample(3, seed=1)
        assert {len(column) for column in made.values()} == {3} if isinstance(made, dict) else len(made) == 3
    else:
        assert len(model.predict(X)) == len(X)
    model.save(path)
    assert models.file_bits(str(path)) == models.bits(ds.load(path))
    stop = ds.LambdaCallback(on_epoch_end=lambda epoch, logs: model.stop())
    try:
        model.fit(X, y, resume=True, callbacks=stop, verbose=False)
    except (ValueError, ds.DivergenceError, ds.CollapseError):  # the first: another number of rows, for one
        return
    assert all(np.isfinite(array).all() for array in model.state_dict().values())


@pytest.mark.parametrize("name", MADE)
def test_a_mutated_model_is_refused_or_works(tmp_path: Path, name: str) -> None:
    path, again = tmp_path / "m", tmp_path / "again"
    _, X, y, _ = checkpoint(name, path)
    try_mutants(path, lambda model: use(model, X, y, again))
