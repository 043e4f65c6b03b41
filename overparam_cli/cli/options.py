"""Options that several commands share."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from overparam_cli.cli import completing
from overparam_cli.paths import at_home

F = TypeVar("F", bound=Callable[..., Any])


class Seconds(click.FloatRange):
    """A number of seconds; NaN, which is in no range but passes every comparison with one, is none."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, if it is finite and in range."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number", param, ctx)
        return float(number)


def _at_home(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    return None if path is None else at_home(path)


class Threads(click.IntRange):
    """A number of threads, or None for `auto`."""

    name = "threads"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number; None for `auto`."""
        return None if value == "auto" else int(super().convert(value, param, ctx))


results_option = click.option(
    "--results",
    callback=_at_home,
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results"),
    show_default=True,
    help="Folder of all results.",
)
data_dir_option = click.option(
    "--data-dir",
    callback=_at_home,
    type=click.Path(path_type=Path, file_okay=False),
    help="Data cache; before OVERPARAM_DATA and the system's cache folder.",
)
offline_option = click.option("--offline", is_flag=True, help="Never touch the network.")
device_option = click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
threads_option = click.option(
    "--threads",
    type=Threads(1, 1024),
    default="auto",
    show_default=True,
    help="CPU threads; auto: as many as are measured to pay where that changes no number, else PyTorch's own choice.",
)
kernel_option = click.option(
    "--kernel",
    type=click.Choice(["auto", "torch", "compiled", "triton"]),
    default="auto",
    show_default=True,
    help="What computes gradients of linear networks: PyTorch, C where it is built, Triton on a GPU (not tried yet).",
)
log_format_option = click.option(
    "--log-format",
    type=click.Choice(["csv", "parquet"]),
    help="How a new folder keeps its tables: CSV, which is the default, or Parquet, for runs of many trials.",
)
name_option = click.option("--name", help="Name of the results folder: <experiment>@<name>.")
checkpoint_option = click.option(
    "--checkpoint-seconds", type=Seconds(0), default=20.0, show_default=True, help="Time between checkpoints."
)
scheduler_option = click.option(
    "--scheduler", metavar="ADDRESS", help="Train on the Dask cluster of this scheduler: tcp://host:8786."
)
workers_option = click.option(
    "--workers", type=click.IntRange(1), help="Train in so many processes of this machine, with Dask."
)
DATASET_HELP = "A data set's name (`overparam data list`), or a table: my.csv."
FORMATS = ("png", "pdf", "svg")


def formats_of(default: str) -> Callable[[F], F]:
    """In which formats to draw, where it is said what `default` is."""
    words = f"Default: {default}."
    return click.option("--format", "formats", multiple=True, type=click.Choice(FORMATS), help=words)


formats_option = formats_of("all three")
COLUMNS = (
    click.option("--target", "targets", multiple=True, metavar="COLUMN", help="Target column of a table; repeat."),
    click.option("--features", multiple=True, metavar="COLUMNS", help="Its feature columns: a,b; all by default."),
    click.option("--drop", multiple=True, metavar="COLUMNS", help="Its columns to leave out: a,b."),
    click.option("--one-hot", multiple=True, metavar="COLUMNS", help="Its columns to make one column a value of: a,b."),
)
partial_option = click.option(
    "--partial", is_flag=True, help="Also trials under way, or interrupted, as far as their last checkpoint."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
quiet_option = click.option(
    "--quiet", "-q", is_flag=True, help="No progress, no notes; tables and errors are printed all the same."
)

RUNNING = (  # where and how to train
    results_option,
    data_dir_option,
    offline_option,
    device_option,
    threads_option,
    kernel_option,
    log_format_option,
    click.option("--measure", default="", help="Also log: curvature, sharpness (several: separated by commas)."),
    click.option(
        "--reuse/--no-reuse", default=True, show_default=True, help="Take over trials other experiments finished."
    ),
    click.option("--accept-changes", is_flag=True, help="Take result files that were edited by hand as they are."),
    checkpoint_option,
    scheduler_option,
    workers_option,
    click.option("--dry-run", is_flag=True, help="Print the trials, their cost and a time estimate; run nothing."),
    json_option,
    quiet_option,
)
OVERRIDES = (
    click.option("--loss", help="Losses to run: l2, l4, l6, … (several: l2,l4)."),
    click.option("--variant", help="Variants to run (several: separated by commas)."),
    click.option("--depth", help="Depths to run (several: 2,3); one that no curve has is made."),
    click.option("--lr", help="Learning rate, or a grid: 1e-3,5e-3; 1e-4:1e-2:7 (seven of them); 1e-4:1e-2:10/decade."),
    click.option("--iterations", help="Iterations of every trial: 20000, 1e6."),
    click.option("--stop-at-gap", help="End a trial at the first logged iteration at which its gap is at most this."),
    click.option("--seeds", help="Number of seeds; more seeds join the same results folder."),
    click.option("--dtype", help="float32 or float64."),
    click.option("--dataset", shell_complete=completing.datasets, help=DATASET_HELP),
    *COLUMNS,
    click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="KEY=VALUE",
        shell_complete=completing.settings,
        help="Any other trial key; repeat.",
    ),
    click.option("--smoke", is_flag=True, help="Seconds instead of minutes: embedded data, few iterations."),
)
OVERRIDDEN = ("loss", "variant", "depth", "lr", "iterations", "stop_at_gap", "seeds", "dtype", "dataset", "smoke")


def override_options(command: F) -> F:
    """What may be changed of an experiment without a file of one's own."""
    return with_options(OVERRIDES, command)


def column_options(command: F) -> F:
    """Which columns of a table of one's own a command is about."""
    return with_options(COLUMNS, command)


def run_options(command: F) -> F:
    """Where and how to train, and what to say of it."""
    return with_options(RUNNING, command)


def with_options(options: Sequence[Callable[[F], F]], command: F) -> F:
    """The command with these options, in this order."""
    for option in reversed(options):
        command = option(command)
    return command


def collect_columns(options: dict[str, Any]) -> dict[str, list[str] | None]:
    """Take what `column_options` gave out of a command's options; a name with a comma in it is quoted: '"a,b",c'."""
    listed = {key: _names(key.replace("_", "-"), options.pop(key)) for key in ("features", "drop", "one_hot")}
    return {key: names or None for key, names in {"targets": list(options.pop("targets")), **listed}.items()}


def _names(option: str, texts: Sequence[str]) -> list[str]:
    """The names in the texts that an option was given."""
    import csv

    try:
        rows = [next(csv.reader([text], skipinitialspace=True, strict=True), []) for text in texts]
    except csv.Error:
        raise click.UsageError(f"--{option}: a quotation mark is not closed: '\"a,b\",c' are a,b and c") from None
    names = [name.strip() for row in rows for name in row]
    if texts and not all([*names, *rows]):
        raise click.UsageError(f"--{option}: a name is empty")
    return names


def collect_overrides(options: dict[str, Any]) -> dict[str, Any]:
    """Take the overrides out of a command's options: what was given, as `experiments.apply_overrides` takes it."""
    overrides = {key: options.pop(key) for key in OVERRIDDEN}
    overrides |= collect_columns(options)
    given = {key: value for key, value in overrides.items() if value not in (None, False)}
    return with_assignments(given, options.pop("assignments"))


def with_assignments(given: dict[str, Any], assignments: Sequence[str]) -> dict[str, Any]:
    """What options gave, and what `--set` gives besides."""
    from overparam_cli.experiments import parse_assignments

    found = dict(given)
    for key, value in parse_assignments(assignments).items():
        if key in given:
            raise click.UsageError(f"{key} is given twice: by --{key} and by --set {key}={value}")
        found[key] = value
    return found


def use_threads(threads: int | None, *, elsewhere: object = None) -> int | None:
    """Let PyTorch use so many threads, if any number was given; that number.

    A worker `elsewhere` is a place by itself, and uses one if none is given.
    """
    threads = threads or (1 if elsewhere else None)
    if threads:
        import torch

        torch.set_num_threads(threads)
    return threads
