"""The keyword parameters of the theory's checks, as text on the command line.

How a text is read follows from the parameter's annotation: `3` or `1e-3` for a number, items separated by commas for a
sequence, members of a pair separated by a colon (`radii=0.1:1,0.5:1`). A sequence of networks has no text form.
"""

import inspect
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

from overparam_cli.errors import ConfigError
from overparam_cli.experiments.keys import distinct, suggest
from overparam_cli.kinds.theory.registry import THEORY, TheoryCheck

LEAST = {"seed": 0, "seeds": 0, "norms": 0, "dimensions": 2}  # every other number must be above 0
LEAST_OF = {("theorem2", "depths"): 3}  # Theorem 2 is about N > 2


def defaults(check: TheoryCheck) -> dict[str, Any]:
    """Every keyword parameter of a check and what the claim asks for."""
    parameters = inspect.signature(check.compute).parameters.values()
    return {parameter.name: parameter.default for parameter in parameters if parameter.default is not parameter.empty}


def settable(check: TheoryCheck) -> dict[str, Any]:
    """The annotations of the parameters that have a text form."""
    hints = get_type_hints(check.compute)
    return {name: hints[name] for name in defaults(check) if _has_text(hints[name])}


def _has_text(hint: Any) -> bool:
    return hint in (int, float) or (get_origin(hint) in (Sequence, tuple) and all(map(_has_text, get_args(hint))))


def parse(names: Iterable[str], given: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """For each check of `names`, the parameters among `given` that it takes and that differ from its defaults.

    Raises ConfigError for a key that none of the checks takes, and for a value that cannot be read or is out of range.
    """
    hints = {name: settable(THEORY[name]) for name in names}
    known = dict.fromkeys(key for own in hints.values() for key in own)
    for key in given:
        if key not in known:
            raise ConfigError(f"--set {key}: no such parameter of {', '.join(hints)}{suggest(key, known)}")
    changed: dict[str, dict[str, Any]] = {}
    for name, own in hints.items():
        values = {key: _value(name, key, own[key], text) for key, text in given.items() if key in own}
        usual = defaults(THEORY[name])
        changed[name] = {key: value for key, value in values.items() if value != usual[key]}
    return changed


def _value(check: str, key: str, hint: Any, text: str) -> Any:
    least = LEAST_OF.get((check, key), LEAST.get(key))
    try:
        value = _read(hint, text)
        for number in _numbers(value):
            if not (math.isfinite(number) and (number > 0 if least is None else number >= least)):
                raise ValueError(f"must be {'above 0' if least is None else f'at least {least}'}")
            if key == "exponents" and number % 2:
                raise ValueError("must be even: the loss is an even power")
    except ValueError as error:
        usual = as_text(hint, defaults(THEORY[check])[key])
        reason = str(error) if str(error).startswith(("must", "holds")) else f"must read like {usual}"
        raise ConfigError(f"--set {key}={text}: {reason}") from None
    return value


def _read(hint: Any, text: str) -> Any:
    if get_origin(hint) is Sequence:
        return distinct(tuple(_read(get_args(hint)[0], item) for item in text.split(",")))
    if get_origin(hint) is tuple:
        return tuple(_read(part, item) for part, item in zip(get_args(hint), text.split(":"), strict=True))
    return hint(text)


def _numbers(value: Any) -> list[float]:
    return [number for item in value for number in _numbers(item)] if isinstance(value, tuple) else [value]


def as_text(hint: Any, value: Any) -> str:
    """A parameter as it is typed."""
    if get_origin(hint) is Sequence:
        return ",".join(as_text(get_args(hint)[0], item) for item in value)
    if get_origin(hint) is tuple:
        return ":".join(as_text(part, item) for part, item in zip(get_args(hint), value, strict=True))
    return f"{value:g}"


def as_data(value: Any) -> Any:
    """A parameter as JSON takes it."""
    if isinstance(value, tuple | list):
        return [as_data(item) for item in value]
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
