"""Figure 5-right in the loss that the tutorial prints, for each reading of what weight decay falls on.

The paper draws "batch loss". TensorFlow's tutorial prints the minibatch loss with weight decay's term, which is most of
it once the network has learnt; so the comparison hangs on what that term is of. Each reading has a verdict of its own.
"""

from overparam_cli.claims.cnn import (
    CONSIDERABLY,
    CROSS_ENTROPY,
    ORDER_OF_MAGNITUDE,
    ORIGINAL,
    TOTAL,
    faster,
    side_by_side,
)
from overparam_cli.claims.evidence import RunEvidence
from overparam_cli.claims.model import Claim, Finding, claim
from overparam_cli.results.trajectory import Speedup


def _claim(reading: str, falls_on: str) -> Claim:
    """Return the claim under one reading: the curve of experiment cnn-decay that is called so."""

    def judge(run: RunEvidence) -> Finding:
        """Speedup of the factored network at the original's final batch loss, weight decay's term included: ≥ 1.5.

        The mean of 100 steps, each seed against the original of the same seed. Cross-entropy's speedup beside it.
        """
        total, plain = run.run.level_in(TOTAL), run.run.level_in(CROSS_ENTROPY)
        factored, original = run.chosen(reading), run.chosen(ORIGINAL)
        label = "factored over original"
        finding = faster(run, label, (factored.by(total), original.by(total)), CONSIDERABLY)
        found = [case.numbers["speedup"][label]["100%"] for case in finding.cases.values()]
        extent = " (orders of magnitude)" if all(map(_orders, found)) else ""
        beside = faster(run, plain.noun, (factored.by(plain), original.by(plain)), CONSIDERABLY)
        whole = side_by_side(finding, beside)
        return Finding(f"{whole.measured}{extent}", whole.cases, whole.numbers, whole.notes)

    return claim(
        f"cnn-batch-loss-{reading}",
        says=f"factored dense layers accelerate considerably in the batch loss, weight decay falling on {falls_on}",
        where='Fig. 5-right ("batch loss"), App. C.2, v1',
        measures="speedup in iterations at the original's final 100-step mean of the loss that the tutorial prints, "
        "cross-entropy plus weight decay's term",
        requires=f"≥ {CONSIDERABLY}; ≥ {ORDER_OF_MAGNITUDE:g} is reported as orders of magnitude",
        reads=("cnn-decay/cross-entropy",),
    )(judge)


def _orders(speedup: Speedup) -> bool:
    return speedup.low >= ORDER_OF_MAGNITUDE


factors = _claim("factors", "each factor")
names = _claim("names", "the original names only")
product = _claim("product", "the layers' products")
