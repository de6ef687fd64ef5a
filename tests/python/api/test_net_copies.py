"""Models that travel: pickle, copies, files. What arrives trains on as the original would have."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek._io.reader import read_model
from deepseek._io.writer import write_model
from programs import models
from programs.harness import edit

OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "everything": {
        "activation": [ds.LeakyReLU(0.2)],
        "loss": ds.CrossEntropy(0.1),
        "optimizer": ds.AdamW(0.01, clip_norm=1.0, schedule=ds.Cosine(epochs=9)),
        "dropout": 0.1,
        "input_dropout": 0.05,
        "numeric_embedding": ds.PeriodicEmbedding(0.3, frequencies=5, width=3, features=2),
        "input_scale_rate": 6.0,
        "normalization": "batch",
        "initialization": ["lecun_normal", "orthogonal"],
        "dtype": "float64",
        "threads": 2,
        "seed": 2**64 - 1,
        "bias": False,
    },
}


def by_file(net: ds.Net, tmp_path: Path) -> ds.Net:
    net.save(tmp_path / "net.ds")
    return ds.load(tmp_path / "net.ds", threads=net.threads)  # type: ignore[no-any-return]


WAYS: dict[str, Callable[[ds.Net, Path], ds.Net]] = {
    "pickle": lambda net, _: pickle.loads(pickle.dumps(net)),
    "copy": lambda net, _: copy.copy(net),
    "deepcopy": lambda net, _: copy.deepcopy(net),
    "file": by_file,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("options", OPTIONS)
def test_what_arrives_is_the_same_and_independent(way: str, options: str, tmp_path: Path) -> None:
    X, y = models.data()
    net = models.net(**OPTIONS[options])
    net.metadata["note"] = ["anything", 3, None]
    net.fit(X, y, epochs=3)
    again = WAYS[way](net, tmp_path)
    assert type(again) is ds.Net
    assert repr(again) == repr(net)
    assert models.epochs(again) == models.epochs(net)
    assert again.metadata == net.metadata
    assert (again.threads, again.seed, again.dtype) == (net.threads, net.seed, net.dtype)
    np.testing.assert_array_equal(again.predict(X), net.predict(X))
    before = models.bits(again)
    net.fit(X, y, epochs=2)
    net.metadata["note"].append("new")
    assert models.bits(again) == before
    assert again.history.epochs == 3
    again.fit(X, y, epochs=2)
    again.metadata["note"].append("new")
    assert models.bits(again) == models.bits(net)


@pytest.mark.parametrize("way", WAYS)
def test_an_interrupted_fit_arrives_interrupted(way: str, tmp_path: Path) -> None:
    X, y = models.data()
    held = models.data(40, seed=9)
    stopping = ds.EarlyStopping(patience=3)
    whole, net = (models.net(optimizer=ds.Adam(0.02)) for _ in range(2))
    whole.fit(X, y, epochs=8, validation_data=held, early_stopping=stopping)
    stop = ds.LambdaCallback(on_epoch_end=lambda epoch, logs: net.stop() if epoch == 2 else None)
    net.fit(X, y, epochs=8, validation_data=held, early_stopping=stopping, callbacks=stop)
    again = WAYS[way](net, tmp_path)
    again.fit(X, y, validation_data=held, resume=True)
    assert models.bits(again) == models.bits(whole)
    assert again.history["loss"] == whole.history["loss"]


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
    with pytest.raises(ValueError, match="no CUDA backend") as caught:
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
    path = tmp_path / "net.ds"
    net.save(path)
    config, tensors = read_model(path)
    edit(config, tensors, where, value)
    write_model(path, config, tensors)
    with pytest.raises(ds.ModelFileError, match=said) as caught:
        ds.load(path)
    assert str(path) in str(caught.value)
