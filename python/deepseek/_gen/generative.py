"""What a Gen can be asked for once it is trained, and what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import ArrayLike, NDArray

from . import samples, sequence_samples
from .model import GenModel

Array = NDArray[Any]


class Generative(GenModel):
    """Base of `Gen`; not made by itself."""

    @property
    def data_size(self) -> int | None:
        """Columns of a row, as the players see it, or features of a step; None before they are known, and of texts."""
        return self._config.data_size

    @property
    def latent_size(self) -> int:
        """Latent numbers of a row, or of a sequence as a whole."""
        return self._config.latent_size

    @property
    def classes(self) -> int | None:
        """How many labels there are; None if there are none, or they are not known yet."""
        return self._config.classes

    @property
    def label_column(self) -> str | None:
        """Name of the table's column that holds the labels, if there is one."""
        return self._label

    @property
    def labels(self) -> list[Any]:
        """The labels there are, in order: 0 to classes - 1, or those of the label column."""
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
        """New rows, or sequences.

        Parameters
        ----------
        n : int
            How many.
        y : label or array-like of shape (n,), optional
            Labels of the rows; default: drawn like those of the training.
        seed : int, optional
            0 to 2**64 - 1. The same model, arguments and seed give the same rows, and the first n of more are
            those of n. Default: the model's seed plus the number of this call, which is counted and saved.
        where : mapping of column to value, optional
            Only rows with these values (or one of a list of values), for tables: others are drawn again. The
            column of labels is met exactly, without drawing again.
        lengths : int or array-like of int, shape (n,), optional
            Steps of the sequences; default: drawn like those of the training, whatever their labels. Not for
            texts with a stop token, which end before their first.

        Returns
        -------
        ndarray of shape (n, data_size), or a table as the fit's
            Of sequences a list of (steps, data_size), or of int64 tokens (steps,); a text may be empty. Of the
            model's dtype; from the moving average of the generator, if there is one.

        Raises
        ------
        ValueError
            If less than one sample in 10000 is as `where` says.
        """
        if self._config.sequences:
            if where is not None:
                raise ValueError("where is for tables: this Gen makes sequences")
            return sequence_samples.sample(self, n, y, seed, lengths)
        if lengths is not None:
            raise ValueError("lengths is for sequences: this Gen makes rows")
        return samples.sample(self, n, y, seed, where)

    def discriminate(
        self, X: Any, y: ArrayLike | str | None = None, *, lengths: ArrayLike | None = None
    ) -> Array:
        """Scores of rows: the higher, the more like the data.

        Parameters
        ----------
        X, y, lengths
            As in `fit`; the number of rows a multiple of pack times minibatch_std.

        Returns
        -------
        ndarray of shape (rows / pack,)
            Raw, after the discriminator's output activation.
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
        """Put samples behind some rows until each class has as many.

        Parameters
        ----------
        X, y, lengths
            As in `fit`, with labels.
        n_per_class : int, optional
            Rows each class shall have at least; default: as many as the largest has. None is taken away.
        seed : int, optional
            As of `sample`.

        Returns
        -------
        X, y : as they came in
            The rows given, then the samples, ordered by class. Sequences are a list.
        """
        augment = sequence_samples.augment if self._config.sequences else samples.augment
        return augment(self, X, y, lengths, n_per_class, seed)

    def report(self, X_real: Any, y: ArrayLike | None = None, *, n: int | None = None, seed: int = 0) -> Any:
        """Compare samples with real rows, best with some that were not trained on; not of sequences.

        Parameters
        ----------
        X_real, y
            As in `fit`.
        n : int, optional
            Samples; default: as many as real rows.
        seed : int, default=0
            Of the samples and of everything random in the comparison.

        Returns
        -------
        Report
            Figures by name; it prints as a table and has ``plot()``.
        """
        if self._config.sequences:
            raise ValueError("report compares rows, and this Gen makes sequences: take monitor='mmd' in fit")
        from .._report.report import report

        return report(self, X_real, y, n, seed)
