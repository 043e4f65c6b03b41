"""What identifies a trial's data, asked of `overparam_cli.data`, which is imported only then."""

import hashlib
from functools import lru_cache
from pathlib import Path

from overparam_cli.checks import text
from overparam_cli.errors import ConfigError
from overparam_cli.paths import is_file
from overparam_cli.words import suggest


def is_table(dataset: str) -> bool:
    """Whether a data set is the user's own table rather than a name."""
    from overparam_cli import data

    return data.is_table(dataset)


def dataset_key(dataset: str, where: str, *, images: bool = False) -> str:
    """What identifies the data, checked: the content's hash of the user's own table, or all options of a named set.

    So a table is known by what it holds, and ``simulated`` and ``simulated:seed=<the default>`` are one data set. Empty
    for a name without options, which identifies itself.
    """
    try:
        text(dataset)
    except ValueError as error:
        raise ConfigError(f"{where}: dataset = {dataset!r} {error}") from None
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
    from overparam_cli.data import DATASETS

    return f"; Valid: {', '.join(name for name, entry in DATASETS.items() if entry.kind == kind)}"


def _named_key(dataset: str, where: str, kind: str) -> str:
    from overparam_cli.data import DATASETS
    from overparam_cli.data.options import ENDINGS, TABLES, parse_options, split_spec

    name, written = split_spec(dataset)
    if name not in DATASETS:
        if is_file(Path(dataset)):
            raise ConfigError(f"{where}: dataset {dataset!r} has not the ending of a table: save it as {ENDINGS}")
        raise ConfigError(f"{where}: unknown dataset {name!r}{suggest(name, DATASETS)}, or {TABLES}")
    if DATASETS[name].kind != kind:
        needs = "images" if kind == "images" else "a regression problem"
        raise ConfigError(f"{where}: dataset {name!r} does not fit: this experiment needs {needs}{_of(kind)}")
    try:
        options = parse_options(name, written, DATASETS[name].options)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
    return f"{name}:{','.join(f'{key}={options[key]!r}' for key in sorted(options))}" if options else ""


@lru_cache
def _content_hash(path: str, size: int, modified_ns: int) -> str:
    with Path(path).open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
