"""A claim under every defensible combination of choices: `overparam multiverse run`, `status`, `verify`, `plot`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from overparam_cli.cli import completing, streams
from overparam_cli.cli.drawing import collect_looks, figure_options, outfit_of
from overparam_cli.cli.options import (
    FORMATS,
    F,
    checkpoint_option,
    data_dir_option,
    device_option,
    formats_option,
    json_option,
    kernel_option,
    offline_option,
    quiet_option,
    results_option,
    scheduler_option,
    threads_option,
    use_threads,
    workers_option,
)
from overparam_cli.cli.reading import show_paths
from overparam_cli.words import count

LOOKS = ("title", "size")  # its figures are measured by what they show, not by a style

if TYPE_CHECKING:
    from overparam_cli.multiverse.judging import Row
    from overparam_cli.multiverse.loading import Asked
    from overparam_cli.multiverse.model import Multiverse
    from overparam_cli.multiverse.training import Pack
    from overparam_cli.run.backends import MakeBackend
    from overparam_cli.run.settings import Settings
    from overparam_cli.run.stop import Stop


@click.group()
def multiverse() -> None:
    """Ask in how many worlds a claim holds: the paper's open choices, in every combination.

    \b
    overparam multiverse run --dry-run           how many worlds and trials, and what they cost
    overparam multiverse run --axis labels=zscore
    overparam multiverse verify                  in which share of its worlds each claim holds
    overparam multiverse verify multiverse-cnn   the same for the convolutional network
    """


_file = click.argument("file", default="multiverse", metavar="[FILE]", shell_complete=completing.multiverses)


def _which(command: F) -> F:
    """The multiverse that a command is about, and which of its options."""
    axis = click.option(
        "--axis",
        "axes",
        multiple=True,
        metavar="AXIS=OPTIONS",
        shell_complete=completing.axes,
        help="Only these options; repeat.",
    )
    seeds = click.option("--seeds", type=click.IntRange(1), help="Seeds of every trial; more join the same folders.")
    return _file(axis(seeds(results_option(command))))


_experiments = click.option(
    "--experiment",
    "experiments",
    multiple=True,
    metavar="NAME",
    shell_complete=completing.worlds_of,
    help="Only the worlds of this one of its experiments; repeat.",
)


def _load(file: str, axes: Sequence[str], seeds: int | None = None) -> tuple["Multiverse", "Asked"]:
    """The multiverse, and what is asked of it."""
    from overparam_cli.multiverse.loading import asked_for, kept, load, seeded

    found = load(file) if seeds is None else seeded(load(file), seeds)
    asked = asked_for(found, axes)
    return kept(found, asked), asked


@multiverse.command("run")
@_which
@_experiments
@data_dir_option
@offline_option
@device_option
@threads_option
@kernel_option
@click.option("--screen", type=click.IntRange(1), metavar="N", help="First N iterations of all; then what differs.")
@checkpoint_option
@scheduler_option
@workers_option
@click.option("--dry-run", is_flag=True, help="Print worlds, trials and a time estimate; run nothing.")
@json_option
@quiet_option
def run(
    file: str,
    axes: tuple[str, ...],
    seeds: int | None,
    experiments: tuple[str, ...],
    results: Path,
    threads: int | None,
    screen: int | None,
    scheduler: str | None,
    workers: int | None,
    dry_run: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Train what the worlds of FILE are made of, each trial once: `multiverse`, `multiverse-cnn` or a file of your own.

    Finished trials are not run again, nor those that `overparam run` has finished in the same results folder; an
    interrupted run goes on with the same command. Several machines may share one results folder: what another one is
    training is passed over.

    Example: overparam multiverse run --axis labels=zscore --dry-run
    """
    from overparam_cli.run.stop import stop_requests

    with stop_requests() as stop:
        from overparam_cli.cli.running import backend_for
        from overparam_cli.multiverse.loading import check_experiments
        from overparam_cli.multiverse.screening import differing, screened
        from overparam_cli.multiverse.training import asked_packs
        from overparam_cli.run.settings import Settings

        threads = use_threads(threads, elsewhere=scheduler or workers)
        settings = Settings(threads=threads, **options)
        found, asked = _load(file, axes, seeds)
        check_experiments(found, experiments)
        passes = [screened(found, screen), found] if screen else [found]
        with backend_for(scheduler, workers, settings.device) as backend:
            if dry_run:
                _show_plan(passes, asked, experiments, results, settings, backend, as_json=as_json)
                return
            rows: Sequence[Row] = ()
            for one in passes:
                packs = asked_packs(one, asked, experiments)
                _train(differing(found, rows, packs) if rows else packs, results / one.name, settings, backend, stop)
                last = one is found
                rows = _judge(one, asked, results, as_json=as_json, quiet=settings.quiet, shown=last)


