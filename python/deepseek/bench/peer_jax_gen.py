"""Adversaries for JAX: both updates of a batch in one function; the generator's pass is made once (``jax.vjp``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NamedTuple


class State(NamedTuple):
    """Both players' weights and moments, and the generator's moving average, between turns."""

    generator: Any
    discriminator: Any
    generator_moments: Any
    discriminator_moments: Any
    average: Any


def _losses(name: str) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """Return the discriminator's and the generator's, of the scores of training and of generated rows."""
    jax: Any = import_module("jax")
    jnp: Any = import_module("jax.numpy")
    softplus = jax.nn.softplus
    match name:
        case "non_saturating":
            return (lambda a, b: (softplus(-a) + softplus(b)).mean()), lambda a, b: softplus(-b).mean()
        case "least_squares":
            return (
                lambda a, b: 0.5 * (jnp.square(a - 1) + jnp.square(b)).mean(),
                lambda a, b: 0.5 * jnp.square(b - 1).mean(),
            )
        case _:  # relativistic
            return (lambda a, b: softplus(b - a).mean()), lambda a, b: softplus(a - b).mean()


def turns(
    params: Mapping[str, Any], outputs: Any, update: Any
) -> Callable[[State, Any, Any], tuple[State, Any]]:
    """Return the work of a batch.

    Parameters
    ----------
    params : mapping
        Parameters of a row.
    outputs : callable
        A player's outputs from its weights, inputs and activation.
    update : callable
        Weights and moments after an update from gradients.

    Returns
    -------
    callable
        Makes one update of each player from a state, training rows and latents; returns the state and (the
        discriminator's loss, its penalty, the generator's loss).
    """
    jax: Any = import_module("jax")
    jnp: Any = import_module("jax.numpy")
    rows, weight, average = params["batch"], params["penalty"], params["average"]
    of_discriminator, of_generator = _losses(params["loss"])
    acts = params["activations"]

    def scores(discriminator: Any, x: Any) -> Any:
        return outputs(discriminator, x, acts[1])

    def objective(discriminator: Any, shown: Any) -> tuple[Any, tuple[Any, Any]]:
        extra = jnp.zeros(())
        if weight:
            summed = jax.vjp(lambda x: scores(discriminator, x), shown)
            both, (gradient,) = summed[0], summed[1](jnp.ones((2 * rows, 1)))
            extra = weight / (2 * rows) * jnp.square(gradient).sum()
        else:
            both = scores(discriminator, shown)
        loss = of_discriminator(both[:rows], both[rows:])
        return loss + extra, (loss, extra)

    def turn(state: State, x: Any, z: Any) -> tuple[State, Any]:
        fake, back = jax.vjp(lambda weights: outputs(weights, z, acts[0]), state.generator)
        shown = jnp.concatenate([x, fake])
        gradients, (loss, extra) = jax.grad(objective, has_aux=True)(state.discriminator, shown)
        discriminator, moments = update(state.discriminator, gradients, state.discriminator_moments)

        real = scores(discriminator, x) if params["loss"] == "relativistic" else None
        against, by_fake = jax.value_and_grad(lambda made: of_generator(real, scores(discriminator, made)))(
            fake
        )
        generator, own = update(state.generator, back(by_fake)[0], state.generator_moments)
        followed = state.average
        if average:
            done = own[2]
            keep = jnp.minimum(average, (1 + done) / (10 + done))
            followed = jax.tree.map(lambda old, new: old + (1 - keep) * (new - old), followed, generator)
        return State(generator, discriminator, own, moments, followed), (loss, extra, against)

    return turn
