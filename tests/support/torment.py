"""One case of `tools/torture.py`, judged."""

from dataclasses import dataclass

from support.forked import Outcome


@dataclass(frozen=True)
class Result:
    """One case: which scene it belongs to, what came of it, and what reproduces it."""

    scene: str
    verdict: str
    how: str
    failed: bool = False


def judged(scene: str, outcome: Outcome, how: str, wrong: str = "", good: str = "accepted") -> Result:
    """The result of a case whose command has ended: `wrong` is what is silently wrong, `good` the verdict otherwise."""
    if outcome.fault:
        said = outcome.err.strip().splitlines()[-1:] or [""]
        return Result(scene, f"{outcome.fault}: {said[0][:300]}", how, failed=True)
    if wrong:
        return Result(scene, f"silently wrong: {wrong[:300]}", how, failed=True)
    return Result(scene, "refused" if outcome.code else good, how)
