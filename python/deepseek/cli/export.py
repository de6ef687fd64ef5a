"""``deepseek export model.ds --onnx out.onnx``: writes a TabularNet, a Net or a Rec as an ONNX file."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .._config.rec import RecConfig
from .outputs import check_outputs
from .parser import InputError
from .terminal import say

if TYPE_CHECKING:
    from .. import Net, Rec, TabularNet
    from .parser import Commands


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    p = commands.add_parser("export", help="write a model as an ONNX file")
    p.add_argument("model", help="model file of a TabularNet, a Net or a Rec")
    p.add_argument(
        "--onnx", required=True, metavar="FILE", help="ONNX file to write (needs the extra [onnx])"
    )
    p.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the file, and print its inputs and outputs."""
    import deepseek as ds

    check_outputs({"--onnx": arguments.onnx}, {"the model": arguments.model})
    model = ds.load(arguments.model)
    if not isinstance(model, (ds.Net, ds.Rec, ds.TabularNet)):
        raise InputError(
            f"{arguments.model}: got a {type(model).__name__}; expected a Net, a Rec or a TabularNet"
        )
    model.to_onnx(arguments.onnx)
    inputs, outputs = _table_shapes(model) if isinstance(model, ds.TabularNet) else _shapes(model)
    say(arguments.onnx)
    say(f"  inputs:  {inputs}")
    say(f"  outputs: {outputs}")
    return 0


def _shapes(model: Net | Rec) -> tuple[str, str]:
    """Return the inputs and outputs of a Net or a Rec."""
    config = model._config
    inputs, outputs = f"{model.dtype} X (batch, {config.inputs})", f"y (batch, {config.outputs})"
    if isinstance(config, RecConfig):
        tokens = f"int64 X (batch, steps), tokens below {config.vocabulary}"
        numbers = f"{model.dtype} X (batch, steps, {config.inputs})"
        inputs = f"{tokens if config.vocabulary else numbers}, and optionally int32 lengths (batch,)"
        outputs = f"y (batch, steps, {config.outputs})" if config.stepwise else outputs
    return inputs, outputs


def _table_shapes(model: TabularNet) -> tuple[str, str]:
    """Return the inputs and outputs of a TabularNet."""
    columns = model._fitted("export").inputs.features.columns
    types = {"number": "float32", "date": "int64 milliseconds"}
    inputs = ", ".join(f"{types.get(column.kind, 'string')} {column.name}" for column in columns)
    if model.classes is None:
        return f"(batch, 1) each: {inputs}", "prediction (batch,)"
    return f"(batch, 1) each: {inputs}", f"label (batch,), probabilities (batch, {len(model.classes)})"
