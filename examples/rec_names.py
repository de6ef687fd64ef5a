"""Letters: a language model of surnames that generates new ones, and a classifier of first names by gender.

    pip install names && python examples/rec_names.py [--plot names.png]

Data: the lists of the 1990 US census (public domain) in the package names (MIT): 88 799 surnames, each counted once,
and 5163 first names; a first name on both lists counts for the one where it is commoner.  A tenth of the surnames and
a quarter of the first names are held out.

Baselines: for surnames interpolated Kneser-Ney models of order three and six (higher orders do not gain here); for
first names the answer "women", and the majority among the training names with the longest common ending.
"""

from __future__ import annotations

import argparse
import string
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import deepseek as ds
from deepseek import datasets

BORDER = "^"  # before the first letter and after the last
LETTERS = BORDER + string.ascii_lowercase


def census(name: str) -> dict[str, float]:
    """Return the names of a list with the percentage of people who have each."""
    found = find_spec("names")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("this example needs the lists in the package names: pip install names")
    lines = (Path(found.submodule_search_locations[0]) / name).read_text(encoding="ascii").splitlines()
    return {line.split()[0].lower(): float(line.split()[1]) for line in lines if line.strip()}


def tokens(name: str) -> NDArray[np.int64]:
    """Return the positions in the alphabet of a name with a border (0) at both ends."""
    return np.array([LETTERS.index(letter) for letter in f"{BORDER}{name}{BORDER}"])


class KneserNey:
    """Probabilities of the next letter after up to ``order - 1`` letters (Ney, Essen and Kneser 1994).

    The mass that is discounted from the counts of a context goes to the shorter context without its first letter.
    Shorter contexts count the distinct letters before a sequence instead of its occurrences.
    """

    def __init__(self, texts: Sequence[str], order: int) -> None:
        self.order = order
        seen = Counter(
            text[end - length : end]
            for text in texts
            for length in range(1, order + 1)
            for end in range(max(2, length), len(text) + 1)
        )
        self.counts: Counter[str] = Counter()
        for gram, count in seen.items():
            if len(gram) == order or gram[0] == BORDER:
                self.counts[gram] += count
            if len(gram) > 1:
                self.counts[gram[1:]] += 1
        self.totals: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        rare: Counter[tuple[int, int]] = Counter()
        for gram, count in self.counts.items():
            self.totals[gram[:-1]] += count
            self.kinds[gram[:-1]] += 1
            rare[len(gram), count] += 1
        self.discounts = {n: rare[n, 1] / (rare[n, 1] + 2 * rare[n, 2] or 1) for n in range(1, order + 1)}

    def probability(self, context: str, letter: str) -> float:
        """Return the probability of a letter after a context."""
        probability = 1 / len(LETTERS)
        for length in range(min(self.order - 1, len(context)) + 1):
            part = context[len(context) - length :]
            if total := self.totals[part]:
                discount = self.discounts[length + 1]
                kept = max(0.0, self.counts[part + letter] - discount)
                probability = (kept + discount * self.kinds[part] * probability) / total
        return probability

    def bits(self, texts: Sequence[str]) -> float:
        """Return the mean bits per letter."""
        probabilities = [
            self.probability(text[:at], text[at]) for text in texts for at in range(1, len(text))
        ]
        return float(-np.mean(np.log2(probabilities)))


def by_ending(names: Sequence[str], men: NDArray[np.int64], test: Sequence[str]) -> NDArray[np.int64]:
    """Return for each test name the majority among the training names with the longest common ending."""
    votes: defaultdict[str, int] = defaultdict(int)
    for name, man in zip(names, men, strict=True):
        for start in range(len(name) + 1):
            votes[name[start:]] += 1 if man else -1

    def answer(name: str) -> int:
        known = next(name[start:] for start in range(len(name) + 1) if votes.get(name[start:]))
        return int(votes[known] > 0)

    return np.array([answer(name) for name in test])


