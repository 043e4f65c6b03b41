"""`sweep`: all combinations of lists of settings, a curve each, kept as a file in its results folder."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from overparam_cli.api.result import Result
from overparam_cli.api.running import RESULTS, PathLike, completed
from overparam_cli.errors import ConfigError
from overparam_cli.paths import at_home, exists

COLUMNS = ("targets", "features", "drop", "one_hot")


def sweep(
    dataset: PathLike,
    *,
    lr: float | str | Sequence[float],
    name: str,
    depth: int | Sequence[int] = (1, 2, 3),
    loss: str | Sequence[str] = "l2",
    iterations: int = 10_000,
    seeds: int = 1,
    results: PathLike = RESULTS,
    force: bool = False,
    progress: bool = False,
    device: str = "auto",
    threads: int | None = None,
    kernel: str = "auto",
    **settings: Any,
) -> Result:
    """Train all combinations of lists of settings, as `overparam sweep` does, into the folder `results`/`name`.

    `dataset` is a data set's name or the path of a table, whose columns `targets`, `features`, `drop` and `one_hot`
    choose. `settings` is any other key of an experiment file (`optimizer`, `width`, `init_std`, …); a list makes a
    curve of each value, or a panel where the curves of a figure share the key. `lr` is the grid of learning rates, a
    list or what the command takes ("1e-4:1e-1:7").

    The folder keeps `study.toml`, which `op.run` goes on with; one of another study is not written over without
    `force`. Finished trials are not run again.

    Raises what `op.run` raises, and ConfigError where the folder is another study's.
    """
    from overparam_cli.experiments.study import FILE, KEYS, asked, study
    from overparam_cli.run.settings import Settings

    given = {"dataset": os.fspath(dataset), "depth": depth, "loss": loss, "lr": lr, "iterations": iterations}
    given |= {"seeds": seeds} | {key: value for key, value in settings.items() if value is not None}
    given = {key: given[key] for key in dict.fromkeys((*KEYS, *COLUMNS, *given)) if key in given}
    folder = at_home(Path(results))
    path = folder / name / FILE
    try:
        experiment, text = study(name, *asked({key: as_typed(key, value) for key, value in given.items()}), path)
    except ConfigError as error:
        raise ConfigError(str(error).replace("command line:", "arguments:")) from None
    listed = [f"{key}={value!r}" for key, value in {"name": name, **given}.items() if key != "dataset"]
    command = f"op.sweep({', '.join([repr(os.fspath(dataset)), *listed])})"
    how = Settings(device=device, threads=threads, kernel=kernel, quiet=not progress)
    with kept(path, text, force=force):
        return completed(experiment, {}, folder, None, how, command=command, progress=progress)


def as_typed(key: str, value: Any) -> str | list[str]:
    """A value as one types it behind the option: lists with commas between; names of columns stay a list of names."""
    if key in COLUMNS:
        return [value] if isinstance(value, str) else [*value]
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return ":".join(as_text(value[part]) for part in ("from", "to", "count"))
    several = isinstance(value, Iterable) and not isinstance(value, str)
    return ",".join(map(as_text, value)) if several else as_text(value)


def as_text(value: Any) -> str:
    """One value as one types it: 10×20 hidden units as 10x20."""
    if isinstance(value, list | tuple):
        return "x".join(map(str, value))
    return str(value)


@contextmanager
def kept(path: Path, text: str, *, force: bool) -> Iterator[None]:
    """Write a study's file, and take it back where nothing came of it. ConfigError where it is of another study."""
    from overparam_cli.results.store import read_bytes, write_bytes

    there = exists(path)
    if there and not force and read_bytes(path) != text.encode():
        raise ConfigError(
            f"{path} is another study, or was edited: run it with overparam run {path}, choose another name "
            "(--name), or write over it (--force); finished trials are kept"
        )
    made = [folder for folder in path.parents if not exists(folder)]
    write_bytes(path, text.encode())
    try:
        yield
    finally:
        if not there and [*path.parent.iterdir()] == [path]:
            path.unlink()
        with suppress(OSError):  # one that is not empty
            for folder in made:
                folder.rmdir()
