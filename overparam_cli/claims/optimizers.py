"""Figure 4 and the blog post: depth against AdaGrad, AdaDelta and Adam, and together with Adam."""

from math import inf

from overparam_cli.claims.evidence import RunEvidence
from overparam_cli.claims.measures import (
    above,
    at_least,
    judge_speedups,
    learning_rates,
    notes_of,
    ranged,
    require_same_problem,
    shared_seeds,
    speedup_at,
    speedup_text,
)
from overparam_cli.claims.model import Case, Finding, claim
from overparam_cli.results.choice import Choice

CONSIDERABLY = 2.0
SHARES = (0.1, 0.5, 1.0)  # of the baseline's run


@claim(
    "beats-adagrad",
    says="depth 3 with GD outperforms AdaGrad on one layer",
    where="Fig. 4-left",
    measures="speedup at the competitor's final gap",
    requires="> 1",
    reads=("fig4-left/l4",),
)
def beats_adagrad(run: RunEvidence) -> Finding:
    """Speedup of depth 3 under gradient descent over AdaGrad on one layer at AdaGrad's final gap: > 1."""
    return _beats(run, "adagrad", "AdaGrad")


@claim(
    "beats-adadelta",
    says="depth 3 with GD outperforms AdaDelta on one layer",
    where="Fig. 4-left",
    measures="speedup at the competitor's final gap",
    requires="> 1",
    reads=("fig4-left/l4",),
)
def beats_adadelta(run: RunEvidence) -> Finding:
    """Speedup of depth 3 under gradient descent over AdaDelta on one layer at AdaDelta's final gap: > 1."""
    return _beats(run, "adadelta", "AdaDelta")


def _beats(run: RunEvidence, competitor: str, name: str) -> Finding:
    pairs = {f"depth 3 over {name}": (run.chosen("gd-depth-3"), run.chosen(competitor))}
    return judge_speedups(pairs, shared_seeds(run), (above(1),), floor=run.floor)


@claim(
    "adagrad-slower-than-gd",
    says="AdaGrad is slower than plain gradient descent",
    where="Fig. 4-left",
    measures="final gap, and speedup of GD depth 1 at AdaGrad's final gap",
    requires="GD's gap smaller",
    reads=("fig4-left/l4", "fig3/l4"),
)
def adagrad_slower(run: RunEvidence, figure3: RunEvidence) -> Finding:
    """Final gap of gradient descent on one layer below AdaGrad's, each at its best rate.

    Figure 4-left has no such curve: it is Figure 3-right's depth 1, the same problem with the same seeds. Its speedup
    at AdaGrad's final gap is shown beside it. A curve all of whose rates diverge has no final gap: undecided where that
    is AdaGrad's, not holding where it is gradient descent's. Undecided, too, where both are below the floor.
    """
    require_same_problem(run, figure3)
    descent, adagrad = figure3.chosen("depth-1"), run.chosen("adagrad")
    floor = max(run.floor, figure3.floor)
    cases = {}
    for seed in shared_seeds(run, figure3):
        gaps = {"gd": _final(descent, seed), "adagrad": _final(adagrad, seed)}
        noise = max(gaps.values()) <= floor
        holds = None if noise or gaps["adagrad"] == inf else gaps["gd"] < gaps["adagrad"]
        cases[str(seed)] = Case(holds, {"final_gap": gaps, "speedup": speedup_at(descent, adagrad, seed, floor)})
    texts = [
        f"{name} {ranged([case.numbers['final_gap'][key] for case in cases.values()])}"
        for key, name in (("gd", "gradient descent"), ("adagrad", "AdaGrad"))
    ]
    beside = speedup_text([case.numbers["speedup"] for case in cases.values()])
    curves = (descent, adagrad)
    numbers = {"learning_rates": learning_rates(curves)}
    return Finding(f"final gap: {', '.join(texts)}; speedup {beside}", cases, numbers, notes_of(curves))


def _final(curve: Choice, seed: int) -> float:
    """Return a seed's final gap, infinite where the curve diverged."""
    return curve.logs[seed].final if seed in curve.logs and seed not in curve.lost else inf


@claim(
    "blog-one-scalar",
    says="one extra scalar (depth 2) accelerates more than AdaGrad and AdaDelta",
    where="blog",
    measures="speedup over each, and over GD",
    requires="> 1 over all three",
    reads=("blog/l4",),
)
def one_extra_scalar(run: RunEvidence) -> Finding:
    """Speedup of depth 2 over gradient descent, AdaGrad and AdaDelta on one layer, at the final gap of each: > 1."""
    depth2 = run.chosen("gd-depth-2")
    others = {"gradient descent": "gd-depth-1", "AdaGrad": "adagrad", "AdaDelta": "adadelta"}
    pairs = {f"depth 2 over {name}": (depth2, run.chosen(curve)) for name, curve in others.items()}
    return judge_speedups(pairs, shared_seeds(run), (above(1),), floor=run.floor)


@claim(
    "adam-beats-depth",
    says="Adam was considerably faster than overparameterisation",
    where="Fig. 4 text",
    measures="speedup of Adam depth 1 over GD depth 3 at the latter's final gap",
    requires=f"≥ {CONSIDERABLY:g}",
    reads=("fig4-right/l4", "fig4-left/l4"),
)
def adam_beats_depth(adam: RunEvidence, descent: RunEvidence) -> Finding:
    """Speedup of Adam on one layer over gradient descent at depth 3 at the latter's final gap: ≥ 2."""
    require_same_problem(adam, descent)
    pairs = {"Adam over depth 3": (adam.chosen("adam-depth-1"), descent.chosen("gd-depth-3"))}
    floor = max(adam.floor, descent.floor)
    return judge_speedups(pairs, shared_seeds(adam, descent), (at_least(CONSIDERABLY),), floor=floor)


@claim(
    "adam-plus-depth",
    says="depth accelerates Adam further",
    where="Fig. 4-right",
    measures="speedup of Adam depths 2, 3 over Adam depth 1 at gaps reached at 10 %, 50 %, 100 %",
    requires="> 1 for both at all three",
    reads=("fig4-right/l4",),
)
def adam_plus_depth(run: RunEvidence) -> Finding:
    """Speedup of Adam at depths 2 and 3 over Adam at depth 1 at the latter's gap at 10 %, 50 % and 100 %: all > 1."""
    baseline = run.chosen("adam-depth-1")
    pairs = {f"depth {depth}": (run.chosen(f"adam-depth-{depth}"), baseline) for depth in (2, 3)}
    return judge_speedups(pairs, shared_seeds(run), (above(1),), floor=run.floor, shares=SHARES)
