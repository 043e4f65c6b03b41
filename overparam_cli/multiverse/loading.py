"""Finding and reading a multiverse: a built-in one by name, or a TOML file of the user's own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from overparam_cli.errors import ConfigError
from overparam_cli.experiments.loading import config_folder, read_toml
from overparam_cli.experiments.tables import MULTIVERSE
from overparam_cli.multiverse.model import Multiverse
from overparam_cli.multiverse.tables import check_experiment, parse
from overparam_cli.paths import at_home, is_file

BUILT_IN = ("multiverse", "multiverse-cnn")  # of linear networks, and of the convolutional one

Asked = Mapping[str, tuple[str, ...]]
"""Axis → the options asked for; axes that are not named keep all but their extra ones."""


def load(name_or_path: str = BUILT_IN[0]) -> Multiverse:
    """A built-in multiverse, or that of a path; ConfigError that says all that is not right."""
    path = _place(name_or_path) if is_file(_place(name_or_path)) else at_home(name_or_path)
    if not is_file(path):
        raise ConfigError(f"{name_or_path}: no such file, nor a built-in one: {', '.join(BUILT_IN)}")
    document = read_toml(path)
    kind = document.get("kind")
    if kind != MULTIVERSE:
        raise ConfigError(
            f"{path.name}: kind = {kind!r}, and a multiverse has kind = {MULTIVERSE!r}: overparam run trains it"
        )
    found = parse(document, path)
    if found.name in BUILT_IN and path.resolve() != _place(found.name).resolve():
        raise ConfigError(f"{found.where}: name = {found.name!r} is the built-in one's, whose results would be mixed")
    return found


def _place(name: str) -> Path:
    """Where the built-in one of that name stands."""
    return config_folder() / f"{name}.toml"


def asked_for(multiverse: Multiverse, texts: Sequence[str]) -> Asked:
    """What repeated ``--axis features=zscore,minmax`` ask for."""
    asked: dict[str, tuple[str, ...]] = {}
    for text in texts:
        name, equals, options = text.partition("=")
        if not equals or not options.strip():
            raise ConfigError(f"--axis {text!r} must read axis=option, or axis=option,option")
        axis = multiverse.axis(name.strip())
        if axis.name in asked:
            raise ConfigError(f"--axis gives {axis.name!r} twice")
        asked[axis.name] = tuple(dict.fromkeys(axis.option(one.strip()).name for one in options.split(",")))
    return asked


def check_experiments(multiverse: Multiverse, names: Sequence[str]) -> None:
    """ConfigError for a name that is none of its experiments'."""
    for name in names:
        check_experiment(multiverse.where, name, multiverse.names)


def kept(multiverse: Multiverse, asked: Asked) -> Multiverse:
    """The multiverse without the extra options that nobody asks for: what is not there costs nothing to plan."""
    axes = tuple(
        replace(
            axis, options=tuple(one for one in axis.options if not one.extra or one.name in asked.get(axis.name, ()))
        )
        for axis in multiverse.axes
    )
    return replace(multiverse, axes=axes)


def seeded(multiverse: Multiverse, seeds: int) -> Multiverse:
    """The multiverse with so many seeds of every trial: 0 … K−1, as `overparam run --seeds` has them."""
    return replace(multiverse, overrides={**multiverse.overrides, "seeds": seeds})
