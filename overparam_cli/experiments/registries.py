"""What may be named in a config: optimisers, initialisations, data sets, preprocessings.

The registries belong to `core` and `data`. They are imported inside the functions, because torch takes seconds to
import and listing or plotting experiments does not need it.
"""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from overparam_cli.errors import ConfigError
from overparam_cli.experiments.keys import suggest


def optimizers() -> Mapping[str, Any]:
    """Optimisers by name; each has ``defaults[semantics][hyperparameter]``."""
    from overparam_cli.kinds.optimizers import OPTIMIZERS

    return OPTIMIZERS


def inits() -> Mapping[str, Any]:
    """Initialisations by name."""
    from overparam_cli.kinds.linear.inits import INITS

    return INITS


def parameterisations() -> Mapping[str, Any]:
    """Parameterisations by name."""
    from overparam_cli.kinds.linear.parameterisations import names

    return dict.fromkeys(names())


def loss_name(value: Any) -> str:
    """The canonical name of a loss; ValueError where there is none."""
    from overparam_cli.kinds.linear.losses import named

    return named(value).name


def datasets() -> Mapping[str, Any]:
    """Data sets by name."""
    from overparam_cli.data import DATASETS

    return DATASETS


def preprocessings() -> Mapping[str, Any]:
    """Preprocessing methods by name."""
    from overparam_cli.data import PREPROCESSING

    return PREPROCESSING


def check_name(kind: str, name: str, choices: Mapping[str, Any], where: str) -> None:
    """Refuse a name that is not in the registry `choices`."""
    if name not in choices:
        raise ConfigError(f"{where}: unknown {kind} {name!r}{suggest(name, choices)}")


def is_table(dataset: str) -> bool:
    """Whether a data set is the user's own table rather than a name."""
    from overparam_cli import data

    return data.is_table(dataset)


def dense_layers() -> dict[str, int]:
    """The convolutional network's dense layers, each with the inner width that leaves it as expressive as it was."""
    from overparam_cli.kinds.mnist.network import DENSE, smallest_widths

    return {layer: smallest_widths(layer, depth=2)[0] for layer in DENSE}


def check_elementwise(optimizer: str, where: str) -> None:
    """Refuse an optimiser that there is not, or that is made for linear networks."""
    check_name("optimizer", optimizer, optimizers(), where)
    if not optimizers()[optimizer].elementwise:
        able = [name for name, entry in optimizers().items() if entry.elementwise]
        raise ConfigError(f"{where}: optimizer {optimizer!r} is for linear networks: choose from {', '.join(able)}")


def dataset_key(dataset: str, where: str, *, images: bool = False) -> str:
    """What identifies the data, checked: the content's hash of the user's own table, or all options of a named set.

    So a table is known by what it holds, and ``simulated`` and ``simulated:seed=<the default>`` are one data set. Empty
    for a name without options, which identifies itself.
    """
    if not is_table(dataset):
        return _named_key(dataset, where, "images" if images else "regression")
    if images:
        raise ConfigError(f"{where}: dataset {dataset!r} is a table, and this experiment needs images{_of('images')}")
    try:
        state = Path(dataset).stat()
        return _content_hash(dataset, state.st_size, state.st_mtime_ns)
    except OSError as error:
        raise ConfigError(f"{where}: dataset {dataset!r} cannot be read: {error.strerror or error}") from None


def _of(kind: str) -> str:
    return f"; Valid: {', '.join(name for name, entry in datasets().items() if entry.kind == kind)}"


def _named_key(dataset: str, where: str, kind: str) -> str:
    from overparam_cli.data import TABLE_SUFFIXES
    from overparam_cli.data.options import parse_options, split_spec

    name, text = split_spec(dataset)
    if name not in datasets():
        hint = f", or a path to a {'/'.join(TABLE_SUFFIXES)} table"
        raise ConfigError(f"{where}: unknown dataset {name!r}{suggest(name, datasets())}{hint}")
    if datasets()[name].kind != kind:
        needs = "images" if kind == "images" else "a regression problem"
        raise ConfigError(f"{where}: dataset {name!r} does not fit: this experiment needs {needs}{_of(kind)}")
    try:
        options = parse_options(name, text, datasets()[name].options)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
    return f"{name}:{','.join(f'{key}={options[key]!r}' for key in sorted(options))}" if options else ""


@lru_cache
def _content_hash(path: str, size: int, modified_ns: int) -> str:
    with Path(path).open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def hyperparameters(optimizer: str, semantics: str, given: Mapping[str, float], where: str) -> dict[str, float]:
    """The optimiser's hyperparameters but the learning rate: its defaults under `semantics`, then what is given."""
    check_name("optimizer", optimizer, optimizers(), where)
    defaults = {key: float(value) for key, value in optimizers()[optimizer].defaults[semantics].items() if key != "lr"}
    for key in given:
        if key not in defaults:
            takes = f"it takes {', '.join(sorted(defaults))}" if defaults else "it takes none"
            raise ConfigError(f"{where}: optimizer {optimizer!r} has no hyperparameter {key!r} ({takes})")
    return {**defaults, **given}
