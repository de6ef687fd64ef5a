"""``deepseek demo``: a network trains on bundled real data and the terminal shows what it learned."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from . import demo_gen, demo_net, demo_rec
from .parser import whole

if TYPE_CHECKING:
    from .parser import Commands

# what is trained, and for how many epochs if nothing is said
_DEMOS: dict[str, tuple[Callable[[argparse.Namespace], int], int]] = {
    "net": (demo_net.run, 20),
    "rec": (demo_rec.run, 30),
    "gen": (demo_gen.run, 100),
}


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    p = commands.add_parser("demo", help="train on bundled real data and draw the result")
    p.add_argument(
        "model", nargs="?", choices=tuple(_DEMOS), default="net", help="what to train (default: net)"
    )
    p.add_argument(
        "--png",
        metavar="FILE",
        help="draw into a PNG file instead of the terminal (needs matplotlib); gen always does both (gen.png)",
    )
    usual = ", ".join(f"{model} {epochs}" for model, (_, epochs) in _DEMOS.items())
    p.add_argument("--epochs", type=whole(1), metavar="N", help=f"default: {usual}")
    p.add_argument("--seed", type=whole(0, 2**64 - 1), default=0, metavar="N")
    p.add_argument(
        "--threads", type=whole(1, 1024), metavar="N", help="default: as many as the process may use"
    )
    p.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the demo of the chosen model."""
    demo, epochs = _DEMOS[arguments.model]
    if arguments.epochs is None:
        arguments.epochs = epochs
    return demo(arguments)
