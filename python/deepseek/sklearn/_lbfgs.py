"""L-BFGS (Liu & Nocedal 1989): SciPy's, over the engine's loss and gradient of all rows at once."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import scipy.optimize
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from .._model.base import Model
from .._model.fit import train_once
from .._model.run import make_plan
from ..errors import DivergenceError
from ..optimizers import SGD

Array = NDArray[Any]

ASKING = SGD(rate=1e-30, momentum=0.5)
"""An optimizer whose moment, when it sets out from 0, is the gradient after one step."""

MOMENT = "optimizer.first."


class Objective:
    """Loss and gradient by a flat vector of all parameters.

    Parameters
    ----------
    model : Model
        In double, with the optimizer `ASKING`.
    arrays : tuple
        The rows, as the engine reads them.
    rows : int
        How many.
    terms : int
        What the engine's loss is multiplied by.
    l2 : float
        The penalty is ½·l2·Σw² over weight matrices.
    """

    def __init__(self, model: Model, arrays: tuple[Any, ...], rows: int, terms: int, l2: float) -> None:
        self.model, self.arrays, self.terms, self.l2 = model, arrays, terms, l2
        self.plan = make_plan(1, None, False, 0.0, None).with_sizes(rows, 0)
        self.fresh = model._core.get_state()
        self.shapes = {name: array.shape for name, array in model.state_dict().items()}
        self.loss = np.inf

    def __call__(self, flat: Array) -> tuple[float, Array]:
        """Loss and gradient; infinity where the loss is not finite."""
        state, core = self.unpacked(flat), self.model._core
        core.set_params(state)
        core.set_state(self.fresh)
        try:
            self.loss = self.terms * float(train_once(self.model, self.arrays, self.plan)["loss"])
        except DivergenceError:
            return np.inf, np.zeros_like(flat)
        moments = core.get_state()
        slopes = {name: self.terms * moments[MOMENT + name] for name in state}
        for name, weight in state.items():
            if weight.ndim > 1:
                self.loss += 0.5 * self.l2 * float(np.vdot(weight, weight))
                slopes[name] = slopes[name] + self.l2 * weight
        return self.loss, self.packed(slopes)

    def packed(self, arrays: dict[str, Array]) -> Array:
        """One flat vector."""
        return np.concatenate([arrays[name].ravel() for name in self.shapes])

    def unpacked(self, flat: Array) -> dict[str, Array]:
        """Every parameter in its shape."""
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes.values()])
        pieces = np.split(flat, ends[:-1])
        return {
            name: np.ascontiguousarray(piece.reshape(shape))
            for (name, shape), piece in zip(self.shapes.items(), pieces, strict=True)
        }


def minimize(estimator: Any, objective: Objective) -> dict[str, Array]:
    """The parameters where the search ended; fills ``n_iter_``, ``loss_`` and ``loss_curve_``.

    A search that ended before it converged warns, as `MLPClassifier`'s does.
    """
    curve: list[float] = []

    def after(_: Array) -> None:
        curve.append(objective.loss)
        if estimator.verbose:
            print(f"Iteration {len(curve)}, loss = {objective.loss:.8f}")

    found = scipy.optimize.minimize(
        objective,
        objective.packed(objective.model.state_dict()),
        jac=True,
        method="L-BFGS-B",
        callback=after,
        options={"maxfun": estimator.max_fun, "maxiter": estimator.max_iter, "gtol": estimator.tol},
    )
    if found.status != 0:
        warnings.warn(
            f"lbfgs did not converge in {found.nit} iterations ({found.message}): raise max_iter or scale "
            "the data",
            ConvergenceWarning,
            stacklevel=6,
        )
    estimator.n_iter_ = min(int(found.nit), estimator.max_iter)
    estimator.loss_, estimator.loss_curve_ = float(found.fun), curve
    estimator.best_loss_ = estimator.loss_
    return objective.unpacked(found.x)
