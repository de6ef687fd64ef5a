"""What a fitted estimator is: plain arrays, and a model of the engine that is made of them when it is needed.

So estimators can be pickled, cloned and copied by any tool. Training is `_estimator`'s.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from .._settings import Settings
from ..net import Net
from ..rec import Rec
from . import _names
from ._callbacks import CallbackSupportMixin

Array = NDArray[Any]

Learner = Net | Rec

UNASKED = "no_validation"
"""What scikit-learn says in place of a y that is not wanted; None is a y that is missing."""


@dataclass(frozen=True)
class Held:
    """A model that stands for an estimator's arrays, as long as they are the ones it was made of."""

    model: Learner
    arrays: tuple[Array, ...]

    def stands_for(self, arrays: tuple[Array, ...]) -> bool:
        same = len(arrays) == len(self.arrays) and all(map(lambda a, b: a is b, arrays, self.arrays))
        return same and not any(array.flags.writeable for array in arrays)


class Fitted(CallbackSupportMixin, BaseEstimator):  # type: ignore[misc]
    """Base of all estimators; the children say what X is and which model there is."""

    _model_class: ClassVar[type[Net] | type[Rec]]
    _held: Held | None = None

    def _read(self, X: Any, y: Any = UNASKED, *, reset: bool) -> tuple[Any, Any]:
        """X and y at the door, checked as scikit-learn does."""
        raise NotImplementedError

    def _validated(self, X: Any, y: Any, reset: bool, **asked: Any) -> tuple[Any, Any]:
        """A table of floats; with targets, if they are asked for."""
        asked |= {"dtype": (np.float64, np.float32), "reset": reset}
        if isinstance(y, str) and y == UNASKED:
            return validate_data(self, X, **asked), None
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=self._y_is_numeric, **asked)
        return X, y

    def _keep(self, state: dict[str, Array]) -> None:
        """A model's parameters as fitted attributes."""
        raise NotImplementedError

    def _kept(self) -> dict[str, Array]:
        """The same parameters for a model."""
        raise NotImplementedError

    def _fitted_arrays(self) -> tuple[Array, ...]:
        """All arrays that `_keep` set; none before the first fit."""
        raise NotImplementedError

    def __sklearn_is_fitted__(self) -> bool:
        return bool(self._fitted_arrays())

    def _made(self, config: Settings, weights: dict[str, Array] | None, state: Any) -> Learner:
        """A model by its configuration, with weights and the optimizer's state if there are any."""
        model = self._model_class.__new__(self._model_class)
        model._begin(config)
        if weights is not None:
            try:
                model.load_state_dict(weights)
            except ValueError as error:
                raise ValueError(f"the fitted weights do not go with these parameters: {error}") from error
        if state is not None:
            # Another optimizer's state is refused: this one begins anew.
            with contextlib.suppress(ValueError, RuntimeError, KeyError):
                model._core.set_state(state)
        return model

    def _export(self, model: Learner) -> None:
        """Keep what a model has learnt."""
        state = model.state_dict()
        for array in state.values():
            array.flags.writeable = False
        self._keep(state)
        self._config = model._config.to_config()
        self.out_activation_ = _names.output_name(self._config["output_activation"])
        self._held = Held(model, self._fitted_arrays())

    def _ready(self) -> Learner:
        """The model that the fitted arrays describe."""
        check_is_fitted(self)
        if self._held is None or not self._held.stands_for(self._fitted_arrays()):
            config = self._model_class._read_config(self._config, device=self.device, threads=self.threads)
            self._export(self._made(config, self._kept(), self._solver_state()))
        assert self._held is not None
        return self._held.model

    def _solver_state(self) -> Any:
        """What the optimizer remembers, or None."""
        return getattr(self, "_training", None) if self._held is None else self._held.model._core.get_state()

    def _outputs(self, X: Any) -> Array:
        """What the model's last layer says."""
        model = self._ready()
        return np.asarray(model.predict(self._read(X, reset=False)[0]))

    def predict(self, X: Any) -> Array:
        """Predicted classes or values.

        Parameters
        ----------
        X
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        return np.asarray(self._decided(self._outputs(X)))

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if state.pop("_held", None) is not None:
            state["_training"] = self._solver_state()
        return state
