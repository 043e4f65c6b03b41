"""Appendix C.2's insensitivity to the initialisation, if the standard deviation of the new matrices alone is varied."""

from overparam_cli.claims.cnn import ALIKE, CROSS_ENTROPY, TOTAL, alike_by
from overparam_cli.claims.evidence import RunEvidence
from overparam_cli.claims.model import Case, Finding, all_hold, claim


@claim(
    "cnn-init-new-only",
    says="convergence is almost identical across init std of the newly introduced matrices",
    where="App. C.2",
    measures="iterations to reach the baseline's final loss, max over min across std, in cross-entropy and in the "
    "printed batch loss, weight decay on the product",
    requires=f"≤ {ALIKE}, and all faster than the baseline",
    reads=("cnn-init-new/cross-entropy",),
)
def init_new_only(run: RunEvidence) -> Finding:
    """Iterations to the original's final loss: largest over smallest ≤ 1.5, all fewer than its own; in both losses.

    The losses are means of 100 steps: the cross-entropy, and with weight decay's term. As in cnn-init-insensitive, a
    std that never gets there is neither like the others nor faster.
    """
    plain, total = (alike_by(run, run.run.level_in(loss)) for loss in (CROSS_ENTROPY, TOTAL))
    cases = {
        seed: Case(
            all_hold([case.holds, total.cases[seed].holds]),
            {"cross_entropy": case.numbers, "total_loss": total.cases[seed].numbers},
        )
        for seed, case in plain.cases.items()
    }
    return Finding(f"{plain.measured}. And {total.measured}", cases, plain.numbers, plain.notes)
