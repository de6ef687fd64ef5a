"""Text generation: surnames by a generator after pretraining only, and after adversarial training.

    pip install names && python examples/gen_names.py [--names 8000] [--pretrain 15] [--epochs 10]

Data: the 88 799 surnames of the 1990 US census (public domain, package names), of at most 12 letters. A random
subset is the training set; the others are used for evaluation.

A name is well-formed if its bits per letter are below a limit, by an interpolated Kneser-Ney model of order four that
is fitted to the first half of the unseen names. The limit is the 95 % quantile of the second half. A name is new if it
is not in the training set. A hit is a new name that exists: it is among the unseen names.

Bits per letter of unseen names, including the end of the name, measure the generator as a language model. A pretrained
generator is a Rec of output "next", so its weights are copied into a Rec, which evaluates them. That Rec also samples
at a lower temperature, which makes odd names rarer. Maximum likelihood with a temperature is hard to beat (Caccia et
al. 2020); the last lines say whether adversarial training did.
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
TEMPERATURE = 0.8


def letters(name: str) -> NDArray[np.int64]:
    """Return a name's positions in the alphabet."""
    return np.array([LETTERS.index(letter) for letter in name])


def spelled(tokens: Sequence[int] | NDArray[np.int64]) -> str:
    """Return the name with these positions in the alphabet."""
    return "".join(LETTERS[token] for token in tokens)


class Evaluation:
    """Measures of generated names, from the training names and the unseen ones."""

    def __init__(self, training: Sequence[str], unseen: Sequence[str]) -> None:
        self.training, self.unseen = set(training), set(unseen)
        half = len(unseen) // 2
        self.model = KneserNey([f"{BORDER}{name}{BORDER}" for name in unseen[:half]], 4)
        self.limit = float(np.quantile([self.bits(name) for name in unseen[half : half + 4000]], 0.95))

    def bits(self, name: str) -> float:
        """Return the bits per letter of a name."""
        return self.model.bits([f"{BORDER}{name}{BORDER}"])

    def shares(self, names: Sequence[str]) -> dict[str, float]:
        """Return the columns of the table, as shares of the names."""
        good = np.array([bool(name) and self.bits(name) <= self.limit for name in names])
        new = np.array([name not in self.training for name in names])
        found = new & np.array([name in self.unseen for name in names])
        duplicates = 1.0 - len(set(names)) / len(names)
        return {
            "well-formed": float(good.mean()),
            "new": float(new.mean()),
            "both": float((good & new).mean()),
            "hits": float(found.mean()),
            "duplicates": duplicates,
        }


def as_rec(gen: ds.Gen) -> ds.Rec:
    """Return a Rec with the averaged weights of a generator. Its last token is the start token."""
    state = {name.removeprefix("average."): value for name, value in gen.state_dict().items()}
    table, last = state["tokens.weight"], state["0.weight"]
    units = last.shape[1]
    rec = ds.Rec(
        vocabulary=len(table), embedding_size=table.shape[1], hidden=units, cell="gru", output="next"
    )
    weights = {name: state[name] for name in rec.state_dict() if name.startswith("rnn.")}
    never = np.full(1, -1e4, np.float32)  # probability 0 of the start token
    weights["head.0.bias"] = np.concatenate([state["0.bias"], never])
    weights["head.0.weight"] = np.vstack([last, np.zeros_like(last[:1])])
    return rec.load_state_dict({"embedding.weight": table, **weights})


def bits(rec: ds.Rec, names: Sequence[str]) -> float:
    """Return the bits per letter of some names."""
    texts = [np.array([len(LETTERS), *letters(name), 0]) for name in names]
    return float(rec.evaluate(texts)["loss"] / np.log(2.0))


def at_temperature(rec: ds.Rec, temperature: float) -> list[str]:
    """Return names that are sampled at a temperature."""
    start = [len(LETTERS)]
    drawn = (
        rec.generate(start, LONGEST + 1, temperature=temperature, seed=seed, stop=0)
        for seed in range(SAMPLES)
    )
    return [spelled([token for token in text.tolist() if token]) for text in drawn]


