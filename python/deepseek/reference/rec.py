"""A Rec in NumPy: embedding, recurrent stack, pooling, head, and truncated back-propagation. Mirrors ``csrc/rec``.

Sequences are given as lists (or arrays) of arrays (T_i, features), or (T_i,) of tokens. Inside, a batch is a
list of examples sorted by length, and everything with steps is packed (packing.py). Tokens become one-hot rows that
are multiplied with the weights, so they have gradients too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _rng_streams as rng_streams
from . import ctc, init, loss, mlp, stack, trainer
from .layers import pooling
from .model import Model
from .packing import Packing
from .philox import Place
from .spec import Spec, complete_rec

Array = NDArray[np.float64]
Sequences = Sequence[NDArray[Any]] | NDArray[Any]


class Example(NamedTuple):
    """A sequence, its target and its weight: one per sequence, or one per step."""

    x: NDArray[Any]
    y: Any
    w: Any


class Tape(NamedTuple):
    """Values of a forward pass."""

    packing: Packing
    x: Array
    tops: list[Array]  # outputs of the top recurrent layer, by sequence; empty without pooling
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
        features = spec["input_size"] or spec["vocabulary"]
        if spec["embedding_size"]:
            self.params["embedding.weight"] = init.weights(
                "normal",
                features,
                spec["embedding_size"],
                1.0,
                spec["seed"],
                rng_streams.TOKEN_EMBEDDING,
                spec["dtype"],
            )
        self.stack = stack.Stack(self, spec["embedding_size"] or features)
        self.head = mlp.Mlp(self, spec["layers"], self.stack.outputs, "head.")

    def initial_state(self, n: int) -> Array:
        """Return zeros (n, state_size)."""
        return np.zeros((n, self.stack.state_size))

    def run(
        self, x: Sequences, state: Array | None = None, place: Place | None = None, stepwise: bool = False
    ) -> Tape:
        """Run a forward pass. A `place` (epoch, step) turns training on; `stepwise` omits the pooling."""
        spec, packing = self.spec, Packing([len(s) for s in x])
        packed = packing.pack(x)
        values = np.eye(spec["vocabulary"])[packed] if spec["vocabulary"] else packed.astype(np.float64)
        features = values @ self.params["embedding.weight"] if spec["embedding_size"] else values
        state = self.initial_state(len(x)) if state is None else state
        y, state, stack_tapes = self.stack.forward(features, packing, state, place)
        tops = [] if self.stepwise or stepwise else packing.unpack(y)
        if tops:
            y = np.array([pooling.pool_forward(spec["output"], s, spec["hidden"][-1]) for s in tops])
        masked = [len(spec["hidden"]), *(rng_streams.HEAD_DROPOUT + i for i in range(len(spec["layers"])))]
        masks = self.head.masks(spec["seed"], spec["dropout"], len(y), masked, place)
        y, head_tapes = self.head.forward(y, masks, place is not None)
        return Tape(packing, values, tops, stack_tapes, head_tapes, state, y)

    def backward(self, d: Array, tape: Tape) -> tuple[dict[str, Array], Array, Array]:
        """Return (gradients, packed dx, d initial state) from the gradient that `losses` returns."""
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
        if spec["embedding_size"]:
            grads["embedding.weight"] = tape.x.T @ dx
            dx = dx @ self.params["embedding.weight"].T
        return grads | found, dx, dstate

    def losses(self, batch: list[Example], tape: Tape) -> tuple[float, float, Array]:
        """Return (loss, weight, gradient with respect to the output or its pre-activation) of a batch."""
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
        """Return the data by sequence.

        With output "next", step t + 1 is the target of step t, and the weight of step t applies to this pair.
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
        """Yield the batch of each update: the whole one, or its pieces of `bptt_steps` steps."""
        size = self.spec["bptt_steps"]
        if not size:
            yield batch
            return
        for first in range(0, len(batch[0].x), size):
            yield [Example(*(v[first : first + size] for v in e)) for e in batch if len(e.x) > first]

    def updates(self, batch: list[Example], place: Place) -> Iterator[trainer.Update]:
        """Yield loss, weight and gradients of each piece. The state continues from piece to piece, gradients do not."""
        epoch, step = place
        state = self.initial_state(len(batch))
        for piece in self.pieces(batch):
            tape = self.run([e.x for e in piece], state[: len(piece)], (epoch, step))
            value, weight, d = self.losses(piece, tape)
            self.head.track_statistics(tape.head)
            yield value, weight, self.backward(d, tape)[0]
            state, step = tape.state, step + 1

    def fit(
        self,
        x: Sequences,
        y: Any = None,
        w: Any = None,
        validation: tuple[Any, ...] | None = None,
        **options: Any,
    ) -> list[dict[str, float]]:
        """Train; return a dict per epoch, as the compiled core's `run` does."""
        examples = self.examples(x, y, w)
        longest = max(len(e.x) for e in examples)
        return trainer.fit(
            self,
            len(examples),
            lambda at, place: self.updates(_sorted([examples[i] for i in at]), place),
            None if validation is None else lambda: self.evaluate(*validation),
            options,
            micro_steps=-(-longest // (self.spec["bptt_steps"] or longest)),
        )

    def evaluate(self, x: Sequences, y: Any = None, w: Any = None) -> float:
        """Return the weighted mean loss of inference."""
        batch = _sorted(self.examples(x, y, w))
        return self.losses(batch, self.run([e.x for e in batch]))[0]

    def gradients(
        self, x: Sequences, y: Any = None, w: Any = None, state: Array | None = None, place: Place = (0, 0)
    ) -> tuple[float, dict[str, Array], list[Array], Array]:
        """Return (loss, gradients, dx by sequence, d initial state) of the batch of one training step, in one piece."""
        examples = self.examples(x, y, w)
        order = _order([e.x for e in examples])
        batch = [examples[i] for i in order]
        tape = self.run([e.x for e in batch], None if state is None else state[order], place)
        value, _, d = self.losses(batch, tape)
        grads, dx, dstate = self.backward(d, tape)
        inverse, by_sequence = order.argsort(), tape.packing.unpack(dx)
        return value, grads, [by_sequence[i] for i in inverse], dstate[inverse]

    def forward(self, x: Sequences, state: Array | None = None) -> tuple[Any, Array]:
        """Return (outputs, final state): outputs (n, O), or a list of (T_i, O) if each step has one."""
        order = _order(x)
        tape = self.run([x[i] for i in order], None if state is None else state[order])
        inverse = order.argsort()
        if not self.stepwise:
            return tape.output[inverse], tape.state[inverse]
        by_sequence = tape.packing.unpack(tape.output)
        return [by_sequence[i] for i in inverse], tape.state[inverse]

    def predict(self, x: Sequences) -> Any:
        return self.forward(x)[0]

    def step(self, x: NDArray[Any], state: Array) -> tuple[Array, Array]:
        """Return (output of the head, new state) of one step on x (n, I), or on tokens (n,)."""
        tape = self.run(x[:, None], state, stepwise=True)
        return tape.output, tape.state

    def decode(self, x: Sequences, beam: int | None = None) -> list[NDArray[np.int64]]:
        """Return the labels of each sequence (output "ctc"): by the likeliest path, or by a beam of this width."""
        order = _order(x)
        tape = self.run([x[i] for i in order])
        logits = tape.packing.unpack(tape.head[-1]["z"])
        return [ctc.beam_search(logits[i], beam) if beam else ctc.greedy(logits[i]) for i in order.argsort()]


def _sorted(batch: list[Example]) -> list[Example]:
    return [batch[i] for i in _order([e.x for e in batch])]


def _order(x: Sequences) -> NDArray[np.int64]:
    """Return the order by length, longest first."""
    return np.argsort([-len(s) for s in x], kind="stable")


def _share(weights: NDArray[Any]) -> tuple[Array, float]:
    """Return the weight of each row as a fraction of their sum, and the sum."""
    weights = np.asarray(weights, np.float64)
    total = float(weights.sum())
    return weights / (total or 1.0), total
