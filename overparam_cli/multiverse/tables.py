"""Strict validation of a multiverse's file: nothing unknown is let through, and all that is wrong is said together."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from overparam_cli.checks import (
    Check,
    choice,
    finite,
    flag,
    integer,
    mapping,
    positive,
    text,
    texts,
)
from overparam_cli.errors import ConfigError
from overparam_cli.experiments import Experiment, apply_overrides
from overparam_cli.experiments.expansion import sweeps
from overparam_cli.experiments.faults import Faults
from overparam_cli.experiments.key import COMMAND_LINE
from overparam_cli.experiments.keys import checked
from overparam_cli.experiments.kind import kind
from overparam_cli.experiments.layout import SELECTIONS
from overparam_cli.experiments.names import experiment_name, identifier
from overparam_cli.experiments.registered import taken_from
from overparam_cli.experiments.tables import table
from overparam_cli.grids import grid, is_grid
from overparam_cli.multiverse.model import FINE, OWN, SHIFTS, Axis, Grid, Multiverse, Option, Reading
from overparam_cli.words import suggest

TRIALS = "trials"  # by which trials a row was judged
# Of worlds.csv, beside the axes.
COLUMNS = ("claim", "measured", "effect", "required", "holds", "verdict", "notes", TRIALS)


def fine(value: Any) -> tuple[float, float, int]:
    """A fine grid of learning rates: its ends, and how many a decade has."""
    if not is_grid(value) or "per_decade" not in value:
        raise ValueError("must be a grid as { from = 1e-4, to = 1e-2, per_decade = 10 }")
    grid(value)
    return float(value["from"]), float(value["to"]), int(value["per_decade"])


def stages(value: Any) -> tuple[tuple[str, ...], ...]:
    """Experiments by name, in order; those in a list of their own train together."""
    if not isinstance(value, list) or not value:
        raise ValueError("must be a list of experiments, or of lists of them")
    found = tuple(texts(entry) for entry in value)
    texts([name for stage in found for name in stage])  # none twice
    if not all(found):
        raise ValueError("holds a list that is empty")
    return found


def stand_ins(value: Any) -> dict[str, str]:
    """Experiments by name, each with the one that is read in its stead."""
    return {str(name): text(one) for name, one in mapping(value).items()}


def pair(value: Any) -> tuple[float, float]:
    """A shift: [a, b] is a + b/N decades at depth N."""
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError("must be [a, b], for a + b/N decades at depth N")
    return finite(value[0]), finite(value[1])


def by_variant(check: Check) -> Check:
    """A value, or a table of them by variant."""

    def checks(value: Any) -> dict[str, Any]:
        given = value if isinstance(value, Mapping) else {"": value}
        return {str(name): check(one) for name, one in mapping(given).items()}

    return checks


HEAD: Mapping[str, Check] = {
    "name": experiment_name,
    "title": text,
    "paper": text,
    "kind": text,
    "description": text,
    "experiments": stages,
    "overrides": mapping,
    "grids": lambda value: value,
    "axes": lambda value: value,
}
GRID: Mapping[str, Check] = {
    "experiments": texts,
    "variants": texts,
    "curves": texts,
    "fine": fine,
    "shifts": choice(*SHIFTS),
}
AXIS: Mapping[str, Check] = {
    "name": identifier,
    "title": text,
    "reason": text,
    "experiments": texts,
    "optimizers": texts,
    "options": lambda value: value,
}
OPTION: Mapping[str, Check] = {
    "name": identifier,
    "overrides": mapping,
    "instead": stand_ins,
    "reading": mapping,
    "shift": by_variant(pair),
    "reason": text,
    "source": text,
    "extra": flag,
}
READING: Mapping[str, Check] = {
    "rates": choice(OWN, FINE),
    "factor": by_variant(positive),
    "selection": choice(*SELECTIONS),
    "horizon": integer(1),
    "loss": text,
    "smoothing": text,
}


def parse(document: Mapping[str, Any], source: Path) -> Multiverse:
    """The multiverse that a parsed TOML document describes; ConfigError that says all that is not right."""
    file, faults = source.name, Faults()
    with faults.kept():
        head = _checked(document, HEAD, file, need=("name", "title", "experiments", "axes"))
    faults.say()
    head.pop("kind", None)
    with faults.kept():
        grids = tuple(_grid(one, where) for one, where in _each(head.pop("grids", []), file, "grids"))
    with faults.kept():
        axes = _axes(head.pop("axes"), file)
    faults.say()
    order, given = head.pop("experiments"), dict(head.pop("overrides", {}))
    if isinstance(given.get("dataset"), str):
        given["dataset"] = taken_from(source, given["dataset"])
    found = Multiverse(**head, stages=order, overrides=given, grids=grids, axes=axes, source=source)
    _check_fits(found)
    return found


def _checked(value: Any, checks: Mapping[str, Check], where: str, need: tuple[str, ...]) -> dict[str, Any]:
    """A table whose keys are known and whose values are right."""
    found, faults = {}, Faults()
    given = table(value, where)
    for key in need:
        with faults.kept():
            if key not in given:
                raise ConfigError(f"{where}: {key!r} is missing")
    for key, raw in given.items():
        with faults.kept():
            if key not in checks:
                raise ConfigError(f"{where}: unknown key {key!r}{suggest(key, checks)}")
            found[key] = checked(checks[key], key, raw, where)
    faults.say()
    return found


def _each(value: Any, file: str, name: str) -> list[tuple[Any, str]]:
    """The entries of a list of tables, each with the place at which it stands."""
    if not isinstance(value, list):
        raise ConfigError(f"{file}: write [[{name}]], in two pairs of brackets, once for each")
    return [(entry, f"{file} [[{name}]] no. {place}") for place, entry in enumerate(value, start=1)]


def _grid(value: Any, where: str) -> Grid:
    found = _checked(value, GRID, where, need=("experiments", "fine"))
    low, high, per_decade = found.pop("fine")
    return Grid(**found, low=low, high=high, per_decade=per_decade)


def _axes(value: Any, file: str) -> tuple[Axis, ...]:
    axes, faults = dict[str, Axis](), Faults()
    for entry, where in _each(value, file, "axes"):
        with faults.kept():
            axis = _axis(entry, where, file)
            if axis.name in axes:
                raise ConfigError(f"{where}: two axes are named {axis.name!r}: names must differ")
            if axis.name in COLUMNS:
                raise ConfigError(f"{where}: name = {axis.name!r} is a column of worlds.csv already: choose another")
            axes[axis.name] = axis
    faults.say()
    if not axes:
        raise ConfigError(f"{file}: [[axes]] must be given at least once")
    return tuple(axes.values())


def _axis(value: Any, where: str, file: str) -> Axis:
    found = _checked(value, AXIS, where, need=("name", "options"))
    options, faults, place = dict[str, Option](), Faults(), f"{file} axis {found['name']!r}"
    for entry, spot in _each(found.pop("options"), place, "axes.options"):
        with faults.kept():
            option = _option(entry, spot, place)
            if option.name in options:
                raise ConfigError(f"{spot}: two options are named {option.name!r}: names must differ")
            options[option.name] = option
    faults.say()
    if not options or next(iter(options.values())).extra:
        raise ConfigError(f"{place}: [[axes.options]] must be given at least once, and the first one is not extra")
    return Axis(**{"title": found["name"], **found}, options=tuple(options.values()))


def _option(value: Any, where: str, place: str) -> Option:
    found = _checked(value, OPTION, where, need=("name",))
    reading = found.pop("reading", {})
    where = f"{place}, option {found['name']!r}"
    return Option(**found, reading=Reading(**_checked(reading, READING, f"{where}, reading", need=())))


def _check_fits(multiverse: Multiverse) -> None:
    """Hold names against the experiments, and overrides against their keys."""
    try:
        known = multiverse.experiments
    except ConfigError as error:
        raise ConfigError(_placed(error, multiverse.where)) from None
    faults = Faults()
    for name, experiment in known.items():
        with faults.kept():
            if not experiment.has_trials:
                raise ConfigError(f"{multiverse.where}: experiments: {name!r} has no trials")
    faults.say()
    for place, names in [
        *((f"{multiverse.where} [[grids]]", one.experiments) for one in multiverse.grids),
        *((f"{multiverse.where} axis {axis.name!r}", axis.experiments) for axis in multiverse.axes),
    ]:
        for name in names:
            with faults.kept():
                check_experiment(place, name, known)
    faults.say()
    for axis in multiverse.axes:
        for option in axis.options:
            with faults.kept():
                _check_option(multiverse, axis, option)
    faults.say()


def check_experiment(place: str, name: str, known: Collection[str]) -> None:
    """ConfigError where a multiverse has no experiment of that name."""
    if name not in known:
        raise ConfigError(f"{place}: {name!r} is none of its experiments{suggest(name, known)}")


def _check_option(multiverse: Multiverse, axis: Axis, option: Option) -> None:
    """Hold an option against the experiments for which it counts."""
    place = f"{multiverse.where} axis {axis.name!r}, option {option.name!r}"
    names = axis.experiments or multiverse.names
    for name in names:
        experiment = multiverse.experiments[name]
        try:
            apply_overrides(experiment, option.overrides)
        except ConfigError as error:
            raise ConfigError(_placed(error, place)) from None
        for key in ("loss", "smoothing"):
            _check_level(f"{place}, reading", key, getattr(option.reading, key), experiment)
    for name, other in option.instead.items():
        check_experiment(f"{place}, instead", name, names)
        _check_instead(f"{place}, instead", multiverse, name, other)


def _check_level(place: str, key: str, value: str | None, experiment: Experiment) -> None:
    """Refuse a loss, or a smoothing, that the experiment's logs do not have."""
    known = dict.fromkeys(getattr(level, key) for level in kind(experiment.kind).levels)
    if value is not None and len(known) < 2:
        raise ConfigError(f"{place}: {key} chooses among losses that were logged, and {experiment.name} logs one")
    if value is not None:
        checked(choice(*known), key, value, place)


def _check_instead(place: str, multiverse: Multiverse, name: str, other: str) -> None:
    """Refuse an experiment in which claims about the one of that `name` would not find what they read."""
    try:
        found = multiverse.experiment(other)
    except ConfigError as error:
        raise ConfigError(_placed(error, place)) from None
    if _shape(found) != _shape(multiverse.experiments[name]):
        raise ConfigError(f"{place}: {other!r} has other variants or curves than {name!r}")


def _shape(experiment: Experiment) -> tuple[object, ...]:
    """What a claim must find: the kind of network, variants, and names of curves."""
    return experiment.kind, {*sweeps(experiment)}, {curve.name for curve in experiment.curves}


def _placed(error: ConfigError, place: str) -> str:
    """What is wrong with overrides, with the place at which a file gives them."""
    said = str(error)
    return f"{place}: {said.removeprefix(f'{COMMAND_LINE}: ')}"
