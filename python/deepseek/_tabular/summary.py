"""How a `TabularNet` read a table, and what its members are, in a few lines."""

from __future__ import annotations

from .._tables.target import TargetEncoder
from ..activations import name_of
from .inputs import InputEncoder
from .state import FittedState


def table_lines(
    target: TargetEncoder, inputs: InputEncoder, rows: int, left_out_rows: int, zero_weight_rows: int
) -> list[str]:
    """Return how the target and the columns were read.

    Parameters
    ----------
    target : TargetEncoder
        Encoder of the target.
    inputs : InputEncoder
        Encoder of the feature columns.
    rows, left_out_rows, zero_weight_rows : int
        Rows of the fit, rows without a target, and rows of weight 0.
    """
    lines = [f"{target.line()}{_task_hint(target)}"]
    counts = {"without a target": left_out_rows, "of weight 0": zero_weight_rows}
    left_out = " and ".join(f"{count} {what}" for what, count in counts.items() if count)
    lines.append(f"rows: {rows}" + f"; {left_out} are left out" * bool(left_out))
    lines += inputs.features.lines()
    useful = [r for r in inputs.features.readings if r.hint and not r.reason.startswith("the same value")]
    hints = {r.name: r.hint for r in useful}
    if hints:
        name, kind = next(iter(hints.items()))
        lines.append(f"to change a reading: kinds={{{name!r}: {kind!r}}}, or drop=[{name!r}]")
    return lines


def summary_lines(state: FittedState) -> list[str]:
    """Return `table_lines` and a line about the members."""
    net = state.nets[0]
    hidden = "-".join(map(str, net.layers[1:-1])) or "none"
    activation = name_of(net._config.activation[0]) if net.layers[1:-1] else "linear"
    lines = table_lines(state.target, state.inputs, state.rows, state.left_out_rows, state.zero_weight_rows)
    parameters = sum(net.num_parameters for net in state.nets)
    members = (
        f"{_count(len(state.nets), 'member')}: {_count(state.inputs.linear_width, 'input')}, hidden {hidden} "
        f"({activation}), {_count(net.layers[-1], 'output')}; {_count(parameters, 'parameter')} in all"
    )
    return [*lines, members]


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' * (number != 1)}"


def _task_hint(target: TargetEncoder) -> str:
    """Return the option that changes the task where it is a guess."""
    if target.classes is not None and target.classes.dtype.kind in "iuf" and target.reason != "as asked":
        return "; task='regression' predicts it as a number"
    if target.classes is None and target.reason.endswith("whole numbers"):
        return "; task='classification' predicts it as a class"
    return ""
