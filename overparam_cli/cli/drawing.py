"""`overparam plot`, and the options of every command that draws: the keys of `[plot]` that say how a figure looks."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from overparam_cli.cli import completing
from overparam_cli.cli.options import (
    FORMATS,
    F,
    formats_option,
    partial_option,
    quiet_option,
    results_option,
    with_options,
)
from overparam_cli.cli.reading import say_the_rest, show_paths
from overparam_cli.experiments.key import COMMAND_LINE
from overparam_cli.experiments.keys import checked, parse
from overparam_cli.experiments.layout import ASKED, PLOT
from overparam_cli.paths import at_home

if TYPE_CHECKING:
    from overparam_cli.figures.style import Outfit
    from overparam_cli.results.names import Found

OUTFIT = ("title", "size", "style")  # those that mean something to any figure
WORDS = {"true": True, "false": False}


def figure_options(names: Sequence[str] = ASKED) -> Callable[[F], F]:
    """How a figure looks: these keys of `[plot]` as options, in the words of their declarations."""
    options = [_option(name) for name in names]
    if "title" in names:
        options.append(click.option("--no-title", is_flag=True, help="The same as --title false."))

    def decorate(command: F) -> F:
        return with_options(options, command)

    return decorate


def _option(name: str) -> Any:
    said = PLOT[name].help
    spelled, words = f"--{name.replace('_', '-')}", f"{said[0].upper()}{said[1:]}."
    if name == "log_x":
        return click.option(spelled, is_flag=True, help=words)
    return click.option(spelled, metavar="A,B" if PLOT[name].listed else "TEXT", help=words)


def collect_looks(options: dict[str, Any], names: Sequence[str] = ASKED) -> dict[str, Any]:
    """Take what `figure_options` gave out of a command's options: keys of `[plot]` with their checked values.

    Raises ConfigError for a value that the key does not take.
    """
    given = {name: options.pop(name) for name in names}
    if options.pop("no_title", False):
        if given["title"] is not None:
            raise click.UsageError("--title and --no-title exclude each other")
        given["title"] = "false"
    return {name: _value(name, value) for name, value in given.items() if value not in (None, False)}


def _value(name: str, given: Any) -> Any:
    if given is True:
        return True
    raw = WORDS.get(given, given) if name == "title" else parse(PLOT[name], given)
    return checked(PLOT[name].check, name, raw, COMMAND_LINE, given=given)


def check_ending(path: Path, option: str) -> Path:
    """The path of a figure, if its ending is a format's; UsageError else."""
    if path.suffix.removeprefix(".") not in FORMATS:
        raise click.UsageError(f"{option} {path}: a figure is called <name>.{', <name>.'.join(FORMATS)}")
    return at_home(path)


@click.command()
@click.argument("experiments", nargs=-1, metavar="[EXPERIMENT]...", shell_complete=completing.folders)
@results_option
@click.option("--figure", "stem", help="Only this one: figure, figure-log-x, norms, learning-rates, …; all by default.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw one figure into this file, whose ending says the format: column.pdf.",
)
@figure_options()
@formats_option
@partial_option
@quiet_option
def plot(
    experiments: tuple[str, ...],
    results: Path,
    stem: str | None,
    output: Path | None,
    formats: tuple[str, ...],
    partial: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Draw the figures of EXPERIMENTs (fig3, fig3@smoke, my.toml; all there are by default) from their logs.

    How they look is said by [plot] in an experiment's file, and for this once by the options of the same names.

    Example: overparam plot fig3 --format png
    """
    from overparam_cli import disk
    from overparam_cli.results.names import found_by_name

    looks = collect_looks(options)
    if output and formats:
        raise click.UsageError("--output and --format exclude each other: the file's ending says its format")
    path = check_ending(output, "--output") if output else None
    found = found_by_name(experiments, results, partial=partial)
    if experiments or path:
        _check_theory(found, looks, stem)
    if path:
        with disk.instead("name another file with --output"):
            show_paths(_draw_one(found, path, stem or "figure", looks, results), quiet=quiet)
    else:
        _draw_all(found, results, stem, formats or FORMATS, looks, quiet=quiet)
    say_the_rest(found, quiet=quiet)


def _check_theory(found: "Found", looks: Mapping[str, Any], stem: str | None) -> None:
    """Refuse what means nothing to a figure of theory that is asked for; UsageError."""
    foreign = [f"--{name.replace('_', '-')}" for name in looks if name not in OUTFIT]
    foreign += ["--figure"] if stem not in (None, "figure") else []
    if found.records and foreign:
        raise click.UsageError(f"{next(iter(found.records))} is theory: {foreign[0]} means nothing to its figure")


def _draw_all(
    found: "Found", results: Path, stem: str | None, formats: Sequence[str], looks: Mapping[str, Any], *, quiet: bool
) -> None:
    """Draw into the results folders."""
    from overparam_cli.errors import ConfigError
    from overparam_cli.figures.plots import draw, dressed, stems_of
    from overparam_cli.kinds.theory import figures as theory_figures
    from overparam_cli.words import suggest

    for name, records in found.records.items() if stem in (None, "figure") else ():
        show_paths(theory_figures.draw_all(records, results, name, formats, outfit_of(looks)), quiet=quiet)
    known = [own for runs in found.runs.values() for own in stems_of(runs)]
    if stem is not None and found.runs and stem not in known:
        raise ConfigError(f"unknown figure {stem!r}{suggest(stem, dict.fromkeys(known))}")
    for name, runs in found.runs.items():
        stems = [own for own in stems_of(runs) if stem in (None, own)]
        show_paths(draw(dressed(runs, looks), results / name, formats, stems), quiet=quiet)
    for group, runs in found.groups.items():  # a figure of several experiments has their panels side by side
        if runs and stem in (None, "figure"):
            show_paths(draw(dressed(runs, looks), results / group, formats, stems=("figure",)), quiet=quiet)


def _draw_one(found: "Found", path: Path, stem: str, looks: Mapping[str, Any], results: Path) -> list[Path]:
    """Draw the one figure that is asked for into a file; a group has one, in which its members stand side by side."""
    from overparam_cli.figures.plots import draw_to, dressed
    from overparam_cli.kinds.theory import figures as theory_figures
    from overparam_cli.results.record import experiment_title

    runs = {name: own for name, own in found.groups.items() if own} or found.runs
    there = [*found.records, *runs]
    if len(there) > 1:
        raise click.UsageError(f"--output holds one figure, not those of {', '.join(there)}: name one experiment")
    for own in runs.values():
        return [draw_to(path, dressed(own, looks), stem)]
    for name, records in found.records.items():
        title = experiment_title(results, name)
        if title is None and len(records) > 1:
            raise click.UsageError(f"--output holds one figure, and {name} has {len(records)}: name one statement")
        form, stem_path = [path.suffix.removeprefix(".")], path.with_suffix("")
        return theory_figures.draw(records, stem_path, form, title=title, outfit=outfit_of(looks))
    return []


def outfit_of(looks: Mapping[str, Any]) -> "Outfit":
    """What these looks ask of any figure."""
    from overparam_cli.figures.style import Outfit

    return Outfit(**{name: looks[name] for name in OUTFIT if name in looks})
