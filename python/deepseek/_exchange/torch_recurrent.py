"""From recurrent layers of PyTorch and a head to a Rec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ..rec import Rec
from .dense import Dense, state_of
from .torch_modules import Recurrent
from .torch_reader import array_of, ending, merged, read_dense
from .torch_writer import CELLS

Array = NDArray[Any]

NAMES = {kind: name for name, kind in CELLS.items()}
MATRICES = ("ih", "hh")


def gathered(module: Any, head: Any, embedding: Any, arguments: dict[str, Any]) -> Recurrent | None:
    """A Rec's parts as one module, its arguments taken out; None: the module is not recurrent."""
    if isinstance(module, Recurrent):
        if head is not None or embedding is not None:
            raise TypeError("head and embedding are part of the module, they cannot be given to from_torch")
        return module
    parts = list(module) if isinstance(module, (list, tuple, nn.ModuleList)) else [module]
    if not parts or any(type(part) not in NAMES for part in parts):
        return None
    if head is None:
        raise TypeError("head must be the Linear or Sequential that follows the recurrent layers, got None")
    output, vocabulary = arguments.pop("output", "last"), arguments.pop("vocabulary", None)
    return Recurrent(parts, head, output, embedding=embedding, vocabulary=vocabulary)


def rec_from(module: Recurrent, arguments: Mapping[str, Any]) -> Rec:
    """The Rec that recurrent layers and a head are."""
    rnns = list(module.rnn) if isinstance(module.rnn, nn.ModuleList) else [module.rnn]
    stepwise = module.output in ("sequence", "next", "ctc")
    layers, first = read_dense("head", module.head, (-1, 2 if stepwise else 1))
    bias = any(rnn.bias for rnn in rnns) or any(layer.bias is not None for layer in layers)
    found = {
        **_stack(rnns),
        **_inputs(module, rnns[0].input_size),
        **_head(layers, rnns[-1]),
        "output": module.output,
        "bias": bias,
        "input_dropout": module.input_dropout.p,
    }
    if "dropout" not in arguments:
        rates = [rnn.dropout for rnn in rnns if rnn.num_layers > 1]
        rates += [module.dropout.p] * (len(rnns) > 1)
        found["dropout"] = _agreed([*rates, first, *(layer.dropout for layer in layers[:-1])])
    state = _weights(rnns, bias) | state_of(layers, "head.", bias)
    if module.embedding is not None:
        state["embedding.weight"] = array_of(module.embedding.weight)
    return Rec(**merged(found, arguments, state)).load_state_dict(state)


def _stack(rnns: Sequence[Any]) -> dict[str, Any]:
    """The arguments that recurrent layers are."""
    first = rnns[0]
    hidden: list[int] = []
    for k, rnn in enumerate(rnns):
        wanted = hidden[-1] * (1 + first.bidirectional) if k else rnn.input_size
        if (type(rnn), rnn.bidirectional) != (type(first), first.bidirectional) or rnn.input_size != wanted:
            raise ValueError(f"recurrent layer {k} must be as the first with {wanted} inputs, got {rnn}")
        if rnn.proj_size:
            raise ValueError(f"recurrent layer {k} must have proj_size=0, got {rnn.proj_size}")
        hidden += [rnn.hidden_size] * rnn.num_layers
    found = {"cell": NAMES[type(first)], "hidden": hidden, "bidirectional": first.bidirectional}
    if type(first) is nn.RNN:
        kinds = {rnn.nonlinearity for rnn in rnns}
        if len(kinds) > 1:
            raise ValueError(f"all recurrent layers must have one nonlinearity, got {sorted(kinds)}")
        found["cell_activation"] = kinds.pop()
    return found


def _inputs(module: Recurrent, width: int) -> dict[str, Any]:
    """What comes in: numbers, tokens that pick a column of the weights, or tokens with an embedding."""
    embedding, vocabulary = module.embedding, module.vocabulary
    if embedding is None:
        if vocabulary not in (None, width):
            raise ValueError(f"vocabulary must be {width}, the inputs of the first layer, got {vocabulary!r}")
        return {"vocabulary": width} if vocabulary else {"input_size": width}
    if type(embedding) is not nn.Embedding or embedding.max_norm is not None:
        raise TypeError(f"embedding must be an nn.Embedding without max_norm, got {embedding}")
    size, inner = embedding.num_embeddings, embedding.embedding_dim
    if inner != width or vocabulary not in (None, size):
        raise ValueError(
            f"embedding must have width {width} and {vocabulary or size} tokens, got {inner} and {size}"
        )
    return {"vocabulary": size, "embedding_size": inner}


def _head(layers: Sequence[Dense], rnn: Any) -> dict[str, Any]:
    """The arguments that a head is."""
    *hidden, last = layers
    wide, width = layers[0].weight.shape[1], rnn.hidden_size * (1 + rnn.bidirectional)
    if wide != width:
        raise ValueError(f"head must have {width} inputs, the recurrent layers' outputs, got {wide}")
    if any(layer.activation != hidden[0].activation or layer.norm != "none" for layer in hidden):
        raise ValueError("the dense layers of head must have one activation and no normalisation")
    return {
        "head": [len(layer.weight) for layer in hidden],
        "output_size": len(last.weight),
        **({"head_activation": hidden[0].activation} if hidden else {}),
        **ending(last),
    }


def _agreed(rates: Sequence[float]) -> float:
    """A Rec has one dropout; no output depends on it, so it may also be given."""
    if len(set(rates)) > 1:
        raise ValueError(
            f"dropout must be given: a Rec has the same behind all its layers, the module has {list(rates)}"
        )
    return rates[0]


def _weights(rnns: Sequence[Any], bias: bool) -> dict[str, Any]:
    """The layers' parameters under their names in a `state_dict`, counted over all modules."""
    found: dict[str, Any] = {}
    k = 0
    for rnn in rnns:
        own = {name: array_of(parameter) for name, parameter in rnn.named_parameters()}
        for layer in range(rnn.num_layers):
            for end in ("", "_reverse") if rnn.bidirectional else ("",):
                for m in MATRICES:
                    weight = own[f"weight_{m}_l{layer}{end}"]
                    found[f"rnn.weight_{m}_l{k}{end}"] = weight
                    if bias:
                        zeros = np.zeros(len(weight), weight.dtype)
                        found[f"rnn.bias_{m}_l{k}{end}"] = own.get(f"bias_{m}_l{layer}{end}", zeros)
            k += 1
    return found
