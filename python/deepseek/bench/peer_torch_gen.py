"""Adversaries for PyTorch, as its tutorials write them: the generated rows detached, then used again.

The discriminator reads training rows and generated ones in one pass; what no update needs has no gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

Losses = Callable[[Any, Any], Any]


def _losses(name: str, like: Any) -> tuple[Losses, Losses]:
    """Return the discriminator's and the generator's, of the scores of training and of generated rows."""
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


def turns(
    params: Mapping[str, Any], generator: Any, discriminator: Any
) -> Callable[[Any, Any], tuple[Any, Any, Any]]:
    """Return the work of a batch.

    Parameters
    ----------
    params : mapping
        Parameters of a row.
    generator, discriminator : torch.nn.Module
        The players.

    Returns
    -------
    callable
        Makes one update of each player from training rows and latents; returns the discriminator's loss and penalty
        (0.0: none) and the generator's loss.
    """
    torch: Any = import_module("torch")
    rows, weight, average = params["batch"], params["penalty"], params["average"]
    of_discriminator, of_generator = _losses(params["loss"], torch.empty(rows, 1))
    pairs = params["loss"] == "relativistic"
    owned = [list(player.parameters()) for player in (generator, discriminator)]
    followed = [parameter.detach().clone() for parameter in owned[0]] if average else []
    if params["optimizer"] == "sgd":
        optimizers = [torch.optim.SGD(mine, lr=params["rate"], fused=True) for mine in owned]
    else:
        optimizers = [
            torch.optim.Adam(mine, lr=params["rate"], betas=params["betas"], fused=True) for mine in owned
        ]
    updates = 0

    def update(player: int, loss: Any) -> None:
        optimizers[player].zero_grad(set_to_none=True)
        loss.backward(inputs=owned[player])
        optimizers[player].step()

    def turn(x: Any, z: Any) -> tuple[Any, Any, Any]:
        nonlocal updates
        fake, extra = generator(z), 0.0
        shown = torch.cat([x, fake.detach()]).requires_grad_(weight > 0)
        scores = discriminator(shown)
        loss = of_discriminator(scores[:rows], scores[rows:])
        if weight:
            (gradient,) = torch.autograd.grad(scores.sum(), shown, create_graph=True)
            extra = weight / (2 * rows) * gradient.square().sum()
        update(1, loss + extra)

        real = None
        if pairs:
            with torch.no_grad():
                real = discriminator(x)
        against = of_generator(real, discriminator(fake))
        update(0, against)
        if average:
            updates += 1
            keep = min(average, (1 + updates) / (10 + updates))
            with torch.no_grad():
                torch._foreach_lerp_(followed, owned[0], 1 - keep)
        return loss, extra, against

    return turn
