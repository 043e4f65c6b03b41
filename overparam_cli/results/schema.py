"""THE schema of the files a run writes: their names, their columns, and which iterations are logged.

A run folder `results/<experiment>/<variant>/` holds

- `trials.csv`: one row a finished trial (`TRIAL_COLUMNS`, then what an experiment adds). A trial is finished when its
  row stands here, and only then: this file is replaced last.
- `log.csv`: the trajectories (`LOG_COLUMNS`, then the columns of the kind of network, then what else was measured).
- `manifest.json`: everything needed to know what the numbers are: configuration, data, optimum, versions, timings.
- `checkpoint.pt`, `underway.json` (how far that is) and `underway.tables` (what it has logged, see `results.look`),
  only while trials are unfinished.

Of many trials (`--log-format parquet`) the two tables are pairs of Parquet files, see `results.parts`.

Wall-clock values stand in the manifest and never in the CSVs, so two runs can be compared with `diff`.
"""

import math
from collections.abc import Mapping

from overparam_cli.experiments.trial import COLUMNS

SCHEMA = 1
UNDERWAY, LOOK = "underway.json", "underway.tables"
TRIALS, LOG, MANIFEST, CHECKPOINT, LOCK = "trials.csv", "log.csv", "manifest.json", "checkpoint.pt", ".lock"
BENCH, WORLDS = "bench.csv", "worlds.csv"  # of the benchmark and of a multiverse, whose folders have no variants

TRIAL_COLUMNS: Mapping[str, str] = {  # column → pandas dtype; the order is the file's
    **COLUMNS,  # that say what a trial is
    "status": "str",  # completed; diverged, as `results.divergence` defines it; stopped, at its own `stop_at_gap`
    "diverged_at": "float64",  # first look from which on the loss was far above its start, or no number; else empty
    "final_loss": "float64",  # at the last iteration; empty when diverged
    "final_gap": "float64",  # the same minus the certified optimum
    "best_loss": "float64",  # over the logged iterations
    "best_gap": "float64",  # the same minus the certified optimum
}
LOG_COLUMNS: Mapping[str, str] = {
    "trial_id": "str",  # as in trials.csv
    "iteration": "int64",  # of the weights after so many steps
    "loss": "float64",  # of linear networks evaluated in float64, whatever the precision of the training
    "gap": "float64",  # loss − certified optimum
    "norm": "float64",  # ‖W_e‖_F; of both dense layers together
}
COMPLETED, DIVERGED, STOPPED = "completed", "diverged", "stopped"
STATUSES = (COMPLETED, DIVERGED, STOPPED)
UNFINISHED = "unfinished"  # of a trial under way, which no `trials.csv` has
STOP_AT_GAP = "stop_at_gap"  # the column of trials.csv, where there is one, with the gap at which a trial ends


def log_iterations(total: int, points: int = 1000) -> list[int]:
    """Iterations that are logged, 0 and `total` among them: `points` evenly spaced, plus twenty a decade early on."""
    even = {round(i * total / points) for i in range(points + 1)}
    decades = math.log10(max(total, 1))
    early = {round(10 ** (i / 20)) for i in range(int(20 * decades) + 1)}
    first = total // points
    return sorted(even | {i for i in early if i < 10 * max(first, 1) and i <= total} | {0, total})
