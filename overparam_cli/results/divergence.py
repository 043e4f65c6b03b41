"""Which trials have diverged, and when: decided here alone, from the log, for every kind of network and precision.

A trial has diverged when its loss ends above FAR times its first one, or as no number; `diverged_at` is the first look
from which on that was so. A loss that was high for a while and came back has not diverged. What overflows in float32
within thirty steps is still a number in float64 after two hundred: both have diverged, and at the same iteration.

A look is a logged iteration, or one between them at which a unit found that a loss, or W_e, is not finite: at
which iteration that was, its own row says. Rows that were written before this was the definition are read by it too.
"""

from typing import TYPE_CHECKING

from overparam_cli.results.schema import DIVERGED

if TYPE_CHECKING:
    import pandas as pd

FAR = 1000.0
"""Times the first loss. A rate that is too large gets there within some steps, and gets on; one that is large but
converges was seen to be up to 186 times above its start for a moment (AdaGrad at lr 0.5, `fig4-left`)."""


def settle(trials: "pd.DataFrame", log: "pd.DataFrame") -> "pd.DataFrame":
    """Rows of `trials.csv` with `status` and `diverged_at` by the definition, what is final empty where it diverged.

    `log` holds the rows of these trials, among them that of iteration 0.
    """
    import numpy as np
    import pandas as pd

    from overparam_cli.results.rows import Owners

    owners = Owners(log["trial_id"])
    iterations, losses = log["iteration"].to_numpy(), log["loss"].to_numpy(np.float64)
    first = owners.first(losses, iterations == 0)
    with np.errstate(over="ignore"):  # a limit beyond the largest number is one that no number exceeds
        fine = losses <= FAR * first[owners.places]  # not so where it is NaN
    last_fine = np.nan_to_num(owners.most(iterations, fine), nan=-1)
    lost_from = pd.Series(owners.least(iterations, iterations > last_fine[owners.places]), owners.names)
    recorded = trials["diverged_at"].astype("float64").where(trials["status"] == DIVERGED)
    at = np.fmin(lost_from.reindex(trials["trial_id"]).to_numpy(), recorded.to_numpy(np.float64))
    lost = ~np.isnan(at) | (trials["status"] == DIVERGED)
    final = {name: trials[name].mask(lost) for name in map(str, trials) if name.startswith("final_")}
    return trials.assign(status=trials["status"].mask(lost, DIVERGED), diverged_at=at, **final)
