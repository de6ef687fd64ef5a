"""Rec: the recurrent network."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import _checks, _core
from ._data.sequences import Sequences, as_sequences
from ._model.fit import callbacks_of, fit, pass_once
from ._model.run import make_plan
from ._net.metrics import check_classes, decided
from ._net.table import table
from ._rec.config import RecConfig, make_rec_config, read_rec_config
from ._rec.ctc import beam_search, greedy
from ._rec.data import sequence_rows, validation_sequences
from ._rec.metrics import figure_of_merit
from ._rec.streaming import Streaming
from ._rec.table import rec_rows
from .activations import Activation
from .callbacks import Callback
from .history import History
from .losses import Loss
from .optimizers import Optimizer
from .stopping import EarlyStopping, as_early_stopping

__all__ = ["Rec"]

Array = NDArray[Any]


class Rec(Streaming):
    """Recurrent network, trained by back-propagation through time (Werbos 1990).

    A stack of recurrent layers, then a head of dense ones. Sequences may differ in length; no step is padded
    or masked, and a sequence's result does not depend on the others. The same arguments, data and seed give
    the same bits with any number of threads.

    Parameters
    ----------
    input_size : int, optional
        Features a step, of real inputs. Give this or `vocabulary`.
    hidden : int or list of int, default=64
        Units, one number a recurrent layer.
    cell : {"gru", "lstm", "rnn"}, default="gru"
        The forms of PyTorch: GRU with the reset after the product (Cho et al. 2014), LSTM (Hochreiter &
        Schmidhuber 1997; Gers et al. 2000), Elman's network (1990).
    cell_activation : {"tanh", "relu", "sigmoid"}, default="tanh"
        Of "rnn" only.
    vocabulary : int, optional
        Inputs are integer tokens 0 to vocabulary - 1.
    embedding_size : int, optional
        Width of the tokens' embedding; default: none, a token picks its column of the input weights.
    bidirectional : bool, default=False
        Read each sequence in both directions; what follows sees both, side by side.
    output : {"last", "mean", "max", "sequence", "next", "ctc"}, default="last"
        What the head sees and there is a target for: the last step's state; mean or maximum over the steps;
        each step; each step, its target being the next step's input; or labels fewer than steps, whose
        alignment is not known (Graves et al. 2006).
    output_size : int, optional
        Outputs. Default: 1; for "next" the vocabulary or input_size. "ctc" wants the number of labels + 1:
        class 0 is the blank.
    head : list of int, default=()
        Units of dense layers between the recurrent ones and the output layer.
    head_activation : str or Activation, default="relu"
        Of those, as `Net`'s.
    output_activation, loss, optimizer
        As `Net`'s. Default loss: squared_error; for "next" of tokens cross_entropy; for "ctc" always "ctc".
    bias : bool, default=True
        Whether layers add biases.
    dropout : float, default=0.0
        Share of the outputs of each recurrent layer and hidden dense one put to zero in training, in [0, 1).
    input_dropout : float, default=0.0
        The same for the inputs, or the tokens' embeddings.
    recurrent_dropout : float, default=0.0
        The same for the state that goes from step to step, one choice a sequence (Gal & Ghahramani 2016).
    layer_norm : bool, default=False
        Normalise the two products of each recurrent layer (Ba et al. 2016).
    bptt_steps : int, optional
        For "sequence" and "next": cut sequences into pieces of so many steps, each an update of its own, the
        state carried over (Williams & Peng 1990). Default: whole sequences.
    initialization : str, default="auto"
        Of the weights, as `Net`'s. "auto": glorot_uniform for inputs, orthogonal for states, each gate on its
        own; standard normal for embeddings; biases zero, but one for the LSTM's forget gate.
    dtype, device, threads, seed
        As `Net`'s.

    Raises
    ------
    TypeError, ValueError
        For an argument that cannot be, naming it, its value and what was expected.

    Examples
    --------
    >>> rec = Rec(input_size=8, hidden=[64, 64], output_size=3, loss="cross_entropy")  # doctest: +SKIP
    >>> history = rec.fit(sequences, y, epochs=30)  # doctest: +SKIP
    >>> text = Rec(vocabulary=128, hidden=256, output="next")  # doctest: +SKIP
    """

    kind: ClassVar[str] = "Rec"
    _read_config = staticmethod(read_rec_config)

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
        arguments = dict(locals())
        del arguments["self"]
        self._begin(make_rec_config(**arguments))

    @staticmethod
    def _make_core(config: RecConfig) -> Any:
        return _core.RecCore(config.spec())

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
        checkpoint_every: int = 1,
        resume: bool = False,
    ) -> History:
        """Train for some epochs, going on from where the model stands.

        Parameters
        ----------
        X : array-like (sequences, steps, features), or list of array-like (steps, features)
            Real numbers of any type and layout; without the last dimension if there is one feature. Integer
            tokens (sequences, steps) or a list of (steps,) with a vocabulary. An array is read in place if it
            is C-contiguous and of the model's dtype (int64 for tokens).
        y : array-like or list of array-like, optional
            "last", "mean", "max": a target a sequence, as `Net`'s. "sequence": class indices (sequences,
            steps), values (sequences, steps, outputs), or a list of (steps,) or (steps, outputs). "ctc": a
            list of integer arrays, labels 1 to outputs - 1, maybe none. "next": None.
        lengths : array-like of int (sequences,), optional
            Real steps of each sequence of an array; what lies beyond may be anything.
        validation_data : tuple (X, y), (X, y, sample_weight) or (X, y, sample_weight, lengths), optional
            Evaluated after each epoch. y is None for "next".
        sample_weight : array-like (sequences,) or (sequences, steps), or list of (steps,), optional
            Weights of the sequences or, for "sequence" and "next", of the steps as targets (so that for
            "next" the first step's counts for nothing); at least 0.
        class_weight : mapping, list or "balanced", optional
            Weight by class index, where targets are classes; of steps for "sequence" and "next".
        epochs, batch_size, validation_fraction, early_stopping, callbacks, shuffle, verbose
            As `Net.fit`'s; a row is a sequence.
        checkpoint, checkpoint_every, resume
            As `Net.fit`'s.

        Returns
        -------
        History
            The epochs of this call. `Rec.history` has those of all fits.

        Raises
        ------
        TypeError, ValueError
            For bad data or arguments; the model is unchanged.
        DivergenceError
            If loss or weights become infinite or NaN; the model holds the last finite weights.
        KeyboardInterrupt
            On Ctrl-C, within a tenth of a second; the model is at its last complete update.
        """
        plan = make_plan(epochs, batch_size, shuffle, validation_fraction, as_early_stopping(early_stopping))
        called = callbacks_of(callbacks, verbose, checkpoint, checkpoint_every)
        return fit(
            self,
            plan,
            called,
            lambda: sequence_rows(self._config, X, y, lengths, sample_weight),
            None if validation_data is None else lambda: validation_sequences(self._config, validation_data),
            class_weight=class_weight,
            resume=_checks.flag("resume", resume),
        )

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
        """Train on some sequences once, in their order; as `Net.partial_fit`, with the data of `fit`.

        Returns
        -------
        float
            The loss of these sequences, as met during the pass.
        """
        plan = make_plan(1, batch_size, False, 0.0, None)
        return pass_once(
            self,
            plan,
            lambda: sequence_rows(self._config, X, y, lengths, sample_weight),
            class_weight=class_weight,
        )

    def predict(
        self, X: ArrayLike | Sequence[ArrayLike], *, lengths: ArrayLike | None = None
    ) -> Array | list[Array]:
        """Outputs for some sequences, after the output activation.

        Parameters
        ----------
        X, lengths
            As in `fit`. No sequences are fine.

        Returns
        -------
        ndarray of shape (sequences, outputs)
            For "last", "mean" and "max".
        ndarray of shape (sequences, steps, outputs), or list of ndarray of shape (steps, outputs)
            For the others: an array for an array without lengths, else a list. "next" tells after each step
            what follows it, "ctc" gives probabilities of the blank and the labels.
        """
        found = as_sequences(X, self._config, lengths, empty=True)
        outputs = self._outputs(found)
        return found.shaped(outputs) if self._config.stepwise else outputs

    def predict_classes(
        self, X: ArrayLike | Sequence[ArrayLike], *, lengths: ArrayLike | None = None
    ) -> Array | list[Array]:
        """Predicted classes, in the form of `predict` without outputs (with them for sigmoid outputs).

        Raises
        ------
        ValueError
            If the loss is none of cross_entropy, binary_cross_entropy and focal. For "ctc" use `decode`.
        """
        if self._config.output == "ctc":
            raise ValueError("output='ctc' predicts labels of any number: use decode")
        check_classes(self._config)
        found = as_sequences(X, self._config, lengths, empty=True)
        classes = decided(self._outputs(found), self._config)
        return found.shaped(classes) if self._config.stepwise else classes

    def evaluate(
        self,
        X: ArrayLike | Sequence[ArrayLike],
        y: ArrayLike | Sequence[ArrayLike] | None = None,
        *,
        lengths: ArrayLike | None = None,
        sample_weight: ArrayLike | Sequence[ArrayLike] | None = None,
    ) -> dict[str, float]:
        """Loss and figure of merit on some sequences.

        Parameters
        ----------
        X, y, lengths, sample_weight
            As in `fit`.

        Returns
        -------
        dict
            ``"loss"``, the weighted mean over sequences or, for "sequence" and "next", over all real steps;
            and over the same ``"accuracy"`` or ``"r2"`` as `Net.evaluate`. For "ctc" ``"error_rate"``: edits
            that the greedy decoding needs, for each label.
        """
        data = sequence_rows(self._config, X, y, lengths, sample_weight)
        with self._gate.room:  # both from the same weights
            loss = float(self._core.evaluate(*data.arrays))
            outputs = self._outputs(data.X)
        return {"loss": loss, **figure_of_merit(outputs, data, self._config)}

    def decode(
        self,
        X: ArrayLike | Sequence[ArrayLike],
        *,
        lengths: ArrayLike | None = None,
        beam: int | None = None,
    ) -> list[Array]:
        """Labels of some sequences; for output "ctc".

        Parameters
        ----------
        X, lengths
            As in `fit`.
        beam : int, optional
            Width of a prefix beam search (Hannun et al. 2014); default: labels of the likeliest path.

        Returns
        -------
        list of ndarray of int64, shape (labels,)
        """
        if self._config.output != "ctc":
            raise ValueError(f"decode needs output='ctc'; this model has output={self._config.output!r}")
        width = None if beam is None else _checks.integer("beam", beam)
        found = as_sequences(X, self._config, lengths, empty=True)
        outputs = found.listed(self._outputs(found))
        return [greedy(p) if width is None else beam_search(p, width) for p in outputs]

    def __repr__(self) -> str:
        kind = f"{type(self).__name__} of output {self._config.output}"
        return table(kind, self._config, rec_rows(self._config))

    def _outputs(self, X: Sequences) -> Array:
        """Of all sequences, or of all their steps."""
        outputs: Array = self._core.predict(*X.packed)
        return outputs
