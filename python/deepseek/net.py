"""Net: the multilayer perceptron."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, cast

from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import _core
from ._checks import flag
from ._data.inputs import as_matrix
from ._data.rows import rows_of, validation_rows
from ._model.exchange import Exchangeable
from ._model.fit import callbacks_of, fit, pass_once
from ._model.run import make_plan
from ._net.config import NetConfig, make_config, read_config
from ._net.metrics import check_classes, decided, figure_of_merit
from ._net.table import net_rows, table
from .activations import Activation
from .callbacks import Callback
from .history import History
from .losses import Loss
from .optimizers import Optimizer
from .stopping import EarlyStopping, as_early_stopping

__all__ = ["Net"]

Array = NDArray[Any]


class Net(Exchangeable):
    """Multilayer perceptron, trained by back-propagation.

    A chain of dense layers: x·W + b, normalisation if asked for, activation, dropout. The same arguments,
    data and seed give the same bits with any number of threads and on every instruction set with fused
    multiply-add.

    Parameters
    ----------
    layers : sequence of int
        Numbers of units from the inputs to the outputs: ``[64, 128, 10]`` has 64 inputs, one hidden layer and
        10 outputs. ``[64, 10]`` has no hidden layer.
    activation : str, Activation or list of these, default="relu"
        Of the hidden layers, one for all or one per layer: identity, sigmoid, tanh, relu, leaky_relu, elu,
        selu, gelu, silu, mish, softplus, hard_sigmoid, hard_swish; `LeakyReLU` and `ELU` where the parameter
        is to be chosen.
    output_activation : str or Activation, optional
        Default: what the loss wants: softmax for cross_entropy and focal, sigmoid for binary_cross_entropy
        (and focal with one output), exp for poisson, identity for the rest.
    loss : str or Loss, default="squared_error"
        squared_error, absolute_error, huber, quantile, poisson, binary_cross_entropy, cross_entropy, focal;
        `Huber`, `Quantile`, `CrossEntropy` and `Focal` where a parameter is to be chosen.
    optimizer : str or Optimizer, default=Adam()
        `SGD`, `Adam`, `AdamW`, `RMSProp`, `Adagrad`, `Lion`; with rate, schedule, clipping and penalties.
    bias : bool, default=True
        Whether layers add a bias.
    dropout : float or list of float, default=0.0
        Share of the hidden units put to zero in training, in [0, 1); one for all or one per hidden layer.
    input_dropout : float, default=0.0
        The same for the inputs.
    normalization : {None, "batch", "layer"} or list of these, default=None
        Between a hidden layer's sums and its activation (Ioffe & Szegedy 2015; Ba et al. 2016).
    initialization : str or list of str, default="auto"
        Of the weights, one for all or one per layer of weights: glorot_uniform, glorot_normal, he_uniform,
        he_normal, lecun_uniform, lecun_normal, orthogonal, normal (standard normal), zeros. "auto" is
        he_uniform before relu and its relatives, glorot_uniform before all else. Biases start at zero.
    dtype : {"float32", "float64"}, default="float32"
        Of weights and arithmetic.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        "cuda" raises if it cannot be had (`deepseek.cuda.why` tells why); "auto" takes the best there is.
    threads : int, optional
        Most threads to use; default: as many as `set_num_threads` says. Never changes a result.
    seed : int, default=0
        Of initial weights, shuffling, dropout and the validation split, 0 to 2**64 - 1. None draws one.

    Raises
    ------
    TypeError, ValueError
        For an argument that cannot be, naming it, its value and what was expected.

    Examples
    --------
    >>> net = Net([64, 128, 10], loss="cross_entropy")  # doctest: +SKIP
    >>> history = net.fit(X, y, epochs=30, batch_size=64)  # doctest: +SKIP
    >>> net.predict(X).shape  # doctest: +SKIP
    (1797, 10)
    """

    kind: ClassVar[str] = "Net"
    _config: NetConfig

    def __init__(
        self,
        layers: Sequence[int],
        *,
        activation: str | Activation | Sequence[str | Activation] = "relu",
        output_activation: str | Activation | None = None,
        loss: str | Loss = "squared_error",
        optimizer: str | Optimizer | None = None,
        bias: bool = True,
        dropout: float | Sequence[float] = 0.0,
        input_dropout: float = 0.0,
        normalization: str | Sequence[str | None] | None = None,
        initialization: str | Sequence[str] = "auto",
        dtype: DTypeLike = "float32",
        device: str = "cpu",
        threads: int | None = None,
        seed: int | None = 0,
    ) -> None:
        config = make_config(
            layers,
            activation=activation,
            output_activation=output_activation,
            loss=loss,
            optimizer=optimizer,
            bias=bias,
            dropout=dropout,
            input_dropout=input_dropout,
            normalization=normalization,
            initialization=initialization,
            dtype=dtype,
            device=device,
            threads=threads,
            seed=seed,
        )
        self._begin(config)

    _read_config = staticmethod(read_config)

    @staticmethod
    def _make_core(config: NetConfig) -> Any:
        return _core.NetCore(config.spec())

    @property
    def layers(self) -> tuple[int, ...]:
        """Numbers of units from the inputs to the outputs."""
        return self._config.layers

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        epochs: int = 10,
        batch_size: int | None = 32,
        validation_data: tuple[Any, ...] | None = None,
        validation_fraction: float = 0.0,
        sample_weight: ArrayLike | None = None,
        class_weight: Mapping[int, float] | Sequence[float] | str | None = None,
        early_stopping: EarlyStopping | bool | None = None,
        callbacks: Callback | Iterable[Callback] = (),
        shuffle: bool = True,
        verbose: bool | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_every: int = 1,
        resume: bool = False,
    ) -> History:
        """Train for some epochs, going on from where the model stands.

        Parameters
        ----------
        X : array-like of shape (rows, inputs)
            Real numbers of any type and layout. Read in place if they are C-contiguous and of the model's
            dtype.
        y : array-like of shape (rows,) or (rows, outputs)
            Class indices (rows,) or probabilities (rows, outputs) for cross_entropy, class indices for focal
            with softmax, else values (rows, outputs), or (rows,) if there is one output.
        epochs : int, default=10
            How many more passes over the rows.
        batch_size : int or None, default=32
            Rows a step; None or anything above the number of rows takes them all.
        validation_data : tuple (X, y) or (X, y, sample_weight), optional
            Evaluated after each epoch.
        validation_fraction : float, default=0.0
            Share of the rows kept out of the training for validation, in [0, 1). Chosen at random, by the
            seed and the number of rows alone.
        sample_weight : array-like of shape (rows,), optional
            Weights of the rows, at least 0.
        class_weight : mapping, list or "balanced", optional
            Weight by class index, multiplied with the sample weights. "balanced" is rows / (classes · rows of
            the class). Not used on validation data.
        early_stopping : EarlyStopping or bool, optional
            When to stop before the last epoch; True is ``EarlyStopping()``.
        callbacks : Callback or iterable of Callback, default=()
            What runs between steps.
        shuffle : bool, default=True
            Draw a new order of the rows for each epoch.
        verbose : bool, optional
            Show a progress line; default: if standard error is a terminal.
        checkpoint : path-like, optional
            File that the model is saved to while it trains: `load` it and call ``fit`` with ``resume=True``
            to complete the fit after a crash. Short for a `Checkpoint` among the callbacks.
        checkpoint_every : int, default=1
            Epochs between two checkpoints.
        resume : bool, default=False
            Complete the last fit, if it was interrupted (by Ctrl-C, `stop`, an exception in a callback, or a
            crash and `load` of its checkpoint), with its own epochs, batch size, validation fraction and
            early stopping. Give it the same data: the bits are those of the uninterrupted fit. If that fit is
            complete nothing happens; if there is none, ValueError.

        Returns
        -------
        History
            The epochs of this call. `Net.history` has those of all fits.

        Raises
        ------
        TypeError, ValueError
            For bad data or arguments; the model is unchanged.
        DivergenceError
            If loss or weights become infinite or NaN; the model holds the last finite weights.
        KeyboardInterrupt
            On Ctrl-C, within a tenth of a second; the model is at its last complete step.
        """
        plan = make_plan(epochs, batch_size, shuffle, validation_fraction, as_early_stopping(early_stopping))
        called = callbacks_of(callbacks, verbose, checkpoint, checkpoint_every)
        return fit(
            self,
            plan,
            called,
            lambda: rows_of(self._config, X, y, sample_weight),
            None if validation_data is None else lambda: validation_rows(self._config, validation_data),
            class_weight=class_weight,
            resume=flag("resume", resume),
        )

    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        class_weight: Mapping[int, float] | Sequence[float] | str | None = None,
        batch_size: int | None = None,
    ) -> float:
        """Train on some rows once, in their order: one step, or one pass if ``batch_size`` is given.

        The optimizer goes on from call to call. A schedule sees each call as an epoch; give it its own
        horizon (``Cosine(epochs=...)``). Nothing is added to the history.

        Parameters
        ----------
        X, y, sample_weight, class_weight
            As in `fit`.
        batch_size : int, optional
            Rows a step; default: all.

        Returns
        -------
        float
            The loss of these rows, as met during the pass.
        """
        plan = make_plan(1, batch_size, False, 0.0, None)
        return pass_once(
            self, plan, lambda: rows_of(self._config, X, y, sample_weight), class_weight=class_weight
        )

    def predict(self, X: ArrayLike) -> Array:
        """Outputs for some rows, after the output activation.

        Parameters
        ----------
        X : array-like of shape (rows, inputs)
            Real numbers of any type and layout, finite. No rows are fine.

        Returns
        -------
        ndarray of shape (rows, outputs)
            Of the model's dtype: probabilities for the cross-entropies, else values. A row's result does not
            depend on the other rows.
        """
        done = self._core.try_predict(X)
        if done is None:  # it has to be looked at closer
            done = self._core.predict(as_matrix(X, self._dtype, self._config.inputs, empty=True))
        return cast(Array, done)

    def predict_classes(self, X: ArrayLike) -> Array:
        """Predicted classes for some rows.

        Parameters
        ----------
        X : array-like of shape (rows, inputs)

        Returns
        -------
        ndarray of int64
            (rows,) indices of the likeliest class with softmax outputs, (rows, outputs) zeros and ones with
            sigmoid outputs.

        Raises
        ------
        ValueError
            If the loss is none of cross_entropy, binary_cross_entropy and focal.
        """
        check_classes(self._config)
        return decided(self.predict(X), self._config)

    def evaluate(
        self, X: ArrayLike, y: ArrayLike, *, sample_weight: ArrayLike | None = None
    ) -> dict[str, float]:
        """Loss and figure of merit on some rows.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.

        Returns
        -------
        dict
            ``"loss"``, the weighted mean; and ``"accuracy"`` for cross_entropy, binary_cross_entropy and
            focal (with several sigmoid outputs the share of right answers among all), or ``"r2"``, the
            coefficient of determination averaged over outputs, for the rest.
        """
        data = rows_of(self._config, X, y, sample_weight)
        with self._gate.room:  # both from the same weights
            loss = float(self._core.evaluate(*data))
            outputs = self._core.predict(data.X)
        return {"loss": loss, **figure_of_merit(outputs, data.y, data.weights, self._config)}

    def __repr__(self) -> str:
        return table(type(self).__name__, self._config, net_rows(self._config))
