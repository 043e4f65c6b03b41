"""How a trial's field says which key of an experiment file sets it: check, default, help, column, part in the id."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import MISSING, dataclass, field
from typing import Any

from overparam_cli.checks import Check
from overparam_cli.errors import ConfigError
from overparam_cli.words import count, suggest

REQUIRED: Any = object()  # the default of a key that must be given
COMMAND_LINE = "command line"


@dataclass(frozen=True)
class Key:
    """One key of an experiment file.

    Attributes:
        check: gives the canonical value, or raises ValueError.
        help: one line.
        default: its value when not given; None where the trial does without.
        listed: what separates the items of its text on the command line, if it is a list there.
        symbol: in the paper.
        shared: whether the curves of a variant have it in common: they stand in one folder and are measured against
            one optimum.
        names: those it may have, if it is one of a registry. They are held against it when trials are made, so that
            reading a file imports nothing heavy.
        words: whether its text on the command line is words, not numbers; follows from the field's type.
    """

    check: Check
    help: str
    default: Any = REQUIRED
    listed: str = ""
    symbol: str = ""
    shared: bool = False
    names: Callable[[], Iterable[str]] | None = None
    words: bool = False

    @property
    def description(self) -> str:
        """Its help, with the symbol."""
        return f"{self.help}; {self.symbol} in the paper" if self.symbol else self.help


def key(
    check: Check,
    help: str,
    *,
    name: str = "",
    column: str = "",
    absent: Any = MISSING,
    hashed: bool = True,
    **described: Any,
) -> Any:
    """A field that one key sets, called `name` in files where that is not the field's name.

    `column`: see `keys`. `absent`: what the field is taken to be by trials older than it: at this value, which is also
    its default, it stays out of the id and of trials.csv. `hashed`: whether it changes any number. `described`: the
    rest of `Key`.
    """
    return keys({name: Key(check, help, **described)}, column=column, absent=absent, hashed=hashed)


def keys(described: Mapping[str, Key], *, column: str = "", absent: Any = MISSING, hashed: bool = True) -> Any:
    """A field that several keys make up, which the class's `fields_of` does.

    `column`: of trials.csv, beyond COLUMNS; its value is the attribute of this name.
    """
    metadata = {"keys": described, "column": column, "absent": absent, "hashed": hashed}
    return field(default=absent, metadata=metadata)


@dataclass(frozen=True)
class Place:
    """Where a curve's settings were given, as error messages say it: the curve, or the command line."""

    curve: str
    forced: Collection[str] = ()

    def of(self, key: str) -> str:
        """Where this key was."""
        return COMMAND_LINE if key in self.forced else self.curve


def check_name(what: str, name: str, choices: Iterable[str], where: str) -> None:
    """Refuse a name that is not among the choices."""
    known = list(choices)
    if name not in known:
        raise ConfigError(f"{where}: unknown {what} {name!r}{suggest(name, known)}")


def hidden_widths(depth: int, width: int | tuple[int, ...], where: str, key: str = "width") -> tuple[int, ...]:
    """The depth − 1 hidden widths that `width` stands for; `key` is what the user calls it.

    ConfigError where a list of widths does not fit the depth.
    """
    hidden = depth - 1
    if isinstance(width, int):
        return (width,) * hidden
    if len(width) != hidden:
        many = f"{count(len(width), 'entry', 'entries')}, but depth {depth} has {count(hidden, 'hidden layer')}"
        raise ConfigError(f"{where}: {key} = {list(width)} has {many}")
    return width
