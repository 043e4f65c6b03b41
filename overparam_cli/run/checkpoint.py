"""The half-trained units of a run folder: `checkpoint.pt`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from overparam_cli.results import disk
from overparam_cli.results.schema import CHECKPOINT, SCHEMA
from overparam_cli.run.unit import State, Unit


@dataclass(frozen=True)
class HalfTrained:
    """A unit as a checkpoint holds it: the ids of its trials in their order, and the seconds spent on it."""

    trials: tuple[str, ...]
    seconds: float
    state: State


@dataclass(frozen=True)
class Saved:
    """What can be gone on with of a checkpoint, and the kind of device and the threads of each unit it was made on."""

    device: str
    threads: int
    units: tuple[HalfTrained, ...]


class Checkpoint:
    """The checkpoint of one run folder, where `measures` are logged besides."""

    def __init__(self, folder: Path, measures: Sequence[str]) -> None:
        """Nothing is read or written yet."""
        self.path, self.measures = folder / CHECKPOINT, list(measures)

    def save(self, units: Iterable[tuple[Unit, float]], device: torch.device) -> None:
        """Replace it by the states of `units`, each with the seconds spent on it; without any, there is none."""
        entries = [
            {"trials": [trial.trial_id for trial in unit.trials], "seconds": seconds, "state": unit.state()}
            for unit, seconds in units
        ]
        if not entries:
            self.remove()
            return
        head = {"schema": SCHEMA, "measures": self.measures}
        head |= {"device": device.type, "threads": torch.get_num_threads()}
        disk.replace(self.path, lambda file: torch.save(head | {"units": entries}, file))

    def load(self, wanted: set[str], say: Callable[[str], None]) -> Saved | None:
        """What can be gone on with where the trials `wanted` are missing.

        A unit goes on as it was, or not at all. A checkpoint that cannot be read or used is set aside, and `say` told
        so; one whose trials are all finished (they were committed just before the run was killed) is removed.
        """
        if not self.path.exists():
            return None
        try:
            content = torch.load(self.path, map_location="cpu", weights_only=True)
            why = "it was made by an earlier version"
            if "units" in content:
                why, saved = "it belongs to other trials", _usable(content, wanted)
                if saved.units and content["schema"] == SCHEMA and content["measures"] == self.measures:
                    return saved
                if not any(wanted.intersection(own["trials"]) for own in content["units"]):
                    self.remove()
                    return None
        except Exception as error:  # torch.load raises whatever the damage leads to
            why = f"it cannot be read ({type(error).__name__})"
        aside = self.path.with_suffix(".unused.pt")
        disk.move(self.path, aside)
        say(f"the checkpoint is not used, {why}; it is kept as {aside.name}")
        return None

    def remove(self) -> None:
        """Leave none."""
        disk.remove(self.path)


def _usable(content: dict[str, Any], wanted: set[str]) -> Saved:
    units = [HalfTrained(tuple(own["trials"]), float(own["seconds"]), own["state"]) for own in content["units"]]
    kept = tuple(unit for unit in units if wanted.issuperset(unit.trials))
    return Saved(content["device"], content["threads"], kept)