def main() -> None:
    """Pretrain, train adversarially, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--names", type=int, default=8000, metavar="N", help="training names (default: 8000)")
    parser.add_argument(
        "--pretrain", type=int, default=15, metavar="N", help="epochs of pretraining (default: 15)"
    )
    parser.add_argument(
        "--epochs", type=int, default=10, metavar="N", help="epochs of adversarial training (default: 10)"
    )
    parser.add_argument(
        "--units", type=int, default=96, metavar="N", help="units of both players (default: 96)"
    )
    options = parser.parse_args()

    names = [name for name in census("dist.all.last") if len(name) <= LONGEST]
    names = [names[row] for row in datasets.fixed_order(len(names))]
    training, unseen = names[: options.names], names[options.names :]
    evaluation = Evaluation(training, unseen)
    test = unseen[-4000:]
    print(f"{len(training)} training names, {len(unseen)} unseen names, {SAMPLES} samples of each model")

    texts = [letters(name) for name in training]
    gen = ds.Gen(
        sequences=ds.Texts(
            LONGEST + 1,
            vocabulary=len(LETTERS),
            eos_token=0,
            cell="gru",
            pretrain_optimizer=ds.Adam(3e-3, schedule=ds.Cosine(final=0.05)),
        ),
        generator=[options.units],
        discriminator=[options.units],
        discriminator_steps=2,
        penalty=ds.Penalty("r1r2", weight=0.01),
        ema_decay=0.99,
        optimizer=ds.Adam(5e-4, beta1=0.0, beta2=0.99),
        discriminator_optimizer=ds.Adam(3e-3, beta1=0.0, beta2=0.99),
    )
    print(gen)
    start = time.perf_counter()
    gen.pretrain(texts, epochs=options.pretrain)
    print(f"pretrained in {time.perf_counter() - start:.1f} s")
    pretrained, start = copy.deepcopy(gen), time.perf_counter()
    gen.fit(texts, epochs=options.epochs)
    print(f"trained adversarially in {time.perf_counter() - start:.1f} s")

    counted = KneserNey([f"{BORDER}{name}{BORDER}" for name in training], 4)
    known = {
        "Kneser-Ney, 4 letters": counted.bits([f"{BORDER}{name}{BORDER}" for name in test]),
        "pretrained": bits(as_rec(pretrained), test),
        "adversarial": bits(as_rec(gen), test),
    }
    made = {
        "pretrained": [spelled(text) for text in pretrained.sample(SAMPLES, seed=1)],
        f"pretrained, T = {TEMPERATURE}": at_temperature(as_rec(pretrained), TEMPERATURE),
        "adversarial": [spelled(text) for text in gen.sample(SAMPLES, seed=1)],
        "real, unseen": unseen[-SAMPLES:],
    }
    print("bits per letter of unseen names (lower is better):")
    for what, value in known.items():
        print(f"  {what:<22}  {value:.3f}")
    shares = {what: evaluation.shares(drawn) for what, drawn in made.items()}
    print(" " * 22 + "".join(f"{name:>13}" for name in shares["real, unseen"]) + f"{'letters':>10}")
    for what, drawn in made.items():
        length = np.mean([len(name) for name in drawn])
        print(f"  {what:<20}" + "".join(f"{v:>13.1%}" for v in shares[what].values()) + f"{length:>10.2f}")
    for what, drawn in list(made.items())[:-1]:
        new = [name.capitalize() for name in dict.fromkeys(drawn) if name and name not in evaluation.training]
        print(f"  {what}: {', '.join(new[:12])}")
    better = min("pretrained", "adversarial", key=known.__getitem__)
    print(f"Fewest bits per letter: {better}.")
    best = max(list(made)[:-1], key=lambda what: shares[what]["both"])
    print(f"Most new and well-formed samples: {best}.")


if __name__ == "__main__":
    main()
