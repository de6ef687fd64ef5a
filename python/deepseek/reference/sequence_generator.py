"""The generator of sequences: latent numbers at every step through a recurrent stack, and dense layers on each step.

Of real features all steps are one packed pass. Of tokens (a vocabulary) each step also sees the token before it, the
first a start token, row V of the table: so the steps follow one another, and the way back as well. Taught, the
tokens before are those of the data, and all steps are one pass again: a Rec of output "next".
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import draws, loss, mlp, philox, stack
from .generator import EMBEDDING, Generator
from .outputs import outputs_backward, outputs_forward
from .packing import Packing
from .philox import Place
from .rec import PHILOX_EMBEDDING, PHILOX_HEAD

Array = NDArray[np.float64]
Sizes = NDArray[np.int64]
Gradients = dict[str, Array]


class Piece(NamedTuple):
    """What a pass over packed steps leaves: the token rows before them, and the layers' tapes."""

    packing: Packing
    before: Array
    stack: list[stack.Tape]
    head: list[mlp.Tape]
    z: Array


class SequenceTape(NamedTuple):
    """What generation leaves, in one piece or step by step; `output` holds a row a sequence, all its steps."""

    labels: Array | None
    pieces: list[Piece]
    g: Array  # (rows, steps, data), or no columns
    output: Array
    lengths: Sizes

    @property
    def layers(self) -> list[mlp.Tape]:
        return self.pieces[-1].head


