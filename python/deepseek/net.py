"""Net: the multilayer perceptron."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, cast

from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import _core, cuda
from ._config.checks import flag
from ._config.hints import explain_keywords
from ._config.net import NetConfig
from ._config.optimizer_options import optimizer_options
from ._data.rows import rows_of, validation_rows
from ._data.sparse import SparseMatrix, as_inputs
from ._interop.exportable import ExportableModel
from ._net.metrics import check_classes, evaluation_metric, predicted_classes, without_outputs
from ._net.table import net_rows, table
from ._training.fit import callbacks_of, fit, pass_once
from ._training.fit_state import make_fit_config
from .activations import Activation
from .callbacks import Callback
from .embeddings import PeriodicEmbedding
from .history import History
from .losses import Loss
from .optimizers import Optimizer
from .stopping import EarlyStopping, as_early_stopping

__all__ = ["Net"]

Array = NDArray[Any]


class Net(ExportableModel):
    """Multilayer perceptron, trained by back-propagation.

    The network is a chain of dense layers: x·W + b, optional normalisation, activation, dropout. The same arguments,
    data and seed give the same bits with any number of threads, on every instruction set with fused multiply-add.

    Parameters
    ----------
    layers : sequence of int
        Numbers of units from the inputs to the outputs: ``[64, 128, 10]`` has 64 inputs, one hidden layer and
        10 outputs; ``[64, 10]`` has no hidden layer.
    activation : str, Activation or list of these, default="relu"
        Activation of the hidden layers, one for all or one per layer: identity, sigmoid, tanh, relu, leaky_relu, elu,
        selu, gelu, silu, mish, softplus, hard_sigmoid, hard_swish, or `LeakyReLU` and `ELU` with a parameter.
    output_activation : str or Activation, optional
        Activation of the output layer. Default: softmax for cross_entropy and focal, sigmoid for
        binary_cross_entropy (and focal with one output), exp for poisson, identity for the other losses.
    loss : str or Loss, default="squared_error"
        Loss: squared_error, absolute_error, huber, quantile, poisson, binary_cross_entropy, cross_entropy, focal, or
        `Huber`, `Quantile`, `BinaryCrossEntropy`, `CrossEntropy` and `Focal` with options.
    optimizer : str or Optimizer, default=Adam()
        Optimizer, with its learning rate, schedule, clipping and penalties: `SGD`, `Adam`, `AdamW`, ….
    bias : bool, default=True
        Whether the layers add a bias.
    dropout : float or list of float, default=0.0
        Share of the hidden units set to 0 in training, in [0, 1), one for all or one per hidden layer.
    input_dropout : float, default=0.0
        Share of the inputs set to 0 in training, in [0, 1).
    numeric_embedding : PeriodicEmbedding, optional
        Embedding of the first inputs as periodic functions with trained frequencies, for tables whose target bends
        more than once along a feature. Default: none.
    input_scale_rate : float, default=0.0
        Factor of the learning rate at which a scale per input of the first dense layer is trained (Holzmüller et al.
        2024 take 6); 0 trains none. The input is multiplied by 1 + rate·weight, so the factor holds for optimizers
        whose steps do not depend on the size of the gradient, such as `Adam`.
    normalization : {None, "batch", "layer"} or list of these, default=None
        Normalisation before the activation of the hidden layers, one for all or one per layer (Ioffe & Szegedy 2015;
        Ba et al. 2016).
    initialization : str or list of str, default="auto"
        Rule for the initial weights, one for all or one per layer: glorot_uniform, glorot_normal, he_uniform,
        he_normal, lecun_uniform, lecun_normal, orthogonal, normal (standard normal), zeros. "auto" takes he_uniform
        before relu and its relatives, glorot_uniform before other activations. Biases start at 0.
    dtype : {"float32", "float64"}, default="float32"
        Precision of the weights and the arithmetic.
    device : {"cpu", "cuda", "cuda:1", …, "auto"}, default="cpu"
        Device of the model. "cuda" is the first CUDA device, "cuda:1" the second. They raise an error if the device
        cannot be used (`deepseek.cuda.why` has the reason). "auto" takes "cuda" where it can be used, otherwise "cpu".
    threads : int, optional
        Largest number of threads. Default: the number of `set_num_threads`. It never changes a result.
    seed : int, default=0
        Seed of the initial weights, shuffling, dropout and the validation split, 0 to 2**64 - 1. None draws one.

    Raises
    ------
    TypeError, ValueError
        For a wrong argument; the message names it, its value and what was expected.

    Examples
    --------
    >>> net = Net([64, 128, 10], loss="cross_entropy")  # doctest: +SKIP
    >>> history = net.fit(X, y, epochs=30, batch_size=64)  # doctest: +SKIP
    >>> net.predict(X).shape  # doctest: +SKIP
    (1797, 10)
    """

    kind: ClassVar[str] = "Net"
    _config: NetConfig

    @explain_keywords(optimizer_options)
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
        numeric_embedding: PeriodicEmbedding | None = None,
        input_scale_rate: float = 0.0,
        normalization: str | Sequence[str | None] | None = None,
        initialization: str | Sequence[str] = "auto",
        dtype: DTypeLike = "float32",
        device: str = "cpu",
        threads: int | None = None,
        seed: int | None = 0,
    ) -> None:
        options = {key: value for key, value in locals().items() if key != "self"}
        self._begin(NetConfig(**options))

    _config_class = NetConfig

    @staticmethod
    def _make_core(config: NetConfig) -> Any:
        return _core.NetCore(config.spec(), cuda.number_of(config.device))

    @property
    def layers(self) -> tuple[int, ...]:
        """Numbers of units from the inputs to the outputs."""
        return self._config.layers

    @explain_keywords()
    def fit(
        self,
        X: ArrayLike | SparseMatrix,
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
        checkpoint_interval: int = 1,
        resume: bool = False,
    ) -> History:
        """Train the model; a further call continues from the current weights and optimizer state.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (rows, inputs)
            Inputs: finite real numbers of any type and layout. Arrays that are C-contiguous and of the
            model's dtype are read in place. Sparse matrices of SciPy stay sparse: the first layer multiplies
            their entries only, with the bits of the dense rows. CSR matrices are read in place except for
            their indices; other formats are converted to CSR.
        y : array-like of shape (rows,) or (rows, outputs)
            Targets: class indices (rows,) or probabilities (rows, outputs) for cross_entropy; class indices
            for focal with softmax; otherwise values (rows, outputs), or (rows,) for one output.
        epochs : int, default=10
            Number of passes over the rows to train.
        batch_size : int or None, default=32
            Rows per mini-batch; None, or a value above the number of rows, uses the full batch.
        validation_data : tuple (X, y) or (X, y, sample_weight), optional
            Data on which the loss is evaluated after each epoch; default: none.
        validation_fraction : float, default=0.0
            Fraction of the rows that is held out for validation, in [0, 1). The choice is a function of the
            seed and the number of rows.
        sample_weight : array-like of shape (rows,), optional
            Weights of the rows, at least 0; default: 1.
        class_weight : mapping, list or "balanced", optional
            Weights by class index, multiplied with the sample weights; default: 1. "balanced" is rows /
            (classes · rows of the class). They are not applied to validation data.
        early_stopping : EarlyStopping or bool, optional
            Rule for ending the fit before the last epoch; default: none. True is ``EarlyStopping()``.
        callbacks : Callback or iterable of Callback, default=()
            Callbacks, called between steps and epochs.
        shuffle : bool, default=True
            Whether the rows are shuffled before each epoch.
        verbose : bool, optional
            Whether to show a progress line; default: True if standard error is a terminal.
        checkpoint : path-like, optional
            File to which the model is saved during the fit; default: none. After a crash, `load` it and call
            ``fit`` with ``resume=True``. It is an abbreviation of the callback `Checkpoint`.
        checkpoint_interval : int, default=1
            Number of epochs between two checkpoints, at least 1.
        resume : bool, default=False
            Whether to complete the last fit, which was interrupted by Ctrl-C, by `stop`, by an exception in a
            callback, or by a crash (after `load` of its checkpoint). It keeps the epochs, batch size,
            validation fraction and early stopping of that fit. With the same data, the weights equal those of
            an uninterrupted fit bit by bit. If that fit is complete, nothing happens.

        Returns
        -------
        History
            Epochs of this call. `Net.history` has the epochs of all fits.

        Raises
        ------
        TypeError, ValueError
            For invalid data or arguments, or ``resume=True`` without a fit; the model is unchanged.
        DivergenceError
            If the loss or a weight becomes infinite or NaN; the model keeps the last finite weights.
        KeyboardInterrupt
            On Ctrl-C, within 0.1 seconds; the model is at its last complete step.
        """
        config = make_fit_config(
            epochs, batch_size, shuffle, validation_fraction, as_early_stopping(early_stopping)
        )
        return fit(
            self,
            config,
            callbacks_of(callbacks, verbose, checkpoint, checkpoint_interval),
            lambda: rows_of(self._config, X, y, sample_weight),
            None if validation_data is None else lambda: validation_rows(self._config, validation_data),
            class_weight=class_weight,
            resume=flag("resume", resume),
        )

    @explain_keywords()
    def partial_fit(
        self,
        X: ArrayLike | SparseMatrix,
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        class_weight: Mapping[int, float] | Sequence[float] | str | None = None,
        batch_size: int | None = None,
    ) -> float:
        """Train on the rows once, in their order: one step, or one pass of mini-batches with ``batch_size``.

        The optimizer state continues from call to call. A schedule counts each call as an epoch, so give it a
        horizon (``Cosine(epochs=...)``). The history is unchanged.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (rows, inputs)
            Inputs, see `fit`.
        y : array-like of shape (rows,) or (rows, outputs)
            Targets, see `fit`.
        sample_weight : array-like of shape (rows,), optional
            Weights of the rows, at least 0; default: 1.
        class_weight : mapping, list or "balanced", optional
            Weights by class index, see `fit`; default: 1.
        batch_size : int, optional
            Rows per mini-batch; default: all rows.

        Returns
        -------
        float
            Mean loss of the rows during the pass.

        Raises
        ------
        TypeError, ValueError
            For invalid data or arguments; the model is unchanged.
        DivergenceError
            If the loss or a weight becomes infinite or NaN; the model keeps the last finite weights.
        """
        config = make_fit_config(1, batch_size, False, 0.0, None)
        return pass_once(
            self, config, lambda: rows_of(self._config, X, y, sample_weight), class_weight=class_weight
        )

    def predict(self, X: ArrayLike | SparseMatrix, *, squeeze: bool = False) -> Array:
        """Return the outputs for rows, after the output activation.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (rows, inputs)
            Inputs: finite real numbers of any type and layout, possibly no rows.
        squeeze : bool, default=False
            Whether a model with one output returns (rows,), the shape of targets (rows,), instead of (rows, 1).

        Returns
        -------
        ndarray of shape (rows, outputs) or (rows,)
            Outputs of the model's dtype: probabilities for the cross-entropies and focal, otherwise values.
            The result of a row does not depend on the other rows.

        Raises
        ------
        TypeError, ValueError
            For inputs of another shape, values that are not finite real numbers, or ``squeeze=True`` for a model with
            several outputs.
        """
        outputs = self._core.try_predict(X)
        if outputs is None:  # X needs validation or conversion
            outputs = self._core.predict(as_inputs(X, self._dtype, self._config.inputs, empty=True))
        return cast(Array, outputs) if squeeze is False else without_outputs(outputs, squeeze)

    def predict_classes(self, X: ArrayLike | SparseMatrix, *, squeeze: bool = False) -> Array:
        """Return the predicted classes of rows.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (rows, inputs)
            Inputs, see `predict`.
        squeeze : bool, default=False
            Whether a model with one sigmoid output returns (rows,) instead of (rows, 1).

        Returns
        -------
        ndarray of int64, shape (rows,) or (rows, outputs)
            Indices of the most probable class (rows,) for softmax outputs; 0 or 1 for each sigmoid output
            (rows, outputs), with the threshold 0.5.

        Raises
        ------
        TypeError, ValueError
            For invalid inputs, a loss other than cross_entropy, binary_cross_entropy and focal, or ``squeeze=True``
            for a model with several sigmoid outputs.
        """
        check_classes(self._config)
        return predicted_classes(self.predict(X), self._config, squeeze)

    def evaluate(
        self, X: ArrayLike | SparseMatrix, y: ArrayLike, *, sample_weight: ArrayLike | None = None
    ) -> dict[str, float]:
        """Return the loss and the metric on rows.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (rows, inputs)
            Inputs, see `fit`.
        y : array-like of shape (rows,) or (rows, outputs)
            Targets, see `fit`.
        sample_weight : array-like of shape (rows,), optional
            Weights of the rows, at least 0; default: 1.

        Returns
        -------
        dict of str to float
            ``"loss"`` is the weighted mean loss. ``"accuracy"`` is the fraction of correct classes, over all
            outputs, for cross_entropy, binary_cross_entropy and focal; ``"r2"`` is the coefficient of
            determination, averaged over outputs, for the other losses.

        Raises
        ------
        TypeError, ValueError
            For invalid data.
        """
        data = rows_of(self._config, X, y, sample_weight)
        with self._lock.state_lock:  # loss and outputs come from the same weights
            loss = float(self._core.evaluate(*data))
            outputs = self._core.predict(data.X)
        return {"loss": loss, **evaluation_metric(outputs, data.y, data.weights, self._config)}

    def __repr__(self) -> str:
        return table(type(self).__name__, self._config, net_rows(self._config))
