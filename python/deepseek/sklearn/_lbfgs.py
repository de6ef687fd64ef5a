"""L-BFGS (Liu & Nocedal 1989) of SciPy, with the engine's loss and gradient of all rows at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.optimize
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from .._training.base import Model
from .._training.fit import train_once
from .._training.fit_state import make_fit_config
from ..errors import DivergenceError
from ..optimizers import SGD
from ._parameters import warn

Array = NDArray[Any]

GRADIENT_PROBE = SGD(learning_rate=1e-30, momentum=0.5)
"""Optimizer whose first moment after one step from its initial state is the gradient."""

MOMENT_PREFIX = "optimizer.first."


class Objective:
    """Loss and gradient as a function of a flat vector of all parameters.

    Parameters
    ----------
    model : Model
        Model in float64 with the optimizer `GRADIENT_PROBE`.
    arrays : tuple
        Rows in the form of the engine.
    rows : int
        Number of rows.
    terms : int
        Factor of the engine's loss.
    l2 : float
        Strength of the penalty ½·l2·Σw² over the weight matrices.
    """

    def __init__(self, model: Model, arrays: tuple[Any, ...], rows: int, terms: int, l2: float) -> None:
        self.model, self.arrays, self.terms, self.l2 = model, arrays, terms, l2
        self.fit_config = make_fit_config(1, None, False, 0.0, None).with_sizes(rows, 0)
        self.initial_state = model._core.get_state()
        self.shapes = {name: array.shape for name, array in model.state_dict().items()}
        self.loss = np.inf

    def __call__(self, flat: Array) -> tuple[float, Array]:
        """Return loss and gradient; an infinite loss where it is not finite."""
        state, core = self.unflatten(flat), self.model._core
        core.set_params(state)
        core.set_state(self.initial_state)
        try:
            self.loss = self.terms * float(train_once(self.model, self.arrays, self.fit_config)["loss"])
        except DivergenceError:
            return np.inf, np.zeros_like(flat)
        moments = core.get_state()
        gradients = {name: self.terms * moments[MOMENT_PREFIX + name] for name in state}
        for name, weight in state.items():
            if weight.ndim > 1:
                self.loss += 0.5 * self.l2 * float(np.vdot(weight, weight))
                gradients[name] = gradients[name] + self.l2 * weight
        return self.loss, self.flatten(gradients)

    def flatten(self, arrays: dict[str, Array]) -> Array:
        """Return all parameters as one vector."""
        return np.concatenate([arrays[name].ravel() for name in self.shapes])

    def unflatten(self, flat: Array) -> dict[str, Array]:
        """Return the parameters by name, each in its shape."""
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes.values()])
        pieces = np.split(flat, ends[:-1])
        return {
            name: np.ascontiguousarray(piece.reshape(shape))
            for (name, shape), piece in zip(self.shapes.items(), pieces, strict=True)
        }


def minimize(estimator: Any, objective: Objective) -> dict[str, Array]:
    """Return the parameters that L-BFGS found; set ``n_iter_``, ``loss_`` and ``loss_curve_``.

    Without convergence it warns, as `MLPClassifier` does.
    """
    curve: list[float] = []

    def on_iteration(_: Array) -> None:
        curve.append(objective.loss)
        if estimator.verbose:
            print(f"Iteration {len(curve)}, loss = {objective.loss:.8f}")

    result = scipy.optimize.minimize(
        objective,
        objective.flatten(objective.model.state_dict()),
        jac=True,
        method="L-BFGS-B",
        callback=on_iteration,
        options={"maxfun": estimator.max_fun, "maxiter": estimator.max_iter, "gtol": estimator.tol},
    )
    if result.status != 0:
        warn(
            f"lbfgs did not converge in {result.nit} iterations ({result.message}); increase max_iter or scale "
            "the data",
            ConvergenceWarning,
        )
    estimator.n_iter_ = min(int(result.nit), estimator.max_iter)
    estimator.loss_, estimator.loss_curve_ = float(result.fun), curve
    estimator.best_loss_ = estimator.loss_
    return objective.unflatten(result.x)
