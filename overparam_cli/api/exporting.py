"""Results as files that other programs read: tidy Parquet, or event files that TensorBoard shows."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overparam_cli.errors import ConfigError
from overparam_cli.results.store import write_bytes

if TYPE_CHECKING:
    from overparam_cli.api.result import Result

EVENTS = "trial.tfevents"  # TensorBoard takes every file with `tfevents` in its name
MOST = 2000  # trials, each a folder of its own, that anybody could look at
VERSION = "brain.Event:2"  # the first record of every event file


def parquet(result: "Result", folder: Path) -> Iterator[Path]:
    """Write trials, log and curves of all runs, each file when the one before has been taken.

    Raises ConfigError without pyarrow, StorageError.
    """
    for name, table in (("trials", result.trials), ("log", result.log), ("curves", result.table())):
        path = folder / f"{name}.parquet"
        try:
            data = table.to_parquet(index=False, engine="pyarrow")
        except ImportError as error:
            raise ConfigError("export writes with pyarrow: pip install 'overparam[parquet]'") from error
        write_bytes(path, data)
        yield path


def tensorboard(result: "Result", folder: Path) -> Iterator[Path]:
    """Write a folder of events for each trial, <run>/<variant>/<curve>/lr-<rate>-seed-<seed>; a scalar for each column.

    Raises ConfigError without tensorboard and for more than MOST trials, StorageError.
    """
    try:
        from tensorboard.summary.writer.record_writer import RecordWriter  # noqa: F401
    except ImportError as error:
        raise ConfigError("export writes with tensorboard: pip install 'overparam[tensorboard]'") from error
    trials = sum(len(run.trials) for run in result.runs)
    if trials > MOST:
        raise ConfigError(
            f"TensorBoard would have {trials:,} runs to show, and {MOST:,} are the most that are written: name fewer "
            "experiments, or export to Parquet"
        )
    for run in result.runs:
        columns = [str(name) for name in run.log if name not in ("trial_id", "iteration")]
        for row in run.trials.to_dict("records"):
            own = run.trajectory(str(row["trial_id"])).log
            trial = f"lr-{float(row['lr'])!r}-seed-{row['seed']}"
            path = folder / run.name / run.variant / str(row["curve"]) / trial / EVENTS
            write_bytes(path, _events(own, columns))
            yield path


def _events(log: Any, columns: list[str]) -> bytes:
    """The rows of a trial as events at their iterations, in single precision, as TensorBoard has scalars.

    What is no number there is left out, and a row without any. A log knows no time of day: clocks show the iteration.
    """
    import numpy as np
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    file = io.BytesIO()
    writer = RecordWriter(file)
    writer.write(Event(wall_time=0, file_version=VERSION).SerializeToString())
    with np.errstate(over="ignore"):
        values = {name: np.asarray(log[name], dtype=np.float64).astype(np.float32) for name in columns}
    for place, iteration in enumerate(np.asarray(log["iteration"]).tolist()):
        known = [(name, float(own[place])) for name, own in values.items() if np.isfinite(own[place])]
        if known:
            summary = Summary(value=[Summary.Value(tag=name, simple_value=value) for name, value in known])
            writer.write(Event(wall_time=iteration, step=iteration, summary=summary).SerializeToString())
    return file.getvalue()


FORMS = {"parquet": parquet, "tensorboard": tensorboard}


def exported(result: "Result", folder: Path, form: str) -> Iterator[Path]:
    """Write a result into a folder in one of FORMS, file by file; errors as theirs, ConfigError for another form."""
    if form not in FORMS:
        raise ConfigError(f"unknown form {form!r}: choose one of {', '.join(FORMS)}")
    return FORMS[form](result, folder)
