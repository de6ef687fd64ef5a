"""The file of a `TabularNet`: its configuration, and its members and residuals as tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._config import checks
from .._config.model import takes_labels
from .._io.load import build
from .._tables.target import TargetEncoder
from ..net import Net
from .blend import MAX_WEIGHT, Blend
from .inputs import InputEncoder
from .state import FittedState

Array = NDArray[Any]

_MEMBER, _LINEAR, _SPREAD = "members.", "linear.", "spreads."
_RESIDUALS, _RESIDUAL_MEMBERS = "residuals", "residual_members"
_ENTRIES = {
    "target", "inputs", "rows", "left_out_rows", "zero_weight_rows", "shares", "mean", "scale", "blend", "linear",
    "members", "spreads",
}  # fmt: skip


def member_entries(net: Net) -> dict[str, Any]:
    """Return the configuration of a member, without the state of its optimizer."""
    return {
        "kind": net.kind,
        "config": net._config.to_config(),
        "history": net.history.to_config(),
        "metadata": {},
        "fit_state": None,
        "state": None,
    }


def state_to_file(state: FittedState) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the configuration and the tensors of a fitted state."""
    named = {
        f"{prefix}{i}.": net
        for prefix, nets in ((_MEMBER, state.nets), (_LINEAR, state.linear), (_SPREAD, state.spread_nets))
        for i, net in enumerate(nets)
    }
    tensors: dict[str, Array] = {
        prefix + name: array for prefix, net in named.items() for name, array in net.state_dict().items()
    }
    if state.residuals is not None:
        tensors[_RESIDUALS] = state.residuals
        tensors[_RESIDUAL_MEMBERS] = state.residual_members
    config = {
        "target": state.target.to_config(),
        "inputs": state.inputs.to_config(),
        "rows": state.rows,
        "left_out_rows": state.left_out_rows,
        "zero_weight_rows": state.zero_weight_rows,
        "shares": state.shares,
        "mean": state.mean,
        "scale": state.scale,
        "blend": [state.blend.net, state.blend.linear],
        "linear": [member_entries(net) for net in state.linear],
        "members": [member_entries(net) for net in state.nets],
        "spreads": [member_entries(net) for net in state.spread_nets],
    }
    return config, tensors


def state_from_file(config: Any, tensors: dict[str, Array], device: str, threads: int | None) -> FittedState:
    """Return the state that `state_to_file` wrote; raise KeyError, TypeError or ValueError for anything else."""
    if not isinstance(config, dict) or set(config) != _ENTRIES:
        got = ", ".join(sorted(config)) if isinstance(config, dict) else type(config).__name__
        raise ValueError(f"fitted: got the entries {got:.200}; expected {', '.join(sorted(_ENTRIES))}")
    target, inputs = TargetEncoder.from_config(config["target"]), InputEncoder.from_config(config["inputs"])
    outputs = 1 if target.classes is None else len(target.classes)
    members, linear_models, spreads = config["members"], config["linear"], config["spreads"]
    if not all(isinstance(entries, list) for entries in (members, linear_models, spreads)) or not members:
        raise ValueError("members: got none; expected lists of members, of linear models and of spreads")
    if len(linear_models) != len(members):
        raise ValueError(f"linear: got {len(linear_models)} models; expected {len(members)}")

    counts = {_MEMBER: len(members), _LINEAR: len(members), _SPREAD: len(spreads)}
    prefixes = [f"{kind}{i}." for kind, count in counts.items() for i in range(count)]
    others = {_RESIDUALS, _RESIDUAL_MEMBERS} if _RESIDUALS in tensors else set()
    unknown = {name for name in tensors if not name.startswith(tuple(prefixes))} - others
    if unknown:
        raise ValueError(
            f"tensors: got {min(unknown)!r:.60}; expected those of members, linear models, spreads and residuals"
        )

    def net(prefix: str, entries: dict[str, Any], *widths: int, outputs: int = outputs) -> Net:
        if entries["kind"] != Net.kind:  # before anything is built, of which there might be many levels
            raise ValueError(f"{prefix[:-1]}: got a model of kind {entries['kind']!r:.60}; expected a Net")
        own = {name.removeprefix(prefix): a for name, a in tensors.items() if name.startswith(prefix)}
        found: Net = build(entries, own, device=device, threads=threads)
        if found.layers[0] not in widths or found.layers[-1] != outputs:
            raise ValueError(f"{prefix[:-1]}: expected a Net of {widths[0]} inputs and {outputs} outputs")
        if takes_labels(found._config) != (target.classes is not None):
            raise ValueError(
                f"{prefix[:-1]}: got the loss {found._config.loss!r:.60}; expected one of {target.task}"
            )
        return found

    widths = inputs.width, inputs.linear_width
    nets = [net(f"{_MEMBER}{i}.", entries, *widths) for i, entries in enumerate(members)]
    linear = [net(f"{_LINEAR}{i}.", e, inputs.linear_width) for i, e in enumerate(linear_models)]
    blend = Blend(*(checks.real("blend", weight, 0.0, MAX_WEIGHT) for weight in config["blend"]))
    shares = [checks.real("shares", share, 0.0, 1.0) for share in config["shares"]]
    if len(shares) != (0 if target.classes is None else outputs):
        raise ValueError(f"shares: got {len(shares)}; expected one for each class")
    residuals, residual_members = _residuals(tensors, len(nets))
    if (residuals is None) != (target.classes is not None):
        raise ValueError("residuals: expected residuals for numbers, and none for classes")
    if spreads and residuals is None:
        raise ValueError("spreads: got nets for classes; expected none")
    spread_nets = [net(f"{_SPREAD}{i}.", e, inputs.linear_width, outputs=1) for i, e in enumerate(spreads)]
    if spread_nets and residual_members.max(initial=-1) >= len(spread_nets):
        raise ValueError(f"spreads: got {len(spread_nets)} nets; expected one for each member with residuals")
    return FittedState(
        target=target,
        inputs=inputs,
        nets=nets,
        linear=linear,
        blend=blend,
        rows=checks.integer("rows", config["rows"]),
        left_out_rows=checks.integer("left_out_rows", config["left_out_rows"], 0),
        zero_weight_rows=checks.integer("zero_weight_rows", config["zero_weight_rows"], 0),
        shares=shares,
        mean=checks.real("mean", config["mean"], -np.inf),
        scale=checks.real("scale", config["scale"], above=True),
        residuals=residuals,
        residual_members=residual_members,
        spread_nets=spread_nets,
    )


def _residuals(tensors: dict[str, Array], members: int) -> tuple[Array | None, NDArray[np.int64]]:
    if _RESIDUALS not in tensors:
        return None, np.empty(0, np.int64)
    residuals, index = tensors[_RESIDUALS], tensors.get(_RESIDUAL_MEMBERS, np.empty(0))
    if residuals.dtype != np.float64 or residuals.ndim != 1 or not np.isfinite(residuals).all():
        raise ValueError("residuals: expected finite numbers of float64 in one dimension")
    if index.dtype != np.int64 or index.shape != residuals.shape:
        raise ValueError("residual_members: expected one int64 per residual")
    if len(index) and (index.min() < 0 or index.max() >= members):
        raise ValueError(f"residual_members: expected numbers from 0 to {members - 1}")
    return residuals, index
