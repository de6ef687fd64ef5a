"""Text classification: tell which part of Python's standard library a docstring comes from.

    python examples/net_text.py

Data: some two thousand docstrings of the Python that runs this, read from its source files: real English prose by
many authors, and no download.  A text becomes the weights of its words (tf-idf); the names of the parts themselves
are left out.  Two baselines: always the largest part, and naive Bayes.
"""

from __future__ import annotations

import ast
import re
import sysconfig
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import deepseek as ds
from deepseek import datasets

PARTS = ("asyncio", "email", "http", "importlib", "logging", "multiprocessing", "tkinter", "unittest", "xml")
FEWEST = 80  # texts of a part; a Python without tkinter, say, does without that part
WORDS = 2000


def docstrings(folder: Path) -> Iterator[str]:
    """Yield the docstrings of at least eight words in a folder of sources."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for path in sorted(folder.rglob("*.py")):
        if "test" in path.parts or "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = ast.get_docstring(node) if isinstance(node, documented) else None
            if text and len(text.split()) >= 8:
                yield text


def words(text: str) -> list[str]:
    """Return the words of a text in small letters, without those that give the answer away."""
    return [word for word in re.findall(r"[a-z]{2,}", text.lower()) if not word.startswith(PARTS)]


def load() -> tuple[list[list[str]], NDArray[np.int64], list[str]]:
    """Return every text as words, the part it comes from, and the parts."""
    library = Path(sysconfig.get_paths()["stdlib"])
    found = {part: sorted(set(docstrings(library / part))) for part in PARTS}
    names = [part for part in PARTS if len(found[part]) >= FEWEST]
    texts = [words(text) for part in names for text in found[part]]
    return texts, np.repeat(np.arange(len(names)), [len(found[part]) for part in names]), names


def counted(texts: list[list[str]], vocabulary: dict[str, int]) -> NDArray[np.float32]:
    """Return how often each known word occurs in each text."""
    counts = np.zeros((len(texts), len(vocabulary)), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in text:
            if word in vocabulary:
                counts[row, vocabulary[word]] += 1
    return counts


def naive_bayes(
    counts: NDArray[np.float32], y: NDArray[np.int64], test: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Return the likeliest part if words were independent (multinomial, one added to every count)."""
    parts = range(int(y.max()) + 1)
    totals = np.stack([counts[y == part].sum(axis=0) + 1 for part in parts])
    chances = np.log(totals / totals.sum(axis=1, keepdims=True))
    prior = np.log([np.mean(y == part) for part in parts])
    return np.argmax(test @ chances.T + prior, axis=1)


def main() -> None:
    """Train and compare."""
    texts, parts, names = load()
    order = datasets.fixed_order(len(texts))
    test, training = order[: len(texts) // 4], order[len(texts) // 4 :]
    y, y_test = parts[training], parts[test]

    known = Counter(word for row in training for word in texts[row]).most_common(WORDS)
    vocabulary = {word: index for index, (word, _) in enumerate(known)}
    counts = counted(texts, vocabulary)
    rarity = np.log(len(training) / (1 + (counts[training] > 0).sum(axis=0)))
    X = np.log1p(counts) * rarity
    X = (X / np.maximum(1e-6, np.linalg.norm(X, axis=1, keepdims=True))).astype(np.float32)

    net = ds.Net(
        [len(vocabulary), 64, len(names)],
        loss="cross_entropy",
        optimizer=ds.AdamW(rate=5e-3, weight_decay=0.01, schedule=ds.Cosine()),
        dropout=0.5,
        seed=0,
    )
    start = time.perf_counter()
    net.fit(X[training], y, epochs=20, batch_size=32)
    seconds = time.perf_counter() - start

    print(
        f"{len(training)} texts to learn from, {len(test)} to test on, {len(names)} parts, {len(vocabulary)} words"
    )
    largest = int(np.bincount(y).argmax())
    print(f"baseline, always {names[largest]}: {np.mean(y_test == largest):.1%} right")
    print(
        f"baseline, naive Bayes:    {np.mean(naive_bayes(counts[training], y, counts[test]) == y_test):.1%} right"
    )
    print(
        f"Net:                      {np.mean(net.predict_classes(X[test]) == y_test):.1%} right, {seconds:.2f} s"
    )


if __name__ == "__main__":
    main()