def surnames(options: argparse.Namespace) -> None:
    """Train the language model of surnames, and generate new ones."""
    names = list(census("dist.all.last"))
    order = datasets.fixed_order(len(names))
    cut = len(names) // 10
    test, training = [names[row] for row in order[:cut]], [names[row] for row in order[cut:]]
    print(f"{len(training)} training surnames, {len(test)} held out")

    rec = ds.Rec(
        vocabulary=len(LETTERS),
        hidden=192,
        cell="gru",
        output="next",
        optimizer=ds.Adam(4e-3, schedule=ds.Cosine(warmup=0.02), clip_norm=1.0),
        dropout=0.1,
        seed=0,
    )
    print(rec)
    start = time.perf_counter()
    history = rec.fit([tokens(name) for name in training], epochs=5, batch_size=128)
    seconds = time.perf_counter() - start
    bits = rec.evaluate([tokens(name) for name in test])["loss"] / np.log(2)
    print("bits per letter of the held-out surnames, including the end (lower is better):")
    for length in (3, 6):
        counted = KneserNey([f"{BORDER}{name}{BORDER}" for name in training], length)
        found = counted.bits([f"{BORDER}{name}{BORDER}" for name in test])
        print(f"  baseline, Kneser-Ney of order {length}    {found:.3f}")
    print(f"  Rec                             {bits:.3f}, trained in {seconds:.1f} s")

    known = set(names)
    for temperature in (0.5, 1.0):
        drawn = [
            rec.generate([0], 20, temperature=temperature, seed=seed, stop=0).tolist() for seed in range(60)
        ]
        made = ["".join(LETTERS[token] for token in name if token).capitalize() for name in drawn]
        new = [name for name in dict.fromkeys(made) if name.lower() not in known]
        print(f"  at temperature {temperature}: {', '.join(new[:8])}")
        print(f"    ({len(made) - sum(name in new for name in made)} of 60 are in the census and not shown)")
    if options.plot:
        from deepseek import plot

        ax = plot.history(history)
        ax.set_title("Surnames: nats per letter", loc="left", fontsize=11)
        ax.figure.savefig(options.plot, dpi=120)
        print(f"learning curve: {options.plot}")


def first_names() -> None:
    """Train the classifier of first names."""
    women, men = census("dist.female.first"), census("dist.male.first")
    names = sorted({*women, *men})
    y = np.array([men.get(name, 0.0) > women.get(name, 0.0) for name in names], dtype=np.int64)
    order = datasets.fixed_order(len(names))
    cut = len(names) // 4
    test, training = order[:cut], order[cut:]
    print(f"{len(training)} training first names, {len(test)} held out")

    rec = ds.Rec(
        vocabulary=len(LETTERS),
        embedding_size=16,
        hidden=64,
        cell="gru",
        bidirectional=True,
        output="last",
        output_size=2,
        loss="cross_entropy",
        optimizer=ds.AdamW(learning_rate=4e-3, weight_decay=0.01, schedule=ds.Cosine()),
        dropout=0.3,
        seed=0,
    )
    X = [tokens(name) for name in names]
    start = time.perf_counter()
    rec.fit([X[row] for row in training], y[training], epochs=12, batch_size=32)
    seconds = time.perf_counter() - start
    predicted = rec.predict_classes([X[row] for row in test])
    ending = by_ending([names[row] for row in training], y[training], [names[row] for row in test])
    print(f"  baseline, always women    {np.mean(y[test] == 0):.1%} accuracy")
    print(f"  baseline, longest ending  {np.mean(ending == y[test]):.1%} accuracy")
    print(
        f"  Rec                       {np.mean(predicted == y[test]):.1%} accuracy, trained in {seconds:.1f} s"
    )


def main() -> None:
    """Run both tasks."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--plot", metavar="FILE", help="draw the learning curve (needs matplotlib)")
    options = parser.parse_args()
    surnames(options)
    print()
    first_names()


if __name__ == "__main__":
    main()
