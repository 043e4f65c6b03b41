"""The trial keys: what each accepts in a config file, and how its text on the command line is read.

A check takes a raw value and returns the canonical one (a learning rate becomes a tuple of floats, so that `1` and
`1.0` are one description), or raises ValueError with what is accepted; the caller adds the key and the place.
"""

import difflib
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from overparam_cli.errors import ConfigError

Check = Callable[[Any], Any]


def suggest(name: str, choices: Iterable[str]) -> str:
    """``"; did you mean 'x'? Valid: …"`` for a misspelt name."""
    known = list(choices)
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"; {hint}Valid: {', '.join(known)}"


def integer(minimum: int, maximum: int = 10**12) -> Check:
    """An int from `minimum` to `maximum`, which keeps typing errors from filling the memory; a bool is not an int."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
            raise ValueError(f"must be an integer of at least {minimum}")
        if value > maximum:
            raise ValueError(f"must be an integer of at most {maximum:,}")
        return value

    return check


def number(description: str, accept: Callable[[float], bool]) -> Check:
    """A finite number that `accept` accepts, as a float."""

    def check(value: Any) -> float:
        try:
            good = not isinstance(value, bool | str) and math.isfinite(value) and accept(value)
        except (TypeError, OverflowError):
            good = False
        if not good:
            raise ValueError(f"must be {description}")
        return float(value) + 0.0  # -0.0 and 0.0 are one value

    return check


def choice(*choices: str) -> Check:
    """One of a few fixed words."""

    def check(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return str(value)

    return check


def text(value: Any) -> str:
    """A non-empty string."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a non-empty string")
    return value


def texts(value: Any) -> tuple[str, ...]:
    """A list of distinct non-empty strings, or one string."""
    items = (value,) if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) and item.strip() for item in items):
        raise ValueError("must be a list of non-empty strings")
    return distinct(tuple(items))


def distinct(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """The items, none of which may come twice."""
    for index, item in enumerate(items):
        if item in items[:index]:
            raise ValueError(f"holds {item!r} twice")
    return items


positive = number("a finite number above 0", lambda value: value > 0)
non_negative = number("a finite number of at least 0", lambda value: value >= 0)
fraction = number("a number of at least 0 and below 1", lambda value: 0 <= value < 1)


def positives(value: Any) -> tuple[float, ...]:
    """A positive number, or a list of distinct ones that is not empty."""
    items = value if isinstance(value, list | tuple) else [value]
    if not items:
        raise ValueError("is an empty grid: give at least one number above 0")
    try:
        numbers = tuple(map(positive, items))
    except ValueError:
        raise ValueError("must be a finite number above 0, or a list of such numbers") from None
    return distinct(numbers)


def rates(value: Any) -> tuple[float, ...]:
    """`positives` in rising order, so that a grid is the same however it is written."""
    return tuple(sorted(positives(value)))


def loss(value: Any) -> str:
    """``l<p>`` with an even p of at least 2."""
    match = re.fullmatch(r"l(\d{1,3})", value.strip().lower()) if isinstance(value, str) else None
    if match is None or int(match[1]) < 2 or int(match[1]) % 2:
        raise ValueError("must be l2, l4, l6, …: l followed by an even p of at least 2")
    return f"l{int(match[1])}"


def width(value: Any) -> int | tuple[int, ...]:
    """One width for every hidden layer, or the list of all depth − 1 of them, input side first."""
    positive_int = integer(1, 1_000_000)
    try:
        if isinstance(value, list | tuple):
            return tuple(map(positive_int, value))
        return int(positive_int(value))
    except ValueError:
        raise ValueError(
            "must be an integer of at least 1 and at most 1,000,000, or a list of depth − 1 such integers"
        ) from None


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
    "loss": Key(loss, "l<p> with p even"),
    "depth": Key(integer(1, 1000), "number of layers; N of the end-to-end rule"),
    "width": Key(width, "hidden width, or one per hidden layer", 1, ",x"),
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
DEFAULTS = {name: key.default for name, key in TRIAL_KEYS.items() if key.default is not None}
REQUIRED = ("dataset", "loss", "depth", "lr", "iterations")
# The curves of a variant stand in one folder and are measured against one optimum, so they share the problem.
PER_VARIANT = ("dataset", "targets", "preprocessing", "loss")


def check_setting(name: str, value: Any, where: str, given: str | None = None) -> Any:
    """The canonical value of trial key `name`; ConfigError names the place, the key and the valid choices.

    `given` is the text that `value` was read from, if any: what the message shows.
    """
    if name not in TRIAL_KEYS:
        raise ConfigError(f"{where}: unknown key {name!r}{suggest(name, TRIAL_KEYS)}")
    return checked(TRIAL_KEYS[name].check, name, value, where, given)


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
    key = TRIAL_KEYS.get(name)
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
