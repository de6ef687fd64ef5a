"""NetClassifier and NetRegressor: multilayer perceptrons for scikit-learn."""

from __future__ import annotations

from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from .._config.hints import explain_keywords
from .._config.net import NetConfig
from .._data.rows import Rows, rows_of
from ..net import Net
from . import _names
from ._callbacks import with_callbacks
from ._estimator import Estimator
from ._fitted import NO_TARGETS
from ._parameters import store
from ._targets import Classes, Values

__all__ = ["NetClassifier", "NetRegressor"]

Array = NDArray[Any]


class _Net(Estimator):
    """Base class of both estimators."""

    _model_class = Net

    def _read(self, X: Any, y: Any = NO_TARGETS, *, reset: bool) -> tuple[Any, Any]:
        return self._validated(X, y, reset, accept_sparse="csr")

    def _model_config(self, X: Any, dtype: str, optimizer: Any, seed: int) -> NetConfig:
        loss, output = self._loss()
        hidden = _names.sizes("hidden_layer_sizes", self.hidden_layer_sizes)
        return NetConfig(
            layers=(X.shape[1], *hidden, self.n_outputs_),
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

    def _set_fitted(self, state: dict[str, Array]) -> None:
        self.n_layers_ = 1 + sum(name.endswith(".weight") and ".norm." not in name for name in state)
        layers = range(self.n_layers_ - 1)
        self.coefs_ = [state[f"{i}.weight"].T for i in layers]
        self.intercepts_ = [state[f"{i}.bias"] for i in layers]
        self.norms_ = {name: array for name, array in state.items() if ".norm." in name}

    def _fitted_state(self) -> dict[str, Array]:
        state = dict(getattr(self, "norms_", {}))
        for i, (weight, bias) in enumerate(zip(self.coefs_, self.intercepts_, strict=True)):
            state[f"{i}.weight"], state[f"{i}.bias"] = np.asarray(weight).T, bias
        return state

    def _fitted_arrays(self) -> tuple[Array, ...]:
        if not hasattr(self, "coefs_"):
            return ()
        return (*self.coefs_, *self.intercepts_, *getattr(self, "norms_", {}).values())

    @property
    def net_(self) -> Net:
        """Copy of the `deepseek.Net` with the fitted weights and the solver's state, for `save`, `to_onnx`, `to_torch`.

        A classifier's Net predicts probabilities in the order of ``classes_``; with two classes it has one output, the
        probability of the second. Its history has ``loss_curve_``. With ``normalize_y=True`` the output layer includes
        mean and scale of the targets, so that the Net predicts values as `predict` does, to rounding.
        """
        return cast(Net, self._public_model())

    @explain_keywords()
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
        """Train the network, from new initial weights unless ``warm_start=True``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows. float32 is computed in float32, every other type in float64. Sparse matrices stay sparse;
            other formats than CSR are converted to it.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets: labels of any type or a label indicator matrix for a classifier, numbers for a regressor.
        sample_weight : array-like of shape (n_samples,), default=None
            Nonnegative weights of the rows; None weights all equally.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Validation rows, scored after each epoch (``validation_scores_``). With ``early_stopping=True``
            they replace the validation split.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Targets of X_val. ``TransformedTargetRegressor`` does not transform them: use ``normalize_y`` instead.
        sample_weight_val : array-like of shape (n_val,), default=None
            Nonnegative weights of X_val; None weights all equally.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError
            If an argument or a parameter is invalid.
        TypeError
            If an argument or a parameter has the wrong type.
        DivergenceError
            If loss or weights become infinite or NaN; it is also a ValueError. The last finite weights are
            kept.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, sample_weight_val)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class NetClassifier(Classes, _Net):
    """Multilayer perceptron for classification with the parameters of ``MLPClassifier``, based on `deepseek.Net`.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Number of units of each hidden layer; an empty sequence gives a linear model.
    activation : str, Activation or list of these, default="relu"
        Activation of the hidden layers, one for all or one per layer: identity, logistic, tanh and relu of
        scikit-learn, and all others of `deepseek.Net`.
    solver : {"adam", "sgd", "lbfgs"} or Optimizer, default="adam"
        Optimizer. "lbfgs" uses all rows at once and computes in float64. An `Optimizer` such as
        ``deepseek.AdamW(1e-3)`` has its own options: ``alpha``, ``clip_norm``, momenta and learning rates
        below do not apply to it.
    alpha : float, default=0.0001
        Strength of the L2 penalty, divided by the number of rows of a mini-batch.
    batch_size : int or "auto", default="auto"
        Number of rows of a mini-batch; "auto" is ``min(200, n_samples)``.
    learning_rate : {"constant", "invscaling", "adaptive"} or Schedule, default="constant"
        Rule for the learning rate. "invscaling" and "adaptive" apply to "sgd": ``learning_rate_init`` divided
        by (rows trained on)^power_t, or divided by 5 where training would stop. A `Schedule` such as
        ``deepseek.Cosine()`` spans ``max_iter`` epochs; for `partial_fit` set its own number of epochs.
    learning_rate_init : float, default=0.001
        Learning rate of the first step.
    power_t : float, default=0.5
        Exponent of "invscaling".
    max_iter : int, default=200
        Largest number of epochs, or of iterations of "lbfgs".
    shuffle : bool, default=True
        Whether to shuffle the rows before each epoch.
    random_state : int, RandomState or None, default=None
        Seed of initial weights, shuffling, dropout and the validation split.
    tol : float, default=1e-4
        Smallest change of loss or score that counts as an improvement; for "lbfgs" the largest entry of the
        gradient at convergence.
    verbose : bool, default=False
        Whether to print the loss of each epoch.
    warm_start : bool, default=False
        Whether `fit` continues from the fitted weights and the state of the solver.
    momentum : float, default=0.9
        Momentum of "sgd", in [0, 1).
    nesterovs_momentum : bool, default=True
        Whether "sgd" uses Nesterov's momentum.
    early_stopping : bool, default=False
        Whether to stop when the score on validation data (a split of the rows, or X_val of `fit`) does not
        improve, and to restore the weights with the best score.
    validation_fraction : float, default=0.1
        Fraction of the rows in the validation split, in [0, 1).
    beta_1 : float, default=0.9
        Decay rate of the first moment of "adam", in [0, 1).
    beta_2 : float, default=0.999
        Decay rate of the second moment of "adam", in [0, 1).
    epsilon : float, default=1e-8
        Constant in the denominator of "adam", above 0.
    n_iter_no_change : int, default=10
        Number of epochs without improvement after which training stops.
    max_fun : int, default=15000
        Largest number of evaluations of the loss by "lbfgs".
    loss : {"log_loss", "focal"} or Focal, default="log_loss"
        Loss function.
    label_smoothing : float, default=0.0
        Fraction of each target that is distributed evenly over all classes, in [0, 1).
    class_weight : dict, list of dict or "balanced", default=None
        Weights of the classes by label; "balanced" weights them inversely to their frequencies.
    dropout : float or list of float, default=0.0
        Dropout rate of the hidden layers, one for all or one per layer, in [0, 1).
    input_dropout : float, default=0.0
        Dropout rate of the inputs, in [0, 1).
    normalization : str or None, default=None
        Normalization of the hidden layers, "batch" or "layer", as in `deepseek.Net`.
    initialization : str, default="glorot_uniform"
        Initialization of the weights, as in `deepseek.Net`.
    clip_norm : float, default=None
        Largest Euclidean norm of the gradient; None does not clip.
    scoring : str, callable or None, default=None
        Score for early stopping: a scorer of scikit-learn, or "loss", which is best for few rows; None is the
        accuracy.
    device : str, default="cpu"
        Device of the computation, as in `deepseek.Net`.
    threads : int, default=None
        Number of CPU threads, as in `deepseek.Net`; results do not depend on it.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in the order of the probabilities.
    coefs_ : list of ndarray
        Weight matrices (inputs, units) of the layers. They are read-only; assign other arrays to change them.
    intercepts_ : list of ndarray
        Bias vectors (units,) of the layers, read-only.
    norms_ : dict of str to ndarray
        Parameters and running statistics of the normalization layers.
    loss_ : float
        Loss of the last epoch.
    best_loss_ : float or None
        Lowest loss of all epochs; None with early stopping.
    loss_curve_ : list of float
        Loss of each epoch.
    validation_scores_ : list of float or None
        Score on the validation data after each epoch; None without validation data.
    best_validation_score_ : float or None
        Best score on the validation data.
    learning_rate_ : float
        Learning rate of the last epoch, before a `Schedule` is applied.
    n_iter_ : int
        Number of epochs of the last fit, or of iterations of "lbfgs".
    t_ : int
        Number of rows trained on.
    n_layers_ : int
        Number of layers, with input and output.
    n_outputs_ : int
        Number of outputs.
    n_features_in_ : int
        Number of features of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if X had names of columns.
    out_activation_ : str
        Output activation.
    net_ : Net
        Copy of the network with the fitted weights, for `save`, `to_onnx` and `to_torch`.

    Examples
    --------
    >>> from sklearn.datasets import load_digits  # doctest: +SKIP
    >>> X, y = load_digits(return_X_y=True)  # doctest: +SKIP
    >>> NetClassifier(dropout=0.1, random_state=0).fit(X / 16, y).score(X / 16, y)  # doctest: +SKIP
    """

    @explain_keywords()
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
    """Multilayer perceptron for regression with the parameters of ``MLPRegressor``, based on `deepseek.Net`.

    Parameters
    ----------
    loss : str or Loss, default="squared_error"
        Loss function: squared_error, absolute_error, huber, quantile (of the median) or poisson, or an object
        with options such as ``deepseek.Huber(...)`` or ``deepseek.Quantile(0.9)``.
    normalize_y : bool, default=False
        Whether the network learns the targets with mean 0 and standard deviation 1, those of the training rows of
        the first fit; predictions (in float64) and scores have the units of y. ``loss_``, ``scoring="loss"`` and the
        options of a loss refer to normalized targets. Use it for targets far from this scale, such as prices.
    hidden_layer_sizes, activation, ...
        Parameters of `NetClassifier` except label_smoothing and class_weight; ``scoring=None`` is R².

    Attributes
    ----------
    y_mean_, y_scale_ : float, ndarray of shape (n_outputs,) or None
        Mean and standard deviation of the targets; None without `normalize_y`.
    coefs_, intercepts_, loss_curve_, validation_scores_, ...
        Attributes of `NetClassifier` except classes_.

    Examples
    --------
    >>> NetRegressor(hidden_layer_sizes=(64, 64), loss=ds.Quantile(0.9)).fit(X, y).predict(X)  # doctest: +SKIP
    """

    @explain_keywords()
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
        normalize_y: bool = False,
        device: str = "cpu",
        threads: int | None = None,
    ) -> None:
        store(self, locals())
