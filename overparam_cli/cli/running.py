"""What computes: `overparam run`, `theory`."""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from overparam_cli.cli import completing, streams
from overparam_cli.cli.options import (
    collect_columns,
    collect_overrides,
    column_options,
    data_dir_option,
    json_option,
    name_option,
    offline_option,
    override_options,
    quiet_option,
    results_option,
    run_options,
    use_threads,
)
from overparam_cli.cli.several import Several

if TYPE_CHECKING:
    from overparam_cli.experiments import Experiment
    from overparam_cli.kinds.theory.study import Study
    from overparam_cli.run.backends import MakeBackend
    from overparam_cli.run.plan import Job
    from overparam_cli.run.settings import Settings
    from overparam_cli.run.stop import Stop


@click.command()
@click.argument("experiments", nargs=-1, required=True, metavar="EXPERIMENT...", shell_complete=completing.experiments)
@override_options
@name_option
@run_options
def run(experiments: tuple[str, ...], name: str | None, **options: Any) -> None:
    """Run EXPERIMENTs (names, TOML files, or `all`): train what is missing, write logs, print the table.

    Finished trials are not run again, and an interrupted run goes on where its checkpoint stood.

    Example: overparam run fig3 --smoke
    """
    overrides = collect_overrides(options)
    carry_out(experiments, overrides, name=name, **options)


