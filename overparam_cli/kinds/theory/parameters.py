"""The keyword parameters of a statement's `compute`, as text on the command line.

How a text is read follows from the parameter's annotation: `3` or `1e-3` for a number, items separated by commas for a
sequence, members of a pair separated by a colon (`radii=0.1:1,0.5:1`). A sequence of networks has no text form. Numbers
are above 0 unless the annotation carries checks of its own, as `Annotated[int, at_least(3)]` does.
"""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

from overparam_cli.checks import Check, distinct, number
from overparam_cli.errors import ConfigError
from overparam_cli.words import suggest

if TYPE_CHECKING:
    from overparam_cli.kinds.theory.statement import Statement

above_zero = number("above 0", lambda value: value > 0)
even = number("even: the loss is an even power", lambda value: value % 2 == 0)


def at_least(least: int) -> Check:
    """A number of `least` or more."""
    return number(f"at least {least}", lambda value: value >= least)


Seed = Annotated[int, at_least(0)]
Seeds = Sequence[Seed]
Exponents = Sequence[Annotated[int, above_zero, even]]  # p of the ℓp loss


def defaults(statement: "Statement") -> dict[str, Any]:
    """Every keyword parameter of a statement and what the claim asks for."""
    parameters = inspect.signature(statement.compute).parameters.values()
    return {parameter.name: parameter.default for parameter in parameters if parameter.default is not parameter.empty}


def settable(statement: "Statement") -> dict[str, Any]:
    """The annotations of the parameters that have a text form."""
    hints = get_type_hints(statement.compute, include_extras=True)
    return {name: hints[name] for name in defaults(statement) if _has_text(hints[name])}


def _has_text(hint: Any) -> bool:
    hint, _ = _bare(hint)
    return hint in (int, float) or (get_origin(hint) in (Sequence, tuple) and all(map(_has_text, get_args(hint))))


def _bare(hint: Any) -> tuple[Any, tuple[Check, ...]]:
    """An annotation without its checks, and these; without any, that of every number."""
    if get_origin(hint) is Annotated:
        bare, *checks = get_args(hint)
        return bare, tuple(checks)
    return hint, (above_zero,)


def parse(statements: Iterable["Statement"], given: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """For each of `statements`, by name, the parameters among `given` that it takes and that differ from its defaults.

    Raises ConfigError for a key that none of them takes, and for a value that cannot be read or is out of range.
    """
    asked = {statement: settable(statement) for statement in statements}
    known = dict.fromkeys(key for own in asked.values() for key in own)
    for key in given:
        if key not in known:
            names = ", ".join(statement.name for statement in asked)
            raise ConfigError(f"--set {key}: no such parameter of {names}{suggest(key, known)}")
    changed: dict[str, dict[str, Any]] = {}
    for statement, own in asked.items():
        usual = defaults(statement)
        values = {key: _value(key, own[key], text, usual[key]) for key, text in given.items() if key in own}
        changed[statement.name] = {key: value for key, value in values.items() if value != usual[key]}
    return changed


def _value(key: str, hint: Any, text: str, usual: Any) -> Any:
    try:
        value = _read(hint, text)
        _check(hint, value)
    except ValueError as error:
        reason = str(error) if str(error).startswith(("must", "holds")) else f"must read like {as_text(hint, usual)}"
        raise ConfigError(f"--set {key}={text}: {reason}") from None
    return value


def _read(hint: Any, text: str) -> Any:
    hint, _ = _bare(hint)
    if get_origin(hint) is Sequence:
        return distinct(tuple(_read(get_args(hint)[0], item) for item in text.split(",")))
    if get_origin(hint) is tuple:
        return tuple(_read(part, item) for part, item in zip(get_args(hint), text.split(":"), strict=True))
    return hint(text)


def _check(hint: Any, value: Any) -> None:
    """Raise ValueError for a number that its annotation does not accept."""
    hint, checks = _bare(hint)
    if isinstance(value, tuple):
        parts = get_args(hint) if get_origin(hint) is tuple else get_args(hint) * len(value)
        for part, item in zip(parts, value, strict=True):
            _check(part, item)
        return
    for check in checks:
        check(value)


def as_text(hint: Any, value: Any) -> str:
    """A parameter as it is typed."""
    hint, _ = _bare(hint)
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
