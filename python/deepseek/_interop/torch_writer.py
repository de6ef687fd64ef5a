"""Conversion of a Net or a Rec to a PyTorch module.

Modules are created on the device "meta" and then receive the arrays, so PyTorch's random generator is not
used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..net import Net
from ..rec import Rec
from .dense import EPS, Dense, dense_layers, embedding_arrays
from .torch_modules import PeriodicEmbedding, Recurrent, module_of

Array = NDArray[Any]

CELLS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def module_from(model: Net | Rec) -> Any:
    """Return the module of a model, in evaluation mode."""
    state = model.state_dict()
    layers = dense_layers(model, state)
    if isinstance(model, Rec):
        return _recurrent(model, state, layers).eval()
    arrays = embedding_arrays(state)
    embedding = [PeriodicEmbedding(**arrays)] if arrays else []
    return _sequential(layers, model._config.input_dropout, embedding).eval()


def _filled(module: Any, arrays: Mapping[str, Array]) -> Any:
    module.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()}, assign=True)
    return module


def _sequential(layers: Iterable[Dense], input_dropout: float, embedding: Iterable[Any] = ()) -> Any:
    modules: list[Any] = [nn.Dropout(input_dropout)] if input_dropout else []
    modules += embedding
    for layer in layers:
        units, inputs = layer.weight.shape
        arrays = {"weight": layer.weight} | ({} if layer.bias is None else {"bias": layer.bias})
        modules.append(_filled(nn.Linear(inputs, units, layer.bias is not None, device="meta"), arrays))
        if layer.norm == "batch":
            counter = {"num_batches_tracked": np.array(0)}
            modules.append(_filled(nn.BatchNorm1d(units, EPS, device="meta"), layer.statistics | counter))
        elif layer.norm == "layer":
            modules.append(_filled(nn.LayerNorm(units, EPS, device="meta"), layer.statistics))
        if layer.activation != "identity":
            modules.append(module_of(layer.activation))
        if layer.dropout:
            modules.append(nn.Dropout(layer.dropout))
    return nn.Sequential(*modules)


def _recurrent(model: Rec, state: dict[str, Array], layers: Iterable[Dense]) -> Recurrent:
    config = model._config
    if config.layer_norm:
        raise ValueError(
            "layer_norm: got a model with layer_norm=True; expected False, as PyTorch's recurrent layers have none"
        )
    if config.cell_activation == "sigmoid":
        raise ValueError(
            "cell_activation: got a model with 'sigmoid'; expected 'tanh' or 'relu', those of nn.RNN"
        )
    arrays = {name.removeprefix("rnn."): array for name, array in state.items() if name.startswith("rnn.")}
    if len(set(config.hidden)) == 1:
        rnn = _stack(model, config.widths[0], config.hidden[0], len(config.hidden), arrays)
    else:  # a recurrent module of PyTorch has one width
        rnn = [
            _stack(model, inputs, units, 1, _layer(arrays, k))
            for k, ((inputs, _), units) in enumerate(zip(pairwise(config.widths), config.hidden, strict=True))
        ]
    embedding = None
    if config.vocabulary and config.embedding_size:
        empty = nn.Embedding(config.vocabulary, config.embedding_size, device="meta")
        embedding = _filled(empty, {"weight": state["embedding.weight"]})
    return Recurrent(
        rnn,
        _sequential(layers, config.dropout),  # dropout of the outputs of the top recurrent layer
        config.output,
        embedding=embedding,
        vocabulary=None if embedding is not None else config.vocabulary,
        dropout=config.dropout,
        input_dropout=config.input_dropout,
    )


def _stack(model: Rec, inputs: int, units: int, layers: int, arrays: dict[str, Array]) -> Any:
    """Return a module of recurrent layers of one width."""
    config = model._config
    options: dict[str, Any] = {"bias": config.bias, "bidirectional": config.bidirectional}
    if config.cell == "rnn":
        options["nonlinearity"] = config.cell_activation
    if layers > 1:
        options["dropout"] = config.dropout
    return _filled(
        CELLS[config.cell](inputs, units, layers, batch_first=True, device="meta", **options), arrays
    )


def _layer(state: dict[str, Array], k: int) -> dict[str, Array]:
    """Return the entries of layer k, renamed to those of layer 0."""
    end = f"_l{k}"
    layer = {name: array for name, array in state.items() if name.removesuffix("_reverse").endswith(end)}
    return {name.replace(end, "_l0"): array for name, array in layer.items()}
