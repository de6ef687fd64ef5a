"""Gen: two adversaries, of which one learns to make rows like the data."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from numpy.typing import ArrayLike, DTypeLike

from ._checks import flag
from ._gen import fit as gen_fit
from ._gen.arguments import LEAKY, make_gen_config
from ._gen.data import check_transformer
from ._gen.generative import Generative
from ._gen.plan import ADVERSARIAL, LIKELIHOOD, make_gen_plan
from ._gen.sequence_config import SequenceGenConfig
from ._gen.table import gen_rows, told
from ._gen.watch import as_monitors
from ._model.fit import callbacks_of
from ._net.table import table
from .activations import Activation
from .augmentation import Augmentation
from .callbacks import Callback
from .history import History
from .optimizers import Optimizer
from .stopping import EarlyStopping, as_early_stopping

__all__ = ["Gen"]


class Gen(Generative):
    """Generative adversarial network (Goodfellow et al. 2014) of dense layers or, for sequences, recurrent ones.

    A generator makes rows from normal latent numbers, a discriminator scores rows; each learns against the
    other. With `steps` and `cell` what they make and score are time series (Mogren 2016; Esteban et al. 2017)
    or, with a `vocabulary`, texts, whose generator may first be taught the likelihood (see `pretrain`). With
    `classes` both know a row's label (Mirza & Osindero 2014; Miyato & Koyama 2018). Samples come from a moving
    average of the generator. The same arguments, data and seed give the same bits with any number of threads.

    Parameters
    ----------
    data_size : int, optional
        Columns of a row, or features of a step; default: as many as the first fit finds.
    latent_size : int, optional
        Latent numbers of a row, or of a sequence, seen at all its steps. Default: 32; of series 8, of texts 0.
    generator, discriminator : list of int, optional
        Units of the hidden layers, () for none; default: (128, 128). Of sequences units of the recurrent layers,
        default (64,).
    classes : int, optional
        Labels are 0 to classes - 1; default: there are none.
    embedding_size : int, optional
        Width of a label's embedding beside the latents; default: classes, at most 16.
    activation, discriminator_activation : str, Activation or list, default="relu", LeakyReLU(0.2)
        Of the hidden layers, as `Net`'s.
    output_activation : str, Activation or list of dict, default="identity"
        Of the generator's last layer, or blocks of columns: ``{"activation": "tanh", "units": 3}``,
        ``{"activation": "gumbel", "units": 4, "temperature": 0.5, "hard": False}`` for a category of four.
        Not of texts.
    discriminator_output_activation : {"identity", "sigmoid"}, default="identity"
        "sigmoid" goes with least_squares only; the other losses take scores as logits.
    loss : str, default="relativistic"
        minimax, non_saturating (Goodfellow et al. 2014), least_squares (Mao et al. 2017), hinge (Lim & Ye
        2017), wasserstein (Arjovsky et al. 2017), relativistic (Jolicoeur-Martineau 2019; Huang et al. 2024).
    penalty : {"auto", None, "r1", "r2", "r1r2", "interpolated"}, default="auto"
        On the discriminator's gradient at real rows, generated ones, both (Mescheder et al. 2018), or between
        them (Gulrajani et al. 2017; not of texts). "auto": r1r2 for relativistic, interpolated (of texts r1r2)
        for wasserstein, else None.
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
        As `Net`'s; the discriminator's is not "batch", nor is the generator's of sequences.
    dropout, discriminator_dropout : float or list of float, default=0.0
        As `Net`'s; of sequences a list's first is of the recurrent layers, the rest of the dense ones.
    discriminator_input_dropout : float, default=0.0
        Of the rows that the discriminator sees, or steps, or tokens' embeddings.
    minibatch_std : int, default=0
        The score sees how far groups of so many rows differ (Karras et al. 2018); 0: not.
    pack : int, default=1
        The discriminator judges so many rows side by side (Lin et al. 2018). Not of sequences.
    instance_noise, instance_noise_epochs : float, int, default=0.0, 0
        Deviation of noise on all that the discriminator sees (Sønderby et al. 2017), and epochs until it has
        sunk to 0; 0 epochs: it stays. Not of texts.
    augmentation : Augmentation or bool, optional
        For small data; True is ``Augmentation()``. Not of texts.
    transformer : object, "auto" or None, default=None
        How a table becomes rows of numbers, fitted with the first fit and saved with the model: "auto" is a
        `TableTransformer`; or one of those with options, or an object with fit(X, y), transform(X, seed=),
        inverse(rows), blocks and width. None: rows are numbers as they come. Not of sequences.
    steps : int, optional
        The most steps of a sequence; with `cell`, for sequences only, as is all that follows but the last line.
    cell : {"rnn", "gru", "lstm"}, optional
        Of both players, as `Rec`'s; so are cell_activation, layer_norm and recurrent_dropout.
    vocabulary : int, optional
        Steps are integer tokens 0 to vocabulary - 1, each drawn given those before it; instead of data_size.
    generator_head, discriminator_head : list of int, default=()
        Units of dense layers above the recurrent ones: at every step; of the pooled features. `activation`,
        `normalization` and so on are theirs.
    bidirectional, discriminator_bidirectional : bool, default=False
        As `Rec`'s; the generator of texts cannot be.
    pooling : {"mean", "last", "max"}, default="mean"
        What the discriminator makes of its steps.
    step_latent_size : int, optional
        Latent numbers of each step; default: 8, of texts 0. Of series one of both sizes must be at least 1.
    token_embedding_size : int, optional
        Of both players; default: the vocabulary, at most 64.
    stop : int, optional
        The token that ends a text. Shorter texts are filled up with it; samples end before their first.
    temperature, hard : float, bool, default=1.0, True
        Of the Gumbel softmax that draws tokens in training (Jang et al. 2017): hard ones, with the soft ones'
        gradient (straight through), or the soft ones.
    pretrain_optimizer : str or Optimizer, optional
        Of `pretrain`; default: ``Adam(1e-3)``. Any schedule but Plateau.
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
        latent_size: int | None = None,
        generator: Sequence[int] | None = None,
        discriminator: Sequence[int] | None = None,
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
        steps: int | None = None,
        cell: str | None = None,
        vocabulary: int | None = None,
        cell_activation: str = "tanh",
        layer_norm: bool = False,
        recurrent_dropout: float = 0.0,
        generator_head: Sequence[int] = (),
        discriminator_head: Sequence[int] = (),
        bidirectional: bool = False,
        discriminator_bidirectional: bool = False,
        pooling: str = "mean",
        step_latent_size: int | None = None,
        token_embedding_size: int | None = None,
        stop: int | None = None,
        temperature: float = 1.0,
        hard: bool = True,
        pretrain_optimizer: str | Optimizer | None = None,
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
        self._label, self._counts, self._lengths, self._draws = None, None, None, 0
        self._begin(config)

    def fit(
        self,
        X: Any,
        y: ArrayLike | str | None = None,
        *,
        lengths: ArrayLike | None = None,
        epochs: int = 100,
        batch_size: int | None = 64,
        monitor: Any = None,
        monitor_every: int = 1,
        monitor_data: Any = None,
        pretrain: int = 0,
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
            Real numbers of any type and layout; with a transformer what that takes. Of sequences: (sequences,
            steps, features), of texts (sequences, steps), or a list of arrays; at most `steps` each. A text must
            not go on after its stop token, and need not have one.
        y : array-like of int, shape (rows,), or str, optional
            Labels, if there are `classes`; or the name of the table's column that holds them.
        lengths : array-like of int, shape (sequences,), optional
            Real steps of each sequence of an array; what lies behind is not read. Default: all.
        epochs : int, default=100
            How many more passes over the rows.
        batch_size : int or None, default=64
            Rows an update, a multiple of pack times minibatch_std; None or too many: all. Rows that fill no
            batch are left out of their epoch.
        monitor : str, callable or list or dict of these, optional
            What to compute of samples after an epoch, each a column of the history: "frechet", "mmd", "ks"
            (distances to the data), "tstr" (accuracy on the data of a Net trained on samples), all of encoded
            rows; or callable(gen, epoch) → a number, the lower the better. Of sequences, all but "frechet": of
            their steps side by side (tokens one-hot), with samples of the data's lengths.
        monitor_every : int, default=1
            Epochs between two looks; the last epoch is looked at in any case.
        monitor_data : array-like, or tuple (X, y) or (X, y, lengths), optional
            What samples are compared with; default: the training rows. At most 2048 rows are looked at.
        pretrain : int, default=0
            Of texts: so many epochs of `pretrain` before the first.
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
            ``generator_loss``, ``rate`` (the discriminator's), ``generator_rate``, and the monitors' columns. Of texts
            also ``phase``, "likelihood" (see `pretrain`) or "adversarial"; each phase counts its own epochs.

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
        names = tuple(as_monitors(monitor, (*self.logged, "phase")))
        stopping = as_early_stopping(early_stopping)
        plan = make_gen_plan(
            epochs,
            batch_size,
            shuffle,
            stopping,
            names,
            monitor_every,
            self._config.together,
            pretrain,
            self._phase(ADVERSARIAL),
        )
        called = callbacks_of(callbacks, verbose, checkpoint, checkpoint_every)
        resumed = flag("resume", resume)
        return gen_fit.fit(self, plan, called, X, y, lengths, monitor, monitor_data, resume=resumed)

    def pretrain(
        self,
        X: Any,
        y: ArrayLike | None = None,
        *,
        lengths: ArrayLike | None = None,
        epochs: int,
        batch_size: int | None = 64,
        callbacks: Callback | Iterable[Callback] = (),
        shuffle: bool = True,
        verbose: bool | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_every: int = 1,
        resume: bool = False,
    ) -> History:
        """Teach the generator of texts to tell each token from those before it, by maximum likelihood.

        It is `Rec`'s training of output "next" on texts that begin with a start token of their own. The moving
        average begins anew where it ends; the discriminator learns nothing. By itself a language model, and
        where an adversarial phase should start (Yu et al. 2017).

        Parameters
        ----------
        X, y, lengths, batch_size, callbacks, shuffle, verbose, checkpoint, checkpoint_every, resume
            As of `fit`; the last batch of an epoch may be smaller.
        epochs : int
            How many more passes over the texts.

        Returns
        -------
        History
            ``loss``, the cross-entropy a token in nats, stops that fill up counted, ``rate`` and ``phase``.

        Raises
        ------
        ValueError
            If the Gen has no vocabulary; the rest as of `fit`.
        """
        plan = make_gen_plan(epochs, batch_size, shuffle, None, (), 1, 1, 0, self._phase(LIKELIHOOD))
        called = callbacks_of(callbacks, verbose, checkpoint, checkpoint_every)
        return gen_fit.pretrain(self, plan, called, X, y, lengths, resume=flag("resume", resume))

    def partial_fit(
        self,
        X: Any,
        y: ArrayLike | str | None = None,
        *,
        batch_size: int | None = None,
        lengths: ArrayLike | None = None,
    ) -> dict[str, float]:
        """Train on some rows once, in their order: one batch, or one pass if ``batch_size`` is given.

        A schedule sees each call as an epoch. Nothing is added to the history.

        Returns
        -------
        dict of str to float
            What `fit` would put into the history.
        """
        plan = make_gen_plan(1, batch_size, False, None, (), 1, self._config.together)
        return gen_fit.partial_fit(self, plan, X, y, lengths)

    def reset(self, seed: int | None = None) -> Gen:
        """Start over, see `Net.reset`; what the first fit found out about the data's columns is kept."""
        super().reset(seed)
        self._counts, self._lengths, self._draws = None, None, 0
        return self

    def _phase(self, name: str) -> str:
        """What a plan says of it: texts have two."""
        config = self._config
        return name if isinstance(config, SequenceGenConfig) and config.vocabulary else ""

    def __repr__(self) -> str:
        return table(type(self).__name__, self._config, gen_rows(self._config), told(self._config))
