"""Gen: two adversaries, of which one learns to make rows like the data."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import _gen_fit, _gen_samples
from ._checks import flag
from ._fit import callbacks_of
from ._gen_arguments import LEAKY, make_gen_config
from ._gen_data import check_transformer
from ._gen_model import GenModel
from ._gen_plan import make_gen_plan
from ._gen_table import gen_rows, told
from ._gen_watch import as_monitors
from ._table import table
from .activations import Activation
from .augmentation import Augmentation
from .callbacks import Callback
from .history import History
from .optimizers import Optimizer
from .stopping import EarlyStopping, as_early_stopping

__all__ = ["Gen"]

Array = NDArray[Any]


class Gen(GenModel):
    """Generative adversarial network (Goodfellow et al. 2014) of dense layers.

    A generator makes rows from normal latent numbers, a discriminator scores rows; each learns against the
    other. With `classes` both know a row's label (Mirza & Osindero 2014; Miyato & Koyama 2018). Samples come
    from a moving average of the generator. The same arguments, data and seed give the same bits with any
    number of threads.

    Parameters
    ----------
    data_size : int, optional
        Columns of a row; default: as many as the first fit finds.
    latent_size : int, default=32
        Latent numbers of a row.
    generator, discriminator : list of int, default=(128, 128)
        Units of the hidden layers; () for none.
    classes : int, optional
        Labels are 0 to classes - 1; default: there are none.
    embedding_size : int, optional
        Width of a label's embedding beside the latents; default: classes, at most 16.
    activation, discriminator_activation : str, Activation or list, default="relu", LeakyReLU(0.2)
        Of the hidden layers, as `Net`'s.
    output_activation : str, Activation or list of dict, default="identity"
        Of the generator's last layer, or blocks of columns: ``{"activation": "tanh", "units": 3}``,
        ``{"activation": "gumbel", "units": 4, "temperature": 0.5, "hard": False}`` for a category of four.
    discriminator_output_activation : {"identity", "sigmoid"}, default="identity"
        "sigmoid" goes with least_squares only; the other losses take scores as logits.
    loss : str, default="relativistic"
        minimax, non_saturating (Goodfellow et al. 2014), least_squares (Mao et al. 2017), hinge (Lim & Ye
        2017), wasserstein (Arjovsky et al. 2017), relativistic (Jolicoeur-Martineau 2019; Huang et al. 2024).
    penalty : {"auto", None, "r1", "r2", "r1r2", "interpolated"}, default="auto"
        On the discriminator's gradient at real rows, generated ones, both (Mescheder et al. 2018), or between
        them (Gulrajani et al. 2017). "auto": r1r2 for relativistic, interpolated for wasserstein, else None.
    penalty_weight : float, optional
        Default: 10 for interpolated, else 0.1.
    penalty_every : int, default=1
        Only every so many updates of the discriminator, as many times as strong.
    spectral_norm : bool, default=False
        Of the discriminator's matrices (Miyato et al. 2018).
    average : float, default=0.999
        Decay of the generator's moving average, in [0, 1); 0: none.
    optimizer, discriminator_optimizer : str or Optimizer, optional
        Default: ``Adam(1e-3, beta1=0.0, beta2=0.99)``; the discriminator's: the generator's. Any schedule but
        Plateau.
    generator_steps, discriminator_steps : int, default=1
        A batch is one update of the discriminator; after every `discriminator_steps` of them the generator has
        `generator_steps`.
    normalization, discriminator_normalization : {None, "batch", "layer"} or list, default=None
        As `Net`'s; the discriminator's is not "batch".
    dropout, discriminator_dropout : float or list of float, default=0.0
        As `Net`'s.
    discriminator_input_dropout : float, default=0.0
        Of the rows that the discriminator sees.
    minibatch_std : int, default=0
        The score sees how far groups of so many rows differ (Karras et al. 2018); 0: not.
    pack : int, default=1
        The discriminator judges so many rows side by side (Lin et al. 2018).
    instance_noise, instance_noise_epochs : float, int, default=0.0, 0
        Deviation of noise on all that the discriminator sees (Sønderby et al. 2017), and epochs until it has
        sunk to 0; 0 epochs: it stays.
    augmentation : Augmentation or bool, optional
        For small data; True is ``Augmentation()``.
    transformer : object, "auto" or None, default=None
        How a table becomes rows of numbers, fitted with the first fit and saved with the model: "auto" is a
        `TableTransformer`; or one of those with options, or an object with fit(X, y), transform(X, seed=),
        inverse(rows), blocks and width. None: rows are numbers as they come.
    bias, initialization, dtype, device, threads, seed
        As `Net`'s, for both players; one `initialization` for all layers.

    Raises
    ------
    TypeError, ValueError
        For an argument that cannot be, naming it, its value and what was expected.

    Examples
    --------
    >>> gen = Gen(classes=10)  # doctest: +SKIP
    >>> gen.fit(X, y, epochs=100)  # doctest: +SKIP
    >>> gen.sample(5, y=7).shape  # doctest: +SKIP
    (5, 64)
    """

    def __init__(
        self,
        *,
        data_size: int | None = None,
        latent_size: int = 32,
        generator: Sequence[int] = (128, 128),
        discriminator: Sequence[int] = (128, 128),
        classes: int | None = None,
        embedding_size: int | None = None,
        activation: str | Activation | Sequence[str | Activation] = "relu",
        output_activation: str | Activation | Sequence[Mapping[str, Any]] = "identity",
        discriminator_activation: str | Activation | Sequence[str | Activation] = LEAKY,
        discriminator_output_activation: str = "identity",
        loss: str = "relativistic",
        penalty: str | None = "auto",
        penalty_weight: float | None = None,
        penalty_every: int = 1,
        spectral_norm: bool = False,
        average: float = 0.999,
        optimizer: str | Optimizer | None = None,
        discriminator_optimizer: str | Optimizer | None = None,
        generator_steps: int = 1,
        discriminator_steps: int = 1,
        normalization: str | Sequence[str | None] | None = None,
        discriminator_normalization: str | Sequence[str | None] | None = None,
        dropout: float | Sequence[float] = 0.0,
        discriminator_dropout: float | Sequence[float] = 0.0,
        discriminator_input_dropout: float = 0.0,
        minibatch_std: int = 0,
        pack: int = 1,
        instance_noise: float = 0.0,
        instance_noise_epochs: int = 0,
        augmentation: Augmentation | bool | None = None,
        transformer: Any = None,
        bias: bool = True,
        initialization: str = "auto",
        dtype: DTypeLike = "float32",
        device: str = "cpu",
        threads: int | None = None,
        seed: int | None = 0,
    ) -> None:
        arguments = {key: value for key, value in locals().items() if key not in ("self", "transformer")}
        config = make_gen_config(**arguments)
        self._transformer = check_transformer(transformer, config)
        self._label, self._counts, self._draws = None, None, 0
        self._begin(config)

    @property
    def data_size(self) -> int | None:
        """Columns of a row, as the players see it; None before they are known."""
        return self._config.data_size

    @property
    def latent_size(self) -> int:
        """Latent numbers of a row."""
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

    def fit(
        self,
        X: Any,
        y: ArrayLike | str | None = None,
        *,
        epochs: int = 100,
        batch_size: int | None = 64,
        monitor: Any = None,
        monitor_every: int = 1,
        monitor_data: Any = None,
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
        X : array-like of shape (rows, columns), or table
            Real numbers of any type and layout; with a transformer what that takes.
        y : array-like of int, shape (rows,), or str, optional
            Labels, if there are `classes`; or the name of the table's column that holds them.
        epochs : int, default=100
            How many more passes over the rows.
        batch_size : int or None, default=64
            Rows an update, a multiple of pack times minibatch_std; None or too many: all. Rows that fill no
            batch are left out of their epoch.
        monitor : str, callable or list or dict of these, optional
            What to compute of samples after an epoch, each a column of the history: "frechet", "mmd", "ks"
            (distances to the data), "tstr" (accuracy on the data of a Net trained on samples), all of encoded
            rows; or callable(gen, epoch) → a number, the lower the better.
        monitor_every : int, default=1
            Epochs between two looks; the last epoch is looked at in any case.
        monitor_data : array-like, or tuple (X, y), optional
            What samples are compared with; default: the training rows. At most 2048 rows are looked at.
        early_stopping : EarlyStopping or bool, optional
            Watches the first monitor; the best weights of both players and the average are kept and put back.
        callbacks, shuffle, verbose, checkpoint, checkpoint_every
            As of `Net.fit`.
        resume : bool, default=False
            As of `Net.fit`; monitors that are callables, and `monitor_data`, have to be given again.

        Returns
        -------
        History
            ``loss`` (the discriminator's, without the penalty), ``penalty``, ``real_score``, ``fake_score``,
            ``generator_loss``, ``rate`` (the discriminator's), ``generator_rate``, and the monitors' columns.

        Raises
        ------
        TypeError, ValueError
            For bad data or arguments; the model is unchanged.
        CollapseError
            If at three monitored epochs running the samples were all alike: their mean distance below 5 % of
            the data's, over all or within every label.
        DivergenceError
            If a loss or weight became infinite or NaN; the model holds the last finite weights.
        KeyboardInterrupt
            On Ctrl-C; the model is at its last complete step.
        """
        names = tuple(as_monitors(monitor, self.logged))
        stopping = as_early_stopping(early_stopping)
        plan = make_gen_plan(
            epochs, batch_size, shuffle, stopping, names, monitor_every, self._config.together
        )
        called = callbacks_of(callbacks, verbose, checkpoint, checkpoint_every)
        return _gen_fit.fit(self, plan, called, X, y, monitor, monitor_data, resume=flag("resume", resume))

    def partial_fit(
        self, X: Any, y: ArrayLike | str | None = None, *, batch_size: int | None = None
    ) -> dict[str, float]:
        """Train on some rows once, in their order: one batch, or one pass if ``batch_size`` is given.

        A schedule sees each call as an epoch. Nothing is added to the history.

        Returns
        -------
        dict of str to float
            What `fit` would put into the history.
        """
        plan = make_gen_plan(1, batch_size, False, None, (), 1, self._config.together)
        return _gen_fit.partial_fit(self, plan, X, y)

    def sample(
        self, n: int, y: Any = None, seed: int | None = None, *, where: Mapping[Any, Any] | None = None
    ) -> Any:
        """New rows.

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

        Returns
        -------
        ndarray of shape (n, data_size), or a table as the fit's
            Of the model's dtype; from the moving average of the generator, if there is one.

        Raises
        ------
        ValueError
            If less than one sample in 10000 is as `where` says.
        """
        return _gen_samples.sample(self, n, y, seed, where)

    def discriminate(self, X: Any, y: ArrayLike | str | None = None) -> Array:
        """Scores of rows: the higher, the more like the data.

        Parameters
        ----------
        X, y
            As in `fit`; the number of rows a multiple of pack times minibatch_std.

        Returns
        -------
        ndarray of shape (rows / pack,)
            Raw, after the discriminator's output activation.
        """
        return _gen_samples.scores(self, X, y)

    def augment(
        self,
        X: Any,
        y: ArrayLike | None = None,
        n_per_class: int | None = None,
        seed: int | None = None,
    ) -> tuple[Any, Array]:
        """Put samples behind some rows until each class has as many.

        Parameters
        ----------
        X, y
            As in `fit`, with labels.
        n_per_class : int, optional
            Rows each class shall have at least; default: as many as the largest has. None is taken away.
        seed : int, optional
            As of `sample`.

        Returns
        -------
        X, y : as they came in
            The rows given, then the samples, ordered by class.
        """
        return _gen_samples.augment(self, X, y, n_per_class, seed)

    def report(self, X_real: Any, y: ArrayLike | None = None, *, n: int | None = None, seed: int = 0) -> Any:
        """Compare samples with real rows, best with some that were not trained on.

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
        from ._report import report

        return report(self, X_real, y, n, seed)

    def reset(self, seed: int | None = None) -> Gen:
        """Start over, see `Net.reset`; what the first fit found out about the data's columns is kept."""
        super().reset(seed)
        self._counts, self._draws = None, 0
        return self

    def __repr__(self) -> str:
        return table(type(self).__name__, self._config, gen_rows(self._config), told(self._config))
