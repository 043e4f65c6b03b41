"""What the commands do: call the rooms in order, hand the outcome to `present`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from overparam_cli.errors import DataInvalidError, LogError
from overparam_cli.report import listing
from overparam_cli.results import logs
from overparam_cli.results.theory_logs import THEORY, Record, find_names, find_records, read_record

if TYPE_CHECKING:
    from overparam_cli.results.logs import Run


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

    from overparam_cli.kinds.linear.measure import parse_measures
    from overparam_cli.kinds.theory.study import plan_studies, run_study
    from overparam_cli.run.job import Settings
    from overparam_cli.run.plan import cost, estimate_seconds, plan
    from overparam_cli.run.progress import display
    from overparam_cli.run.runner import check_measurable, run_job

    if threads:
        torch.set_num_threads(threads)
    measures = parse_measures(measure)
    settings = Settings(
        device=device,
        data_dir=data_dir,
        offline=offline,
        quiet=quiet,
        reuse=reuse,
        measures=measures,
        checkpoint_seconds=checkpoint_seconds,
    )
    jobs = sorted(plan(experiments, overrides, results=results, name=name), key=cost)  # cheapest first
    check_measurable(jobs, settings)
    studies = plan_studies(experiments, overrides, results=results, name=name)  # they take seconds
    if dry_run:
        for study in studies:
            click.echo(f"{study.name}: {', '.join(study.parameters)} → {study.folder}: a few seconds", err=True)
        listing.plan([(job, estimate_seconds(job, settings)) for job in jobs], as_json=as_json)
        return
    with display(len(jobs), quiet=quiet) as progress:
        checked = [folder for study in studies for folder in run_study(study, settings, progress)]
        for job in jobs:
            run_job(job, settings, progress)
    if as_json or not quiet:
        records = [read_record(folder) for folder in checked]
        listing.summaries([logs.read_run(job.folder) for job in jobs], as_json=as_json, records=records)
    if not quiet:
        names = dict.fromkeys([study.name for study in studies] + [job.name for job in jobs])
        where = "" if results == Path("results") else f" --results {results}"
        click.echo(f"draw the figures: overparam plot {' '.join(names)}{where}", err=True)


def plot(experiments: Sequence[str], results: Path, formats: Sequence[str], *, quiet: bool) -> None:
    """`overparam plot`: draw from the logs alone."""
    from overparam_cli.figures.plots import draw
    from overparam_cli.kinds.theory import figures as theory_figures

    records, runs = found_by_name(experiments, results)
    for name, found in records.items():
        show_paths(theory_figures.draw_all(found, results, name, formats), quiet=quiet)
    for name, own in runs.items():
        show_paths(draw(own, results / name, formats), quiet=quiet)
    for group in experiments:  # a figure of several experiments has its panels side by side, as in the paper
        members = [run for name in member_names(group) for run in runs.get(name, [])]
        if group not in runs and group not in records and group != "all" and members:
            show_paths(draw(members, results / group, formats, stems=("figure",)), quiet=quiet)


def show_paths(paths: Sequence[Path], *, quiet: bool) -> None:
    """The files a command has written, one a line."""
    if not quiet:
        for path in paths:
            click.echo(path)


def theory(
    names: Sequence[str],
    overrides: Mapping[str, Any],
    *,
    name: str | None,
    results: Path,
    data_dir: Path | None,
    offline: bool,
    figures: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """`overparam theory`: run checks, print each one's table, draw its figure."""
    from overparam_cli.kinds.theory import figures as theory_figures
    from overparam_cli.kinds.theory.study import plan_checks, run_study
    from overparam_cli.run.job import Settings
    from overparam_cli.run.progress import display

    study = plan_checks(names, overrides, results=results, name=name)
    settings = Settings(data_dir=data_dir, offline=offline)
    records = []
    with display(1, quiet=quiet) as progress:
        for folder in run_study(study, settings, progress):
            records.append(read_record(folder))
            if figures:
                theory_figures.draw(records[-1:], folder / "figure")
    if as_json or not quiet:
        listing.summaries([], as_json=as_json, records=records)


