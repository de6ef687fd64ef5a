"""GANs in PyTorch as in its tutorials: generated rows are detached for the discriminator's update, then reused.

The discriminator scores training and generated rows in one pass. Gradients that no update needs are not computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

Losses = Callable[[Any, Any], Any]


def _losses(name: str, like: Any) -> tuple[Losses, Losses]:
    """Return the losses of discriminator and generator as functions of the scores of training and generated rows."""
    torch: Any = import_module("torch")
    softplus, mse = torch.nn.functional.softplus, torch.nn.functional.mse_loss
    one, zero = torch.ones_like(like), torch.zeros_like(like)
    match name:
        case "non_saturating":
            return (lambda a, b: softplus(-a).mean() + softplus(b).mean()), lambda a, b: softplus(-b).mean()
        case "least_squares":
            return (lambda a, b: 0.5 * mse(a, one) + 0.5 * mse(b, zero)), lambda a, b: 0.5 * mse(b, one)
        case _:  # relativistic
            return (lambda a, b: softplus(b - a).mean()), lambda a, b: softplus(a - b).mean()


def make_train_step(
    params: Mapping[str, Any], generator: Any, discriminator: Any
) -> Callable[[Any, Any], tuple[Any, Any, Any]]:
    """Return the training step of a mini-batch.

    Parameters
    ----------
    params : mapping
        Parameters of a row.
    generator, discriminator : torch.nn.Module
        The two networks.

    Returns
    -------
    callable
        Function of training rows and latent variables that updates both networks once and returns the
        discriminator's loss, its penalty (0.0 for none) and the generator's loss.
    """
    torch: Any = import_module("torch")
    rows, weight, average = params["batch"], params["penalty"], params["ema_decay"]
    discriminator_loss, generator_loss = _losses(params["loss"], torch.empty(rows, 1))
    pairs = params["loss"] == "relativistic"
    parameters = [list(player.parameters()) for player in (generator, discriminator)]
    ema = [parameter.detach().clone() for parameter in parameters[0]] if average else []
    if params["optimizer"] == "sgd":
        optimizers = [torch.optim.SGD(group, lr=params["learning_rate"], fused=True) for group in parameters]
    else:
        optimizers = [
            torch.optim.Adam(group, lr=params["learning_rate"], betas=params["betas"], fused=True)
            for group in parameters
        ]
    updates = 0

    def update(player: int, loss: Any) -> None:
        optimizers[player].zero_grad(set_to_none=True)
        loss.backward(inputs=parameters[player])
        optimizers[player].step()

    def train_step(x: Any, z: Any) -> tuple[Any, Any, Any]:
        nonlocal updates
        fake, penalty = generator(z), 0.0
        inputs = torch.cat([x, fake.detach()]).requires_grad_(weight > 0)
        scores = discriminator(inputs)
        loss = discriminator_loss(scores[:rows], scores[rows:])
        if weight:
            (gradient,) = torch.autograd.grad(scores.sum(), inputs, create_graph=True)
            penalty = weight / (2 * rows) * gradient.square().sum()
        update(1, loss + penalty)

        real = None
        if pairs:
            with torch.no_grad():
                real = discriminator(x)
        loss_g = generator_loss(real, discriminator(fake))
        update(0, loss_g)
        if average:
            updates += 1
            decay = min(average, (1 + updates) / (10 + updates))
            with torch.no_grad():
                torch._foreach_lerp_(ema, parameters[0], 1 - decay)
        return loss, penalty, loss_g

    return train_step
