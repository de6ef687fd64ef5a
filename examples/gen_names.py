"""Texts: make up surnames, by the likelihood alone and after an adversarial phase, and judge both.

    pip install names && python examples/gen_names.py [--names 8000] [--taught 15] [--epochs 10]

Data: the 88 799 surnames of the 1990 US census (public domain, package names), of at most 12 letters. Some thousands,
drawn from all, are learnt from; the others stay unseen and judge what is made.

Well-formed is a name that takes no more bits a letter than 95 % of real ones, by an interpolated Kneser-Ney model of
four letters that was fitted to the first half of the unseen names; the limit is that of the second half, so real names
get 95 %. New is a name that was not learnt from. A hit is a new one that exists: it is among the unseen names.

Bits a letter of unseen names, their ends included, tell how well a generator knows the language as a whole. They need
no code of their own: taught, it is a Rec of output "next", and its weights are put into one. That Rec also draws names
at a lower temperature, the plain way to fewer odd ones, which an adversarial phase has to be compared with: likelihood
and temperature are hard to beat (Caccia et al. 2020), and the last lines say whether they were.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rec_names import BORDER, LETTERS, KneserNey, census

import deepseek as ds
from deepseek import datasets

LONGEST = 12
SAMPLES = 2000
COOL = 0.8


def letters(name: str) -> NDArray[np.int64]:
    """Return a name's positions in the alphabet."""
    return np.array([LETTERS.index(letter) for letter in name])


def spelled(tokens: Sequence[int] | NDArray[np.int64]) -> str:
    """Return the name of some positions."""
    return "".join(LETTERS[token] for token in tokens)


class Judge:
    """What is known of names that nobody learnt from."""

    def __init__(self, learnt: Sequence[str], unseen: Sequence[str]) -> None:
        self.learnt, self.unseen = set(learnt), set(unseen)
        half = len(unseen) // 2
        self.model = KneserNey([f"{BORDER}{name}{BORDER}" for name in unseen[:half]], 4)
        self.limit = float(np.quantile([self.bits(name) for name in unseen[half : half + 4000]], 0.95))

    def bits(self, name: str) -> float:
        """Return how many bits a letter a name takes."""
        return self.model.bits([f"{BORDER}{name}{BORDER}"])

    def shares(self, names: Sequence[str]) -> dict[str, float]:
        """Return the columns of the table that are shares."""
        good = np.array([bool(name) and self.bits(name) <= self.limit for name in names])
        new = np.array([name not in self.learnt for name in names])
        found = new & np.array([name in self.unseen for name in names])
        again = 1.0 - len(set(names)) / len(names)
        return {
            "well-formed": float(good.mean()),
            "new": float(new.mean()),
            "both": float((good & new).mean()),
            "hits": float(found.mean()),
            "duplicates": again,
        }


def as_rec(gen: ds.Gen) -> ds.Rec:
    """Return the Rec with the weights of a generator's average; its last token is the start."""
    state = {name.removeprefix("average."): value for name, value in gen.state_dict().items()}
    table, last = state["tokens.weight"], state["0.weight"]
    units = last.shape[1]
    rec = ds.Rec(
        vocabulary=len(table), embedding_size=table.shape[1], hidden=units, cell="gru", output="next"
    )
    weights = {name: state[name] for name in rec.state_dict() if name.startswith("rnn.")}
    never = np.full(1, -1e4, np.float32)  # the start is no one's next
    weights["head.0.bias"] = np.concatenate([state["0.bias"], never])
    weights["head.0.weight"] = np.vstack([last, np.zeros_like(last[:1])])
    return rec.load_state_dict({"embedding.weight": table, **weights})


def bits(rec: ds.Rec, names: Sequence[str]) -> float:
    """Return the bits a letter of some names."""
    texts = [np.array([len(LETTERS), *letters(name), 0]) for name in names]
    return float(rec.evaluate(texts)["loss"] / np.log(2.0))


