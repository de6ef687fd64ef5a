"""Rec: the recurrent network."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, cast

from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import _core
from ._config import checks
from ._config.hints import explain_keywords
from ._config.optimizer_options import optimizer_options
from ._config.rec import RecConfig
from ._data.sequences import Sequences, as_sequences
from ._interop.exportable import ExportableModel
from ._net.metrics import check_classes, predicted_classes, without_outputs
from ._net.table import table
from ._rec.ctc import beam_search, greedy
from ._rec.data import sequence_rows, validation_sequences
from ._rec.metrics import evaluation_metric
from ._rec.streaming import Streaming
from ._rec.table import rec_rows
from ._training.fit import callbacks_of, fit, pass_once
from ._training.fit_state import make_fit_config
from .activations import Activation
from .callbacks import Callback
from .history import History
from .losses import Loss
from .optimizers import Optimizer
from .stopping import EarlyStopping, as_early_stopping

__all__ = ["Rec"]

Array = NDArray[Any]


class Rec(Streaming, ExportableModel):
    """Recurrent network, trained by back-propagation through time (Werbos 1990).

    The network is a stack of recurrent layers with a head of dense layers. Sequences may differ in length; no step is
    padded or masked, and a sequence's result does not depend on the others. The same arguments, data and seed give
    the same bits with any number of threads.

    Parameters
    ----------
    input_size : int, optional
        Number of features per step, for real inputs. Give either this or `vocabulary`.
    hidden : int or list of int, default=64
        Units of the recurrent layers, one number per layer.
    cell : {"gru", "lstm", "rnn"}, default="gru"
        Recurrent cell in PyTorch's form: GRU with the reset after the product (Cho et al. 2014), LSTM (Hochreiter &
        Schmidhuber 1997; Gers et al. 2000), or Elman's network (1990).
    cell_activation : {"tanh", "relu", "sigmoid"}, default="tanh"
        Activation of the cell "rnn"; the others have their own.
    vocabulary : int, optional
        Number of different tokens, for inputs that are the integers 0 to vocabulary - 1.
    embedding_size : int, optional
        Width of the tokens' embedding. Default: no embedding; a token selects its column of the input weights.
    bidirectional : bool, default=False
        Whether each sequence is read in both directions; the outputs of both are concatenated.
    output : {"last", "mean", "max", "sequence", "next", "ctc"}, default="last"
        Steps that the head reads, and kind of target: the last step's state; the mean or maximum over the steps;
        each step; each step with the next step's input as target; or labels without alignment to the steps (Graves et
        al. 2006).
    output_size : int, optional
        Number of outputs. Default: 1; for "next" the vocabulary or input_size. For "ctc" it is the number of labels
        + 1, and class 0 is the blank.
    head, head_activation : list of int, default=(); str or Activation, default="relu"
        Units of dense layers between the recurrent layers and the output layer, and their activation, as in `Net`.
    loss : str or Loss, optional
        Loss, as in `Net`. Default: squared_error; cross_entropy for "next" of tokens; always "ctc" for "ctc".
    output_activation, optimizer
        Activation of the output layer (softmax for "ctc"), and optimizer, as in `Net`.
    bias : bool, default=True
        Whether the layers add a bias.
    dropout : float, default=0.0
        Share of the outputs of each recurrent layer and each hidden dense layer set to 0 in training, in [0, 1).
    input_dropout : float, default=0.0
        Share of the inputs, or of the tokens' embeddings, set to 0 in training, in [0, 1).
    recurrent_dropout : float, default=0.0
        Share of the state set to 0 in training, one choice per sequence, in [0, 1) (Gal & Ghahramani 2016).
    layer_norm : bool, default=False
        Layer normalisation of the two products in each recurrent layer (Ba et al. 2016).
    bptt_steps : int, optional
        Steps per piece of truncated back-propagation, for "sequence" and "next": each piece is an update, and the
        state is carried over (Williams & Peng 1990). Default: whole sequences.
    initialization : str, default="auto"
        Rule for the initial weights, as in `Net`. "auto" takes glorot_uniform for input weights, orthogonal for state
        weights, each gate by itself, and standard normal for embeddings. Biases start at 0, the LSTM's forget gate
        at 1.
    dtype, device, threads, seed
        Precision, device, largest number of threads, and seed, as in `Net`.

    Raises
    ------
    TypeError, ValueError
        For a wrong argument; the message names it, its value and what was expected.

    Examples
    --------
    >>> rec = Rec(input_size=8, hidden=[64, 64], output_size=3, loss="cross_entropy")  # doctest: +SKIP
    >>> history = rec.fit(sequences, y, epochs=30)  # doctest: +SKIP
    >>> text = Rec(vocabulary=128, hidden=256, output="next")  # doctest: +SKIP
    """

    kind: ClassVar[str] = "Rec"
    _config_class = RecConfig

    @explain_keywords(optimizer_options)
    def __init__(
        self,
        *,
        input_size: int | None = None,
        hidden: int | Sequence[int] = 64,
        cell: str = "gru",
        cell_activation: str = "tanh",
        vocabulary: int | None = None,
        embedding_size: int | None = None,
        bidirectional: bool = False,
        output: str = "last",
        output_size: int | None = None,
        head: int | Sequence[int] = (),
        head_activation: str | Activation = "relu",
        output_activation: str | Activation | None = None,
        loss: str | Loss | None = None,
        optimizer: str | Optimizer | None = None,
        bias: bool = True,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        layer_norm: bool = False,
        bptt_steps: int | None = None,
        initialization: str = "auto",
        dtype: DTypeLike = "float32",
        device: str = "cpu",
        threads: int | None = None,
        seed: int | None = 0,
    ) -> None:
        options = {key: value for key, value in locals().items() if key != "self"}
        self._begin(RecConfig(**options))

    @staticmethod
    def _make_core(config: RecConfig) -> Any:
        return _core.RecCore(config.spec())

    @explain_keywords()
    def fit(
        self,
        X: ArrayLike | Sequence[ArrayLike],
        y: ArrayLike | Sequence[ArrayLike] | None = None,
        *,
        lengths: ArrayLike | None = None,
        epochs: int = 10,
        batch_size: int | None = 32,
        validation_data: tuple[Any, ...] | None = None,
        validation_fraction: float = 0.0,
        sample_weight: ArrayLike | Sequence[ArrayLike] | None = None,
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
        X : array-like of shape (sequences, steps, features), or list of array-like of shape (steps, features)
            Inputs: finite real numbers of any type and layout; the last dimension may be left out for one
            feature. With a vocabulary, integer tokens (sequences, steps) or a list of (steps,). Arrays that
            are C-contiguous and of the model's dtype (int64 for tokens) are read in place.
        y : array-like or list of array-like, optional
            Targets. For outputs "last", "mean" and "max" one per sequence, see `Net.fit`. For "sequence"
            class indices (sequences, steps), values (sequences, steps, outputs), or a list of (steps,) or
            (steps, outputs). For "ctc" a list of integer arrays with labels from 1 to outputs - 1, possibly
            empty. For "next" None.
        lengths : array-like of int, shape (sequences,), optional
            Number of valid steps of each sequence of an array; default: all. Values beyond are ignored.
        epochs, batch_size : int, default=10, 32
            Number of passes over the sequences, and sequences per mini-batch, see `Net.fit`.
        validation_data : tuple (X, y), (X, y, sample_weight) or (X, y, sample_weight, lengths), optional
            Data on which the loss is evaluated after each epoch, with y None for "next"; default: none.
        validation_fraction : float, default=0.0
            Fraction of the sequences that is held out for validation, in [0, 1).
        sample_weight : array-like of shape (sequences,) or (sequences, steps), or list of (steps,), optional
            Weights of the sequences or, for "sequence" and "next", of the steps as targets, at least 0;
            default: 1. For "next" the weight of the first step is unused.
        class_weight : mapping, list or "balanced", optional
            Weights by class index of the targets, see `Net.fit`; default: 1.
        early_stopping, callbacks, shuffle, verbose, checkpoint, checkpoint_interval, resume
            Options of the fit, see `Net.fit`.

        Returns
        -------
        History
            Epochs of this call. `Rec.history` has the epochs of all fits.

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
            lambda: sequence_rows(self._config, X, y, lengths, sample_weight),
            None if validation_data is None else lambda: validation_sequences(self._config, validation_data),
            class_weight=class_weight,
            resume=checks.flag("resume", resume),
        )

    @explain_keywords()
    def partial_fit(
        self,
        X: ArrayLike | Sequence[ArrayLike],
        y: ArrayLike | Sequence[ArrayLike] | None = None,
        *,
        lengths: ArrayLike | None = None,
        sample_weight: ArrayLike | Sequence[ArrayLike] | None = None,
        class_weight: Mapping[int, float] | Sequence[float] | str | None = None,
        batch_size: int | None = None,
    ) -> float:
        """Train on the sequences once, in their order: one step, or one pass of mini-batches with ``batch_size``.

        The optimizer state continues from call to call, see `Net.partial_fit`. The history is unchanged.

        Parameters
        ----------
        X, y, lengths, sample_weight, class_weight
            Data and weights, see `fit`.
        batch_size : int, optional
            Sequences per mini-batch; default: all.

        Returns
        -------
        float
            Mean loss of the sequences during the pass.

        Raises
        ------
        TypeError, ValueError
            For invalid data or arguments; the model is unchanged.
        DivergenceError
            If the loss or a weight becomes infinite or NaN; the model keeps the last finite weights.
        """
        config = make_fit_config(1, batch_size, False, 0.0, None)
        return pass_once(
            self,
            config,
            lambda: sequence_rows(self._config, X, y, lengths, sample_weight),
            class_weight=class_weight,
        )

    def predict(
        self, X: ArrayLike | Sequence[ArrayLike], *, lengths: ArrayLike | None = None, squeeze: bool = False
    ) -> Array | list[Array]:
        """Return the outputs for sequences, after the output activation.

        Parameters
        ----------
        X, lengths
            Inputs, see `fit`; possibly no sequences.
        squeeze : bool, default=False
            Whether a model with one output returns the shapes below without the dimension of outputs.

        Returns
        -------
        ndarray of shape (sequences, outputs)
            Outputs of each sequence, for "last", "mean" and "max".
        ndarray of shape (sequences, steps, outputs), or list of ndarray of shape (steps, outputs)
            Outputs of each step, for the other outputs: an array if X is an array without lengths, else a list. For
            "next" the prediction of the following step; for "ctc" the probabilities of the blank and the labels.

        Raises
        ------
        TypeError, ValueError
            For invalid inputs or lengths, or ``squeeze=True`` for a model with several outputs.
        """
        sequences = as_sequences(X, self._config, lengths, empty=True)
        outputs = without_outputs(self._outputs(sequences), squeeze)
        return sequences.shaped(outputs) if self._config.stepwise else outputs

    def predict_classes(
        self, X: ArrayLike | Sequence[ArrayLike], *, lengths: ArrayLike | None = None, squeeze: bool = False
    ) -> Array | list[Array]:
        """Return the predicted classes of sequences or of their steps.

        Parameters
        ----------
        X, lengths, squeeze
            Inputs and option, see `predict`.

        Returns
        -------
        ndarray of int64, or list of ndarray of int64
            Classes in the form of `predict` without the dimension of outputs; of sigmoid outputs 0 or 1 with it.

        Raises
        ------
        TypeError, ValueError
            For invalid inputs, or a loss other than cross_entropy, binary_cross_entropy and focal (ctc: use `decode`).
        """
        if self._config.output == "ctc":
            raise ValueError(
                "predict_classes: got a model with output='ctc'; expected another output (use decode)"
            )
        check_classes(self._config)
        sequences = as_sequences(X, self._config, lengths, empty=True)
        classes = predicted_classes(self._outputs(sequences), self._config, squeeze)
        return sequences.shaped(classes) if self._config.stepwise else classes

    def evaluate(
        self,
        X: ArrayLike | Sequence[ArrayLike],
        y: ArrayLike | Sequence[ArrayLike] | None = None,
        *,
        lengths: ArrayLike | None = None,
        sample_weight: ArrayLike | Sequence[ArrayLike] | None = None,
    ) -> dict[str, float]:
        """Return the loss and the metric on sequences.

        Parameters
        ----------
        X, y, lengths, sample_weight
            Data and weights, see `fit`.

        Returns
        -------
        dict of str to float
            ``"loss"`` is the weighted mean over sequences or, for "sequence" and "next", over all valid
            steps. ``"accuracy"`` or ``"r2"`` is defined as in `Net.evaluate`. For "ctc", ``"error_rate"`` is
            the number of edits of the greedy decoding per label.

        Raises
        ------
        TypeError, ValueError
            For invalid data.
        """
        data = sequence_rows(self._config, X, y, lengths, sample_weight)
        with self._lock.state_lock:  # loss and outputs come from the same weights
            loss = float(self._core.evaluate(*data.arrays))
            outputs = self._outputs(data.X)
        return {"loss": loss, **evaluation_metric(outputs, data, self._config)}

    def decode(
        self,
        X: ArrayLike | Sequence[ArrayLike],
        *,
        lengths: ArrayLike | None = None,
        beam: int | None = None,
    ) -> list[Array]:
        """Return the labels of sequences, for output "ctc".

        Parameters
        ----------
        X, lengths
            Inputs, see `predict`.
        beam : int, optional
            Beam width of a prefix beam search (Hannun et al. 2014), at least 1; default: the labels of the
            most probable path (greedy decoding).

        Returns
        -------
        list of ndarray of int64, shape (labels,)
            Labels of each sequence, from 1 to outputs - 1.

        Raises
        ------
        TypeError, ValueError
            If the model has another output, or an argument is invalid.
        """
        if self._config.output != "ctc":
            raise ValueError(
                f"decode: got a model with output={self._config.output!r}; expected output='ctc'"
            )
        width = None if beam is None else checks.integer("beam", beam)
        sequences = as_sequences(X, self._config, lengths, empty=True)
        outputs = sequences.listed(self._outputs(sequences))
        return [greedy(p) if width is None else beam_search(p, width) for p in outputs]

    def __repr__(self) -> str:
        kind = f"{type(self).__name__} of output {self._config.output}"
        return table(kind, self._config, rec_rows(self._config))

    def _outputs(self, X: Sequences) -> Array:
        """Return the outputs of all sequences, or of all their steps."""
        return cast(Array, self._core.predict(*X.packed))
