"""The tables of `overparam multiverse`: what is to be trained, what has been, and what came out."""

from collections.abc import Mapping, Sequence

from overparam_cli.multiverse.deciding import NO, NOT_RUN, UNDECIDED, YES, Share
from overparam_cli.multiverse.summary import Best, ClaimSummary
from overparam_cli.multiverse.training import Pack
from overparam_cli.report import json, terminal
from overparam_cli.report.grid import Cell, Column, Grid, Span, Tone
from overparam_cli.words import clock, count

TONES: Mapping[str, Tone] = {YES: "good", NO: "bad", UNDECIDED: "mixed", NOT_RUN: "faint"}


def print_plan(packs: Sequence[Pack], seconds: Sequence[float], worlds: Mapping[str, int], *, as_json: bool) -> None:
    """Print the worlds of every claim, and the trials that they are made of with their cost."""
    if as_json:
        folders = [
            {"folder": pack.folder.as_posix(), "trials": pack.size, "seconds": round(own, 1)}
            for pack, own in zip(packs, seconds, strict=True)
        ]
        json.show({"worlds": dict(worlds), "packs": folders})
        return
    rows = [
        (pack.folder.as_posix(), pack.size, _work(pack), Cell(own, f"about {clock(own)}"))
        for pack, own in zip(packs, seconds, strict=True)
    ]
    terminal.show(Grid.of(("trained in", "trials", "trial iterations", "left to do"), rows))
    trials = sum(pack.size for pack in packs)
    terminal.echo(f"{count(sum(worlds.values()), 'world')} of {count(len(worlds), 'claim')}; {count(trials, 'trial')}")
    terminal.echo(f"in all: about {clock(sum(seconds))} if nothing diverges early")


def _work(pack: Pack) -> int:
    return sum(trial.iterations for trial in pack.trials)


def print_status(states: Sequence[tuple[Pack, str, int]], *, as_json: bool) -> None:
    """Print a row for what is trained together: its state, and how many of its trials are finished."""
    columns = ("trained in", "state", "finished", "trials")
    grid = Grid.of(columns, [(pack.folder.as_posix(), state, done, pack.size) for pack, state, done in states])
    if as_json:
        json.show(json.records(grid))
    else:
        terminal.show(grid)


def print_summary(found: Sequence[ClaimSummary], best: Best | None, *, as_json: bool) -> None:
    """Print in which share of its worlds each claim holds, what decides it, and where most hold at once."""
    if as_json:
        json.show({"claims": [one.as_dict() for one in found], "best": best and vars(best)})
        return
    terminal.show(summary_grid(found))
    if best:
        terminal.echo(f"most claims at once: {len(best.holds)} of {best.of}, {_places(best)}")
        terminal.echo(f"  {', '.join(f'{axis} = {option}' for axis, option in best.choices.items())}")
        terminal.echo(f"  {', '.join(best.holds)}")


def _places(best: Best) -> str:
    return "in one world" if best.worlds == 1 else f"in {best.worlds:,} worlds, of which the first"


def summary_grid(found: Sequence[ClaimSummary]) -> Grid:
    """Return a row a claim; without a column for the best rate where no axis reads a fine grid."""
    graded = any(one.at_best for one in found)
    columns = (
        Column("claim", whole=True),
        Column("holds in", whole=True),
        Column("not run", align="right"),
        Column("decided by", share=2),
        Column("as first read", whole=True),
        *([Column("at the best rate", whole=True)] if graded else []),
    )
    rows = [
        (
            one.claim.id,
            Cell(one.share.part, str(one.share)),
            one.of - one.share.run,
            " = ".join(one.deciding) or None,
            _outcome(one.as_read),
            *([_outcome(one.at_best)] if one.at_best else []),
        )
        for one in found
    ]
    notes = ["holds in: worlds of those that were run; decided by: the axis that tells most about the outcome"]
    edges = [f"{one.claim.id} {one.edges:,} of {one.fine:,}" for one in found if one.edges]
    if edges:
        said = "on the fine grid, where a curve's best rate is the lowest or highest trained, and a better one"
        notes.append(f"{said} may lie beyond: {', '.join(edges)}")
    return Grid.of(columns, rows, notes=notes)


def option_grid(found: Sequence[ClaimSummary]) -> Grid:
    """Return a row a claim, and a column an option of an axis: in which share of its worlds the claim holds."""
    options: dict[str, dict[str, None]] = {}
    for one in found:
        for axis, shares in one.options.items():
            options.setdefault(axis, {}).update(dict.fromkeys(shares))
    places = [(axis, option) for axis, names in options.items() if len(names) > 1 for option in names]
    columns = [Column("claim", whole=True), *(Column(f"{axis}\n{option}", align="right") for axis, option in places)]
    rows = [
        [Cell(one.claim.id), *(_share(one.options.get(axis, {}).get(name)) for axis, name in places)] for one in found
    ]
    notes = ["per cent of the worlds that were run; behind a question mark those that the logs leave undecided"]
    return Grid.of(columns, rows, notes=notes)


def _share(found: Share | None) -> Cell:
    if found is None or found.part is None:
        return Cell(None)
    undecided = f" ?{100 * found.undecided / found.run:.0f}" if found.undecided else ""
    return Cell(found.part, f"{100 * found.part:.0f}{undecided}")


def _outcome(outcome: str) -> Cell:
    return Cell(outcome, Span(outcome, TONES[outcome]))
