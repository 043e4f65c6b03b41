"""What the commands do: call the rooms in order, hand the outcome to `present`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from overparam_cli import logs
from overparam_cli.errors import LogError
from overparam_cli.present import listing

if TYPE_CHECKING:
    from overparam_cli.logs import Run


def run(
    experiments: Sequence[str],
    overrides: Mapping[str, Any],
    *,
    name: str | None,
    results: Path,
    data_dir: Path | None,
    offline: bool,
    device: str,
    threads: int | None,
    measure: str,
    reuse: bool,
    checkpoint_seconds: float,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """`overparam run`: plan, train what is missing, print the table."""
    import torch

    from overparam_cli.train.measure import parse_measures
    from overparam_cli.train.plan import cost, estimate_seconds, plan
    from overparam_cli.train.progress import display
    from overparam_cli.train.runner import Settings, run_job

    if threads:
        torch.set_num_threads(threads)
    measures = parse_measures(measure)
    settings = Settings(
        device=device,
        data_dir=data_dir,
        offline=offline,
        reuse=reuse,
        measures=measures,
        checkpoint_seconds=checkpoint_seconds,
    )
    jobs = sorted(plan(experiments, overrides, results=results, name=name), key=cost)  # cheapest first
    if dry_run:
        listing.plan([(job, estimate_seconds(job, settings)) for job in jobs], as_json=as_json)
        return
    with display(len(jobs), quiet=quiet) as progress:
        for job in jobs:
            run_job(job, settings, progress)
    if as_json or not quiet:
        listing.summaries([logs.read_run(job.folder) for job in jobs], as_json=as_json)
    if not quiet:
        names = dict.fromkeys(job.name for job in jobs)
        where = "" if results == Path("results") else f" --results {results}"
        click.echo(f"draw the figures: overparam plot {' '.join(names)}{where}", err=True)


def plot(experiments: Sequence[str], results: Path, formats: Sequence[str], *, quiet: bool) -> None:
    """`overparam plot`: draw from the logs alone."""
    from overparam_cli.present.plots import draw

    for name, runs in runs_by_name(experiments, results).items():
        paths = draw(runs, results / name, formats)
        if not quiet:
            for path in paths:
                click.echo(path)


def table(experiments: Sequence[str], results: Path, rule: str | None, *, as_json: bool) -> None:
    """`overparam table`: what `run` prints at its end, from the logs."""
    runs = [run for found in runs_by_name(experiments, results).values() for run in found]
    listing.summaries(runs, as_json=as_json, rule=rule)


def runs_by_name(experiments: Sequence[str], results: Path) -> dict[str, list["Run"]]:
    """Finished runs of the experiments asked for, groups opened; all there are when none is named.

    Raises LogError when there are none.
    """
    names = list(experiments) or sorted({path.parents[1].name for path in results.glob(f"*/*/{logs.TRIALS}")})
    if not names:
        raise LogError(f"nothing finished below {results}: run an experiment first, for example overparam run fig3")
    found = {}
    for given in names:
        for name in member_names(given):
            found[name] = logs.find_runs(results, name)
            if not found[name]:
                raise LogError(f"no finished run of {name} below {results}: run it first with overparam run {given}")
    return found


def member_names(given: str) -> list[str]:
    """Folder names that a name stands for: fig4@quick is fig4-left@quick and fig4-right@quick."""
    from overparam_cli.experiments import available, flatten, load_experiment

    base, at, suffix = given.partition("@")
    if base not in {summary.name for summary in available() if summary.kind == "group"} | {"all"}:
        return [given]
    return [f"{member.name}{at}{suffix}" for member in flatten(load_experiment(base))]


def status(results: Path, *, as_json: bool) -> None:
    """`overparam status`: every run folder, finished or not."""
    listing.status(results, as_json=as_json)


def bench(
    results: Path,
    *,
    data_dir: Path | None,
    offline: bool,
    dataset: str,
    dtype: str,
    device: str,
    threads: int | None,
    rounds: int,
    seconds: float,
    as_json: bool,
) -> None:
    """`overparam bench`."""
    import torch

    from overparam_cli.train import bench
    from overparam_cli.train.engine import pick_device
    from overparam_cli.train.manifest import describe_machine
    from overparam_cli.train.runner import Settings

    if threads:
        torch.set_num_threads(threads)
    settings = Settings(device=device, data_dir=data_dir, offline=offline)
    timings = bench.run(settings, dataset=dataset, dtype=dtype, rounds=rounds, seconds=seconds)
    folder = results / "bench"
    logs.write_table(folder / "bench.csv", bench.as_table(timings))
    machine = describe_machine(pick_device(device)) | {"dataset": dataset, "dtype": dtype}
    logs.write_json(folder / logs.MANIFEST, {"schema": logs.SCHEMA, **machine})
    listing.bench(timings, bench.ratios(timings), folder / "bench.csv", as_json=as_json)


def data_list(data_dir: Path | None, *, as_json: bool) -> None:
    """`overparam data list`."""
    from overparam_cli.data import list_datasets

    listing.datasets(list_datasets(data_dir), as_json=as_json)


def data_fetch(names: Sequence[str], data_dir: Path | None, *, quiet: bool) -> None:
    """`overparam data fetch`."""
    from overparam_cli.data import fetch

    for name in names:
        where = fetch(name, data_dir=data_dir, progress=not quiet)
        if not quiet:
            click.echo(f"{name}: {where}")


def data_verify(names: Sequence[str], data_dir: Path | None, *, as_json: bool) -> None:
    """`overparam data verify`."""
    from overparam_cli.data import verify

    listing.checks({name: verify(name, data_dir=data_dir) for name in names}, as_json=as_json)
