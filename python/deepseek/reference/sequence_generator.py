"""The generator of sequences: a recurrent stack on latent variables of every step, and dense layers on each step.

Time series are generated in one packed pass. In texts the previous token is an input of each step; the first step has
a start token, row V of the table. So texts are generated step by step, and the backward pass goes step by step too.
In pretraining the previous tokens are those of the data, and all steps are one pass: a Rec of output "next".
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _rng_streams as rng_streams
from . import draws, loss, mlp, stack
from .generator import Generator
from .outputs import outputs_backward, outputs_forward
from .packing import Packing
from .philox import Place

Array = NDArray[np.float64]
Sizes = NDArray[np.int64]
Gradients = dict[str, Array]


class Piece(NamedTuple):
    """Values of a pass over packed steps: the one-hot previous tokens, and the tapes of the layers."""

    packing: Packing
    previous: Array
    stack: list[stack.Tape]
    head: list[mlp.Tape]
    z: Array


class SequenceTape(NamedTuple):
    """Values of the generation: one piece, or one per step. `output` has one row per sequence, with all its steps."""

    labels: Array | None
    pieces: list[Piece]
    g: Array  # (rows, steps, data), or no columns
    output: Array
    lengths: Sizes

    @property
    def layers(self) -> list[mlp.Tape]:
        return self.pieces[-1].head


class SequenceGenerator(Generator):
    """The generator of the `spec` of a Gen of sequences."""

    def build(self) -> None:
        spec = self.spec
        if spec["vocabulary"]:
            rows, width = spec["vocabulary"] + 1, spec["token_embedding_size"]
            self.build_embedding("tokens", rows, width, rng_streams.TOKEN_EMBEDDING)
        self.build_embedding(
            "embedding", spec["classes"], spec["embedding_size"], rng_streams.LABEL_EMBEDDING
        )
        widths = [
            spec.get("token_embedding_size", 0),
            spec["latent_size"],
            spec["step_latent_size"],
            spec["embedding_size"],
        ]
        self.stack = stack.Stack(self, sum(widths), "generator.")
        self.mlp = mlp.Mlp(self, spec["layers"], self.stack.outputs, "generator.")

    def generate(  # type: ignore[override]  # another tape with the same attributes
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
            raise ValueError("lengths: got None; expected one per sequence")
        latent = self.latents(rows, labels, place, seed)
        g = np.stack([self.gumbel(seed, rows, place, t) for t in range(spec["steps"])], axis=1)
        if spec["vocabulary"]:
            return self._text(latent, labels, g, at, lengths)
        packing = Packing.of(lengths, spec["steps"])
        piece, _ = self._run(packing, np.empty((len(packing.rows), 0)), latent, self._zero_state(rows), at)
        noise = g.reshape(rows * spec["steps"], -1)[packing.rows]
        output = np.zeros((rows * spec["steps"], spec["data_size"]))
        output[packing.rows] = self._outputs(piece.z, noise, at)
        return SequenceTape(labels, [piece], g, output.reshape(rows, -1), lengths)

    def latents(self, rows: int, labels: Array | None, place: Place, seed: int) -> Array:
        """Return the inputs of every step besides the previous token (rows, steps, width).

        These are the latent variables of the sequence, those of the step, and the embedding of the label.
        """
        spec, steps = self.spec, self.spec["steps"]
        whole = draws.normal(seed, rng_streams.LATENT, rows, spec["latent_size"], place)
        by_step = [
            draws.normal(
                seed, rng_streams.LATENT, rows, spec["step_latent_size"], place, rng_streams.STEP_LATENT + t
            )
            for t in range(steps)
        ]
        label = np.empty((rows, 0)) if labels is None else labels @ self.params["generator.embedding.weight"]
        return np.stack([np.hstack([whole, step, label]) for step in by_step], axis=1)

    def _zero_state(self, rows: int) -> Array:
        return np.zeros((rows, self.stack.state_size))

    def _outputs(self, z: Array, g: Array, place: Place | None) -> Array:
        return (
            outputs_forward(self.spec["output_blocks"], z, g, place is None)
            if self.spec["output_blocks"]
            else z
        )

    def _run(
        self, packing: Packing, previous: Array, latent: Array, state: Array, place: Place | None
    ) -> tuple[Piece, Array]:
        """Return (piece, new state) of packed steps; `previous` are the one-hot previous tokens (V + 1 columns)."""
        spec = self.spec
        x = latent.reshape(len(latent) * spec["steps"], -1)[packing.rows]
        if spec["vocabulary"]:
            x = np.hstack([previous @ self.params["generator.tokens.weight"], x])
        y, state, tapes = self.stack.forward(x, packing, state, place)
        masked = [len(spec["hidden"]), *(rng_streams.HEAD_DROPOUT + i for i in range(len(spec["layers"])))]
        masks = self.mlp.masks(spec["seed"], spec["dropout"], packing.rows, masked, place)
        z, head = self.mlp.forward(y, masks, place is not None)
        return Piece(packing, previous, tapes, head, z), state

    def _piece_backward(
        self, d: Array, dstate: Array, piece: Piece, labels: Array | None
    ) -> tuple[Gradients, Array, Array]:
        """Return (gradients, d previous tokens, d previous state) from the gradients of z and of the new state."""
        spec = self.spec
        grads, dy = self.mlp.backward(d, piece.head, False)
        dx, dstate, found = self.stack.backward(dy, dstate, piece.stack)
        grads |= found
        if labels is not None:
            d_label = dx[:, dx.shape[1] - spec["embedding_size"] :]
            grads["generator.embedding.weight"] = labels[piece.packing.rows // spec["steps"]].T @ d_label
        if not spec["vocabulary"]:
            return grads, piece.previous, dstate
        d_token, table = dx[:, : spec["token_embedding_size"]], "generator.tokens.weight"
        grads[table] = piece.previous.T @ d_token
        return grads, d_token @ self.params[table].T, dstate

    def _text(
        self, latent: Array, labels: Array | None, g: Array, place: Place | None, lengths: Sizes
    ) -> SequenceTape:
        """Generate token by token, also after an eos_token: training texts are filled with it."""
        rows, steps = latent.shape[:2]
        previous, state = self._start(rows), self._zero_state(rows)
        pieces, output = [], []
        for t in range(steps):
            packing = Packing([1] * rows, np.arange(rows), t, steps)
            piece, state = self._run(packing, previous, latent, state, place)
            pieces.append(piece)
            output.append(self._outputs(piece.z, g[:, t], place))
            previous = np.pad(output[-1], ((0, 0), (0, 1)))
        y = np.stack(output, axis=1)
        y *= (np.arange(steps) < lengths[:, None])[:, :, None]
        return SequenceTape(labels, pieces, g, y.reshape(rows, -1), lengths)

    def _start(self, rows: int) -> Array:
        return np.tile(np.eye(self.spec["vocabulary"] + 1)[-1], (rows, 1))

    def backward(self, dy: Array, tape: SequenceTape) -> Gradients:  # type: ignore[override]
        """Return the gradients from that with respect to the output, from the last step to the first."""
        rows, steps = len(dy), self.spec["steps"]
        d_rows, g = dy.reshape(rows * steps, -1), tape.g.reshape(rows * steps, -1)
        grads: Gradients = {}
        d_fed_back, dstate = np.zeros((rows, self.spec["data_size"])), self._zero_state(rows)
        for piece in reversed(tape.pieces):
            at = piece.packing.rows
            d = d_rows[at] + d_fed_back if self.spec["vocabulary"] else d_rows[at]
            if self.spec["output_blocks"]:
                d = outputs_backward(self.spec["output_blocks"], d, piece.z, g[at])
            found, d_fed_back, dstate = self._piece_backward(d, dstate, piece, tape.labels)
            d_fed_back = d_fed_back[:, : self.spec["data_size"]]
            grads = {name: value + grads.get(name, 0.0) for name, value in found.items()}
        return grads

    def pretrain_gradients(
        self, x: Array, lengths: Sizes, labels: Array | None, place: Place
    ) -> tuple[float, float, Gradients]:
        """Return (loss, steps, gradients) of the mean cross-entropy of the tokens of x given the previous ones."""
        value, steps, d, piece = self.cross_entropy(x, lengths, labels, place)
        return value, steps, self._piece_backward(d, self._zero_state(len(x)), piece, labels)[0]

    def cross_entropy(
        self, x: Array, lengths: Sizes, labels: Array | None, place: Place | None
    ) -> tuple[float, float, Array, Piece]:
        """Return (loss, steps, gradient with respect to z, piece); a `place` turns training on."""
        rows, steps, width = len(x), self.spec["steps"], self.spec["data_size"]
        packing = Packing.of(lengths, steps)
        tokens = x.reshape(rows, steps, width)
        previous = np.zeros((rows, steps, width + 1))
        previous[:, 0, -1] = 1.0
        previous[:, 1:, :-1] = tokens[:, :-1]
        latent = self.latents(rows, labels, draws.SAMPLE if place is None else place, self.spec["seed"])
        flat = previous.reshape(rows * steps, -1)[packing.rows]
        piece, _ = self._run(packing, flat, latent, self._zero_state(rows), place)
        losses, d = loss.rows(
            {"name": "cross_entropy", "label_smoothing": 0.0},
            "softmax",
            piece.z,
            piece.z,
            tokens.reshape(-1, width)[packing.rows],
        )
        return float(losses.mean()), float(len(losses)), d / len(losses), piece
