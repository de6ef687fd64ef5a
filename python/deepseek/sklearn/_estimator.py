"""How all estimators are trained: what is held out, by which solver, from where.

What X and y are is the children's and `_targets`'; when it is enough is `_watch`'s.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import check_scoring
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.validation import _check_sample_weight, _num_samples

from .._data.rows import Batch
from .._settings import Settings
from ..errors import DivergenceError
from ..optimizers import Optimizer
from . import _callbacks, _epochs, _lbfgs, _names, _parameters
from ._fitted import Fitted, Learner
from ._watch import Watch, begin_curves, has_curves

Array = NDArray[Any]


NO_WEIGHT = "Sample weights must contain at least one non-zero number."


@dataclass(frozen=True)
class Samples:
    """Rows or sequences with their targets, as scikit-learn has them, and weights."""

    X: Any
    y: Array
    weights: Array | None

    def __len__(self) -> int:
        return int(_num_samples(self.X))

    @property
    def mean_weight(self) -> float:
        mean = 1.0 if self.weights is None else float(np.mean(self.weights))
        if mean == 0.0:
            raise ValueError(NO_WEIGHT)
        return mean


class Estimator(Fitted):
    """Base of the estimators; the children say what X is and which model there is."""

    _most_rows: ClassVar[int] = 200
    """Rows of a batch of size "auto"."""
    _random_parts: ClassVar[tuple[str, ...]] = ("dropout", "input_dropout")
    """Parameters that make the loss of the same weights differ from time to time."""

    def _model_config(self, X: Any, dtype: str, optimizer: Any, seed: int) -> Settings:
        """The configuration of the model that the parameters ask for."""
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
        """All of `fit`; or of `partial_fit`, one epoch that goes on from where the last one ended."""
        _parameters.check(self)
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val belong together: give both or none")
        validation = None if X_val is None else (X_val, y_val, sample_weight_val)
        if incremental and self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        first = not self.__sklearn_is_fitted__() or not (incremental or self.warm_start)
        X, y = self._read(X, y, reset=first)
        y = _column(y)
        if first or not self._knows_targets():
            self._learn_targets(y, self.classes_ if incremental and hasattr(self, "classes_") else None)
        self._check_known(y, same=not (incremental or first))
        samples = Samples(X, y, self._balanced(_weights(sample_weight, X), y))
        generator = check_random_state(self.random_state)
        if first or not hasattr(self, "_seed"):
            self._seed = int(generator.randint(np.iinfo(np.int32).max))
        told = None if incremental else _callbacks.tell(self, samples.X, samples.y, samples.weights)
        if self.solver == "lbfgs":
            self._search(samples, validation, first)
        else:
            self._descend(*self._split(samples, validation, generator), first, incremental, told)
        if told is not None:
            told.end()
        return self

    def _split(self, samples: Samples, validation: Any, generator: Any) -> tuple[Samples, Samples | None]:
        """What is trained on and what is held out: what `fit` was given, else a share of the rows."""
        if validation is not None:
            X, y = self._read(validation[0], validation[1], reset=False)
            y = _column(y)
            self._check_known(y, same=False)
            return samples, Samples(X, y, _weights(validation[2], X))
        if not self.early_stopping:
            return samples, None
        unweighed = samples.weights is None
        parts = [samples.X, samples.y, *([] if unweighed else [samples.weights])]
        split = train_test_split(
            *parts,
            random_state=generator,
            test_size=self.validation_fraction,
            stratify=self._stratified(samples.y),
        )
        if _num_samples(split[1]) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        ours, held = split[0::2], split[1::2]
        return Samples(*ours, *[None] * unweighed), Samples(*held, *[None] * unweighed)

    def _descend(
        self,
        samples: Samples,
        held_out: Samples | None,
        first: bool,
        incremental: bool,
        told: _callbacks.Told | None,
    ) -> None:
        """Epochs of mini-batches."""
        batch = _parameters.batch_rows(self, len(samples))
        l2 = self._l2(samples, batch)
        if first or not has_curves(self, held_out is not None):
            begin_curves(self, held_out is not None)
        self.n_iter_ = 0
        if not incremental:
            self._no_improvement_count = 0
        model = self._prepared(samples, first, _epochs.first_rate(self, incremental), l2)
        terms = self._terms()

        def loss_of(loss: float) -> float:
            return float(terms * loss) + _penalty(model, l2)

        score = None if held_out is None else self._scorer(lambda: model, held_out)

        def tell(told: _callbacks.Told) -> bool:
            self._export(model)
            return told.end_epoch()

        hears = None if told is None else lambda: tell(told)
        watch = Watch(self, loss_of, len(samples), score, hears)

        def with_rate(rate: float) -> Learner:
            nonlocal model
            state = model._core.get_state()
            weights = model.state_dict()
            model = self._made(self._config_for(samples, rate, l2), weights, state)
            return model

        if self.early_stopping and self.best_validation_score_ > -np.inf:
            watch.best = model.state_dict()  # an earlier fit's, to be beaten
        rows = (samples.X, self._encoded(samples.y), samples.weights)
        held, self._held = self._held, None  # whose model may be the one that trains now
        try:
            _epochs.train(self, model, with_rate, watch, rows, batch, incremental)
        except (DivergenceError, KeyboardInterrupt):
            self._export(model)  # which is at its last complete step
            raise
        except Exception:
            self._held = None if self.n_iter_ else held
            raise
        if watch.best is not None:
            model.load_state_dict(watch.best)
        self._export(model)

    def _search(self, samples: Samples, validation: Any, first: bool) -> None:
        """L-BFGS over all rows at once, in double."""
        if validation is not None:
            raise ValueError(
                "X_val needs solver='adam' or 'sgd': there are no epochs that it could be scored after"
            )
        for name in self._random_parts:
            if np.any(getattr(self, name)):
                raise ValueError(f"{name} needs solver='adam' or 'sgd': lbfgs wants the same loss each time")
        begin_curves(self, False)
        l2 = self._l2(samples, len(samples))
        config = self._model_config(samples.X, "float64", _lbfgs.ASKING, self._seed)
        model = self._made(config, None if first else self._kept(), None)
        rows = self._rows(config, samples.X, self._encoded(samples.y), samples.weights)
        objective = _lbfgs.Objective(model, (*rows.arrays, None, None, None), len(samples), self._terms(), l2)
        found = _lbfgs.minimize(self, objective)
        if not all(np.isfinite(array).all() for array in found.values()) or not np.isfinite(self.loss_):
            raise ValueError(_epochs.NOT_FINITE)
        self.t_ = self.n_iter_ * len(samples)
        self._export(self._made(self._config_for(samples, self.learning_rate_init, 0.0), found, None))

    def _l2(self, samples: Samples, rows: int) -> float:
        """``alpha`` over the weight of so many rows; an optimizer of the engine's has penalties of its own."""
        return 0.0 if isinstance(self.solver, Optimizer) else self.alpha / (rows * samples.mean_weight)

    def _rows(self, config: Any, X: Any, y: Array, weights: Array | None) -> Batch:
        """Rows or sequences as the engine reads them."""
        raise NotImplementedError

    def _config_for(self, samples: Samples, rate: float, l2: float) -> Settings:
        optimizer = _names.optimizer(self, rate, l2, self._terms())
        return self._model_config(samples.X, _dtype_of(samples.X), optimizer, self._seed)

    def _prepared(self, samples: Samples, first: bool, rate: float, l2: float) -> Learner:
        """The model that training goes on with."""
        config = self._config_for(samples, rate, l2)
        if first:
            return self._made(config, None, None)
        held = self._held
        if held is not None and held.stands_for(self._fitted_arrays()) and held.model._config == config:
            return held.model
        return self._made(config, self._kept(), self._solver_state())

    def _scorer(self, model: Callable[[], Learner], held: Samples) -> Callable[[], float]:
        """The score of the model as it stands, on what is held out."""
        if self.scoring == "loss":
            targets, terms = self._encoded(held.y), self._terms()
            return lambda: -terms * model().evaluate(held.X, targets, sample_weight=held.weights)["loss"]
        weighed = {} if held.weights is None else {"sample_weight": held.weights}
        if self.scoring is None:
            measure = self._measure
            return lambda: float(measure(held.y, self._decided(model().predict(held.X)), **weighed))
        scorer = check_scoring(self, self.scoring)

        def score() -> float:
            self._export(model())
            with warnings.catch_warnings():  # the rows held out have lost their columns' names
                warnings.filterwarnings("ignore", "X does not have valid feature names")
                return float(scorer(self, held.X, held.y, **weighed))

        return score


def _column(y: Array) -> Array:
    """Targets, of which a single column is no matrix."""
    return column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y


def _weights(sample_weight: Any, X: Any) -> Array | None:
    """Sample weights, checked."""
    if sample_weight is None:
        return None
    weights = np.asarray(_check_sample_weight(sample_weight, np.empty(_num_samples(X))))
    if weights.size and weights.min() < 0:
        raise ValueError("Negative values in data passed to `sample_weight`")
    if not weights.any():
        raise ValueError(NO_WEIGHT)
    return weights


def _penalty(model: Learner, l2: float) -> float:
    """½·l2·Σw² over the weight matrices."""
    if l2 == 0.0:
        return 0.0
    weights = [array for array in model.state_dict().values() if array.ndim > 1]
    return 0.5 * l2 * sum(float(np.vdot(w, w)) for w in weights)


def _dtype_of(X: Any) -> str:
    """float32 if all of X is, else float64."""
    arrays = X if isinstance(X, list) else [X]
    return "float32" if all(array.dtype == np.float32 for array in arrays) else "float64"
