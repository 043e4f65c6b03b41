"""The trial keys: what each accepts in a config file, and how its text on the command line is read.

The checks are `overparam_cli.checks`; here the key and the place are added to what they say.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from overparam_cli.checks import (
    Check,
    choice,
    fraction,
    integer,
    non_negative,
    positive,
    positives_in_order,
    rates,
    text,
    texts,
    unit,
    width,
)
from overparam_cli.checks import distinct as distinct
from overparam_cli.errors import ConfigError
from overparam_cli.experiments.model import CNN, LINEAR

EVALUATION_GRID = 100  # iterations at whose multiples TensorFlow's tutorial evaluates


def suggest(name: str, choices: Iterable[str]) -> str:
    """``"; did you mean 'x'? Valid: …"`` for a misspelt name."""
    known = list(choices)
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"; {hint}Valid: {', '.join(known)}"


def loss(value: Any) -> str:
    """The canonical name of a loss."""
    from overparam_cli.experiments import registries

    return registries.loss_name(value)


def evaluation_interval(value: Any) -> int:
    """A multiple of EVALUATION_GRID: trials of one folder have the same rows, however often each is evaluated."""
    interval = integer(1)(value)
    if interval % EVALUATION_GRID:
        raise ValueError(f"must be a multiple of {EVALUATION_GRID}")
    return int(interval)


@dataclass(frozen=True)
class Key:
    """One trial key: its check, whether its command-line text is a list, its default, and its help."""

    check: Check
    help: str
    default: Any = None
    listed: str = ""  # what separates the items of its command-line text


TRIAL_KEYS: dict[str, Key] = {
    "dataset": Key(text, "data set: a name, name:option=value, or a .csv/.tsv/.parquet path"),
    "targets": Key(texts, "target columns of your own table", (), ","),
    "preprocessing": Key(text, "scaling of features and labels", "zscore"),
    "loss": Key(loss, "l<p> with p even, huber, huber<δ> or logistic"),
    "depth": Key(integer(1, 1000), "number of layers; N of the end-to-end rule"),
    "width": Key(width, "hidden width, or one per hidden layer", 1, ",x"),
    "parameterisation": Key(text, "what makes the end-to-end matrix: layers, or diagonal", "layers"),
    "init": Key(text, "initialisation", "near-zero"),
    "init_std": Key(non_negative, "standard deviation of the initial weights", 0.01),
    "optimizer": Key(text, "optimiser", "gd"),
    "semantics": Key(choice("tf1", "torch"), "whose conventions the optimiser follows", "tf1"),
    "lr": Key(rates, "learning rate, or a grid of them", None, ","),
    "weight_decay": Key(non_negative, "weight decay λ (Eq. 4)", 0.0),
    "seeds": Key(integer(1, 10_000), "number of seeds: 0 … K−1", 1),
    "dtype": Key(choice("float32", "float64"), "precision", "float32"),
    "iterations": Key(integer(1), "gradient steps"),
    "momentum": Key(fraction, "hyperparameter of momentum"),
    "beta1": Key(fraction, "hyperparameter of adam"),
    "beta2": Key(fraction, "hyperparameter of adam"),
    "epsilon": Key(non_negative, "hyperparameter of adam, adadelta, adagrad"),
    "rho": Key(fraction, "hyperparameter of adadelta"),
    "initial_accumulator": Key(non_negative, "hyperparameter of adagrad"),
}
HYPERPARAMETERS = ("momentum", "beta1", "beta2", "epsilon", "rho", "initial_accumulator")

_inner_width = "inner width of this dense layer's factors, or one per gap between them; the smallest that loses nothing"
_layer_depth = "factors of this dense layer alone, whatever depth says"
# Keys of the MNIST network. What it shares with linear networks is checked and read alike; defaults are the tutorial's.
CNN_KEYS: dict[str, Key] = {
    **{key: TRIAL_KEYS[key] for key in ("dataset", "lr", "seeds", "dtype", "iterations", "semantics")},
    **{key: TRIAL_KEYS[key] for key in HYPERPARAMETERS},
    "depth": Key(integer(1, 100), "factors of every dense layer: 1 is the original network", 1),
    "dense1_depth": Key(integer(1, 100), _layer_depth),
    "dense2_depth": Key(integer(1, 100), _layer_depth),
    "dense1_width": Key(width, _inner_width, listed=",x"),
    "dense2_width": Key(width, _inner_width, listed=",x"),
    "init_std": Key(positive, "standard deviation of the initial weights, before the cut at 2 of them", 0.1),
    "factor_std": Key(positives_in_order, "the same of a factored layer's factors, or one per factor", listed=","),
    "optimizer": replace(TRIAL_KEYS["optimizer"], default="momentum"),
    "weight_decay": Key(non_negative, "weight decay λ of the dense layers, biases included", 5e-4),
    "decay_on": Key(choice("factors", "original"), "weight decay of each factor, or of the original names", "factors"),
    "lr_decay": Key(unit, "factor on the learning rate after every epoch", 0.95),
    "batch": Key(integer(1, 10_000), "images in a batch", 64),
    "dropout": Key(fraction, "share of the hidden units that is dropped in training", 0.5),
    "validation": Key(integer(1), "first images of the training set, which are kept from training", 5000),
    "evaluate_every": Key(evaluation_interval, "iterations between measurements of validation and test error", 100),
}
DEPTHS = ("dense1_depth", "dense2_depth")
KEYS: Mapping[str, Mapping[str, Key]] = {LINEAR: TRIAL_KEYS, CNN: CNN_KEYS}  # by kind of experiment
ALL_KEYS: Mapping[str, Key] = {**CNN_KEYS, **TRIAL_KEYS}
REQUIRED = {LINEAR: ("dataset", "loss", "depth", "lr", "iterations"), CNN: ("dataset", "lr", "iterations")}
# The curves of a variant stand in one folder and are measured against one optimum, so they share the problem.
PER_VARIANT = ("dataset", "targets", "preprocessing", "loss", "validation")


def defaults(kind: str) -> dict[str, Any]:
    """The keys of a kind of experiment that need not be given, and what they are then."""
    return {name: key.default for name, key in KEYS[kind].items() if key.default is not None}


def check_setting(kind: str, name: str, value: Any, where: str, given: str | None = None) -> Any:
    """The canonical value of trial key `name`; ConfigError names the place, the key and the valid choices.

    `kind` is the experiment's; `given` is the text that `value` was read from, if any: what the message shows.
    """
    keys = KEYS[kind]
    if name in ALL_KEYS and name not in keys:
        raise ConfigError(f"{where}: an experiment of kind {kind!r} has no key {name!r}")
    if name not in keys:
        raise ConfigError(f"{where}: unknown key {name!r}{suggest(name, keys)}")
    return checked(keys[name].check, name, value, where, given)


def checked(check: Check, name: str, value: Any, where: str, given: str | None = None) -> Any:
    """`check(value)`, its ValueError made a ConfigError that names the place and the key, and shows the value."""
    try:
        return check(value)
    except ValueError as error:
        raise ConfigError(f"{where}: {name} = {_shown(value) if given is None else repr(given)} {error}") from None


def _shown(value: Any) -> str:
    """A value as a TOML file would have it, or nearly so."""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(list(value) if isinstance(value, tuple) else value)


def parse_text(name: str, value: str) -> Any:
    """The raw value that command-line text stands for: ``"1e-3,5e-3"`` → [0.001, 0.005] for lr, and so on.

    Whole numbers may be written ``1e6`` or ``1_000_000``. Unreadable text comes back as it is, for the check to refuse.
    """
    key = ALL_KEYS.get(name)
    if key is None or key.check in (text, loss):
        return value.strip()
    if key.listed:
        items = [item.strip() for item in re.split(f"[{key.listed}]", value) if item.strip()]
        if key.check is texts:
            return items
        return _number(items[0]) if len(items) == 1 else [_number(item) for item in items]
    return _number(value.strip())


def _number(item: str) -> int | float | str:
    try:
        return int(item)
    except ValueError:
        pass
    try:
        value = float(item)
    except ValueError:
        return item
    # A learning rate of 1.0 and one of 1 are checked to the same float, so the int loses nothing.
    return int(value) if value.is_integer() else value
