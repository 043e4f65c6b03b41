"""The half-trained units of a run folder: `checkpoint.pt`.

A line that says what the file is, the SHA-256 of what follows, and what follows: a dictionary as PyTorch saves it,
without code. Nothing of it is looked at before the digest is right.
"""

import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from overparam_cli import disk
from overparam_cli.errors import StorageError
from overparam_cli.paths import exists
from overparam_cli.results import look, sealed, underway
from overparam_cli.results.schema import CHECKPOINT, SCHEMA
from overparam_cli.results.underway import Underway
from overparam_cli.run.unit import State

HEAD = b"overparam checkpoint\n"
ZIP = b"PK"  # how what PyTorch saves begins, and with it a checkpoint of an earlier version, without a digest
UNUSED = "checkpoint.unused{}.pt"


@dataclass(frozen=True)
class HalfTrained:
    """A unit as a checkpoint holds it.

    Attributes:
        trials: the ids of its trials in their order.
        seconds: spent on it.
        state: what `Unit.state` gave.
        device, threads: the kind of device that it was trained on, with that many threads of the processor.
        measures: what is logged besides.
        data: the fingerprint of the data.
    """

    trials: tuple[str, ...]
    seconds: float
    state: State
    device: str
    threads: int
    measures: tuple[str, ...]
    data: str


class Checkpoint:
    """The checkpoint of one run folder."""

    def __init__(self, folder: Path, warn: Callable[[str], None]) -> None:
        """Nothing is read or written yet; `warn` is told of what cannot be used."""
        self.path, self._warn = folder / CHECKPOINT, warn
        self.kept: list[HalfTrained] = []  # units that another plan asks for: they stay

    def save(self, units: Iterable[HalfTrained], state: Underway | None = None) -> None:
        """Replace it by `units` and those that are kept; without any, there is none. Beside it stands how far it is."""
        entries = [vars(unit) for unit in (*units, *self.kept)]
        if not entries:
            self._forget()
            disk.remove(self.path)
            return
        content = io.BytesIO()  # in memory first: the digest stands before it, and what writes it knows a full disk
        torch.save({"schema": SCHEMA, "units": entries}, content)
        sealed.write(self.path, HEAD, content.getbuffer())
        if state:
            underway.write(self.path.parent, state)

    def _forget(self) -> None:
        """Nothing is under way any more."""
        look.remove(self.path.parent)
        underway.remove(self.path.parent)

    def load(self, planned: set[str], finished: set[str]) -> list[HalfTrained]:
        """What can be gone on with where the trials `planned` are wanted, and `finished` is what there is.

        A unit goes on as it was, or not at all: where all of its trials are planned, those that were finished meanwhile
        among them. What another plan asks for is kept. What is all finished (it was committed just before the run was
        killed) is forgotten. A file that cannot be used is set aside.
        """
        try:
            units = read(self.path)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StorageError(
                f"cannot read {self.path}: {error.strerror or error}; make it readable, or move it away to start its "
                "trials anew"
            ) from error
        except ValueError as error:
            self.set_aside(str(error))
            return []
        open_ones = [unit for unit in units if not finished.issuperset(unit.trials)]
        usable = [unit for unit in open_ones if planned.issuperset(unit.trials)]
        usable = [unit for unit in usable if unit.threads == usable[0].threads]
        self.kept = [unit for unit in open_ones if unit not in usable]
        if count := sum(len(unit.trials) for unit in self.kept):
            self._warn(
                f"the checkpoint holds {count} half-trained {'trial' if count == 1 else 'trials'} of another plan (of "
                "more seeds or rates, say): they stay there for the command that asks for them, and are not gone on "
                "with now"
            )
        return usable

    def set_aside(self, why: str) -> None:
        """Rename it, so that it is no longer in the way."""
        numbers = ("", *(f"-{number}" for number in range(2, 1000)))
        names = [name for name in map(UNUSED.format, numbers) if not exists(self.path.with_name(name))]
        disk.move(self.path, self.path.with_name(names[0]))
        self._forget()
        self.kept = []
        self._warn(f"the checkpoint is not used, {why}; it is kept as {names[0]}")


def unseal(data: bytes) -> memoryview:
    """The content of a checkpoint's file; raises ValueError where it is not what was written."""
    if data.startswith(ZIP):
        raise ValueError("it was made by an earlier version")
    return sealed.opened(data, HEAD)


def read(path: Path) -> list[HalfTrained]:
    """The units of a checkpoint; raises ValueError where it is damaged or none, OSError where it cannot be read."""
    content = unseal(path.read_bytes())
    try:
        if content[: len(ZIP)] != ZIP:
            raise ValueError("it is no archive")
        saved = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises whatever comes of what is no checkpoint
        raise ValueError(f"it is malformed ({type(error).__name__})") from error
    if not isinstance(saved, dict) or saved.get("schema") != SCHEMA:
        raise ValueError("it was made by another version")
    try:
        return [_unit(entry) for entry in saved["units"]]
    except (KeyError, TypeError) as error:
        raise ValueError(f"it is malformed ({type(error).__name__}: {error})") from error


def _unit(entry: Mapping[str, Any]) -> HalfTrained:
    """A unit, each of its entries of its own type; raises KeyError or TypeError."""
    return HalfTrained(
        trials=_texts(entry["trials"]),
        seconds=_is(entry["seconds"], float | int),
        state=_is(entry["state"], dict),
        device=_is(entry["device"], str),
        threads=_is(entry["threads"], int),
        measures=_texts(entry["measures"]),
        data=_is(entry["data"], str),
    )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(_is(text, str) for text in _is(value, list | tuple))


def _is(value: Any, kind: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{type(value).__name__} where {kind} belongs")
    return value
