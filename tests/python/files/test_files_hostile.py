"""Promises C1 and C4: a file made to do harm does none, and is refused with a reason.

The files here have the right digest where that matters: a digest keeps out accidents, not people.
"""

from __future__ import annotations

import json
import os
import socket
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepseek._io.format import ModelFileError
from deepseek._io.reader import read_model
from programs.harness import container, deadline, figure, metadata, run, sealed

OURS = {"__metadata__": {"deepseek": metadata("{}", [])}}


def header(**fields: Any) -> bytes:
    return container(json.dumps({**OURS, **fields}).encode())


def tensor(dtype: Any = "F32", shape: Any = (1,), data_offsets: Any = (0, 4), **more: Any) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": data_offsets, **more}


def entry(*arguments: Any, data: bytes = b"\0\0\0\0", **keywords: Any) -> bytes:
    return header(a=tensor(*arguments, **keywords)) + data


def own(text: str) -> bytes:
    return container(json.dumps({"__metadata__": {"deepseek": text}}).encode())


TWICE = b'{"__metadata__":{"deepseek":"{}"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},'
TWICE += b'"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'

HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "one byte": (b"\1", "cut short"),
    "seven bytes": (b"\0" * 7, "cut short"),
    "header of no bytes": (b"\0" * 8, "not a JSON object"),
    "header of 2**63 bytes": (b"\0" * 7 + b"\x80" + b"{}", "9223372036854775808"),
    "header of 2**64 - 1 bytes": (b"\xff" * 8 + b"{}", "18446744073709551615"),
    "header longer than the file": (container(b"{}")[:-1], "cut short"),
    "header longer than allowed": (container(b" " * ((1 << 24) + 1)), "at most"),
    "text": (b"Dear customer, this is a letter.", "cut short"),
    "pickle": (b"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00cos\nsystem\n(S'true'\ntR.", "cut short|JSON"),
    "header is a list": (container(b"[]"), "not a JSON object"),
    "header is a number": (container(b"1"), "not a JSON object"),
    "header begins with space": (container(b" {}"), "not a JSON object"),
    "header is not UTF-8": (container(b'{"\xff":1}'), "not valid JSON"),
    "header is UTF-16": (container("{}".encode("utf-16-le")), "not valid JSON"),
    "header has a byte order mark": (container(b"\xef\xbb\xbf{}"), "not a JSON object"),
    "header goes on": (container(b"{}{}"), "not valid JSON"),
    "header nested without end": (container(b'{"a":' * 100_000), "not valid JSON"),
    "lists nested without end": (container(b'{"a":' + b"[" * 1_000_000), "not valid JSON"),
    "number of a million digits": (container(b'{"a":' + b"9" * 1_000_000 + b"}"), "not valid JSON"),
    "number that is not whole": (container(b'{"a":1e999}'), "whole numbers"),
    "NaN": (container(b'{"a":NaN}'), "whole numbers"),
    "no metadata": (container(b"{}"), "no model file of deepseek"),
    "metadata is a list": (container(b'{"__metadata__":[]}'), "no model file of deepseek"),
    "another tool's file": (container(b'{"__metadata__":{"format":"pt"}}'), "no model file of deepseek"),
    "more metadata": (container(b'{"__metadata__":{"deepseek":"{}","x":"y"}}'), "unknown entries"),
    "a name twice": (container(TWICE) + b"\0" * 4, "duplicate keys"),
    "a key twice": (container(b'{"a":{"dtype":"F32","dtype":"F64"}}'), "duplicate keys"),
    "metadata twice": (container(b'{"__metadata__":{},"__metadata__":{}}'), "duplicate keys"),
    "tensor is a list": (header(a=[]), "malformed entry"),
    "tensor lacks offsets": (header(a={"dtype": "F32", "shape": []}), "malformed entry"),
    "tensor has more fields": (entry(code="x"), "malformed entry"),
    "unknown type": (entry("F128"), "unknown type 'F128'"),
    "type is a number": (entry(3), "unknown type"),
    "type is a list": (entry([]), "unknown type"),
    "shape is a number": (entry(shape=1), "invalid shape"),
    "shape is text": (entry(shape="1"), "invalid shape"),
    "shape holds true": (entry(shape=[True]), "invalid shape"),
    "shape holds null": (entry(shape=[None]), "invalid shape"),
    "shape is negative": (entry(shape=[-1]), "invalid shape"),
    "shape twice negative": (entry(shape=[-1, -1]), "invalid shape"),
    "shape of 2**63": (entry(shape=[2**63]), "invalid shape"),
    "shape of 2**63 - 1": (entry(shape=[2**63 - 1]), "2..63"),
    "product is 2**64": (entry(shape=[2**32, 2**32]), "2..63"),
    "product is 2**64 + 4": (entry("U8", shape=[4, 2**62 + 1]), "2..63"),
    "product with a zero": (entry(shape=[0, 2**40, 2**40], data_offsets=[0, 0], data=b""), "2..63"),
    "bytes overflow": (entry("F64", shape=[2**61]), "2..63"),
    "33 dimensions": (entry(shape=[1] * 33), "invalid shape"),
    "a million dimensions": (entry(shape=[1] * 1_000_000), "invalid shape"),
    "offsets are negative": (entry(data_offsets=[-4, 0]), "invalid offsets"),
    "offsets run backwards": (entry(data_offsets=[4, 0]), "invalid offsets"),
    "offsets of 2**63": (entry(data_offsets=[2**63, 2**63 + 4]), "invalid offsets"),
    "three offsets": (entry(data_offsets=[0, 4, 4]), "invalid offsets"),
    "one offset": (entry(data_offsets=[4]), "invalid offsets"),
    "no offsets": (entry(data_offsets=[]), "invalid offsets"),
    "offsets beside the shape": (entry(data_offsets=[0, 8], data=b"\0" * 8), "4 bytes by its shape, but 8"),
    "a terabyte declared": (entry(shape=[2**38], data_offsets=[0, 2**40]), "1099511627772 bytes .* missing"),
    "data missing": (entry(data=b"\0" * 3), "1 bytes .* missing"),
    "data left over": (entry(data=b"\0" * 5), "1 bytes follow"),
    "begins late": (entry(data_offsets=[4, 8], data=b"\0" * 8), "gap"),
    "overlap": (header(a=tensor(), b=tensor(data_offsets=[2, 6])) + b"\0" * 6, "overlap"),
    "same place": (header(a=tensor(), b=tensor()) + b"\0" * 4, "overlap"),
    "gap": (header(a=tensor(), b=tensor(data_offsets=[8, 12])) + b"\0" * 12, "gap"),
    "own entry is no JSON": (own("nonsense"), "damaged"),
    "own entry is a list": (own("[]"), "another format"),
    "own entry is deep": (own("[" * 100_000 + "]" * 100_000), "nested"),
    "own entry of other format": (own('{"format":"deepseek.other","version":2}'), "another format"),
    "own entry without version": (own('{"format":"deepseek.model"}'), "no version"),
    "version is true": (own('{"format":"deepseek.model","version":true}'), "no version"),
    "version to come": (
        own('{"format":"deepseek.model","version":3}'),
        "version 3; .* reads version 2: update",
    ),
    "version of before": (
        own('{"config":{},"format":"deepseek.model","sha256":"","version":1}'),
        r"of version 1, written by an older deepseek; .* Train the model again, or load it with the older deepseek",
    ),
    "no digest": (own('{"config":{},"format":"deepseek.model","version":2}'), "incomplete"),
    "digest is null": (
        own('{"config":{},"format":"deepseek.model","sha256":null,"version":2}'),
        "incomplete",
    ),
    "digest is empty": (own('{"config":{},"format":"deepseek.model","sha256":"","version":2}'), "SHA-256"),
    "configuration is a list": (
        own('{"config":[],"format":"deepseek.model","sha256":"","version":2}'),
        "incomplete",
    ),
    "configuration with a key twice": (sealed('{"a":1,"a":2}', []), "canonical"),
    "configuration with NaN": (sealed('{"a":NaN}', []), "canonical"),
    "configuration with 1e999": (sealed('{"a":1e999}', []), "canonical"),
    "configuration out of order": (sealed('{"b":1,"a":2}', []), "canonical"),
    "configuration with a false tag": (sealed('{"a":{"$float":"1"}}', []), "malformed"),
    "configuration with a listed tag": (sealed('{"a":{"$float":[]}}', []), "malformed"),
    "a boolean of 2": (sealed("{}", [("a", "BOOL", (1,), b"\2")]), "bytes other than 0 and 1"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_before_anything_is_allocated(tmp_path: Path, name: str) -> None:
    data, words = HOSTILE[name]
    path = tmp_path / "m"
    path.write_bytes(data)
    tracemalloc.start()
    try:
        with deadline(10), pytest.raises(ModelFileError, match=words) as caught:
            read_model(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert repr(str(path)) in str(caught.value)
    assert len(str(caught.value)) < 500 + len(str(path))
    assert peak < (1 << 16) + 80 * len(data)  # what parsing the bytes that are there takes, and no more


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path has to be short
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        for path in (*tmp_path.iterdir(), tmp_path, Path("/dev/zero"), Path("/dev/null")):
            with (
                deadline(10),
                pytest.raises(ModelFileError, match=r"it is a .*; expected a regular file") as caught,
            ):
                read_model(path)
            assert repr(str(path)) in str(caught.value)


def test_a_file_that_shrinks_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m"
    path.write_bytes(sealed("{}", [("a", "U8", (3_000_000,), bytes(3_000_000))]))
    really = os.preadv

    def read_then_cut(descriptor: int, buffers: list[Any], offset: int) -> int:
        count = really(descriptor, buffers, offset)
        if offset > 1_000_000:
            os.truncate(path, 2_000_000)
        return count

    monkeypatch.setattr(os, "preadv", read_then_cut)
    with deadline(10), pytest.raises(ModelFileError, match="shorter"):
        read_model(path)


def test_reads_may_come_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m"
    path.write_bytes(sealed('{"n":1}', [("a", "U8", (999,), bytes(999))]))
    really = os.preadv
    monkeypatch.setattr(os, "preadv", lambda fd, buffers, offset: really(fd, [buffers[0][:7]], offset))
    config, tensors = read_model(path)
    assert config == {"n": 1} and not tensors["a"].any()


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_bytes(sealed("{}", []))
    bad.write_bytes(sealed("{}", [])[:-3])
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        read_model(good)
        for path in (bad, tmp_path):
            with pytest.raises(ModelFileError):
                read_model(path)
    assert len(os.listdir("/proc/self/fd")) == before


def test_loading_runs_imports_and_opens_nothing_else() -> None:
    """An audit hook sees everything the interpreter does; it stays for good, hence a process of its own."""
    files = figure("FUZZ", 3000)
    assert run("audit_load.py", files, timeout=60 + files / 100).startswith(f"{files} files")


def test_arrays_do_not_share_memory_with_one_another(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(sealed("{}", [("a", "U8", (8,), bytes(8)), ("b", "U8", (8,), bytes(8))]))
    _, tensors = read_model(path)
    tensors["a"][:] = 1
    assert not tensors["b"].any() and not np.shares_memory(tensors["a"], tensors["b"])
