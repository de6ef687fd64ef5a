"""Training of all estimators: the validation split, the solver and the initial model.

The subclasses and `_targets` define X and y, `_scoring` the stopping rule.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import check_scoring
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.validation import _check_sample_weight, _num_samples

from .._config.model import ModelConfig
from .._data.columns import check_convertible
from .._data.rows import Batch
from ..errors import DivergenceError
from ..optimizers import Optimizer
from . import _callbacks, _epochs, _lbfgs, _names, _parameters
from ._fitted import FitOptions, Fitted, Learner, is_plain_vector
from ._rollback import rollback
from ._scoring import ScoreMonitor, begin_curves, has_curves
from ._split import split_rows, take

Array = NDArray[Any]


NO_WEIGHT = "Sample weights must contain at least one non-zero number."


@dataclass(frozen=True)
class Samples:
    """Rows or sequences with targets in the form of scikit-learn, and sample weights."""

    X: Any
    y: Array
    weights: Array | None

    def __len__(self) -> int:
        return len(self.y)

    @property
    def mean_weight(self) -> float:
        return 1.0 if self.weights is None else float(np.mean(self.weights))

    def take(self, order: Array) -> Samples:
        """Return the samples numbered `order`."""
        weights = None if self.weights is None else self.weights[order]
        return Samples(take(self.X, order), self.y[order], weights)


class Estimator(Fitted):
    """Base class of the estimators; subclasses define the form of X and the model."""

    _max_batch_size: ClassVar[int] = 200
    """Largest number of rows of a mini-batch for batch_size="auto"."""
    _random_parameters: ClassVar[tuple[str, ...]] = ("dropout", "input_dropout")
    """Parameters that make the loss random for fixed weights."""

    def _model_config(self, X: Any, dtype: str, optimizer: Any, seed: int) -> ModelConfig:
        """Return the configuration of the model for the estimator's parameters."""
        raise NotImplementedError

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        *,
        incremental: bool = False,
    ) -> Self:
        """Run `fit`; with `incremental` run `partial_fit`, one more epoch with the state of the solver kept.

        After an error the estimator is as before; after a divergence or Ctrl-C it is at its last complete step.
        """
        with rollback(self):
            self._run_fit(X, y, sample_weight, X_val, y_val, sample_weight_val, incremental)
        return self

    def _run_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        X_val: Any,
        y_val: Any,
        sample_weight_val: Any,
        incremental: bool,
    ) -> None:
        if not self._is_checked():
            _parameters.check(self)
        if (X_val is None) != (y_val is None):
            missing = "X_val" if X_val is None else "y_val"
            raise ValueError(f"{missing}: got None; expected both X_val and y_val, or neither")
        validation = None if X_val is None else (X_val, y_val, sample_weight_val)
        if incremental and self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        first = not self.__sklearn_is_fitted__() or not (incremental or self.warm_start)
        X, y = self._read(X, y, reset=first)
        y = _column(y)
        if first or not self._has_targets():
            self._fit_targets(y, self.classes_ if incremental and hasattr(self, "classes_") else None)
        self._check_targets(y, same=not (incremental or first))
        samples = Samples(X, y, self._with_class_weights(read_weights(sample_weight, X), y))
        if samples.weights is not None and not samples.weights.any():
            raise ValueError(f"{NO_WEIGHT} {self._weight_name()}: got only zeros; expected a weight above 0")
        draws_seed = first or not hasattr(self, "_seed")
        generator: Any = check_random_state(self.random_state) if draws_seed or not incremental else None
        if draws_seed:
            self._seed = int(generator.randint(np.iinfo(np.int32).max))
            self._model_dtype = _dtype_of(X)
        reporter = (
            None if incremental else _callbacks.begin_report(self, samples.X, samples.y, samples.weights)
        )
        if self.solver == "lbfgs":
            self._fit_lbfgs(samples, validation, first)
        else:
            self._fit_minibatches(*self._split(samples, validation, generator), first, incremental, reporter)
        if reporter is not None:
            reporter.end()

    def _split(self, samples: Samples, validation: Any, generator: Any) -> tuple[Samples, Samples | None]:
        """Return training and validation data: the validation data of `fit`, else a fraction of the rows."""
        if validation is not None:
            X, y = self._read(validation[0], validation[1], reset=False)
            y = _column(y)
            self._check_targets(y, same=False)
            return samples, Samples(X, y, read_weights(validation[2], X, "sample_weight_val"))
        if not self.early_stopping:
            return samples, None
        if self.validation_fraction == 0:
            raise ValueError("validation_fraction: got 0 with early_stopping=True; expected a number above 0")
        orders = split_rows(len(samples), self.validation_fraction, generator, self._stratify(samples.y))
        if len(orders[1]) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        parts = samples.take(orders[0]), samples.take(orders[1])
        for part, name in zip(parts, ("training", "validation"), strict=True):
            if part.weights is not None and not part.weights.any():
                raise ValueError(
                    f"{self._weight_name()}: got only zeros in the {name} rows that validation_fraction selected; "
                    "expected a weight above 0 (another random_state selects other rows)"
                )
        return parts

    def _weight_name(self) -> str:
        """Return the arguments that the weights of the samples come from, for error messages."""
        return (
            "sample_weight"
            if getattr(self, "class_weight", None) is None
            else "class_weight times sample_weight"
        )

    def _fit_minibatches(
        self,
        samples: Samples,
        validation_samples: Samples | None,
        first: bool,
        incremental: bool,
        reporter: _callbacks.EpochReporter | None,
    ) -> None:
        """Train with mini-batches."""
        batch_size = _parameters.batch_size_of(self, len(samples))
        l2 = self._l2(samples, batch_size)
        if first or not has_curves(self, validation_samples is not None):
            begin_curves(self, validation_samples is not None)
        self.n_iter_ = 0
        if not incremental:
            self._no_improvement_count = 0
        if first:
            self._fit_target_scale(samples.y, samples.weights)
        model = self._initial_model(samples, first, _epochs.first_learning_rate(self, incremental), l2)
        terms = self._loss_terms()

        def loss_of(loss: float) -> float:
            return float(terms * loss) + _penalty(model, l2)

        score = None if validation_samples is None else self._scorer(lambda: model, validation_samples)

        def report(reporter: _callbacks.EpochReporter) -> bool:
            self._export(model)
            return reporter.end_epoch()

        report_epoch = None if reporter is None else lambda: report(reporter)
        monitor = ScoreMonitor(self, loss_of, len(samples), score, report_epoch)

        def with_learning_rate(rate: float) -> Learner:
            nonlocal model
            state = model._core.get_state()
            weights = model.state_dict()
            model = self._create_model(self._config_for(samples, rate, l2), weights, state)
            return model

        if self.early_stopping and self.best_validation_score_ > -np.inf:
            monitor.best = model.state_dict()  # the best weights of the earlier fits
        rows = (samples.X, self._encoded(samples.y), samples.weights)
        cached, self._cached = self._cached, None  # its model may be the one that is trained now
        try:
            _epochs.train(self, model, with_learning_rate, monitor, rows, batch_size, incremental)
        except (DivergenceError, KeyboardInterrupt):
            self._export(model)  # with the weights after its last complete step
            raise
        except Exception:
            self._cached = cached if first or not self.n_iter_ else None
            raise
        if monitor.best is not None:
            model.load_state_dict(monitor.best)
        self._export(model, FitOptions(_parameters.values(self), self.learning_rate_, l2))

    def _fit_lbfgs(self, samples: Samples, validation: Any, first: bool) -> None:
        """Train with L-BFGS on all rows at once, in float64."""
        if validation is not None:
            raise ValueError(
                "X_val: got data with solver='lbfgs', which has no epochs; expected None or another solver"
            )
        for name in self._random_parameters:
            if np.any(value := getattr(self, name)):
                raise ValueError(
                    f"{name}: got {value!r} with solver='lbfgs', which needs a deterministic loss; expected 0, or "
                    "solver='adam'"
                )
        begin_curves(self, False)
        if first:
            self._fit_target_scale(samples.y, samples.weights)
        l2 = self._l2(samples, len(samples))
        config = self._model_config(samples.X, "float64", _lbfgs.GRADIENT_PROBE, self._seed)
        model = self._create_model(config, None if first else self._fitted_state(), None)
        rows = self._rows(config, samples.X, self._encoded(samples.y), samples.weights)
        objective = _lbfgs.Objective(
            model, (*rows.arrays, None, None, None), len(samples), self._loss_terms(), l2
        )
        solution = _lbfgs.minimize(self, objective)
        if not all(np.isfinite(array).all() for array in solution.values()) or not np.isfinite(self.loss_):
            raise ValueError(_epochs.NOT_FINITE)
        self.t_ = self.n_iter_ * len(samples)
        self._export(
            self._create_model(self._config_for(samples, self.learning_rate_init, 0.0), solution, None)
        )

    def _l2(self, samples: Samples, rows: int) -> float:
        """Return ``alpha`` divided by the total weight of `rows` rows; 0 for an `Optimizer`, which has its own."""
        return 0.0 if isinstance(self.solver, Optimizer) else self.alpha / (rows * samples.mean_weight)

    def _rows(self, config: Any, X: Any, y: Array, weights: Array | None) -> Batch:
        """Return rows or sequences in the form of the engine."""
        raise NotImplementedError

    def _config_for(self, samples: Samples, rate: float, l2: float) -> ModelConfig:
        optimizer = _names.optimizer(self, rate, l2, self._loss_terms())
        return self._model_config(samples.X, self._model_dtype, optimizer, self._seed)

    def _initial_model(self, samples: Samples, first: bool, rate: float, l2: float) -> Learner:
        """Return the model that training starts from: a new one, or that of the last fit."""
        cached = None if first else self._cached
        if cached is not None and not cached.is_valid_for(self._fitted_arrays()):
            cached = None
        options = FitOptions(_parameters.values(self), rate, l2)
        if cached is not None and options.have_config_of(cached.options):
            return cached.model
        config = self._config_for(samples, rate, l2)
        if cached is not None and cached.model._config == config:
            return cached.model
        weights, state = (None, None) if first else (self._fitted_state(), self._solver_state())
        return self._create_model(config, weights, state)

    def _is_checked(self) -> bool:
        """Return whether the parameters are those of the last fit."""
        options = None if self._cached is None else self._cached.options
        return options is not None and options.have_parameters(_parameters.values(self))

    def _scorer(self, model: Callable[[], Learner], validation: Samples) -> Callable[[], float]:
        """Return the function that computes the score of the current model on the validation data."""
        X, y, weights = validation.X, validation.y, validation.weights
        if self.scoring == "loss":
            targets, terms = self._encoded(y), self._loss_terms()
            return lambda: -terms * model().evaluate(X, targets, sample_weight=weights)["loss"]
        metric_weights = {} if weights is None else {"sample_weight": weights}
        if self.scoring is None:
            metric = self._default_metric
            return lambda: float(metric(y, self._predictions(model().predict(X)), **metric_weights))
        scorer = check_scoring(self, self.scoring)

        def score() -> float:
            self._export(model())
            with warnings.catch_warnings():  # the validation rows are an array without names of columns
                warnings.filterwarnings("ignore", "X does not have valid feature names")
                return float(scorer(self, X, y, **metric_weights))

        return score


