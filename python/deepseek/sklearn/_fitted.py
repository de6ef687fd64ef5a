"""State of a fitted estimator: plain arrays, from which a model of the engine is created when it is needed.

Estimators can therefore be pickled, cloned and copied by any tool. `_estimator` trains them.
"""

from __future__ import annotations

import contextlib
import operator
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from .. import _core, activations
from .._config.model import ModelConfig
from .._data.columns import check_convertible
from ..net import Net
from ..rec import Rec
from . import _names
from ._callbacks import CallbackSupportMixin

Array = NDArray[Any]

Learner = Net | Rec

NO_TARGETS = "no_validation"
"""Value of y, as in scikit-learn, where no targets are read; None means missing targets."""


class FitOptions(NamedTuple):
    """All that the configuration of a model depends on between two fits: parameters, learning rate, L2 penalty."""

    parameters: tuple[Any, ...] | None
    rate: float
    l2: float

    def have_parameters(self, parameters: tuple[Any, ...] | None) -> bool:
        """Return whether the parameters are the same objects; None is unknown."""
        mine = self.parameters
        return mine is not None and parameters is not None and all(map(operator.is_, mine, parameters))

    def have_config_of(self, other: FitOptions | None) -> bool:
        """Return whether the configuration is certainly the same."""
        return other is not None and self[1:] == other[1:] and self.have_parameters(other.parameters)


@dataclass(frozen=True)
class CachedModel:
    """A model and the estimator's arrays from which it was created; valid as long as they are the same objects.

    `options` are those of the fit; None if the model was created from the arrays.
    """

    model: Learner
    arrays: tuple[Array, ...]
    options: FitOptions | None = None

    def is_valid_for(self, arrays: tuple[Array, ...]) -> bool:
        """Return whether the model has exactly these arrays, which cannot have been written to."""
        same = len(arrays) == len(self.arrays) and all(map(lambda a, b: a is b, arrays, self.arrays))
        return same and not any(array.flags.writeable for array in arrays)