def _train(packs: Sequence["Pack"], folder: Path, settings: "Settings", backend: "MakeBackend", stop: "Stop") -> None:
    """Train packs, then say what failed."""
    from overparam_cli.cli.running import say_kernel
    from overparam_cli.cli.several import Several
    from overparam_cli.multiverse import running
    from overparam_cli.run.progress import display

    jobs = running.jobs_of(packs, folder)
    say_kernel(jobs, settings)
    with display(len(jobs), quiet=settings.quiet) as progress:
        several = Several(len(jobs), progress.message)
        running.train(jobs, settings, progress, backend, stop, several.attempt)
    several.check()


def _show_plan(
    passes: Sequence["Multiverse"],
    asked: "Asked",
    experiments: Sequence[str],
    results: Path,
    settings: "Settings",
    backend: "MakeBackend",
    *,
    as_json: bool,
) -> None:
    """Worlds, trials, cost; of what comes after a first pass nobody knows yet how much it is."""
    from overparam_cli.multiverse import running
    from overparam_cli.multiverse.training import asked_packs
    from overparam_cli.multiverse.worlds import claims_of, experiments_of, worlds
    from overparam_cli.report.multiverse import print_plan

    one = passes[0]
    packs = asked_packs(one, asked, experiments)
    seconds = running.estimate(running.jobs_of(packs, results / one.name), settings, backend)
    claims = [own for own in claims_of(one) if not experiments or {*experiments} & {*experiments_of(own)}]
    counts = {claim.id: sum(1 for _ in worlds(one, claim, asked)) for claim in claims}
    print_plan(packs, seconds, counts, as_json=as_json)


@multiverse.command("status")
@_which
@_experiments
@json_option
def status(
    file: str, axes: tuple[str, ...], seeds: int | None, experiments: tuple[str, ...], results: Path, as_json: bool
) -> None:
    """Say what has been trained of the worlds of FILE.

    Example: overparam multiverse status
    """
    from overparam_cli.multiverse.loading import check_experiments
    from overparam_cli.multiverse.training import asked_packs
    from overparam_cli.report.multiverse import print_status
    from overparam_cli.report.status import folder_status
    from overparam_cli.results.find import is_there

    found, asked = _load(file, axes, seeds)
    check_experiments(found, experiments)
    states = []
    for pack in asked_packs(found, asked, experiments):
        place = results / found.name / pack.folder
        own = folder_status(place) if is_there(place) else None
        finished = own.trials if own and isinstance(own.trials, int) else 0
        states.append((pack, own.state if own else "not started", finished))
    print_status(states, as_json=as_json)


@multiverse.command("verify")
@_which
@click.option("--keep", is_flag=True, help="Keep what worlds.csv says of worlds whose runs are not here.")
@json_option
@quiet_option
def verify(
    file: str, axes: tuple[str, ...], seeds: int | None, results: Path, keep: bool, as_json: bool, quiet: bool
) -> None:
    """Judge every claim in every world of FILE from the logs, write worlds.csv, and print the shares. Never trains.

    Example: overparam multiverse verify
    """
    _judge(*_load(file, axes, seeds), results, keep=keep, as_json=as_json, quiet=quiet, shown=True)


@multiverse.command("plot")
@_file
@results_option
@figure_options(LOOKS)
@formats_option
@quiet_option
def plot(file: str, results: Path, formats: tuple[str, ...], quiet: bool, **options: Any) -> None:
    """Draw what `multiverse verify` wrote of FILE: a curve for each claim, the map, and late divergence.

    Example: overparam multiverse plot --format png
    """
    from overparam_cli.multiverse import record
    from overparam_cli.multiverse.figures import draw_all

    outfit = outfit_of(collect_looks(options, LOOKS))
    found, _ = _load(file, ())
    folder = results / found.name
    show_paths(draw_all(found, record.read(folder, found), folder, formats or FORMATS, outfit), quiet=quiet)


def _judge(
    found: "Multiverse", asked: "Asked", results: Path, *, keep: bool = False, as_json: bool, quiet: bool, shown: bool
) -> "Sequence[Row]":
    """Judge, write and, where that is to be `shown`, print; what came out, with what is to be kept of earlier."""
    from overparam_cli.multiverse import record
    from overparam_cli.multiverse.judging import judge_all
    from overparam_cli.multiverse.summary import best_world, summarise
    from overparam_cli.report.multiverse import print_summary

    folder = results / found.name
    judged = judge_all(found, asked, folder)
    rows, kept = record.earlier(folder, found, judged) if keep else (judged, 0)
    path = record.write(folder, found, asked, rows, kept)
    if shown:
        print_summary(summarise(found, rows), best_world(found, rows, asked), as_json=as_json)
    if shown and not quiet:
        streams.say(f"{path}: {kept:,} of {count(len(rows), 'row')} kept" if keep else str(path))
    return rows