def carry_out(
    experiments: "Sequence[str | Experiment]",
    overrides: Mapping[str, Any],
    *,
    results: Path,
    name: str | None,
    threads: int | None,
    measure: str,
    scheduler: str | None,
    workers: int | None,
    dry_run: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Run experiments as the options that a command was given say."""
    from overparam_cli.run.stop import stop_requests

    with stop_requests() as stop:
        with streams.doing("loading PyTorch", quiet=options["quiet"]):
            from overparam_cli.experiments import flatten, load_experiment
            from overparam_cli.kinds.linear.measure import parse_measures
            from overparam_cli.kinds.theory.study import plan_studies
            from overparam_cli.run.plan import check_measurable, cost, plan
            from overparam_cli.run.settings import Settings

        threads = use_threads(threads, elsewhere=scheduler or workers)
        settings = Settings(measures=parse_measures(measure), threads=threads, **options)
        known, several = Several.known(experiments, lambda one: flatten(load_experiment(one)), streams.say)
        jobs = sorted(plan(known, overrides, results=results, name=name), key=cost)  # cheapest first
        check_measurable(jobs, settings)
        studies = plan_studies(known, overrides, results=results, name=name)  # they take seconds
        with backend_for(scheduler, workers, settings.device) as backend:
            if dry_run:
                _show_plan(studies, jobs, settings, backend, as_json=as_json)
            else:
                say_kernel(jobs, settings)
                _run(studies, jobs, settings, backend, stop, several, results=results, as_json=as_json)
        several.check()


def say_kernel(jobs: Sequence["Job"], settings: "Settings") -> None:
    """Say that PyTorch stands in for the compiled kernel, and why."""
    from overparam_cli.kinds.linear.compiled.library import why_not
    from overparam_cli.run.machine import pick_device

    on_cpu = pick_device(settings.device).type == "cpu"  # elsewhere it would not be asked
    linear = on_cpu and any(job.experiment.kind == "linear" for job in jobs)
    if linear and settings.kernel == "auto" and not settings.quiet and (why := why_not()):
        streams.say(f"PyTorch computes the gradients; the compiled kernel is not to be had here: {why}")


@contextmanager
def backend_for(scheduler: str | None, workers: int | None, device: str) -> Iterator["MakeBackend"]:
    """Where units are to be trained, for as long as the command runs."""
    from overparam_cli.run.backends import Local

    if scheduler and workers:
        raise click.UsageError("--scheduler brings its own workers: leave --workers out, or the scheduler")
    if not (scheduler or workers):
        yield Local
        return
    try:
        from overparam_cli.run.cluster import cluster
    except ModuleNotFoundError as error:
        raise click.UsageError(f"a cluster needs {error.name}: pip install 'overparam[cluster]'") from error
    with cluster(scheduler, workers, device) as made:
        yield made


def _show_plan(
    studies: Sequence["Study"], jobs: Sequence["Job"], settings: "Settings", backend: "MakeBackend", *, as_json: bool
) -> None:
    """What would be run, and for how long."""
    from overparam_cli.report.plan import print_plan
    from overparam_cli.run.plan import estimate_seconds

    for study in studies:
        streams.say(f"{study.name}: {', '.join(study.parameters)} → {study.folder}: a few seconds")
    print_plan([(job, estimate_seconds(job, settings, backend)) for job in jobs], as_json=as_json)


def _run(
    studies: Sequence["Study"],
    jobs: Sequence["Job"],
    settings: "Settings",
    backend: "MakeBackend",
    stop: "Stop",
    several: Several,
    *,
    results: Path,
    as_json: bool,
) -> None:
    """Run everything, then print its table. What fails is left to `several`."""
    from overparam_cli.kinds.theory.running import run_study
    from overparam_cli.run.job import run_job
    from overparam_cli.run.progress import display

    with display(len(jobs), quiet=settings.quiet) as progress:
        several.more(sum(len(study.parameters) for study in studies) + len(jobs), progress.message)
        checked = {
            folder: study.name
            for study in studies
            for folder in run_study(study, settings, progress, attempt=several.attempt)
        }

        def is_done(job: "Job") -> bool:
            act = partial(run_job, job, settings, progress, backend, stop)
            return several.attempt(job.title, act, dataset=job.trials[0].dataset)

        finished = [job for job in jobs if is_done(job)]
    _show_tables(checked, finished, as_json=as_json)
    if names := dict.fromkeys([*checked.values(), *(job.name for job in finished)]):
        _say_how_to_plot([*names], results, quiet=settings.quiet)


def _show_tables(checked: Iterable[Path], jobs: Sequence["Job"], *, as_json: bool) -> None:
    """Print what has been run."""
    from overparam_cli.kinds.theory.tables import Shown
    from overparam_cli.report.tables import print_tables
    from overparam_cli.results.record import Record
    from overparam_cli.results.run import Run

    records = [Record.read(folder) for folder in checked]
    form = "json" if as_json else "terminal"
    print_tables([Run.read(job.folder) for job in jobs], form=form, checks=[*map(Shown, records)])


def _say_how_to_plot(names: Sequence[str], results: Path, *, quiet: bool) -> None:
    if not quiet:
        where = [] if results == Path("results") else ["--results", str(results)]
        streams.say(f"draw the figures: {shlex.join(['overparam', 'plot', *names, *where])}")


@click.command()
@click.argument("checks", nargs=-1, metavar="[CHECK]...", shell_complete=completing.checks)
@click.option(
    "--dataset",
    shell_complete=completing.datasets,
    help="Problem of the checks that need one; ethanol, the paper's, by default.",
)
@column_options
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="A parameter of the checks; repeat.")
@name_option
@results_option
@data_dir_option
@offline_option
@click.option("--figures/--no-figures", default=True, show_default=True, help="Draw each check's figure.")
@json_option
@quiet_option
def theory(
    checks: tuple[str, ...],
    dataset: str | None,
    assignments: tuple[str, ...],
    name: str | None,
    results: Path,
    figures: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Check the paper's theorems numerically: CHECKs by name, all of them when none is named.

    Example: overparam theory lemma3 --set depths=2,3,16
    """
    from overparam_cli.run.stop import stop_requests

    asked = {"dataset": dataset, **collect_columns(options)}
    asked["columns"] = asked.pop("features")  # a statement's parameter `features` is d
    problem = {key: value for key, value in asked.items() if value}
    with stop_requests():
        from overparam_cli.experiments import parse_assignments
        from overparam_cli.kinds.theory.study import checked_name, plan_checks
        from overparam_cli.run.settings import Settings

        known, several = Several.known(checks, checked_name, streams.say)
        study = plan_checks(known, parse_assignments(assignments) | problem, results=results, name=name)
        _run_checks(study, Settings(**options), several, figures=figures, as_json=as_json)
        several.check()


def _run_checks(study: "Study", settings: "Settings", several: Several, *, figures: bool, as_json: bool) -> None:
    """Run the checks of a study, each drawn when it is done, then print their tables."""
    from overparam_cli.kinds.theory.figures import draw
    from overparam_cli.kinds.theory.running import run_study
    from overparam_cli.results.record import Record
    from overparam_cli.run.progress import display

    folders = []
    with display(1, quiet=settings.quiet) as progress:
        several.more(len(study.parameters), progress.message)
        for folder in run_study(study, settings, progress, attempt=several.attempt):
            folders.append(folder)
            if figures:
                draw([Record.read(folder)], folder / "figure")
    _show_tables(folders, [], as_json=as_json)