def sharpened(rec: ds.Rec, temperature: float) -> list[str]:
    """Return names drawn at a temperature."""
    start = [len(LETTERS)]
    drawn = (
        rec.generate(start, LONGEST + 1, temperature=temperature, seed=seed, stop=0)
        for seed in range(SAMPLES)
    )
    return [spelled([token for token in text.tolist() if token]) for text in drawn]


def main() -> None:
    """Teach, let play, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--names", type=int, default=8000, help="how many are learnt from")
    parser.add_argument("--taught", type=int, default=15, help="epochs of the likelihood")
    parser.add_argument("--epochs", type=int, default=10, help="epochs of the adversarial phase")
    parser.add_argument("--units", type=int, default=96, help="of both players")
    options = parser.parse_args()

    names = [name for name in census("dist.all.last") if len(name) <= LONGEST]
    names = [names[row] for row in datasets.fixed_order(len(names))]
    learnt, unseen = names[: options.names], names[options.names :]
    judge = Judge(learnt, unseen)
    test = unseen[-4000:]
    print(f"{len(learnt)} surnames to learn from, {len(unseen)} unseen; {SAMPLES} samples of each model")

    texts = [letters(name) for name in learnt]
    gen = ds.Gen(
        vocabulary=len(LETTERS),
        stop=0,
        steps=LONGEST + 1,
        cell="gru",
        generator=[options.units],
        discriminator=[options.units],
        discriminator_steps=2,
        penalty_weight=0.01,
        average=0.99,
        optimizer=ds.Adam(5e-4, beta1=0.0, beta2=0.99),
        discriminator_optimizer=ds.Adam(3e-3, beta1=0.0, beta2=0.99),
        pretrain_optimizer=ds.Adam(3e-3, schedule=ds.Cosine(final=0.05)),
    )
    print(gen)
    start = time.perf_counter()
    gen.pretrain(texts, epochs=options.taught)
    print(f"taught in {time.perf_counter() - start:.1f} s")
    alone, start = copy.deepcopy(gen), time.perf_counter()
    gen.fit(texts, epochs=options.epochs)
    print(f"adversarial phase in {time.perf_counter() - start:.1f} s")

    counted = KneserNey([f"{BORDER}{name}{BORDER}" for name in learnt], 4)
    known = {
        "Kneser-Ney, 4 letters": counted.bits([f"{BORDER}{name}{BORDER}" for name in test]),
        "likelihood alone": bits(as_rec(alone), test),
        "and adversarial": bits(as_rec(gen), test),
    }
    made = {
        "likelihood alone": [spelled(text) for text in alone.sample(SAMPLES, seed=1)],
        f"at temperature {COOL}": sharpened(as_rec(alone), COOL),
        "and adversarial": [spelled(text) for text in gen.sample(SAMPLES, seed=1)],
        "real, unseen": unseen[-SAMPLES:],
    }
    print("bits a letter of unseen names:")
    for what, value in known.items():
        print(f"  {what:<22}  {value:.3f}")
    shares = {what: judge.shares(drawn) for what, drawn in made.items()}
    print(" " * 22 + "".join(f"{name:>13}" for name in shares["real, unseen"]) + f"{'letters':>10}")
    for what, drawn in made.items():
        length = np.mean([len(name) for name in drawn])
        print(f"  {what:<20}" + "".join(f"{v:>13.1%}" for v in shares[what].values()) + f"{length:>10.2f}")
    for what, drawn in list(made.items())[:-1]:
        new = [name.capitalize() for name in dict.fromkeys(drawn) if name and name not in judge.learnt]
        print(f"  {what}: {', '.join(new[:12])}")
    if known["likelihood alone"] < known["and adversarial"]:
        print("As a model of the language the likelihood alone is better: the adversarial phase cost bits.")
    best = max(list(made)[:-1], key=lambda what: shares[what]["both"])
    print(f"Most samples new and well-formed: {best}.")


if __name__ == "__main__":
    main()
