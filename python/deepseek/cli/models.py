"""What ``train`` and ``predict`` share: the note in the model file, and the score of a prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .parser import InputError
from .recipe import Recipe, Target

if TYPE_CHECKING:
    from .. import Net


_KEY = "csv"


def attach_recipe(net: Net, recipe: Recipe) -> None:
    """Put a recipe into the model's metadata, which travels with its file."""
    net.metadata[_KEY] = recipe.to_json()


def stored_recipe(net: Net, path: str) -> Recipe:
    """Take the recipe out of a model that ``train`` wrote."""
    if _KEY not in net.metadata:
        raise InputError(
            f"{path}: this model was not made by `deepseek train`; it says nothing about CSV columns"
        )
    recipe = Recipe.from_json(net.metadata[_KEY])
    outputs = len(recipe.target.labels) if recipe.target.labels else 1
    if (recipe.width, outputs) != (net.layers[0], net.layers[-1]):
        raise InputError(f"{path}: the network does not fit the columns noted in the file")
    return recipe


def score(target: Target, predicted: NDArray[Any], truth: NDArray[Any], training: NDArray[Any]) -> str:
    """Say how good a prediction is, beside a guess that looks at no column.

    Parameters
    ----------
    target : Target
        What is predicted.
    predicted : ndarray
        The network's outputs, (rows, outputs).
    truth : ndarray
        The encoded target of the same rows.
    training : ndarray
        The encoded target of the training rows, from which the guess is made.

    Returns
    -------
    str
        Part of a line.
    """
    if target.labels:
        right = float(np.mean(predicted.argmax(axis=1) == truth))
        guess = int(np.bincount(training).argmax())
        baseline = float(np.mean(truth == guess))
        return f'accuracy {right:.1%} (always "{target.labels[guess]}": {baseline:.1%})'
    error = target.scale * _rms(predicted - truth)
    baseline = target.scale * _rms(training.mean() - truth)
    return f"typical error (RMS) {error:.4g} (always the mean: {baseline:.4g})"


def _rms(values: NDArray[Any]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
