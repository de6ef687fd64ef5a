"""Model files that are what they should be: what is written comes back, and other tools read it."""

from __future__ import annotations

import json
import math
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from deepseek._io.format import ModelFileError
from deepseek._io.reader import read_model
from deepseek._io.writer import write_model
from programs.harness import run, sealed

TYPES = ["bool", "u1", "i1", "u2", "i2", "f2", "u4", "i4", "f4", "u8", "i8", "f8"]


def assert_same(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert list(left) == sorted(right)
    for name, array in left.items():
        expected = right[name]
        assert array.dtype == expected.dtype.newbyteorder("=") and array.dtype.isnative
        assert array.shape == expected.shape
        assert array.tobytes() == expected.astype(array.dtype).tobytes()


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", [(), (0,), (1,), (7,), (3, 0, 2), (2, 3, 4), (1,) * 32])
def test_every_type_and_shape_comes_back(tmp_path: Path, dtype: str, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    array = rng.integers(0, 2 if dtype == "bool" else 100, shape).astype(dtype)
    write_model(tmp_path / "m", {}, {"a": array})
    config, tensors = read_model(tmp_path / "m")
    assert config == {}
    assert_same(tensors, {"a": array})
    assert tensors["a"].flags.writeable and tensors["a"].flags.aligned and tensors["a"].flags.c_contiguous


def test_memory_layout_and_byte_order_do_not_matter(tmp_path: Path) -> None:
    plain = np.arange(24, dtype="<f4").reshape(4, 6)
    layouts = {
        "c": plain,
        "fortran": np.asfortranarray(plain),
        "swapped": plain.astype(">f4"),
        "strided": np.repeat(plain, 2, axis=1)[:, ::2],
        "reversed": plain[::-1, ::-1].copy()[::-1, ::-1],
    }
    layouts["read_only"] = plain.copy()
    layouts["read_only"].flags.writeable = False
    write_model(tmp_path / "m", {}, layouts)
    _, tensors = read_model(tmp_path / "m")
    assert all(array.tobytes() == plain.tobytes() for array in tensors.values())


def test_special_floats_keep_their_bits(tmp_path: Path) -> None:
    bits = np.array([0x7FC00001, 0xFFC12345, 0x7F800000, 0x80000000, 1], dtype="u4")
    write_model(tmp_path / "m", {}, {"a": bits.view("f4")})
    assert (read_model(tmp_path / "m")[1]["a"].view("u4") == bits).all()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def exact(value: Any) -> Any:
    """A value that compares equal only to the very same: signs of zero, NaN, int against float and bool."""
    if isinstance(value, float):
        return ("float", "nan" if math.isnan(value) else value.hex())
    if isinstance(value, dict):
        return {key: exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [exact(item) for item in value]
    return (type(value).__name__, value)


@given(config=st.dictionaries(st.text().filter(lambda key: key != "$float"), JSON, max_size=5))
@settings(deadline=None, max_examples=150)
def test_any_configuration_comes_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, config: dict[str, Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "config"
    try:
        write_model(path, config, {})
    except ValueError as error:
        assert "$float" in str(error)  # the one reserved key
        return
    assert exact(read_model(path)[0]) == exact(config)


@given(
    tensors=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])).filter(lambda name: name != "__metadata__"),
        st.sampled_from(TYPES).flatmap(
            lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
        ),
        max_size=4,
    )
)
@settings(deadline=None, max_examples=150)
def test_any_tensors_come_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, tensors: dict[str, Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "tensors"
    write_model(path, {}, tensors)
    assert_same(read_model(path)[1], tensors)
    assert_same(dict(sorted(safetensors.numpy.load_file(path).items())), tensors)


def test_equal_models_give_equal_files(tmp_path: Path) -> None:
    one, two = np.arange(3.0), np.ones((2, 2), "f4")
    write_model(tmp_path / "a", {"x": 1, "y": [0.1]}, {"one": one, "two": two})
    write_model(tmp_path / "b", {"y": [0.1], "x": 1}, {"two": two, "one": one})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_format_stays_what_it_was(tmp_path: Path) -> None:
    """Version 2 of the format, byte for byte: a changed hash means that old files may no longer be read."""
    tensors = {
        "w": np.arange(6, dtype="f4").reshape(2, 3),
        "n": np.array(5, "i8"),
        "e": np.zeros((0, 2), "f8"),
    }
    write_model(tmp_path / "m", {"rate": 0.1, "best": math.inf, "name": "né"}, tensors)
    data = (tmp_path / "m").read_bytes()
    length = int.from_bytes(data[:8], "little")
    own = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["deepseek"])
    assert own["format"] == "deepseek.model" and own["version"] == 2
    assert own["sha256"] == "9b121ae81da54429682031a6fe43310f84ca3805d92f2dfe3aadf7468f7a51b4"


def test_a_file_made_by_the_description_is_read(tmp_path: Path) -> None:
    parts = [
        ("b", "F32", (2,), np.array([1, 2], "<f4").tobytes()),
        ("a", "U8", (), b"\7"),
        ("c", "I64", (0, 9), b""),
    ]
    (tmp_path / "m").write_bytes(sealed('{"layers":[3,4]}', parts))
    config, tensors = read_model(tmp_path / "m")
    assert config == {"layers": [3, 4]}
    assert tensors["b"].tolist() == [1.0, 2.0] and tensors["a"] == 7 and tensors["c"].shape == (0, 9)