class Fitted(CallbackSupportMixin, BaseEstimator):  # type: ignore[misc]
    """Base class of all estimators; subclasses define the form of X and the model."""

    _model_class: ClassVar[type[Net] | type[Rec]]
    _cached: CachedModel | None = None
    _config_source: ModelConfig | None = None  # configuration that `_config` has the values of

    def _read(self, X: Any, y: Any = NO_TARGETS, *, reset: bool) -> tuple[Any, Any]:
        """Validate X and y as scikit-learn does."""
        raise NotImplementedError

    def _validated(self, X: Any, y: Any, reset: bool, **options: Any) -> tuple[Any, Any]:
        """Validate a matrix of floating-point numbers, and the targets unless y is `NO_TARGETS`."""
        options |= {"dtype": (np.float64, np.float32), "reset": reset}
        has_targets = not (isinstance(y, str) and y == NO_TARGETS)
        if not reset and self._is_plain(X) and (not has_targets or is_plain_vector(y, len(X))):
            return X, (y if has_targets else None)  # scikit-learn's functions would return them unchanged
        check_convertible(X, "X")
        if not has_targets:
            return validate_data(self, X, **options), None
        if self._y_is_numeric and y is not None:
            check_convertible(y, "y")
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=self._y_is_numeric, **options)
        return X, y

    def _is_plain(self, X: Any) -> bool:
        """Return whether X is a contiguous matrix of finite floats, and the features of the fit have no names."""
        return (
            type(X) is np.ndarray
            and X.ndim == 2
            and X.dtype in _FLOATS
            and X.flags.carray
            and len(X) > 0
            and X.shape[1] == getattr(self, "n_features_in_", None)
            and not hasattr(self, "feature_names_in_")
            and _core.check_finite(X) is None
        )

    def _set_fitted(self, state: dict[str, Array]) -> None:
        """Set the fitted attributes to the parameters of a model."""
        raise NotImplementedError

    def _fitted_state(self) -> dict[str, Array]:
        """Return the fitted attributes as the parameters of a model."""
        raise NotImplementedError

    def _fitted_arrays(self) -> tuple[Array, ...]:
        """Return all arrays that `_set_fitted` set; none before the first fit."""
        raise NotImplementedError

    def __sklearn_is_fitted__(self) -> bool:
        return bool(self._fitted_arrays())

    def _create_model(self, config: ModelConfig, weights: dict[str, Array] | None, state: Any) -> Learner:
        """Create a model from its configuration and, unless None, weights and the state of its optimizer."""
        model = self._model_class.__new__(self._model_class)
        model._begin(config)
        if weights is not None:
            try:
                model.load_state_dict(weights)
            except ValueError as error:
                raise ValueError(
                    f"{type(self).__name__}: got fitted weights of other sizes than its parameters describe; expected "
                    f"the parameters of the last fit, or warm_start=False ({error})"
                ) from error
        if state is not None:
            # The state of another optimizer does not fit; the new one starts from its initial state.
            with contextlib.suppress(ValueError, RuntimeError, KeyError):
                model._core.set_state(state)
        return model

    def _export(self, model: Learner, options: FitOptions | None = None) -> None:
        """Set all fitted attributes from a trained model."""
        state = model.state_dict()
        for array in state.values():
            array.flags.writeable = False
        self._set_fitted(state)
        if self._config_source is not model._config:
            self._config = model._config.to_config()
            self._config_source = model._config
        self.out_activation_ = _names.output_name(activations.name_of(model._config.output_activation))
        self._cached = CachedModel(model, self._fitted_arrays(), options)

    def _fitted_model(self) -> Learner:
        """Return the model with the fitted arrays as weights."""
        check_is_fitted(self)
        if self._cached is None or not self._cached.is_valid_for(self._fitted_arrays()):
            config = self._model_class._read_config(self._config, device=self.device, threads=self.threads)
            self._export(self._create_model(config, self._fitted_state(), self._solver_state()))
        assert self._cached is not None
        return self._cached.model

    def _solver_state(self) -> Any:
        """Return the state of the optimizer, or None."""
        return (
            getattr(self, "_training", None) if self._cached is None else self._cached.model._core.get_state()
        )

    def _public_model(self) -> Any:
        """Return a copy of the model with the fitted weights and the solver's state, for export and files."""
        fitted = self._fitted_model()
        weights = fitted.state_dict()
        state = fitted._core.get_state()
        if (scaled := self._with_target_scale(weights)) is not None:
            weights, state = scaled, None  # the state belongs to the weights for normalized targets
        model = self._create_model(fitted._config, weights, state)
        for epoch, loss in enumerate(self.loss_curve_, 1):
            model.history.add({"epoch": epoch, "loss": float(loss)})
        return model

    def _with_target_scale(self, weights: dict[str, Array]) -> dict[str, Array] | None:
        """Return the weights for outputs in the units of y; None if they are already."""
        raise NotImplementedError

    def _outputs(self, X: Any) -> Array:
        """Return the outputs of the model after its last activation."""
        model = self._fitted_model()
        return np.asarray(model.predict(self._read(X, reset=False)[0]))

    def predict(self, X: Any) -> Array:
        """Predict classes or values.

        Parameters
        ----------
        X : array-like, sparse matrix or list of arrays
            Rows or sequences in the form of `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predicted labels or values of X.

        Raises
        ------
        NotFittedError
            Before the first fit.
        ValueError
            If X has another number of features than in `fit`, or is not finite.
        """
        return np.asarray(self._predictions(self._outputs(X)))

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_config_source", None)
        if state.pop("_cached", None) is not None:
            state["_training"] = self._solver_state()
        return state


_FLOATS = (np.dtype(np.float64), np.dtype(np.float32))


def is_plain_vector(y: Any, rows: int) -> bool:
    """Return whether y is a vector of whole numbers, booleans, finite floats or text for that many rows."""
    if type(y) is not np.ndarray or y.shape != (rows,):
        return False
    return y.dtype.kind in "iubU" or (y.dtype in _FLOATS and bool(np.isfinite(y).all()))
