"""The networks of the project's first article, with its listings corrected; ``docs/history.md`` lists the corrections.

Sigmoid on every layer, squared error, plain gradient descent with step 1, no bias, standard normal weights.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def sigmoid(z: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-z))


class Perceptron:
    """The article's NeuralNetwork; weights are (in, out) as there."""

    def __init__(self, input_size: int, hidden_size: int, output_size: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.weights1 = rng.standard_normal((input_size, hidden_size))
        self.weights2 = rng.standard_normal((hidden_size, output_size))

    def forward(self, x: Array) -> Array:
        self.hidden = sigmoid(x @ self.weights1)
        return sigmoid(self.hidden @ self.weights2)

    def train(self, x: Array, y: Array, epochs: int, rate: float = 1.0) -> None:
        """Gradient descent on ½·mean (ŷ - y)² over all rows, one step per epoch."""
        for _ in range(epochs):
            output = self.forward(x)
            output_delta = (output - y) * output * (1.0 - output) / y.size
            hidden_delta = output_delta @ self.weights2.T * self.hidden * (1.0 - self.hidden)
            self.weights2 -= rate * self.hidden.T @ output_delta
            self.weights1 -= rate * x.T @ hidden_delta


class Recurrent:
    """The article's RecurrentNeuralNetwork: an Elman cell with an output at the last step; weights are (in, out)."""

    def __init__(self, input_size: int, hidden_size: int, output_size: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.weights_ih = rng.standard_normal((input_size, hidden_size))
        self.weights_hh = rng.standard_normal((hidden_size, hidden_size))
        self.weights_ho = rng.standard_normal((hidden_size, output_size))

    def forward(self, x: Array) -> Array:
        """Return the outputs for x (B, T, input_size)."""
        self.hidden = [np.zeros((len(x), len(self.weights_hh)))]  # h_0 = 0, then h_t of each step t
        for t in range(x.shape[1]):
            self.hidden.append(sigmoid(x[:, t] @ self.weights_ih + self.hidden[t] @ self.weights_hh))
        return sigmoid(self.hidden[-1] @ self.weights_ho)

    def train(self, x: Array, y: Array, epochs: int, rate: float = 1.0) -> None:
        """Gradient descent on ½·mean (ŷ - y)² over all rows, one step per epoch."""
        for _ in range(epochs):
            output = self.forward(x)
            output_delta = (output - y) * output * (1.0 - output) / y.size
            d_ih, d_hh = np.zeros_like(self.weights_ih), np.zeros_like(self.weights_hh)
            dh = output_delta @ self.weights_ho.T
            for t in reversed(range(x.shape[1])):
                previous, h = self.hidden[t : t + 2]
                hidden_delta = dh * h * (1.0 - h)
                d_ih += x[:, t].T @ hidden_delta
                d_hh += previous.T @ hidden_delta
                dh = hidden_delta @ self.weights_hh.T
            self.weights_ho -= rate * self.hidden[-1].T @ output_delta
            self.weights_ih -= rate * d_ih
            self.weights_hh -= rate * d_hh


class Gan:
    """The article's GAN of two perceptrons: the discriminator's target is 1 for data and 0 for generated rows."""

    def __init__(self, input_size: int, hidden_size: int, output_size: int, seed: int = 0) -> None:
        self.generator = Perceptron(input_size, hidden_size, output_size, seed)
        self.discriminator = Perceptron(output_size, hidden_size, 1, seed + 1)

    def train(self, x: Array, z: Array, rate: float = 1.0) -> None:
        """One step of the discriminator on rows x and as many latents z, then one of the generator."""
        g, d = self.generator, self.discriminator
        fake = g.forward(z)
        changes = [
            self._discriminator_backward(x, np.ones((len(x), 1))),
            self._discriminator_backward(fake, np.zeros((len(x), 1))),
        ]
        for d_weights1, d_weights2, _ in changes:
            d.weights1 -= rate * d_weights1
            d.weights2 -= rate * d_weights2

        _, _, d_fake = self._discriminator_backward(fake, np.ones((len(x), 1)))
        output_delta = d_fake * fake * (1.0 - fake)
        hidden_delta = output_delta @ g.weights2.T * g.hidden * (1.0 - g.hidden)
        g.weights2 -= rate * g.hidden.T @ output_delta
        g.weights1 -= rate * z.T @ hidden_delta

    def _discriminator_backward(self, x: Array, target: Array) -> tuple[Array, Array, Array]:
        """Return the gradients of ½·mean (D(x) - target)² with respect to both weights of D, and to x."""
        d, y = self.discriminator, self.discriminator.forward(x)
        output_delta = (y - target) * y * (1.0 - y) / len(x)
        hidden_delta = output_delta @ d.weights2.T * d.hidden * (1.0 - d.hidden)
        return x.T @ hidden_delta, d.hidden.T @ output_delta, hidden_delta @ d.weights1.T
