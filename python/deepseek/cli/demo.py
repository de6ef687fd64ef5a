"""``deepseek demo``: trains a model on bundled real data and shows the result in the terminal."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from . import demo_gen, demo_net, demo_rec
from .parser import add_machine, integer

if TYPE_CHECKING:
    from .parser import Commands

# function and default number of epochs of each demo
_DEMOS: dict[str, tuple[Callable[[argparse.Namespace], int], int]] = {
    "net": (demo_net.run, 20),
    "rec": (demo_rec.run, 30),
    "gen": (demo_gen.run, 100),
}


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    p = commands.add_parser("demo", help="train a model on bundled real data and show the result")
    p.add_argument(
        "model", nargs="?", choices=tuple(_DEMOS), default="net", help="model to train (default: net)"
    )
    p.add_argument(
        "--png",
        metavar="FILE",
        help="draw into a PNG file instead of the terminal (needs matplotlib); gen always writes one (gen.png)",
    )
    defaults = ", ".join(f"{model} {epochs}" for model, (_, epochs) in _DEMOS.items())
    p.add_argument("--epochs", type=integer(1), metavar="N", help=f"number of epochs (default: {defaults})")
    p.add_argument(
        "--seed", type=integer(0, 2**64 - 1), default=0, metavar="N", help="seed of the model (default: 0)"
    )
    add_machine(p)
    p.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the demo of the chosen model."""
    demo, epochs = _DEMOS[arguments.model]
    if arguments.epochs is None:
        arguments.epochs = epochs
    return demo(arguments)
