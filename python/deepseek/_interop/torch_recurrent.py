"""Conversion of PyTorch's recurrent layers and a head to a Rec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ..rec import Rec
from .dense import Dense, state_of
from .torch_modules import Recurrent
from .torch_reader import array_of, merged, output_activation, read_dense
from .torch_writer import CELLS

Array = NDArray[Any]

NAMES = {kind: name for name, kind in CELLS.items()}
MATRICES = ("ih", "hh")


def as_recurrent(module: Any, head: Any, embedding: Any, arguments: dict[str, Any]) -> Recurrent | None:
    """Return the parts of a Rec as one module, or None if the module is not recurrent.

    The entries "output" and "vocabulary" are removed from `arguments`.
    """
    if isinstance(module, Recurrent):
        if head is not None or embedding is not None:
            raise TypeError(
                "head, embedding: got a value, but the module of to_torch has both; expected None"
            )
        return module
    parts = list(module) if isinstance(module, (list, tuple, nn.ModuleList)) else [module]
    if not parts or any(type(part) not in NAMES for part in parts):
        return None
    if head is None:
        raise TypeError("head: got None; expected the Linear or Sequential that follows the recurrent layers")
    output, vocabulary = arguments.pop("output", "last"), arguments.pop("vocabulary", None)
    return Recurrent(parts, head, output, embedding=embedding, vocabulary=vocabulary)


def rec_from(module: Recurrent, arguments: Mapping[str, Any]) -> Rec:
    """Return the Rec with the outputs of recurrent layers and a head."""
    rnns = list(module.rnn) if isinstance(module.rnn, nn.ModuleList) else [module.rnn]
    stepwise = module.output in ("sequence", "next", "ctc")
    layers, head_dropout = read_dense("head", module.head, (-1, 2 if stepwise else 1))
    bias = any(rnn.bias for rnn in rnns) or any(layer.bias is not None for layer in layers)
    from_module = {
        **_stack(rnns),
        **_inputs(module, rnns[0].input_size),
        **_head(layers, rnns[-1]),
        "output": module.output,
        "bias": bias,
        "input_dropout": module.input_dropout.p,
    }
    if "dropout" not in arguments:
        dropouts = [rnn.dropout for rnn in rnns if rnn.num_layers > 1]
        dropouts += [module.dropout.p] * (len(rnns) > 1)
        dropouts += [head_dropout, *(layer.dropout for layer in layers[:-1])]
        from_module["dropout"] = _common_dropout(dropouts)
    state = _weights(rnns, bias) | state_of(layers, "head.", bias)
    if module.embedding is not None:
        state["embedding.weight"] = array_of(module.embedding.weight)
    return Rec(**merged(from_module, arguments, state)).load_state_dict(state)


def _stack(rnns: Sequence[Any]) -> dict[str, Any]:
    """Return the arguments of Rec that describe the recurrent layers."""
    first = rnns[0]
    hidden: list[int] = []
    for k, rnn in enumerate(rnns):
        inputs = hidden[-1] * (1 + first.bidirectional) if k else rnn.input_size
        if (type(rnn), rnn.bidirectional) != (type(first), first.bidirectional) or rnn.input_size != inputs:
            raise ValueError(
                f"recurrent layer {k}: got {rnn}; expected {inputs} inputs, and type and directions of the first layer"
            )
        if rnn.proj_size:
            raise ValueError(f"recurrent layer {k}: got proj_size={rnn.proj_size}; expected 0")
        hidden += [rnn.hidden_size] * rnn.num_layers
    arguments = {"cell": NAMES[type(first)], "hidden": hidden, "bidirectional": first.bidirectional}
    if type(first) is nn.RNN:
        kinds = {rnn.nonlinearity for rnn in rnns}
        if len(kinds) > 1:
            raise ValueError(
                f"recurrent layers: got the nonlinearities {sorted(kinds)}; expected one for all"
            )
        arguments["cell_activation"] = kinds.pop()
    return arguments


def _inputs(module: Recurrent, width: int) -> dict[str, Any]:
    """Return the arguments of Rec that describe the inputs: numbers, or tokens with or without an embedding."""
    embedding, vocabulary = module.embedding, module.vocabulary
    if embedding is None:
        if vocabulary not in (None, width):
            raise ValueError(
                f"vocabulary: got {vocabulary!r}; expected {width}, the inputs of the first layer"
            )
        return {"vocabulary": width} if vocabulary else {"input_size": width}
    if type(embedding) is not nn.Embedding or embedding.max_norm is not None:
        raise TypeError(f"embedding: got {embedding}; expected an nn.Embedding without max_norm")
    size, inner = embedding.num_embeddings, embedding.embedding_dim
    if inner != width or vocabulary not in (None, size):
        raise ValueError(
            f"embedding: got width {inner} and {size} tokens; expected width {width} and {vocabulary or size} tokens"
        )
    return {"vocabulary": size, "embedding_size": inner}


def _head(layers: Sequence[Dense], rnn: Any) -> dict[str, Any]:
    """Return the arguments of Rec that describe the head."""
    *hidden, last = layers
    inputs, width = layers[0].weight.shape[1], rnn.hidden_size * (1 + rnn.bidirectional)
    if inputs != width:
        raise ValueError(f"head: got {inputs} inputs; expected {width}, the outputs of the recurrent layers")
    if any(layer.activation != hidden[0].activation or layer.norm != "none" for layer in hidden):
        raise ValueError(
            "head: got several activations or a normalisation; expected one activation and no norm"
        )
    return {
        "head": [len(layer.weight) for layer in hidden],
        "output_size": len(last.weight),
        **({"head_activation": hidden[0].activation} if hidden else {}),
        **output_activation(last),
    }


def _common_dropout(dropouts: Sequence[float]) -> float:
    """Return the dropout probability of all layers; raise ValueError if they differ."""
    if len(set(dropouts)) > 1:
        raise ValueError(
            f"dropout: got a module with {list(dropouts)}; expected one value for all layers (pass dropout=)"
        )
    return dropouts[0]


def _weights(rnns: Sequence[Any], bias: bool) -> dict[str, Any]:
    """Return the recurrent parameters under their names in `Rec.state_dict`, numbered over all modules."""
    state: dict[str, Any] = {}
    k = 0
    for rnn in rnns:
        parameters = {name: array_of(parameter) for name, parameter in rnn.named_parameters()}
        for layer in range(rnn.num_layers):
            for end in ("", "_reverse") if rnn.bidirectional else ("",):
                for m in MATRICES:
                    weight = parameters[f"weight_{m}_l{layer}{end}"]
                    state[f"rnn.weight_{m}_l{k}{end}"] = weight
                    if bias:
                        zeros = np.zeros(len(weight), weight.dtype)
                        state[f"rnn.bias_{m}_l{k}{end}"] = parameters.get(f"bias_{m}_l{layer}{end}", zeros)
            k += 1
    return state
