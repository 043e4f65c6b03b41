"""Finding and reading experiments: built-in names, the user's own TOML files, groups."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from overparam_cli import texts
from overparam_cli.errors import ConfigError
from overparam_cli.experiments.expansion import sweeps
from overparam_cli.experiments.model import Experiment, config_hash
from overparam_cli.experiments.tables import MULTIVERSE, parse_experiment
from overparam_cli.paths import at_home, exists, is_file, is_folder
from overparam_cli.words import suggest

EVERYTHING = "all"


class Summary(NamedTuple):
    """One line of `overparam list`."""

    name: str
    title: str
    paper: str
    kind: str


def config_folder() -> Path:
    """Where the built-in experiments stand: inside an installed package, beside it in a source checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "configs"
    return installed if is_folder(installed) else package.parent / "configs"


def available() -> list[Summary]:
    """The built-in experiments, the paper's figures first; reads TOML only and imports nothing heavy."""
    found = [_summary(path) for path in config_folder().glob("*.toml")]
    summaries = [summary for summary in found if summary.kind != MULTIVERSE]
    return sorted(summaries, key=lambda summary: (not summary.name.startswith("fig"), summary.name))


@cache
def _summary(path: Path) -> Summary:
    """That of a built-in experiment, whose file does not change while the program runs; `verify` asks by the claim."""
    document = read_toml(path)
    return Summary(*(document.get(key, "") for key in Summary._fields))


def load_experiment(name_or_path: str | Path | Experiment) -> Experiment:
    """The experiment of a built-in name, ``all``, or a path to a TOML file of the user's own; one that is, as it is.

    A user's file is checked completely, registries included. The built-in ones are known to be right, so that
    loading them imports nothing heavy; `expand` checks them like any other.
    """
    if isinstance(name_or_path, Experiment):
        return name_or_path
    given = str(name_or_path)
    if given == EVERYTHING:
        members = tuple(summary.name for summary in available() if summary.kind != "group")
        return Experiment(EVERYTHING, "Every experiment", "", "group", members=members)
    built_in = config_folder() / f"{given}.toml"
    if not _looks_like_path(given) and is_file(built_in):
        return _load(built_in)
    path = at_home(given)
    if not _looks_like_path(given) and not is_file(path):
        names = [summary.name for summary in available()]
        raise ConfigError(f"no experiment {given!r}{suggest(given, names)}, or a path to a .toml file")
    if not exists(path):
        names = [summary.name for summary in available()]
        raise ConfigError(f"{given}: no such file, nor an experiment's name{suggest(path.stem, names)}")
    return _checked(_load(path, own=True))


def read_experiment(text: str, path: Path) -> Experiment:
    """The experiment of a file's text that is yet to be written to `path`, checked as `load_experiment` checks it."""
    return _checked(parse_experiment(tomllib.loads(text), path, text))


def _checked(experiment: Experiment) -> Experiment:
    """A user's own experiment, held against the built-in ones and resolved."""
    for one in (experiment, *flatten(experiment)):
        _refuse_borrowed_name(one)
        sweeps(one)
    return experiment


def flatten(experiment: Experiment) -> tuple[Experiment, ...]:
    """A group's members, groups inside it opened, each once; any other experiment by itself.

    Members are built-in names, or paths taken from where the group's file stands. ConfigError for an unknown member
    and for a group that contains itself.
    """
    return tuple(_flatten(experiment, ()).values())


def _flatten(experiment: Experiment, parents: tuple[str, ...]) -> dict[str, Experiment]:
    if experiment.kind != "group":
        return {experiment.name: experiment}
    if experiment.name in parents:
        raise ConfigError(f"{experiment.where}: the group contains itself: {' > '.join((*parents, experiment.name))}")
    found: dict[str, Experiment] = {}
    for member in experiment.members:
        loaded = _load_member(member, experiment)
        for name, one in _flatten(loaded, (*parents, experiment.name)).items():
            if found.setdefault(name, one) != one:
                raise ConfigError(f"{experiment.where}: two different members are named {name!r}: rename one")
    return found


def _load_member(member: str, group: Experiment) -> Experiment:
    path = config_folder() / f"{member}.toml"
    if _looks_like_path(member) and group.source:
        path = group.source.parent / at_home(member)
    if not is_file(path):
        names = [summary.name for summary in available()]
        choices = f"{suggest(member, names)}, or a path to a .toml file"
        raise ConfigError(f"{group.where}: unknown member {member!r}{choices}")
    return _load(path)


def _looks_like_path(given: str) -> bool:
    return given.endswith(".toml") or "/" in given or "\\" in given


def _load(path: Path, *, own: bool = False) -> Experiment:
    document, text = _read(path)
    return parse_experiment(document, path, text if own else "")


def read_toml(path: Path) -> dict[str, Any]:
    """What a TOML file says; raises ConfigError."""
    return _read(path)[0]


def _read(path: Path) -> tuple[dict[str, Any], str]:
    """A document, and its text."""
    text = ""
    try:
        text = texts.read(path.read_bytes())
        return tomllib.loads(text), text
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None
    except RecursionError:
        raise ConfigError(f"{path}: not valid TOML: it is nested too deeply") from None
    except ValueError as error:  # what is no TOML, and numbers of thousands of digits
        single = re.search(r"^\s*\[\s*curves\s*\]", text, flags=re.MULTILINE)
        hint = "; a curve is headed [[curves]], in two pairs of brackets" if single else ""
        raise ConfigError(f"{path}: not valid TOML: {error}{hint or texts.foreign(text)}") from None


def _refuse_borrowed_name(experiment: Experiment) -> None:
    """A file of the user's own may not write into the results folder of a built-in experiment that differs."""
    own = config_folder() / f"{experiment.name}.toml"
    if is_file(own) and config_hash(_load(own)) != config_hash(experiment):
        raise ConfigError(
            f"{experiment.where}: name = {experiment.name!r} is a built-in experiment's, whose results would be mixed "
            f"with yours: choose another name"
        )
