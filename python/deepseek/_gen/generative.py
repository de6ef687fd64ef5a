"""Methods of a trained `Gen`: samples, scores, augmentation, the report; and its properties."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import ArrayLike, NDArray

from . import samples, sequence_samples
from .model import GenModel

Array = NDArray[Any]


class Generative(GenModel):
    """Base class of `Gen` with the methods of a trained model; not instantiated itself."""

    @property
    def data_size(self) -> int | None:
        """Columns of an encoded row, or features of a step; None before they are known, and for texts."""
        return self._config.data_size

    @property
    def latent_size(self) -> int:
        """Number of latent variables of a row, or of a sequence as a whole."""
        return self._config.latent_size

    @property
    def classes(self) -> int | None:
        """Number of different labels; None if there are none, or they are not known yet."""
        return self._config.classes

    @property
    def label_column(self) -> str | None:
        """Name of the column of the table that holds the labels; None if there is none."""
        return self._label

    @property
    def labels(self) -> list[Any]:
        """Labels in order: 0 to classes - 1, or those of the label column."""
        return (
            list(range(self.classes or 0)) if self._label is None else list(self._transformer.labels.classes)
        )

    def sample(
        self,
        n: int,
        y: Any = None,
        seed: int | None = None,
        *,
        where: Mapping[Any, Any] | None = None,
        lengths: ArrayLike | None = None,
    ) -> Any:
        """Draw new rows or sequences from the generator.

        Parameters
        ----------
        n : int
            Number of samples, at least 0.
        y : label or array-like of shape (n,), default=None
            Label of all samples, or one label per sample. None draws labels with the frequencies of the
            training data. Only for models with classes.
        seed : int, default=None
            Seed of the random numbers, 0 to 2**64 - 1. The same model, arguments and seed give the same
            samples, and the first n samples of a larger call equal those of a call for n. None uses the
            model's seed plus the number of this call; the number is saved with the model.
        where : mapping of column to value, default=None
            Conditions on columns of a table: the value, or a list of the accepted values, of each column.
            Other samples are rejected and drawn again. A condition on the column of labels sets the labels
            instead.
        lengths : int or array-like of int of shape (n,), default=None
            Number of steps of all sequences, or of each. None draws lengths with the frequencies of the
            training data, independent of the labels. Not for texts with an eos_token, which end before their
            first one.

        Returns
        -------
        ndarray of shape (n, data_size), table or list of ndarray
            Samples in the form of the training data and in the model's dtype: an array, or a table with the
            columns of the fit. Of sequences a list of arrays (steps, data_size), or of int64 tokens (steps,);
            a text may be empty. If the model keeps a moving average of the generator's weights, it is used.

        Raises
        ------
        ValueError
            If an argument is invalid or does not fit the kind of model, if the width of the data is not known
            yet, or if fewer than one sample in 10000 meets `where`.
        TypeError
            If `where` is not a mapping.
        """
        if self._config.sequences:
            if where is not None:
                raise ValueError(
                    "where: got a value for a Gen of sequences; expected None (conditions belong to tables)"
                )
            return sequence_samples.sample(self, n, y, seed, lengths)
        if lengths is not None:
            raise ValueError(
                "lengths: got a value for a Gen of rows; expected None (lengths belong to sequences)"
            )
        return samples.sample(self, n, y, seed, where)

    def discriminate(
        self, X: Any, y: ArrayLike | str | None = None, *, lengths: ArrayLike | None = None
    ) -> Array:
        """Score rows or sequences with the discriminator: the higher, the more like the training data.

        Parameters
        ----------
        X : array-like, table or list of arrays
            Rows or sequences in the form of the training data. Their number is a multiple of pac times
            minibatch_std.
        y : array-like of shape (n,) or str, default=None
            Labels of X, or the name of the column of labels. Needed by models with classes.
        lengths : array-like of int of shape (n,), default=None
            Number of steps of each sequence if X is a padded 3-D array.

        Returns
        -------
        ndarray of shape (n / pac,)
            Outputs of the discriminator after its output activation; with pac above 1 one per pack of rows.

        Raises
        ------
        ValueError
            If X, y or lengths are invalid, or their number does not fill packs and groups.
        """
        scores = sequence_samples.scores if self._config.sequences else samples.scores
        return scores(self, X, y, lengths)

    def augment(
        self,
        X: Any,
        y: ArrayLike | None = None,
        n_per_class: int | None = None,
        seed: int | None = None,
        *,
        lengths: ArrayLike | None = None,
    ) -> tuple[Any, Array]:
        """Append samples to rows until each class has `n_per_class` rows.

        Parameters
        ----------
        X : array-like, table or list of arrays
            Rows or sequences in the form of the training data.
        y : array-like of shape (n,), default=None
            Labels of X. None if a column of the table holds them.
        n_per_class : int, default=None
            Least number of rows of each class. None takes the number of the most frequent class. Rows of
            larger classes are kept.
        seed : int, default=None
            Seed of the samples, as in `sample`.
        lengths : array-like of int of shape (n,), default=None
            Number of steps of each sequence if X is a padded 3-D array.

        Returns
        -------
        X : ndarray, table or list of ndarray
            The rows passed in, then the samples ordered by class.
        y : ndarray of shape (n + samples,)
            Labels of the returned rows.

        Raises
        ------
        ValueError
            If the model has no classes, or an argument is invalid.
        """
        augment = sequence_samples.augment if self._config.sequences else samples.augment
        return augment(self, X, y, lengths, n_per_class, seed)

    def report(self, X_real: Any, y: ArrayLike | None = None, *, n: int | None = None, seed: int = 0) -> Any:
        """Compare samples with real rows, if possible with rows that were not used for training.

        Parameters
        ----------
        X_real : array-like or table of shape (n_real, features)
            Real rows in the form of the training data.
        y : array-like of shape (n_real,), default=None
            Labels of X_real. None for models without classes, or if a column of the table holds them.
        n : int, default=None
            Number of samples; None draws as many as there are real rows.
        seed : int, default=0
            Seed of the samples and of all random numbers of the comparison.

        Returns
        -------
        Report
            Metrics by name. Printing it shows a table; `Report.plot` draws it.

        Raises
        ------
        ValueError
            If the model is one of sequences, or an argument is invalid.
        """
        if self._config.sequences:
            raise ValueError(
                "report: got a Gen of sequences; expected one of rows (use monitor='mmd' in fit)"
            )
        from .._report.report import report

        return report(self, X_real, y, n, seed)
