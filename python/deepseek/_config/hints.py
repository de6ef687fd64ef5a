"""Suggestions in error messages: names of other libraries, retired names, typing errors.

`did_you_mean` is for values (losses, activations, optimizers, …) and for keyword arguments.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Container, Iterable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_VALUES = {
    "squared_error": "mse l2 mean_squared_error squared_loss quadratic",
    "absolute_error": "mae l1 mean_absolute_error",
    "huber": "smooth_l1 smooth_l1_loss",
    "quantile": "pinball pinball_loss",
    "binary_cross_entropy": "bce binary_crossentropy bce_with_logits log_loss",
    "cross_entropy": "ce nll nll_loss log_loss crossentropy categorical_crossentropy sparse_categorical_crossentropy",
    "log_loss": "ce bce nll cross_entropy binary_cross_entropy crossentropy binary_crossentropy "
    "categorical_crossentropy sparse_categorical_crossentropy",
    "identity": "linear none",
    "sigmoid": "logistic",
    "silu": "swish",
    "hard_swish": "hswish",
    "leaky_relu": "lrelu",
    "exp": "exponential",
    "sgd": "momentum nesterov gradient_descent",
    "batch": "batch_norm batchnorm bn",
    "layer": "layer_norm layernorm ln",
    "glorot_uniform": "xavier xavier_uniform glorot",
    "glorot_normal": "xavier_normal",
    "he_uniform": "kaiming kaiming_uniform he",
    "he_normal": "kaiming_normal",
    "rnn": "elman simple_rnn vanilla",
    "non_saturating": "vanilla standard nsgan",
    "least_squares": "lsgan",
    "wasserstein": "wgan wgan_gp",
    "relativistic": "rgan rpgan ragan r3gan",
    "interpolated": "gp wgan_gp gradient_penalty",
    "last": "many_to_one",
    "sequence": "many_to_many seq2seq",
    "next": "language_model",
    "mean": "avg average",
}
_KEYWORDS = {
    "learning_rate_init": "lr rate eta",
    "learning_rate": "lr rate eta step_size learning_rate_init",
    "validation_fraction": "validation_split val_split valid_fraction test_size",
    "X_val": "validation_data val_data valid_data eval_set validation x_valid",
    "y_val": "y_valid",
    "n_iter_no_change": "patience",
    "validation_data": "val_data valid_data eval_set validation",
    "max_iter": "epochs n_epochs num_epochs nb_epoch n_iter iterations",
    "epochs": "n_epochs num_epochs nb_epoch max_iter n_iter iterations",
    "batch_size": "batch bs minibatch_size samples_per_batch",
    "hidden_layer_sizes": "hidden_size hidden_sizes hidden_units hidden_dim hidden layers layer_sizes units num_layers",
    "hidden": "hidden_size hidden_sizes hidden_layer_sizes hidden_units hidden_dim num_layers units",
    "layers": "hidden_size hidden_sizes hidden_layer_sizes hidden_units hidden_dim hidden layer_sizes units",
    "generator": "hidden_size hidden_sizes hidden_units generator_dim generator_layers",
    "discriminator": "critic discriminator_dim discriminator_layers",
    "input_size": "n_features num_features in_features input_dim data_size inputs",
    "data_size": "n_features num_features in_features input_dim input_size data_dim",
    "output_size": "n_outputs out_features output_dim n_classes num_classes classes outputs",
    "classes": "n_classes num_classes",
    "vocabulary": "vocab_size vocab num_tokens num_embeddings",
    "embedding_size": "embedding_dim embed_dim embedding",
    "latent_size": "latent_dim z_dim noise_dim noise_size nz latent",
    "random_state": "seed random_seed",
    "seed": "random_state random_seed",
    "threads": "n_jobs num_threads n_threads nthread",
    "activation": "activation_fn activation_function nonlinearity hidden_activation",
    "output_activation": "final_activation out_activation",
    "dropout": "dropout_rate dropout_p drop_rate",
    "recurrent_dropout": "variational_dropout",
    "normalization": "norm normalisation batch_norm batch_normalization layer_normalization",
    "initialization": "init initializer initialisation kernel_initializer weight_init",
    "loss": "criterion loss_fn loss_function objective",
    "solver": "optimizer optim opt optimiser",
    "optimizer": "optim opt solver optimiser",
    "alpha": "l2 weight_decay",
    "schedule": "scheduler lr_scheduler lr_schedule learning_rate_schedule",
    "beta1": "beta_1 betas",
    "beta2": "beta_2",
    "beta_1": "beta1 betas",
    "beta_2": "beta2",
    "eps": "epsilon",
    "epsilon": "eps",
    "clip_norm": "grad_clip max_grad_norm max_norm gradient_clip clipnorm",
    "decay": "gamma factor",
    "min_learning_rate": "min_lr min_rate eta_min",
    "interval": "every period frequency freq step_size",
    "checkpoint_interval": "checkpoint_every",
    "monitor_interval": "monitor_every",
    "ema_decay": "average ema ema_rate moving_average",
    "eos_token": "stop eos end_token eos_id eos_token_id stop_token",
    "pac": "pack packing",
    "discriminator_steps": "n_critic d_steps critic_steps",
    "generator_steps": "g_steps",
    "std": "sigma stddev deviation",
    "output": "return_sequences",
    "cell": "cell_type rnn_type",
    "lengths": "sequence_lengths seq_lengths seq_lens",
    "steps": "max_length max_len sequence_length seq_len length",
    "callbacks": "callback",
    "bias": "use_bias",
    "weight": "strength gp_weight lambda_gp",
    "kind": "name type",
}


def _inverted(table: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for right, others in table.items():
        for other in others.split():
            found.setdefault(other, []).append(right)
    return found


_SYNONYMS = _inverted(_VALUES), _inverted(_KEYWORDS)


def did_you_mean(given: str, names: Iterable[str], *, keyword: bool = False) -> str:
    """Return the end of an error message, such as "; did you mean 'silu'?"; empty if no name is similar.

    Parameters
    ----------
    given : str
        Unknown name.
    names : iterable of str
        Valid names.
    keyword : bool, default=False
        Whether the names are keyword arguments instead of values.
    """
    known = list(names)
    right = synonym(given, known, keyword=keyword)
    if right is None:
        plain = _plain(given)
        joined = {name.lower().replace("_", ""): name for name in reversed(known)}
        close = difflib.get_close_matches(plain.replace("_", ""), joined, 1, 0.75)
        right = joined[close[0]] if close else None
    return "" if right is None else f"; did you mean {right!r}?"


def synonym(given: str, names: Container[str], *, keyword: bool = False) -> str | None:
    """Return the valid name that is the given one or means the same; None if there is none."""
    plain = _plain(given)
    return next((name for name in (plain, *_SYNONYMS[keyword].get(plain, ())) if name in names), None)


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")[:60]


def unknown_keyword(what: str, given: str, names: Iterable[str]) -> TypeError:
    """Return the error for an unknown keyword argument of `what`."""
    known = list(names)
    hint = did_you_mean(given, known, keyword=True) or f"; expected one of {', '.join(known)}"
    return TypeError(f"{what}: got an unknown argument {given!r}{hint}")


def explain_keywords(
    moved: Callable[[dict[str, Any]], str | None] = lambda given: None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator of a method: an unknown keyword argument raises a TypeError with the right name.

    Parameters
    ----------
    moved : callable, optional
        Function from all keyword arguments to a message about those that moved, or None.
    """

    def decorate(method: Callable[P, R]) -> Callable[P, R]:
        names = [name for name in inspect.signature(method).parameters if name != "self"]
        known = frozenset(names)
        is_method = "self" in inspect.signature(method).parameters
        suffix = "" if method.__name__ == "__init__" else f".{method.__name__}"

        @wraps(method)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            if not known.issuperset(kwargs):
                what = f"{type(args[0]).__name__}{suffix}" if is_method else method.__name__
                message = moved(kwargs)
                if message is not None:
                    raise TypeError(f"{what}: {message}")
                raise unknown_keyword(what, next(key for key in kwargs if key not in known), names)
            return method(*args, **kwargs)

        return checked

    return decorate