class SequenceGenerator(Generator):
    """The generator of a Gen's `spec`, of sequences."""

    def build(self) -> None:
        spec = self.spec
        tokens = spec["vocabulary"] + 1 if spec["vocabulary"] else 0
        self.build_embedding("tokens", tokens, spec["tokens"], PHILOX_EMBEDDING)
        self.build_embedding("embedding", spec["classes"], spec["embedding"], EMBEDDING)
        widths = [spec["tokens"], spec["latent"], spec["step_latent"], spec["embedding"]]
        self.stack = stack.Stack(self, sum(widths), "generator.")
        self.mlp = mlp.Mlp(self, spec["layers"], self.stack.outputs, "generator.")

    def generate(  # type: ignore[override]  # another tape, read alike
        self,
        rows: int,
        labels: Array | None,
        place: Place,
        training: bool = True,
        seed: int | None = None,
        lengths: Sizes | None = None,
    ) -> SequenceTape:
        """Sequences of the given lengths."""
        spec, at = self.spec, place if training else None
        seed = spec["seed"] if seed is None else seed
        if lengths is None:
            raise ValueError("lengths are None, expected one a sequence")
        latent = self.latents(rows, labels, place, seed)
        g = np.stack([self.gumbel(seed, rows, place, t) for t in range(spec["length"])], axis=1)
        if spec["vocabulary"]:
            return self._text(latent, labels, g, at, lengths)
        packing = Packing.of(lengths, spec["length"])
        piece, _ = self._run(packing, np.empty((len(packing.rows), 0)), latent, self._fresh(rows), at)
        noise = g.reshape(rows * spec["length"], -1)[packing.rows]
        output = np.zeros((rows * spec["length"], spec["data"]))
        output[packing.rows] = self._shown(piece.z, noise, at)
        return SequenceTape(labels, [piece], g, output.reshape(rows, -1), lengths)

    def latents(self, rows: int, labels: Array | None, place: Place, seed: int) -> Array:
        """What every step sees besides the token before it (rows, steps, width).

        The sequence's latent, the step's own, and the label's vector.
        """
        spec, steps = self.spec, self.spec["length"]
        whole = draws.normal(seed, philox.LATENT, rows, spec["latent"], place)
        own = [
            draws.normal(seed, philox.LATENT, rows, spec["step_latent"], place, 1 + t) for t in range(steps)
        ]
        label = np.empty((rows, 0)) if labels is None else labels @ self.params["generator.embedding.weight"]
        return np.stack([np.hstack([whole, step, label]) for step in own], axis=1)

    def _fresh(self, rows: int) -> Array:
        return np.zeros((rows, self.stack.state_size))

    def _shown(self, z: Array, g: Array, place: Place | None) -> Array:
        return outputs_forward(self.spec["outputs"], z, g, place is None) if self.spec["outputs"] else z

    def _run(
        self, packing: Packing, before: Array, latent: Array, state: Array, place: Place | None
    ) -> tuple[Piece, Array]:
        """(piece, new state) of packed steps, `before` the rows (V + 1) of the tokens before them."""
        spec = self.spec
        x = latent.reshape(len(latent) * spec["length"], -1)[packing.rows]
        if spec["vocabulary"]:
            x = np.hstack([before @ self.params["generator.tokens.weight"], x])
        y, state, tapes = self.stack.forward(x, packing, state, place)
        masked = [len(spec["hidden"]), *range(PHILOX_HEAD, PHILOX_HEAD + len(spec["layers"]))]
        masks = self.mlp.masks(spec["seed"], spec["dropout"], packing.rows, masked, place)
        z, head = self.mlp.forward(y, masks, place is not None)
        return Piece(packing, before, tapes, head, z), state

    def _back(
        self, d: Array, dstate: Array, piece: Piece, labels: Array | None
    ) -> tuple[Gradients, Array, Array]:
        """(gradients, by the rows of the tokens before, by the state before) from those by z and by the state."""
        spec = self.spec
        grads, dy = self.mlp.backward(d, piece.head, False)
        dx, dstate, found = self.stack.backward(dy, dstate, piece.stack)
        grads |= found
        if labels is not None:
            by_label = dx[:, dx.shape[1] - spec["embedding"] :]
            grads["generator.embedding.weight"] = labels[piece.packing.rows // spec["length"]].T @ by_label
        if not spec["vocabulary"]:
            return grads, piece.before, dstate
        by_token, table = dx[:, : spec["tokens"]], "generator.tokens.weight"
        grads[table] = piece.before.T @ by_token
        return grads, by_token @ self.params[table].T, dstate

    def _text(
        self, latent: Array, labels: Array | None, g: Array, place: Place | None, lengths: Sizes
    ) -> SequenceTape:
        """One token after another, after a stop token too: that more of them follow is the generator's to learn."""
        rows, steps = latent.shape[:2]
        before, state = self._start(rows), self._fresh(rows)
        pieces, output = [], []
        for t in range(steps):
            packing = Packing([1] * rows, np.arange(rows), t, steps)
            piece, state = self._run(packing, before, latent, state, place)
            pieces.append(piece)
            output.append(self._shown(piece.z, g[:, t], place))
            before = np.pad(output[-1], ((0, 0), (0, 1)))
        y = np.stack(output, axis=1)
        y *= (np.arange(steps) < lengths[:, None])[:, :, None]
        return SequenceTape(labels, pieces, g, y.reshape(rows, -1), lengths)

    def _start(self, rows: int) -> Array:
        return np.tile(np.eye(self.spec["vocabulary"] + 1)[-1], (rows, 1))

    def backward(self, dy: Array, tape: SequenceTape) -> Gradients:  # type: ignore[override]
        """Gradients from that by the output; the last step first."""
        rows, steps = len(dy), self.spec["length"]
        by_row, g = dy.reshape(rows * steps, -1), tape.g.reshape(rows * steps, -1)
        grads: Gradients = {}
        fed, dstate = np.zeros((rows, self.spec["data"])), self._fresh(rows)
        for piece in reversed(tape.pieces):
            at = piece.packing.rows
            d = by_row[at] + fed if self.spec["vocabulary"] else by_row[at]
            if self.spec["outputs"]:
                d = outputs_backward(self.spec["outputs"], d, piece.z, g[at])
            found, fed, dstate = self._back(d, dstate, piece, tape.labels)
            fed = fed[:, : self.spec["data"]]
            grads = {name: value + grads.get(name, 0.0) for name, value in found.items()}
        return grads

    def teach(
        self, x: Array, lengths: Sizes, labels: Array | None, place: Place
    ) -> tuple[float, float, Gradients]:
        """(loss, steps, gradients): the mean cross-entropy of every token of x, those before it given."""
        value, taught, d, piece = self.likelihood(x, lengths, labels, place)
        return value, taught, self._back(d, self._fresh(len(x)), piece, labels)[0]

    def likelihood(
        self, x: Array, lengths: Sizes, labels: Array | None, place: Place | None
    ) -> tuple[float, float, Array, Piece]:
        """(loss, steps, gradient by z, piece); `place` means training."""
        rows, steps, width = len(x), self.spec["length"], self.spec["data"]
        packing = Packing.of(lengths, steps)
        tokens = x.reshape(rows, steps, width)
        before = np.zeros((rows, steps, width + 1))
        before[:, 0, -1] = 1.0
        before[:, 1:, :-1] = tokens[:, :-1]
        latent = self.latents(rows, labels, draws.SAMPLE if place is None else place, self.spec["seed"])
        flat = before.reshape(rows * steps, -1)[packing.rows]
        piece, _ = self._run(packing, flat, latent, self._fresh(rows), place)
        losses, d = loss.rows(
            {"name": "cross_entropy", "smoothing": 0.0},
            "softmax",
            piece.z,
            piece.z,
            tokens.reshape(-1, width)[packing.rows],
        )
        return float(losses.mean()), float(len(losses)), d / len(losses), piece
