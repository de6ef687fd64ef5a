"""TabularNet: an ensemble of multilayer perceptrons for tables of any kind."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, ClassVar

from numpy.typing import NDArray

from . import cuda
from ._config import checks
from ._config.base import from_config
from ._config.hints import explain_keywords
from ._tabular.files import state_from_file, state_to_file
from ._tabular.model import FittedTable
from ._tabular.options import TabularConfig
from ._tabular.state import FittedState, encode_table, fit_state
from ._tabular.summary import table_lines
from ._tabular.tables import read_columns, split_target
from ._tabular.weights import split_weights
from .activations import Activation
from .progress import is_terminal

__all__ = ["TabularNet"]

Array = NDArray[Any]


class TabularNet(FittedTable):
    """Ensemble of multilayer perceptrons for tables with numbers, categories, dates, texts and missing values.

    Every column is read by its content, and so is the task: classes or a number. The members train on different
    folds of the rows, and their outputs are averaged. The same table, options and seed give the same bits with any
    number of threads, unless `time_limit` is set.

    Parameters
    ----------
    members : int, default=8
        Number of networks, at least 1. More are slower and slightly better.
    time_limit : float, optional
        Approximate limit in seconds for the training. Fewer epochs and members fit into it. Default: no limit.
    task : {"auto", "classification", "regression"}, default="auto"
        Whether the target is a class or a number. "auto" takes texts, booleans and at most 20 different whole numbers
        as classes.
    kinds : mapping of str to str, optional
        Kinds of some columns: "number", "category", "boolean", "date", "text" or "left out", or the order of their
        dates, "day/month/year" or "month/day/year". Default: found by content.
    drop : iterable of str, default=()
        Columns to leave out.
    class_weight : mapping or "balanced", optional
        Weights of the classes by label, above 0, which multiply `sample_weight`; classes left out have 1. "balanced"
        is the sum of the weights of all rows / (classes · sum of the weights of the rows of the class). Probabilities
        are then those of classes as frequent as their weights make them. Default: 1.
    hidden : sequence of int, optional
        Units of the hidden layers. Default: (128, 128).
    activation : str or Activation, optional
        Activation of the hidden layers. Default: "mish".
    dropout : float, optional
        Share of the hidden units set to 0 in training, in [0, 1). Default: 0.1.
    learning_rate : float, optional
        Largest learning rate of AdamW, above 0. Default: 0.006.
    weight_decay : float, optional
        Decoupled weight decay, at least 0. Default: 0.01.
    epochs : int, optional
        Passes over the rows. Default: 100 for 1000 rows, fewer for more rows.
    batch_size : int, optional
        Rows per mini-batch. Default: about a twentieth of the rows, 16 to 256.
    seed : int, default=0
        Seed of the folds, initial weights, shuffling and dropout, 0 to 2**64 - 1. None draws one.
    threads : int, optional
        Largest number of threads. Default: the number of `set_num_threads`. It never changes a result.
    device : {"cpu", "cuda", "cuda:1", …, "auto"}, default="cpu"
        Device of the networks, as for `Net`.

    Attributes
    ----------
    metadata : dict
        User data that is saved with the model: dicts, lists, strings, numbers, booleans and None.

    Raises
    ------
    TypeError, ValueError
        For a wrong argument; the message names it, its value and what was expected.

    Examples
    --------
    >>> model = TabularNet().fit("titanic.csv", "survived")  # doctest: +SKIP
    >>> print(model.summary())  # doctest: +SKIP
    >>> model.evaluate("test.csv")["accuracy"]  # doctest: +SKIP
    0.82
    """

    kind: ClassVar[str] = "TabularNet"

    @explain_keywords()
    def __init__(
        self,
        *,
        members: int = 8,
        time_limit: float | None = None,
        task: str = "auto",
        kinds: Mapping[str, str] | None = None,
        drop: Iterable[str] = (),
        class_weight: Mapping[Any, float] | str | None = None,
        hidden: Sequence[int] | None = None,
        activation: str | Activation | None = None,
        dropout: float | None = None,
        learning_rate: float | None = None,
        weight_decay: float | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        seed: int | None = 0,
        threads: int | None = None,
        device: str = "cpu",
    ) -> None:
        given = {key: value for key, value in locals().items() if key != "self"}
        options = TabularConfig(**{field.name: given[field.name] for field in fields(TabularConfig)})
        self._begin(options, None, {}, threads, device)

    def _begin(
        self,
        options: TabularConfig,
        state: FittedState | None,
        metadata: dict[str, Any],
        threads: int | None,
        device: str,
    ) -> None:
        self._options = options
        self._state = state
        self.metadata = metadata
        self._threads = (
            None if threads is None else checks.integer("threads", threads, 1, checks.MOST_THREADS)
        )
        self._device = cuda.choose(device, "TabularNet")

    @explain_keywords()
    def fit(self, X: Any, y: Any, *, sample_weight: Any = None, verbose: bool | None = None) -> TabularNet:
        """Read the columns of a table and train the members; an earlier fit is forgotten.

        Parameters
        ----------
        X : table
            Frame of pandas or polars, table of pyarrow, dictionary of columns, structured array, array or list of
            shape (rows, columns), or path of a CSV file.
        y : str or array-like of shape (rows,)
            Name of the target's column in X, or the target. Rows whose target is missing are left out.
        sample_weight : str or array-like of shape (rows,), optional
            Weights of the rows, at least 0, or the name of their column in X, which is then no input. Default: 1. Only
            their ratios count. They weight the losses of members and linear models, the choice of the epoch, mean
            and standard deviation of the target, the shares of the classes and the calibration of probabilities.
            Encoders of columns and quantiles of `predict_quantiles` count each row once. Rows of weight 0 are left
            out, as if the table did not have them.
        verbose : bool, optional
            Whether to print to standard error how the columns were read and, on a terminal, the progress. Default:
            True on a terminal.

        Returns
        -------
        TabularNet
            The model itself.

        Raises
        ------
        TypeError, ValueError
            For a table, target or weights that cannot be read; the message lists all problems, and the model is
            unchanged.
        DivergenceError
            If the loss of every member becomes infinite or NaN; the model is unchanged.
        KeyboardInterrupt
            On Ctrl-C, within 0.1 seconds; the model is unchanged.
        """
        shown = is_terminal(sys.stderr) if verbose is None else checks.flag("verbose", verbose)
        if isinstance(y, str) and isinstance(sample_weight, str) and y == sample_weight:
            raise ValueError(f"sample_weight: got {y!r}, which is the target; expected another column")
        columns, weights = split_weights(read_columns(X), sample_weight)
        columns, target, name = split_target(columns, y)
        table = encode_table(columns, target, name, self._options, weights)
        if shown:
            lines = table_lines(
                table.target, table.inputs, len(table.targets), table.left_out_rows, table.zero_weight_rows
            )
            print("\n".join(columns.notes + lines), file=sys.stderr)
        self._state = fit_state(
            table, self._options, threads=self._threads, device=self._device, verbose=shown
        )
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the model to a file, atomically: members, reading of the columns and calibration.

        Parameters
        ----------
        path : str or path-like
            File to write, in the safetensors format with configuration and digest. An existing file is replaced when
            the new one is complete. Equal models give equal files.

        Raises
        ------
        OSError
            If writing fails; the old file is unchanged.
        ValueError
            If the model is not fitted.
        """
        from ._io.writer import write_model

        config, tensors = state_to_file(self._fitted("save"))
        file = {
            "kind": self.kind,
            "options": self._options.to_config(),
            "metadata": self.metadata,
            "fitted": config,
        }
        write_model(path, file, tensors)

    def report(
        self, X: Any, y: Any = None, *, sample_weight: Any = None, path: str | os.PathLike[str]
    ) -> None:
        """Write an HTML file about the model and its answers on labelled rows, as ``deepseek train --report`` does.

        The page has the scores beside those of a linear model and a trivial guess, plots of the errors, the importance
        of the columns, learning curves, and how the columns were read. It says whether weights count. It refers to no
        other file.

        Parameters
        ----------
        X : table
            Table, see `predict`; rows that the fit has not seen show what the model generalises to.
        y : array-like of shape (rows,) or str, optional
            Target, see `evaluate`.
        sample_weight : str or array-like of shape (rows,), optional
            Weights of the rows in scores, calibration, sizes of errors and importances, see `evaluate`. The confusion
            matrix counts rows. Default: 1, also if the model was fitted with weights.
        path : str or path-like
            File to write; an existing file is replaced when the new one is complete. It may not be that of `X`.

        Raises
        ------
        TypeError, ValueError
            For an invalid table, target or weight, a path that is the file of `X`, or a model that is not fitted.
        OSError
            If writing fails; the old file is unchanged.
        ImportError
            If the extra ``[plot]`` is not installed.
        """
        from ._tabular_report.python_report import write_report

        write_report(self, X, y, sample_weight, path)

    def to_onnx(self, path: str | os.PathLike[str]) -> None:
        """Write an ONNX file that computes the predictions from the columns of a table.

        Each column that is an input of the model has an ONNX input of its name and of shape (batch, 1): a number is
        float32 with NaN where missing, a boolean or category is a string with "" where missing, a date is int64,
        milliseconds since 1970, with -2**63 where missing. The outputs are ``label`` (batch,) and ``probabilities``
        (batch, classes), or ``prediction`` (batch,).

        Parameters
        ----------
        path : str or path-like
            File to write; an existing file is replaced when the new one is complete.

        Raises
        ------
        ValueError
            If the model is not fitted, has a column of texts, or is of 2 GiB or more.
        OSError
            If writing fails; the old file is unchanged.
        ImportError
            If the extra ``[onnx]`` is not installed.
        """
        from .onnx import to_onnx

        to_onnx(self, path)

    @classmethod
    def _from_file(
        cls, config: dict[str, Any], tensors: dict[str, Array], *, device: str, threads: int | None
    ) -> TabularNet:
        """Return the model of a file, whose values are validated."""
        options = from_config("options", config["options"], {"TabularConfig": TabularConfig})
        if not isinstance(config["metadata"], dict):
            raise ValueError(f"metadata: got {config['metadata']!r:.60}; expected a dictionary")
        model = cls.__new__(cls)
        state = state_from_file(config["fitted"], tensors, device, threads)
        model._begin(options, state, config["metadata"], threads, device)
        return model

    def __repr__(self) -> str:
        options = repr(self._options).removeprefix("TabularConfig")
        fitted = "" if self._state is None else f"  # fitted: {self._state.target.line()}"
        return f"{type(self).__name__}{options}{fitted}"
