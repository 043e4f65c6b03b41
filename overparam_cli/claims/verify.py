"""`overparam verify`: which of the paper's claims the logs bear out. Reads logs, never trains.

report = verify(results, names)      evaluate
report.asked, report.as_dict()       what a table (`report.verdicts`) shows, and the same as JSON
save(report, path), load(path)       every verdict in a file
check(report, strict=strict)         raise where something asked for could not be evaluated, or does not hold
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from overparam_cli.claims import Claim, all_claims
from overparam_cli.claims.evaluation import BENCH, Library, evaluate, group_of
from overparam_cli.claims.model import MIXED, NOT_REPRODUCED, NOT_RUN, VERDICTS, Result, tally
from overparam_cli.errors import ConfigError, LogError, NotReproducedError
from overparam_cli.experiments import available, flatten, load_experiment
from overparam_cli.paths import folder_name
from overparam_cli.results import digests
from overparam_cli.results.schema import SCHEMA
from overparam_cli.results.store import read_bytes, write_json
from overparam_cli.words import count, meant

__all__ = ["Report", "check", "load", "save", "select", "verify"]

ALL = "all"


@dataclass(frozen=True)
class Report:
    """Every claim's result, and which of them were asked for.

    Attributes:
        results: the results folder.
        suffix: of what was read: fig3@<suffix>, theory@<suffix>; empty for the experiments' own.
        everything: the result of every claim (with a suffix: but the benchmark's), in the registry's order.
        asked: those among them that were asked for.
        worlds: claim → in which of a multiverse's worlds it holds, in JSON's words (`multiverse.summary.beside`). It
            stands beside a verdict and never changes one.
    """

    results: Path
    suffix: str
    everything: tuple[Result, ...]
    asked: tuple[Result, ...]
    worlds: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def as_dict(self, *, everything: bool = False) -> dict[str, Any]:
        """Return what was asked for (or everything, as `save` writes it) for JSON."""
        found = self.everything if everything else self.asked
        return {
            "schema": SCHEMA,
            "name": self.suffix or None,
            "summary": tally(found),
            "claims": [result.as_dict() | {"multiverse": self.worlds.get(result.claim.id)} for result in found],
        }


def verify(results: Path, names: Sequence[str] = ()) -> Report:
    """Evaluate claims from the logs below `results`.

    `names` are claims, experiments or groups (fig3, fig4, cnn, theory, bench, all), each perhaps with the name of a
    run: fig3@quick, all@smoke. None means all. Missing or damaged logs raise nothing here: their claims are `not run`,
    and `check` raises what is wrong when everything has been shown.

    Raises ConfigError when a name stands for no claim, or two names for different runs.
    """
    suffix = _suffix(names)
    chosen = {claim.id for name in names or (ALL,) for claim in select(name)}
    library = Library(results, suffix)
    claims = [claim for claim in all_claims() if not suffix or claim.reads != (BENCH,)]
    everything = tuple(evaluate(claim, library) for claim in claims)
    return Report(results, suffix, everything, tuple(result for result in everything if result.claim.id in chosen))


def _suffix(names: Sequence[str]) -> str:
    suffixes = {folder_name(name).partition("@")[2] for name in names if name}
    if len(suffixes) > 1:
        raise ConfigError("the names stand for different runs: verify those of one @name at a time")
    return next(iter(suffixes), "")


def select(name: str) -> list[Claim]:
    """Return the claims that a name stands for: its own, its experiment's, and those of longer names (cnn: cnn-…).

    Raises ConfigError when there are none.
    """
    base, at, _ = name.partition("@")
    wanted = {base, *_members(base)}
    found = [
        claim
        for claim in all_claims()
        if base == ALL
        or not wanted.isdisjoint((claim.id, group_of(claim)))
        or any(name.startswith(f"{base}-") for name in (claim.id, group_of(claim)))
    ]
    if not found:
        raise ConfigError(f"'{base}' is no claim and no experiment that has one; {_choices(base)}")
    if at and all(claim.reads == (BENCH,) for claim in found):
        raise ConfigError(f"{base} is read from overparam bench, which has no named runs: give it without @")
    return found


def _members(name: str) -> set[str]:
    """Return what an experiment's file makes of its name: the members of a group, the checks of a theory experiment."""
    if name not in {summary.name for summary in available()}:
        return set()
    experiments = flatten(load_experiment(name))
    return {member for experiment in experiments for member in (experiment.name, *experiment.checks)}


def _choices(name: str) -> str:
    groups = dict.fromkeys(group_of(claim) for claim in all_claims())
    if close := meant(name, [*(claim.id for claim in all_claims()), *groups]):
        return close
    return f"choose from {', '.join(groups)}, or claims: {', '.join(claim.id for claim in all_claims())}"


def save(report: Report, path: Path) -> None:
    """Write every result to a file, in a folder that may be new; raises StorageError when it cannot be written."""
    write_json(path, digests.sign(report.as_dict(everything=True)))


def load(path: Path) -> dict[str, Any]:
    """What `save` wrote, as it stands there: a file of an earlier version, too, which has no digest.

    Raises LogError where it is missing, no such file, or has changed since.
    """
    try:
        content = json.loads(read_bytes(path).decode("utf-8-sig"))
        known = {claim["id"]: claim["verdict"] for claim in content["claims"]}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise LogError(f"{path} is damaged ({error}): make it again with overparam verify") from error
    strange = [verdict for verdict in known.values() if verdict not in VERDICTS]
    if strange or (not digests.intact(content) and digests.OWN in content):
        raise LogError(f"{digests.said((str(path),))}: make it again with overparam verify")
    found: dict[str, Any] = content
    return found


def check(report: Report, *, strict: bool = False) -> None:
    """Raise LogError where logs of what was asked for are damaged.

    With `strict`, raise NotReproducedError where a claim is not reproduced, or for some seeds only (`mixed`), and where
    one has no verdict.
    """
    errors = list(dict.fromkeys(result.error for result in report.asked if result.error))
    if errors:
        more = f" (and {len(errors) - 1} more, see above)" if len(errors) > 1 else ""
        raise LogError(f"{errors[0]}{more}")
    lacking = {
        "not reproduced": [result for result in report.asked if result.verdict in (NOT_REPRODUCED, MIXED)],
        "without a verdict": [result for result in report.asked if result.verdict == NOT_RUN],
    }
    said = [
        f"{len(found)} of {count(len(report.asked), 'claim')} {what}: "
        + ", ".join(f"{result.claim.id} ({result.verdict})" for result in found)
        for what, found in lacking.items()
        if found
    ]
    if strict and said:
        raise NotReproducedError("; ".join(said))
