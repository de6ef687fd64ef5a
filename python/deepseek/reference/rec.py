"""A Rec in NumPy: embedding, recurrent stack, pooling, head, and truncated back-propagation. Mirrors ``train/model``.

Sequences are given as lists (or arrays) of arrays (T_i, features), or (T_i,) of tokens. Inside, a batch is a list
of examples sorted by length, and everything with steps is packed (packing.py). Tokens are rows of the identity
matrix, with which the weights are multiplied; so their gradient is there too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import ctc, init, loss, mlp, stack, trainer
from .layers import pooling
from .model import Model
from .packing import Packing
from .philox import Place
from .spec import Spec, complete_rec

Array = NDArray[np.float64]
Sequences = Sequence[NDArray[Any]] | NDArray[Any]
PHILOX_EMBEDDING = 4095  # Philox layer of the embedding's draw,
PHILOX_HEAD = 64  # and of the masks on the outputs of the head's layers, from here on


class Example(NamedTuple):
    """A sequence, its target and its weight: one each, or one a step."""

    x: NDArray[Any]
    y: Any
    w: Any


class Tape(NamedTuple):
    """What a forward pass leaves."""

    packing: Packing
    x: Array
    tops: list[Array]  # outputs of the top recurrent layer, by sequence; empty where the steps are not pooled
    stack: list[stack.Tape]
    head: list[mlp.Tape]
    state: Array
    output: Array


class Rec(Model):
    """Recurrent network of `spec`, the dict that the compiled core takes."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(complete_rec(spec))
        self.stepwise = self.spec["output"] not in pooling.NAMES

    def build(self) -> None:
        spec = self.spec
        features = spec["inputs"] or spec["vocabulary"]
        if spec["embedding"]:
            self.params["embedding.weight"] = init.weights(
                "normal", features, spec["embedding"], 1.0, spec["seed"], PHILOX_EMBEDDING, spec["dtype"]
            )
        self.stack = stack.Stack(self, spec["embedding"] or features)
        self.head = mlp.Mlp(self, spec["layers"], self.stack.outputs, "head.")

    def initial_state(self, n: int) -> Array:
        """Zeros (n, state_size)."""
        return np.zeros((n, self.stack.state_size))

    def run(
        self, x: Sequences, state: Array | None = None, place: Place | None = None, stepwise: bool = False
    ) -> Tape:
        """Forward; `place` (epoch, step) means training, `stepwise` an output a step where they are pooled."""
        spec, packing = self.spec, Packing([len(s) for s in x])
        packed = packing.pack(x)
        values = np.eye(spec["vocabulary"])[packed] if spec["vocabulary"] else packed.astype(np.float64)
        features = values @ self.params["embedding.weight"] if spec["embedding"] else values
        state = self.initial_state(len(x)) if state is None else state
        y, state, stack_tapes = self.stack.forward(features, packing, state, place)
        tops = [] if self.stepwise or stepwise else packing.unpack(y)
        if tops:
            y = np.array([pooling.pool_forward(spec["output"], s, spec["hidden"][-1]) for s in tops])
        masked = [len(spec["hidden"]), *range(PHILOX_HEAD, PHILOX_HEAD + len(spec["layers"]))]
        masks = self.head.masks(spec["seed"], spec["dropout"], len(y), masked, place)
        y, head_tapes = self.head.forward(y, masks, place is not None)
        return Tape(packing, values, tops, stack_tapes, head_tapes, state, y)

    def back(self, d: Array, tape: Tape) -> tuple[dict[str, Array], Array, Array]:
        """(gradients, dx packed, d initial state) from the gradient by the output or its pre-activation."""
        spec = self.spec
        fused = spec["output"] == "ctc" or loss.is_fused(spec["loss"]["name"])
        grads, dy = self.head.backward(d, tape.head, fused)
        if tape.tops:
            units = spec["hidden"][-1]
            dy = tape.packing.pack(
                [
                    pooling.pool_backward(spec["output"], *pair, units)
                    for pair in zip(dy, tape.tops, strict=True)
                ]
            )
        dx, dstate, found = self.stack.backward(dy, np.zeros_like(tape.state), tape.stack)
        if spec["embedding"]:
            grads["embedding.weight"] = tape.x.T @ dx
            dx = dx @ self.params["embedding.weight"].T
        return grads | found, dx, dstate

    def losses(self, batch: list[Example], tape: Tape) -> tuple[float, float, Array]:
        """(loss, weight, what `back` starts from) of a batch."""
        packing, z = tape.packing, tape.head[-1]["z"]
        if self.spec["output"] == "ctc":
            rows = [ctc.loss(logits, e.y) for logits, e in zip(packing.unpack(z), batch, strict=True)]
            possible = [e.w * ctc.is_possible(len(e.x), e.y) for e in batch]
            share, weight = _share(np.array(possible))
            d = packing.pack([part * row[1] for part, row in zip(share, rows, strict=True)])
            return float(share @ [row[0] for row in rows]), weight, d
        join = packing.pack if self.stepwise else np.array
        share, weight = _share(join([e.w for e in batch]))
        values, d = loss.rows(
            self.spec["loss"],
            self.spec["layers"][-1]["activation"],
            tape.output,
            z,
            join([e.y for e in batch]),
        )
        return float(values @ share), weight, d * share[:, None]

    def examples(self, x: Sequences, y: Any, w: Any) -> list[Example]:
        """The data by sequence.

        Of output "next", step t + 1 is the target of step t, and a weight a step is that of the step it stands at.
        """
        w = np.ones(len(x)) if w is None else w
        if self.spec["output"] == "next":
            x, y = [s[:-1] for s in x], [s[1:] for s in x]
        if self.stepwise and self.spec["output"] != "ctc":
            w = [
                np.broadcast_to(v, len(s)) if np.ndim(v) == 0 else v[: len(s)]
                for s, v in zip(x, w, strict=True)
            ]
        return list(map(Example, x, y, w))

    def pieces(self, batch: list[Example]) -> Iterator[list[Example]]:
        """The batch as its updates see it: whole, or cut into pieces of `bptt` steps."""
        size = self.spec["bptt"]
        if not size:
            yield batch
            return
        for first in range(0, len(batch[0].x), size):
            yield [Example(*(v[first : first + size] for v in e)) for e in batch if len(e.x) > first]

    def updates(self, batch: list[Example], place: Place) -> Iterator[trainer.Update]:
        """What each piece's update is made from; the hidden state is carried, gradients are not."""
        epoch, step = place
        state = self.initial_state(len(batch))
        for piece in self.pieces(batch):
            tape = self.run([e.x for e in piece], state[: len(piece)], (epoch, step))
            value, weight, d = self.losses(piece, tape)
            self.head.track_statistics(tape.head)
            yield value, weight, self.back(d, tape)[0]
            state, step = tape.state, step + 1

    def fit(
        self,
        x: Sequences,
        y: Any = None,
        w: Any = None,
        validation: tuple[Any, ...] | None = None,
        **options: Any,
    ) -> list[dict[str, float]]:
        """Train; returns a dict an epoch, as the compiled core's `run` does."""
        examples = self.examples(x, y, w)
        longest = max(len(e.x) for e in examples)
        return trainer.fit(
            self,
            len(examples),
            lambda at, place: self.updates(_sorted([examples[i] for i in at]), place),
            None if validation is None else lambda: self.evaluate(*validation),
            options,
            pieces=-(-longest // (self.spec["bptt"] or longest)),
        )

    def evaluate(self, x: Sequences, y: Any = None, w: Any = None) -> float:
        """Weighted mean loss, as in inference."""
        batch = _sorted(self.examples(x, y, w))
        return self.losses(batch, self.run([e.x for e in batch]))[0]

    def gradients(
        self, x: Sequences, y: Any = None, w: Any = None, state: Array | None = None, place: Place = (0, 0)
    ) -> tuple[float, dict[str, Array], list[Array], Array]:
        """(loss, gradients, dx by sequence, d initial state) of one training step's batch, in one piece."""
        examples = self.examples(x, y, w)
        order = _order([e.x for e in examples])
        batch = [examples[i] for i in order]
        tape = self.run([e.x for e in batch], None if state is None else state[order], place)
        value, _, d = self.losses(batch, tape)
        grads, dx, dstate = self.back(d, tape)
        back, by_sequence = order.argsort(), tape.packing.unpack(dx)
        return value, grads, [by_sequence[i] for i in back], dstate[back]

    def forward(self, x: Sequences, state: Array | None = None) -> tuple[Any, Array]:
        """(outputs, final state): outputs (n, O), or a list of (T_i, O) where each step has one."""
        order = _order(x)
        tape = self.run([x[i] for i in order], None if state is None else state[order])
        back = order.argsort()
        if not self.stepwise:
            return tape.output[back], tape.state[back]
        by_sequence = tape.packing.unpack(tape.output)
        return [by_sequence[i] for i in back], tape.state[back]

    def predict(self, x: Sequences) -> Any:
        return self.forward(x)[0]

    def step(self, x: NDArray[Any], state: Array) -> tuple[Array, Array]:
        """(the head's output of one step, new state): x (n, I), or tokens (n,)."""
        tape = self.run(x[:, None], state, stepwise=True)
        return tape.output, tape.state

    def decode(self, x: Sequences, beam: int | None = None) -> list[NDArray[np.int64]]:
        """Output "ctc": labels by sequence, of the likeliest path, or of a beam so wide."""
        order = _order(x)
        tape = self.run([x[i] for i in order])
        logits = tape.packing.unpack(tape.head[-1]["z"])
        return [ctc.beam_search(logits[i], beam) if beam else ctc.greedy(logits[i]) for i in order.argsort()]


def _sorted(batch: list[Example]) -> list[Example]:
    return [batch[i] for i in _order([e.x for e in batch])]


def _order(x: Sequences) -> NDArray[np.int64]:
    """By length, longest first."""
    return np.argsort([-len(s) for s in x], kind="stable")


def _share(weights: NDArray[Any]) -> tuple[Array, float]:
    """Each row's share of a batch's loss, and the sum of the weights."""
    weights = np.asarray(weights, np.float64)
    total = float(weights.sum())
    return weights / (total or 1.0), total
