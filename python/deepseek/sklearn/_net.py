"""NetClassifier and NetRegressor: multilayer perceptrons for scikit-learn."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .._data.rows import Rows, rows_of
from .._net.config import NetConfig, make_config
from ..net import Net
from . import _names
from ._callbacks import with_callbacks
from ._estimator import Estimator
from ._fitted import UNASKED
from ._parameters import store
from ._targets import Classes, Values

__all__ = ["NetClassifier", "NetRegressor"]

Array = NDArray[Any]


class _Net(Estimator):
    """What both have in common."""

    _model_class = Net

    def _read(self, X: Any, y: Any = UNASKED, *, reset: bool) -> tuple[Any, Any]:
        X, y = self._validated(X, y, reset, accept_sparse=["csr", "csc"])
        return (X.toarray() if hasattr(X, "toarray") else X), y

    def _model_config(self, X: Any, dtype: str, optimizer: Any, seed: int) -> NetConfig:
        loss, output = self._loss()
        return make_config(
            [X.shape[1], *_names.sizes("hidden_layer_sizes", self.hidden_layer_sizes), self.n_outputs_],
            activation=_names.activation(self.activation),
            output_activation=output,
            loss=loss,
            optimizer=optimizer,
            dropout=self.dropout,
            input_dropout=self.input_dropout,
            normalization=self.normalization,
            initialization=self.initialization,
            dtype=dtype,
            device=self.device,
            threads=self.threads,
            seed=seed,
        )

    def _rows(self, config: Any, X: Any, y: Array, weights: Array | None) -> Rows:
        return rows_of(config, X, y, weights)

    def _keep(self, state: dict[str, Array]) -> None:
        self.n_layers_ = 1 + sum(name.endswith(".weight") and ".norm." not in name for name in state)
        layers = range(self.n_layers_ - 1)
        self.coefs_ = [state[f"{i}.weight"].T for i in layers]
        self.intercepts_ = [state[f"{i}.bias"] for i in layers]
        self.norms_ = {name: array for name, array in state.items() if ".norm." in name}

    def _kept(self) -> dict[str, Array]:
        kept = dict(getattr(self, "norms_", {}))
        for i, (weight, bias) in enumerate(zip(self.coefs_, self.intercepts_, strict=True)):
            kept[f"{i}.weight"], kept[f"{i}.bias"] = np.asarray(weight).T, bias
        return kept

    def _fitted_arrays(self) -> tuple[Array, ...]:
        if not hasattr(self, "coefs_"):
            return ()
        return (*self.coefs_, *self.intercepts_, *getattr(self, "norms_", {}).values())

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Train, from the beginning unless ``warm_start=True``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            float32 is computed in float32, everything else in float64. A sparse matrix is made dense.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels of any kind or a label indicator matrix; numbers for a regressor.
        sample_weight : array-like of shape (n_samples,), optional
            At least 0.
        X_val, y_val, sample_weight_val : as X, y, sample_weight, optional
            Scored after each epoch (``validation_scores_``), and with ``early_stopping=True`` watched instead of
            a share of the rows.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            For bad data or parameters.
        DivergenceError
            If loss or weights become infinite or NaN (a ValueError, too); the last finite weights are kept.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, sample_weight_val)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class NetClassifier(Classes, _Net):
    """Multilayer perceptron that tells classes: ``MLPClassifier``'s parameters, `deepseek.Net`'s engine.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of the hidden layers; none is fine.
    activation : str, Activation or list of these, default="relu"
        Of the hidden layers, one for all or one per layer: scikit-learn's identity, logistic, tanh, relu, and all
        others of `deepseek.Net`.
    solver : {"adam", "sgd", "lbfgs"} or Optimizer, default="adam"
        "lbfgs" takes all rows at once and computes in double. An `Optimizer` such as ``deepseek.AdamW(1e-3)`` is
        used as it is: ``alpha``, ``clip_norm``, momenta and learning rates below are for the names.
    alpha : float, default=0.0001
        Strength of the L2 penalty, divided by the rows of a batch.
    batch_size : int or "auto", default="auto"
        Rows a step; "auto" is ``min(200, n_samples)``.
    learning_rate : {"constant", "invscaling", "adaptive"} or Schedule, default="constant"
        How the rate changes. The names but the first are for "sgd": ``learning_rate_init`` / (rows seen)^power_t,
        or divided by 5 where training would have stopped. A `Schedule` such as ``deepseek.Cosine()`` runs over
        ``max_iter`` epochs; for `partial_fit` give it epochs of its own.
    learning_rate_init : float, default=0.001
        The rate of the first step.
    power_t : float, default=0.5
        Exponent of "invscaling".
    max_iter : int, default=200
        Most epochs; of "lbfgs" most iterations.
    shuffle : bool, default=True
        Draw a new order of the rows for each epoch.
    random_state : int, RandomState or None, default=None
        Of initial weights, shuffling, dropout and the rows held out.
    tol : float, default=1e-4
        Improvements of loss or score smaller than this do not count; of "lbfgs" the gradient that is small enough.
    verbose : bool, default=False
        Print each epoch's loss.
    warm_start : bool, default=False
        Let `fit` go on from where it stands, the solver's state included.
    momentum : float, default=0.9
        Of "sgd", in [0, 1).
    nesterovs_momentum : bool, default=True
        Of "sgd": look ahead along the momentum.
    early_stopping : bool, default=False
        Hold some rows out (or watch X_val of `fit`), stop once their score does not improve, and keep the weights
        of the best score.
    validation_fraction : float, default=0.1
        Share of the rows held out.
    beta_1, beta_2, epsilon : float, default=0.9, 0.999, 1e-8
        Of "adam".
    n_iter_no_change : int, default=10
        Epochs without improvement that are let pass.
    max_fun : int, default=15000
        Most evaluations of "lbfgs".
    loss : {"log_loss", "focal"} or Focal, default="log_loss"
        What training makes small.
    label_smoothing : float, default=0.0
        Share of each target that is spread evenly over all classes, in [0, 1).
    class_weight : dict, list of dict or "balanced", optional
        Weights by label, as everywhere in scikit-learn.
    dropout, input_dropout, normalization, initialization
        As `deepseek.Net`'s; the initialisation's default is glorot_uniform, as scikit-learn's.
    clip_norm : float, optional
        Largest norm of the gradient.
    scoring : str, callable or None, default=None
        What `early_stopping` watches: any scorer of scikit-learn, or "loss"; None is the accuracy.
    device, threads
        As `deepseek.Net`'s. Threads never change a result.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in the order of the probabilities.
    coefs_, intercepts_ : list of ndarray
        Weights (inputs, units) and biases (units,) of each layer. Read-only; assign other arrays to change them.
    norms_ : dict of str to ndarray
        Parameters and statistics of the normalisations.
    loss_, best_loss_ : float
        Of the last epoch, and the least of all; ``best_loss_`` is None with early stopping.
    loss_curve_ : list of float
        Loss of each epoch.
    validation_scores_ : list of float or None
        Score of each epoch on the rows held out.
    best_validation_score_ : float or None
    learning_rate_ : float
        The rate of the last epoch, before a `Schedule`.
    n_iter_, t_, n_layers_, n_outputs_, n_features_in_, feature_names_in_, out_activation_
        As `MLPClassifier`'s.

    Examples
    --------
    >>> from sklearn.datasets import load_digits  # doctest: +SKIP
    >>> X, y = load_digits(return_X_y=True)  # doctest: +SKIP
    >>> NetClassifier(dropout=0.1, random_state=0).fit(X / 16, y).score(X / 16, y)  # doctest: +SKIP
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: Any = 10,
        max_fun: int = 15000,
        loss: Any = "log_loss",
        label_smoothing: float = 0.0,
        class_weight: Any = None,
        dropout: Any = 0.0,
        input_dropout: float = 0.0,
        normalization: Any = None,
        initialization: Any = "glorot_uniform",
        clip_norm: float | None = None,
        scoring: Any = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> None:
        store(self, locals())


class NetRegressor(Values, _Net):
    """Multilayer perceptron that tells values: ``MLPRegressor``'s parameters, `deepseek.Net`'s engine.

    Parameters
    ----------
    loss : str or Loss, default="squared_error"
        squared_error, absolute_error, huber, quantile (the median) or poisson; ``deepseek.Huber(...)`` and
        ``deepseek.Quantile(0.9)`` where a parameter is to be chosen.
    hidden_layer_sizes, activation, ...
        As `NetClassifier`'s; ``scoring=None`` is R².

    Attributes
    ----------
    coefs_, intercepts_, loss_curve_, validation_scores_, ...
        As `NetClassifier`'s.

    Examples
    --------
    >>> NetRegressor(hidden_layer_sizes=(64, 64), loss=ds.Quantile(0.9)).fit(X, y).predict(X)  # doctest: +SKIP
    """

    def __init__(
        self,
        loss: Any = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: Any = 10,
        max_fun: int = 15000,
        dropout: Any = 0.0,
        input_dropout: float = 0.0,
        normalization: Any = None,
        initialization: Any = "glorot_uniform",
        clip_norm: float | None = None,
        scoring: Any = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> None:
        store(self, locals())
