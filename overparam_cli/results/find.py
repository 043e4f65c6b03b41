"""Which folders below a results folder hold runs."""

import re
from contextlib import suppress
from pathlib import Path

from overparam_cli.errors import UnreadableError
from overparam_cli.results.schema import BENCH, LOOK, MANIFEST, TRIALS, WORLDS

CLAIMS = "claims.json"
PART = re.compile(r"(trials|log)-(\d{5})\.parquet")  # the names of tables in several files (see `parts`)
PLAN_FILE = re.compile(r"plan-[0-9a-f]{16}\.json")  # of a plan that stands apart from its manifest (see `apart`)


def run_folders(results: Path, name: str = "", *, partial: bool = False) -> list[Path]:
    """The folders with finished trials below `results`, by name; of one experiment folder (`fig3@quick`) alone.

    With `partial` also those of which trials under way can be looked at.

    Raises UnreadableError where `results`, or the folder of that name, may not be read; others are passed over.
    """
    if name:
        return [folder for folder in children(results / name) if shows(folder, partial=partial)]
    found: list[Path] = []
    for experiment in children(results):
        with suppress(UnreadableError):
            found += [folder for folder in children(experiment) if _is_run(folder, partial=partial)]
    return found


def _is_run(folder: Path, *, partial: bool) -> bool:
    with suppress(UnreadableError):
        return shows(folder, partial=partial)
    return False


def shows(folder: Path, *, partial: bool = False) -> bool:
    """Whether a run folder has anything to show: finished trials, or with `partial` some under way."""
    return has_trials(folder) or (partial and is_there(folder / LOOK))


def has_trials(folder: Path) -> bool:
    """Whether any trial stands finished in a run folder. Raises UnreadableError where that may not be seen."""
    return is_there(folder / TRIALS) or any(name.startswith("trials-") for name in part_names(folder))


def part_names(folder: Path) -> list[str]:
    """The files of a run folder that hold a part of its tables, in order."""
    return [path.name for path in children(folder) if PART.fullmatch(path.name)]


def plan_files(folder: Path) -> list[Path]:
    """The plans that stand apart from the manifest in a run folder: its own, and what a killed writer has left."""
    return [path for path in children(folder) if PLAN_FILE.fullmatch(path.name)]


def children(folder: Path) -> list[Path]:
    """What stands in a folder, by name; nothing where there is no folder. Raises UnreadableError."""
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise unreadable(folder, error) from error


def contents(folder: Path) -> list[Path]:
    """`children` but for locks and what a writer has beside."""
    return [path for path in children(folder) if not path.name.startswith(".")]


def is_results_folder(folder: Path) -> bool:
    """Whether a folder is a results folder itself, such as `results/reference`: its runs stand two levels below.

    Or, one level below, what has no variants.
    """
    inside = (f"*/*/{MANIFEST}", f"*/*/{TRIALS}", f"*/{WORLDS}", f"*/{BENCH}")
    return is_there(folder / CLAIMS) or any(any(folder.glob(pattern)) for pattern in inside)


def is_there(path: Path) -> bool:
    """Whether a file is there. Raises UnreadableError where that may not be seen."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise unreadable(path.parent, error) from error
    return True


def unreadable(path: Path, error: OSError) -> UnreadableError:
    """What to tell of what may not be read."""
    return UnreadableError(
        f"{path} cannot be read ({error.strerror or error}): make it readable, or name another folder"
    )
