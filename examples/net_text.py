"""Text classification: the package of Python's standard library that a docstring comes from.

    python examples/net_text.py

Data: about two thousand docstrings of the running Python, read from its source files: English prose by many authors,
without a download.  The features of a text are tf-idf weights of its words, without the names of the packages.  Two
baselines: always the most frequent package, and naive Bayes.
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

PACKAGES = (
    "asyncio",
    "email",
    "http",
    "importlib",
    "logging",
    "multiprocessing",
    "tkinter",
    "unittest",
    "xml",
)
FEWEST = 80  # texts of a package; a Python without tkinter, for instance, omits that one
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
    """Return the words of a text in lower case, without the names of the packages."""
    return [word for word in re.findall(r"[a-z]{2,}", text.lower()) if not word.startswith(PACKAGES)]


def load() -> tuple[list[list[str]], NDArray[np.int64], list[str]]:
    """Return the words of every text, the number of its package, and the packages."""
    library = Path(sysconfig.get_paths()["stdlib"])
    found = {package: sorted(set(docstrings(library / package))) for package in PACKAGES}
    names = [package for package in PACKAGES if len(found[package]) >= FEWEST]
    texts = [words(text) for package in names for text in found[package]]
    return texts, np.repeat(np.arange(len(names)), [len(found[package]) for package in names]), names


def word_counts(texts: list[list[str]], vocabulary: dict[str, int]) -> NDArray[np.float32]:
    """Return the counts of the words of the vocabulary in each text."""
    counts = np.zeros((len(texts), len(vocabulary)), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in text:
            if word in vocabulary:
                counts[row, vocabulary[word]] += 1
    return counts


def naive_bayes(
    counts: NDArray[np.float32], y: NDArray[np.int64], test: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Return the predictions of multinomial naive Bayes with Laplace smoothing."""
    packages = range(int(y.max()) + 1)
    totals = np.stack([counts[y == package].sum(axis=0) + 1 for package in packages])
    log_likelihood = np.log(totals / totals.sum(axis=1, keepdims=True))
    prior = np.log([np.mean(y == package) for package in packages])
    return np.argmax(test @ log_likelihood.T + prior, axis=1)


def main() -> None:
    """Train and compare."""
    texts, packages, names = load()
    order = datasets.fixed_order(len(texts))
    test, training = order[: len(texts) // 4], order[len(texts) // 4 :]
    y, y_test = packages[training], packages[test]

    known = Counter(word for row in training for word in texts[row]).most_common(WORDS)
    vocabulary = {word: index for index, (word, _) in enumerate(known)}
    counts = word_counts(texts, vocabulary)
    idf = np.log(len(training) / (1 + (counts[training] > 0).sum(axis=0)))
    X = np.log1p(counts) * idf
    X = (X / np.maximum(1e-6, np.linalg.norm(X, axis=1, keepdims=True))).astype(np.float32)

    net = ds.Net(
        [len(vocabulary), 64, len(names)],
        loss="cross_entropy",
        optimizer=ds.AdamW(learning_rate=5e-3, weight_decay=0.01, schedule=ds.Cosine()),
        dropout=0.5,
        seed=0,
    )
    start = time.perf_counter()
    net.fit(X[training], y, epochs=20, batch_size=32)
    seconds = time.perf_counter() - start

    print(
        f"{len(training)} training texts, {len(test)} test texts, {len(names)} packages, {len(vocabulary)} words"
    )
    largest = int(np.bincount(y).argmax())
    predictions = {
        f"baseline, always {names[largest]}": np.full(len(test), largest),
        "baseline, naive Bayes": naive_bayes(counts[training], y, counts[test]),
        f"Net, trained in {seconds:.2f} s": net.predict_classes(X[test]),
    }
    print("accuracy:")
    for name, predicted in predictions.items():
        print(f"  {name:26} {np.mean(predicted == y_test):.1%}")


if __name__ == "__main__":
    main()
