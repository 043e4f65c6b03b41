"""The keys of experiment files, read and checked: which there are is for a kind's trial to say (`experiments.trial`).

The checks are `overparam_cli.checks`; here the key and the place are added to what they say.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from overparam_cli.checks import Check
from overparam_cli.errors import ConfigError
from overparam_cli.experiments.key import Key
from overparam_cli.experiments.kind import KINDS, kind
from overparam_cli.experiments.trial import keys_of
from overparam_cli.words import suggest


def kind_keys(name: str) -> Mapping[str, Key]:
    """The trial keys of a kind of experiment."""
    return keys_of(kind(name).trial)


@cache
def all_keys() -> Mapping[str, Key]:
    """The trial keys of every kind; where two have one of the same name, the first kind's."""
    return {name: key for one in reversed(list(KINDS)) for name, key in kind_keys(one).items()}


def check_setting(kind: str, name: str, value: Any, where: str, given: str | None = None) -> Any:
    """The canonical value of trial key `name`; ConfigError names the place, the key and the valid choices.

    `kind` is the experiment's; `given` is the text that `value` was read from, if any: what the message shows.
    """
    keys = kind_keys(kind)
    if name in keys:
        try:
            return checked(keys[name].check, name, value, where, given)
        except ConfigError as error:
            raise ConfigError(f"{error}{_no_grid(keys, name, value)}") from None
    if name in all_keys():
        raise ConfigError(f"{where}: an experiment of kind {kind!r} has no key {name!r}")
    raise ConfigError(f"{where}: unknown key {name!r}{suggest(name, keys)}")


def _no_grid(keys: Mapping[str, Key], name: str, value: Any) -> str:
    """What to do where a list was given for a key that takes one value."""
    several = isinstance(value, list | tuple) or (isinstance(value, str) and "," in value and not keys[name].words)
    if keys[name].listed or not several:
        return ""
    return (
        f"; a list makes a grid of lr alone: give {name} in [sweep], or write one of [[curves]] or [variants] for each"
    )


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


def items_of(name: str, text: str, where: str) -> list[str]:
    """What stands between the commas of a list; ConfigError where nothing does."""
    items = [item.strip() for item in text.split(",")]
    if not all(items):
        raise ConfigError(f"{where}: {name} = {text!r} has an empty item: give a value on both sides of each comma")
    return items


def parse_text(kind: str, name: str, value: str) -> Any:
    """The raw value that command-line text stands for: ``"1e-3,5e-3"`` → [0.001, 0.005] for lr, and so on.

    Whole numbers may be written ``1e6`` or ``1_000_000``. Unreadable text comes back as it is, for the check to refuse.
    """
    key = kind_keys(kind).get(name)
    return value.strip() if key is None else parse(key, value)


def parse(key: Key, value: str) -> Any:
    """As `parse_text`, of any key."""
    if key.words and not key.listed:
        return value.strip()
    if not key.listed:
        return _number(value.strip())
    items = [item.strip() for item in re.split(f"[{key.listed}]", value)] if value.strip() else []
    if not all(items):
        return value
    if key.words:
        return items
    return _number(items[0]) if len(items) == 1 else [_number(item) for item in items]


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
