"""``deepseek export model.ds --onnx out.onnx``: a Net or a Rec for other programs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .parser import InputError
from .terminal import say

if TYPE_CHECKING:
    from .parser import Commands


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    p = commands.add_parser("export", help="write a model as a file of ONNX")
    p.add_argument("model", help="file of a Net or a Rec")
    p.add_argument("--onnx", required=True, metavar="FILE", help="file to write (needs the extra [onnx])")
    p.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the file, say what goes in and out."""
    import deepseek as ds

    model = ds.load(arguments.model)
    if not isinstance(model, (ds.Net, ds.Rec)):
        raise InputError(f"{arguments.model}: this is a {type(model).__name__}; export takes a Net or a Rec")
    model.to_onnx(arguments.onnx)
    config = model._config
    inputs, outputs = f"{model.dtype} X (batch, {config.inputs})", f"y (batch, {config.outputs})"
    if isinstance(model, ds.Rec):
        tokens = f"int64 tokens below {model._config.vocabulary} X (batch, steps)"
        numbers = f"{model.dtype} X (batch, steps, {config.inputs})"
        inputs = f"{tokens if model._config.vocabulary else numbers}, int32 lengths (batch,) or none"
        outputs = f"y (batch, steps, {config.outputs})" if model._config.stepwise else outputs
    say(f"{arguments.onnx}: {inputs} gives {outputs}")
    if "csv" in model.metadata:
        say("X are the columns as `deepseek train` encodes them, not as the CSV file has them")
    return 0
