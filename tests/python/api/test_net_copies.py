"""Resumed fits and files of a Net: which are refused, and what a file holds. test_copies.py has what models share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek._io.reader import read_model
from programs import models
from programs.copies import assert_refused


def test_a_resume_with_other_arguments_or_data_is_refused() -> None:
    X, y = models.data()
    net = models.net()
    stop = ds.LambdaCallback(on_epoch_end=lambda epoch, logs: net.stop())
    net.fit(X, y, epochs=4, batch_size=16, validation_fraction=0.25, callbacks=stop)
    before = models.bits(net)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"epochs": 5}, "epochs: got 5; expected 4, that of the fit to resume"),
        ({"batch_size": 8}, "batch_size: got 8; expected 16, that of the fit to resume"),
        ({"shuffle": False}, "shuffle: got False; expected True, that of the fit to resume"),
        ({"validation_fraction": 0.5}, r"validation_fraction: got 0\.5; expected 0\.25, that of the fit"),
        ({"early_stopping": True}, r"early_stopping: got EarlyStopping\(\); expected None, that of the"),
        ({"X": X[:100], "y": y[:100]}, "resume: got 75 rows; expected 150, as many as the fit to resume had"),
        (
            {"validation_data": (X, y)},
            r"validation_fraction: got 0\.25 and validation_data; expected only one of them",
        ),
    ]
    for arguments, said in wrong:
        with pytest.raises(ValueError, match=said):
            net.fit(**{"X": X, "y": y, "resume": True, **arguments})
        assert models.bits(net) == before
    whole = models.net()
    whole.fit(X, y, epochs=4, batch_size=16, validation_fraction=0.25)
    net.fit(X, y, epochs=4, batch_size=16, resume=True)
    assert models.bits(net) == models.bits(whole)


def test_a_new_fit_forgets_the_interrupted_one() -> None:
    X, y = models.data()
    net = models.net()
    stop = ds.LambdaCallback(on_epoch_end=lambda epoch, logs: net.stop())
    net.fit(X, y, epochs=4, callbacks=stop)
    net.fit(X, y, epochs=1)
    assert net.fit(X, y, resume=True).epochs == 0
    net.partial_fit(X, y)
    with pytest.raises(
        ValueError, match="resume: got True, but the model has no fit to resume; expected False"
    ):
        net.fit(X, y, resume=True)


def test_a_file_without_state_has_the_weights_alone(tmp_path: Path) -> None:
    X, y = models.data()
    net = models.net()
    net.fit(X, y, epochs=2)
    net.save(tmp_path / "net.ds", state=False)
    _, tensors = read_model(tmp_path / "net.ds")
    assert set(tensors) == set(net.state_dict())
    again = ds.load(tmp_path / "net.ds")
    np.testing.assert_array_equal(again.predict(X), net.predict(X))
    assert models.epochs(again) == models.epochs(net)
    again.fit(X, y, epochs=1)
    with pytest.raises(TypeError, match=r"state: got .*; expected True or False"):
        net.save(tmp_path / "net.ds", state="no")  # type: ignore[arg-type]


def test_any_tool_reads_the_weights(tmp_path: Path) -> None:
    import safetensors.numpy

    net = models.net()
    net.save(tmp_path / "net.ds")
    tensors = safetensors.numpy.load_file(tmp_path / "net.ds")
    for name, array in net.state_dict().items():
        np.testing.assert_array_equal(tensors[name], array)


def test_metadata_must_be_plain(tmp_path: Path) -> None:
    net = models.net()
    net.metadata["thing"] = object()
    with pytest.raises(TypeError, match="of type object"):
        net.save(tmp_path / "net.ds")
    assert not (tmp_path / "net.ds").exists()


def test_load_checks_its_own_arguments_and_the_files(tmp_path: Path) -> None:
    models.net().save(tmp_path / "net.ds")
    with pytest.raises(ValueError, match="device: got 'cuda'; ") as caught:
        ds.load(tmp_path / "net.ds", device="cuda")
    assert not isinstance(caught.value, ds.ModelFileError)
    with pytest.raises(ValueError, match=r"threads: got .*; expected .*at least 1"):
        ds.load(tmp_path / "net.ds", threads=0)
    with pytest.raises(FileNotFoundError):
        ds.load(tmp_path / "missing.ds")


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        ("kind", "Tree", "kind: got a model of kind 'Tree'; expected one of Net, Rec, Gen"),
        ("kind", None, "kind None"),
        (
            "fit_state",
            None,
            "configuration: got the entries config, history, .*; expected at least config, fit_state",
        ),
        ("surprise", 1, "configuration: got the unknown entries surprise; expected none"),
        ("config/layers", [6, 2**40, 3], "layers"),
        ("config/layers", [6, 17, 3], r"0\.weight: got float32 \(16, 6\); expected float32 \(17, 6\)"),
        ("config/layers", "6", "layers: got '6'; expected a list"),
        ("config/dtype", "float64", "expected float64"),
        ("config/seed", -1, "seed: got .*; expected .*at least 0"),
        ("config/loss", "mse", "loss: got .*; expected one of"),
        ("config/optimizer", {"type": "Evil"}, "optimizer: type: got .*; expected one of"),
        ("config/optimizer", "sgd", "optimizer: got 'sgd'; expected {'type': 'SGD'"),
        ("config/activation", [{"type": "os.system"}], "activation: type: got .*; expected one of"),
        ("config/colour", "red", "lacks or does not know colour"),
        ("config/bias", None, "lacks or does not know bias"),
        ("config", 3, "the configuration: got int; expected a dictionary"),
        ("history", {"loss": [1.0]}, r"history: got the columns \['loss'\]; expected at least epoch and"),
        ("history", {"epoch": [1], "loss": [[1.0]]}, "neither a number nor text"),
        (
            "history",
            {"epoch": ["first"], "loss": [1.0]},
            "history: got text among epochs or losses; expected numbers",
        ),
        ("metadata", "note", "metadata: got a value of type str; expected a dictionary"),
        ("fit_state/config", {"epochs": 3}, "rows"),
        ("fit_state/epochs_done", -1, "epochs_done: got .*; expected .*at least 0"),
        ("state", {"epoch": 1}, "state: "),
        ("state/epoch", "first", "state: "),
        ("state/epoch", 2**63, "state: "),
        ("state/epoch", -1, "state: got a negative counter"),
        ("tensors/0.weight", None, r"state: got no 0\.weight; expected 0\.weight, 0\.bias, 1\.weight,"),
        (
            "tensors/0.weight",
            np.full((16, 6), np.nan, np.float32),
            r"0\.weight: got nan in row 0, column 0; expected finite numbers",
        ),
        ("tensors/2.weight", np.zeros(3, np.float32), r"state: got unknown 2\.weight; expected 0\.weight,"),
    ],
)
def test_a_file_is_checked_again(where: str, value: Any, said: str, tmp_path: Path) -> None:
    """Files with a right digest and wrong contents: only `ModelFileError`, naming the file."""
    X, y = models.data()
    net = models.net()
    net.fit(X, y, epochs=1)
    assert_refused(net, tmp_path, where, value, said)