def _column(y: Array) -> Array:
    """Return targets with a single column as a vector."""
    return column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y


def read_weights(sample_weight: Any, X: Any, name: str = "sample_weight") -> Array | None:
    """Validate sample weights."""
    if sample_weight is None:
        return None
    rows = _num_samples(X)
    is_plain = is_plain_vector(sample_weight, rows) and sample_weight.dtype.kind == "f"
    if not is_plain:
        check_convertible(sample_weight, name)
    if name != "sample_weight" and not np.any(sample_weight):  # scikit-learn's message would not name it
        raise ValueError(f"{name}: got only zeros; expected a weight above 0")
    weights = sample_weight if is_plain else np.asarray(_check_sample_weight(sample_weight, np.empty(rows)))
    if weights.min() < 0:
        raise ValueError(f"Negative values in data passed to `{name}`")
    if not weights.any():
        raise ValueError(NO_WEIGHT)
    return np.asarray(weights)


def _penalty(model: Learner, l2: float) -> float:
    """Return ½·l2·Σw² over the weight matrices."""
    if l2 == 0.0:
        return 0.0
    weights = [array for array in model.state_dict().values() if array.ndim > 1]
    return 0.5 * l2 * sum(float(np.vdot(w, w)) for w in weights)


def _dtype_of(X: Any) -> str:
    """Return float32 if all of X is float32, else float64."""
    arrays = X if isinstance(X, list) else [X]
    return "float32" if all(array.dtype == np.float32 for array in arrays) else "float64"
