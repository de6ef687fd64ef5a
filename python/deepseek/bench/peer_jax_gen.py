"""GANs in JAX: both updates of a mini-batch in one function, with one forward pass of the generator (``jax.vjp``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NamedTuple


class State(NamedTuple):
    """Weights and moments of both networks, and the moving average of the generator, between updates."""

    generator: Any
    discriminator: Any
    generator_moments: Any
    discriminator_moments: Any
    average: Any


def _losses(name: str) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """Return the losses of discriminator and generator as functions of the scores of training and generated rows."""
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


def make_train_step(
    params: Mapping[str, Any], outputs: Any, update: Any
) -> Callable[[State, Any, Any], tuple[State, Any]]:
    """Return the training step of a mini-batch.

    Parameters
    ----------
    params : mapping
        Parameters of a row.
    outputs : callable
        Function from weights, inputs and activation to the outputs of a network.
    update : callable
        Function from weights, gradients and moments to the updated weights and moments.

    Returns
    -------
    callable
        Function of a state, training rows and latent variables that updates both networks once and returns
        the state and (the discriminator's loss, its penalty, the generator's loss).
    """
    jax: Any = import_module("jax")
    jnp: Any = import_module("jax.numpy")
    rows, weight, average = params["batch"], params["penalty"], params["ema_decay"]
    discriminator_loss, generator_loss = _losses(params["loss"])
    acts = params["activations"]

    def scores(discriminator: Any, x: Any) -> Any:
        return outputs(discriminator, x, acts[1])

    def objective(discriminator: Any, inputs: Any) -> tuple[Any, tuple[Any, Any]]:
        penalty = jnp.zeros(())
        if weight:
            summed = jax.vjp(lambda x: scores(discriminator, x), inputs)
            both, (gradient,) = summed[0], summed[1](jnp.ones((2 * rows, 1)))
            penalty = weight / (2 * rows) * jnp.square(gradient).sum()
        else:
            both = scores(discriminator, inputs)
        loss = discriminator_loss(both[:rows], both[rows:])
        return loss + penalty, (loss, penalty)

    def train_step(state: State, x: Any, z: Any) -> tuple[State, Any]:
        fake, generator_vjp = jax.vjp(lambda weights: outputs(weights, z, acts[0]), state.generator)
        inputs = jnp.concatenate([x, fake])
        gradients, (loss, penalty) = jax.grad(objective, has_aux=True)(state.discriminator, inputs)
        discriminator, moments = update(state.discriminator, gradients, state.discriminator_moments)

        real = scores(discriminator, x) if params["loss"] == "relativistic" else None
        loss_g, d_fake = jax.value_and_grad(lambda rows: generator_loss(real, scores(discriminator, rows)))(
            fake
        )
        generator, generator_moments = update(
            state.generator, generator_vjp(d_fake)[0], state.generator_moments
        )
        ema = state.average
        if average:
            updates = generator_moments[2]
            decay = jnp.minimum(average, (1 + updates) / (10 + updates))
            ema = jax.tree.map(lambda old, new: old + (1 - decay) * (new - old), ema, generator)
        return State(generator, discriminator, generator_moments, moments, ema), (loss, penalty, loss_g)

    return train_step