@pytest.mark.parametrize(
    ("config", "error", "words"),
    [
        ({"a": {1: 2}}, TypeError, r"config\['a'\]: got the key 1; expected strings as keys"),
        (
            {"a": [0, {"b": object()}]},
            TypeError,
            r"config\['a'\]\[1\]\['b'\]: got a value of type object; expected a",
        ),
        ({"a": np.float32(1)}, TypeError, "float32"),
        ({"a": b"x"}, TypeError, "bytes"),
        ({"$float": "nan"}, ValueError, "reserved"),
    ],
)
def test_a_configuration_that_no_file_can_hold(
    tmp_path: Path, config: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        write_model(tmp_path / "m", config, {})
    assert os.listdir(tmp_path) == []


def test_a_configuration_nested_without_end(tmp_path: Path) -> None:
    loop: dict[str, Any] = {}
    loop["again"] = loop
    with pytest.raises(ValueError, match="nested"):
        write_model(tmp_path / "m", loop, {})


@pytest.mark.parametrize(
    ("name", "value", "error", "words"),
    [
        ("a", [1, 2], TypeError, "tensor 'a': got a value of type list; expected a NumPy array"),
        ("a", np.zeros(2, "c16"), TypeError, "complex128"),
        ("a", np.array([None]), TypeError, "object"),
        ("a", np.array(["x"]), TypeError, "<U1"),
        ("a", np.zeros((1,) * 40), ValueError, "40 dimensions"),
        ("__metadata__", np.zeros(2), ValueError, "__metadata__"),
        ("\ud800", np.zeros(2), ValueError, "name"),
        (3, np.zeros(2), TypeError, "name of a tensor: got 3; expected a string"),
    ],
)
def test_a_tensor_that_no_file_can_hold(
    tmp_path: Path, name: Any, value: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        write_model(tmp_path / "m", {}, {name: value})
    assert os.listdir(tmp_path) == []


def test_a_configuration_too_long_to_be_read_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="16777216"):
        write_model(tmp_path / "m", {"a": "x" * (1 << 24)}, {})
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["modèle.ds", "模型", "a b\nc", "🧠" * 60, "x" * 255, "-rf", "m.tar.gz"])
def test_any_file_name(tmp_path: Path, name: str) -> None:
    for path in (tmp_path / name, str(tmp_path / name)):
        write_model(path, {"n": name}, {})
        assert read_model(path)[0] == {"n": name}
    assert os.listdir(tmp_path) == [name]


def test_relative_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_model("m", {}, {})
    assert read_model("m") == ({}, {}) == read_model(Path("./m"))


def test_a_path_that_is_none(tmp_path: Path) -> None:
    for wrong in (3, None, object()):
        with pytest.raises(TypeError):
            write_model(wrong, {}, {})  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            read_model(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="null"):
        read_model("a\0b")


def test_missing_stays_missing(tmp_path: Path) -> None:
    for action in (lambda path: read_model(path), lambda path: write_model(path, {}, {})):
        with pytest.raises(FileNotFoundError) as caught:
            action(tmp_path / "no" / "m")
        assert caught.value.filename == str(tmp_path / "no" / "m")


def test_folders_and_pipes_are_not_written(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for target, words in ((tmp_path, "folder"), (tmp_path / "pipe", "pipe"), (Path("/dev/null"), "device")):
        with pytest.raises(ModelFileError, match=words) as caught:
            write_model(target, {}, {})
        assert repr(str(target)) in str(caught.value)
    assert os.listdir(tmp_path) == ["pipe"]


def test_permissions_follow_the_umask_and_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "m"
    before = os.umask(0o027)
    try:
        write_model(path, {}, {})
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        for mode in (0o600, 0o666, 0o644):
            path.chmod(mode)
            write_model(path, {}, {})
            assert stat.S_IMODE(path.stat().st_mode) == mode
    finally:
        os.umask(before)


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link, target = tmp_path / "link", tmp_path / "there" / "m"
    link.symlink_to(target)
    for number in (1, 2):  # first creates, then replaces
        write_model(link, {"n": number}, {})
        assert link.is_symlink() and read_model(link)[0] == {"n": number} == read_model(target)[0]
    assert os.listdir(tmp_path / "there") == ["m"]
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for action in (lambda: write_model(loop, {}, {}), lambda: read_model(loop)):
        with pytest.raises(OSError, match="symbolic links"):
            action()


def test_without_permission(tmp_path: Path) -> None:
    """In a process of its own, which drops its rights."""
    assert run("without_permission.py") == "fine\n"


def test_writers_at_once_leave_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "m"

    def write(number: int) -> None:
        for _ in range(5):
            write_model(path, {"n": number}, {"a": np.full(50_000, number)})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    config, tensors = read_model(path)
    assert (tensors["a"] == config["n"]).all()
    assert os.listdir(tmp_path) == ["m"]


def test_safetensors_is_imported_by_who_saves_only() -> None:
    code = "import sys, deepseek._io.reader, deepseek._io.writer; sys.exit('safetensors' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