def table(experiments: Sequence[str], results: Path, rule: str | None, *, as_json: bool) -> None:
    """`overparam table`: what `run` prints at its end, from the logs."""
    records, runs = found_by_name(experiments, results)
    listing.summaries(
        [run for own in runs.values() for run in own],
        as_json=as_json,
        rule=rule,
        records=list({record.folder: record for own in records.values() for record in own}.values()),
    )


def found_by_name(experiments: Sequence[str], results: Path) -> tuple[dict[str, list[Record]], dict[str, list["Run"]]]:
    """The theory's checks and the finished runs under the names asked for, groups opened; all there are for no name.

    Raises LogError when there are none.
    """
    names = list(experiments) or sorted({path.parents[1].name for path in results.glob(f"*/*/{logs.TRIALS}")})
    names += [] if experiments else find_names(results)
    if not names:
        raise LogError(f"nothing finished below {results}: run an experiment first, for example overparam run fig3")
    records: dict[str, list[Record]] = {}
    runs: dict[str, list[Run]] = {}
    for given in names:
        for name in member_names(given):
            if checks := find_records(results, name):
                records[name] = checks
            elif found := logs.find_runs(results, name):
                runs[name] = found
            else:
                base, at, _ = given.partition("@")
                run_it = f"overparam {base if base == THEORY else f'run {base}'}"
                run_it += " and the options or the --name that its folder is named after" if at else ""
                raise LogError(
                    f"no finished run of {name} below {results}: run it first with {run_it}, "
                    "or see what there is with overparam status"
                )
    return records, runs


def member_names(given: str) -> list[str]:
    """Folder names that a name stands for: fig4@quick is fig4-left@quick and fig4-right@quick."""
    from overparam_cli.experiments import available, flatten, load_experiment

    base, at, suffix = given.partition("@")
    if base not in {summary.name for summary in available() if summary.kind == "group"} | {"all"}:
        return [given]
    return [f"{member.name}{at}{suffix}" for member in flatten(load_experiment(base))]


def verify(names: Sequence[str], results: Path, *, strict: bool, as_json: bool) -> None:
    """`overparam verify`: evaluate, print, write claims.json; what is damaged or fails is raised after all is shown."""
    from overparam_cli.claims import verify

    report = verify.verify(results, names)
    if as_json:
        listing.print_json(report.as_dict())
    else:
        verify.print_results(report.asked, listing.stdout())
    verify.save(report)
    verify.check(report, strict=strict)


def status(results: Path, *, as_json: bool) -> None:
    """`overparam status`: every run folder, finished or not."""
    listing.status(results, as_json=as_json)


def bench(
    results: Path,
    *,
    model: str,
    data_dir: Path | None,
    offline: bool,
    dataset: str | None,
    dtype: str,
    device: str,
    threads: int | None,
    rounds: int,
    seconds: float,
    as_json: bool,
) -> None:
    """`overparam bench`."""
    import torch

    from overparam_cli.kinds.linear import bench
    from overparam_cli.kinds.linear.engine import pick_device
    from overparam_cli.kinds.mnist import bench as bench_cnn
    from overparam_cli.run.job import Settings
    from overparam_cli.run.manifest import describe_machine

    if threads:
        torch.set_num_threads(threads)
    settings = Settings(device=device, data_dir=data_dir, offline=offline)
    time, usual, folder = {
        "linear": (bench.run, "simulated", results / "bench"),
        "cnn": (bench_cnn.run, "digits-simulated", results / "bench-cnn"),
    }[model]
    dataset = dataset or usual
    timings, ratios = time(settings, dataset=dataset, dtype=dtype, rounds=rounds, seconds=seconds)
    logs.write_table(folder / "bench.csv", bench.as_table(timings))
    machine = describe_machine(pick_device(device)) | {"dataset": dataset, "dtype": dtype}
    logs.write_json(folder / logs.MANIFEST, {"schema": logs.SCHEMA, **machine})
    listing.bench(timings, ratios, folder / "bench.csv", as_json=as_json)


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

    found = {name: verify(name, data_dir=data_dir) for name in names}
    listing.checks(found, as_json=as_json)
    wrong = [f"{name}: {check.check}" for name, checks in found.items() for check in checks if not check.ok]
    if wrong:
        raise DataInvalidError(f"{len(wrong)} checks failed ({'; '.join(wrong)}): fetch the data again")
