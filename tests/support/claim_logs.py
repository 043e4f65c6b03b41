"""Logs on disk that a claim holds for, or does not, seed by seed: exponentials whose speedups are known by pencil.

`SCENARIOS[claim](results, outcomes, **settings)` writes what the claim reads, with one seed per entry of `outcomes`
that is to hold (True) or not (False). Rates are powers of two per iteration where a claim is about speedups, so that
the gap of one curve at an iteration and that of another at half of it are the same float.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from support.synthetic_cnn import ADDED, CnnCurve, CnnTrial, factored, lost, make_cnn_run
from support.synthetic_cnn import falling as cnn_falling
from support.synthetic_runs import Curve, Trial, exponential, make_run

from overparam_cli.results.record import TABLE
from overparam_cli.results.schema import LOG, MANIFEST, SCHEMA, TRIALS

RATE = 2.0**-10  # decades per iteration
Outcomes = Sequence[bool]


def write_run(
    results: Path, curves: Mapping[str, Curve], experiment: str, variant: str = "l4", **settings: Any
) -> Path:
    """Write a synthetic run as `overparam run` would, into results/<experiment>/<variant>."""
    suffix = settings.pop("suffix", "")
    run = make_run(curves, experiment=experiment, variant=variant, **settings)
    folder = results / f"{experiment}{suffix}" / variant
    blank: dict[str, Any] = {"init_std": 0.01, "weight_decay": 0.0, "dtype": "float32"}
    trials = run.trials.assign(**blank, best_loss=run.trials["best_gap"])
    write(folder, run.manifest, {TRIALS: trials, LOG: run.log})
    return folder


def write_cnn_run(
    results: Path, curves: Mapping[str, CnnCurve], experiment: str = "fig5-right", **settings: Any
) -> Path:
    """Write a synthetic run of the CNN as `overparam run` would, into results/<experiment>/cross-entropy."""
    suffix = settings.pop("suffix", "")
    run = make_cnn_run(curves, experiment=experiment, **settings)
    folder = results / f"{experiment}{suffix}" / "cross-entropy"
    write(folder, run.manifest, {TRIALS: run.trials, LOG: run.log})
    return folder


def write(folder: Path, manifest: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> None:
    """Write a folder without waiting for the disk, as `logs` would."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).write_text(json.dumps({"schema": SCHEMA, **manifest}), encoding="utf-8")
    for name, table in tables.items():
        table.to_csv(folder / name, index=False, lineterminator="\n")


def write_check(results: Path, check: str, rows: Sequence[Mapping[str, Any]], **manifest: Any) -> Path:
    """Write a theory check's table as `overparam theory` would."""
    folder = results / "theory" / check
    kinds = {bool: "bool", int: "int64", float: "float64", str: "str"}
    content = {
        "kind": "theory",
        "check": check,
        "statement": f"{check} holds",
        "where": "Section 5",
        "columns": {name: {"meaning": "", "dtype": kinds[type(value)]} for name, value in rows[0].items()},
        "rows": len(rows),
        "curves": None,
        "changed": {},
        "dataset": None,
        "full_length": True,
    }
    write(folder, content | manifest, {TABLE: pd.DataFrame(rows)})
    return folder


def write_bench(results: Path, depth2: float = 1.05, dataset: str = "ethanol", rounds: int = 7) -> Path:
    """Write a benchmark in which depth 2 takes `depth2` times depth 1's time, and depth 3 takes 1.08 times."""
    rows = [
        {"subject": subject, "loss": loss, "trials": 30, "depth": depth, "median": time, "low": 0.0, "high": 9.0}
        for loss in ("l4", "l2")
        for subject, depth, time in (
            ("engine", "1,2,3", 7.0),
            ("engine, one depth", "1", 2.0),
            ("engine, one depth", "2", 2.0 * depth2),
            ("engine, one depth", "3", 2.0 * 1.08),
            ("two bare matrix products", "-", 1.0),
        )
    ]
    folder = results / "bench"
    write(folder, {"dataset": dataset}, {"bench.csv": pd.DataFrame(rows).assign(rounds=rounds)})
    return folder


def falling(rates: Sequence[float], plateau: float = 0.0, lr: float = 1e-3) -> dict[float, list[Trial]]:
    """One learning rate, one exponential per seed."""
    return {lr: [Trial(exponential(rate, plateau=plateau)) for rate in rates]}


def stuck(t: np.ndarray) -> np.ndarray:
    """A gap that never moves."""
    return np.ones(len(t))


def until(rate: float, end: float) -> Callable[[np.ndarray], np.ndarray]:
    """`rate` decades per iteration until `end`, and not an inch further."""
    return lambda t: 10.0 ** (-rate * np.minimum(np.asarray(t, dtype=float), end))


def pick(outcomes: Outcomes, good: float, bad: float) -> list[float]:
    """The good rate for the seeds that are to hold, the bad one for the others."""
    return [good if holds else bad for holds in outcomes]


def figure2(fault: str) -> Callable[..., None]:
    """Figure 2 as the paper says, but for one fault in the seeds that are not to hold."""

    def scenario(results: Path, outcomes: Outcomes, **settings: Any) -> None:
        settings = {"every": 20} | settings
        for variant in ("l2", "l4"):
            curves = {}
            for depth in (2, 3):
                for width in (1, 100):
                    for balanced in ("", "-balanced") if fault == "late" else ("",):
                        name = f"{depth}-width-{width}{balanced}"
                        nets = [_rate(depth, width, "" if holds else fault) for holds in outcomes]
                        rules = [
                            rate * (1.3 if fault == "rule" and not holds else 1)
                            for rate, holds in zip(nets, outcomes, strict=True)
                        ]
                        late = [100 * (fault == "late" and not holds) for holds in outcomes]
                        curves[f"depth-{name}"] = Curve(falling(nets, plateau=200), depth)
                        shifted = [
                            Trial(exponential(rate, plateau=200 + wait)) for rate, wait in zip(rules, late, strict=True)
                        ]
                        curves[f"rule-{name}"] = Curve({1e-3: shifted}, depth, optimizer="end-to-end")
            write_run(results, curves, "fig2", variant, **settings)

    return scenario


def _rate(depth: int, width: int, fault: str) -> float:
    rate = 2 * RATE if (depth == 3) != (fault == "shallow") else 1.5 * RATE
    return rate * 2 if fault == "width" and width == 100 else rate


def hindered(results: Path, outcomes: Outcomes, **settings: Any) -> None:
    """ℓ2, where depth 1 is at the end of its way at 400: depths 2 and 3 need twice as long, or eight times."""
    base = {1e-3: [Trial(until(RATE, 400)) for _ in outcomes]}
    deep = {1e-3: [Trial(until(rate, 800)) for rate in pick(outcomes, RATE / 2, RATE / 8)]}
    write_run(
        results,
        {"depth-1": Curve(base), "depth-2": Curve(deep, 2), "depth-3": Curve(deep, 3)},
        "fig3",
        "l2",
        **settings,
    )


def accelerated(results: Path, outcomes: Outcomes, **settings: Any) -> None:
    """ℓ4 with depth 2 and 3 at 4 times depth 1's speed, or at the same."""
    rates = pick(outcomes, 4 * RATE, RATE)
    curves = {"depth-1": Curve(falling([RATE] * len(outcomes)))}
    curves |= {f"depth-{depth}": Curve(falling(rates), depth) for depth in (2, 3)}
    write_run(results, curves, "fig3", **settings)


def figure4_left(results: Path, outcomes: Outcomes, **settings: Any) -> None:
    """Depth 3 at twice the speed of AdaGrad and AdaDelta, or at half."""
    base = falling([RATE] * len(outcomes))
    curves = {"gd-depth-3": Curve(falling(pick(outcomes, 2 * RATE, RATE / 2)), 3)}
    curves |= {name: Curve(base, optimizer=name) for name in ("adagrad", "adadelta")}
    write_run(results, curves, "fig4-left", **settings)


def adagrad_slower(results: Path, outcomes: Outcomes, **settings: Any) -> None:
    """Gradient descent of Figure 3 at twice AdaGrad's speed, or at half."""
    figure4_left(results, [True] * len(outcomes), **settings)
    write_run(results, {"depth-1": Curve(falling(pick(outcomes, 2 * RATE, RATE / 2)))}, "fig3", **settings)


def blog(results: Path, outcomes: Outcomes, **settings: Any) -> None:
    """Depth 2 at twice everybody's speed, or at half."""
    curves = {"gd-depth-2": Curve(falling(pick(outcomes, 2 * RATE, RATE / 2)), 2)}
    curves |= {name: Curve(falling([RATE] * len(outcomes))) for name in ("gd-depth-1", "adagrad", "adadelta")}
    write_run(results, curves, "blog", **settings)


def adam_beats_depth(results: Path, outcomes: Outcomes, **settings: Any) -> None:
    """Adam at 4 times depth 3's speed, or at the same."""
    figure4_left(results, [True] * len(outcomes), **settings)
    adam = {"adam-depth-1": Curve(falling(pick(outcomes, 8 * RATE, 2 * RATE)), optimizer="adam")}
    write_run(results, adam, "fig4-right", **settings)


def adam_plus_depth(results: Path, outcomes: Outcomes, **settings: Any) -> None:
    """Adam at depths 2 and 3 at twice depth 1's speed, or at half."""
    curves = {"adam-depth-1": Curve(falling([RATE] * len(outcomes)), optimizer="adam")}
    curves |= {f"adam-depth-{n}": Curve(falling(pick(outcomes, 2 * RATE, RATE / 2)), n) for n in (2, 3)}
    write_run(results, curves, "fig4-right", **settings)


def figure5(fault: str) -> Callable[..., None]:
    """Figure 5-left as the paper says, but for one fault in the seeds that are not to hold. 100,000 iterations."""

    def scenario(results: Path, outcomes: Outcomes, **settings: Any) -> None:
        faulty = [not holds for holds in outcomes]
        late = [5_000.0 if fault == "early" and bad else 65_000.0 for bad in faulty]
        moving = [Trial(exponential(1e-4)) if fault == "moving" and bad else Trial(stuck) for bad in faulty]
        waits = [2_000.0 if fault == "waiting" and bad else 0.0 for bad in faulty]
        speeds = [2.0**-15 if fault == "slow" and bad else 2.0**-13 for bad in faulty]
        identity = [Trial(exponential(rate, plateau=wait)) for rate, wait in zip(speeds, waits, strict=True)]
        grids = {lr: [Trial(stuck) for _ in outcomes] for lr in (1e-5, 5e-5)}
        lost = {5e-1: [Trial(stuck, diverged_at=3) for _ in outcomes]}
        curves = {
            "depth-1": Curve(falling([2.0**-14] * len(outcomes))),
            "depth-4": Curve(grids | {1e-3: [Trial(exponential(1e-4, plateau=wait)) for wait in late]} | lost, 4),
            "depth-8": Curve(grids | {1e-3: moving} | lost, 8),
            "depth-4-identity": Curve({1e-3: identity}, 4),
            "depth-8-identity": Curve({1e-3: identity}, 8),
        }
        write_run(results, curves, "fig5-left", **{"iterations": 100_000, "every": 500} | settings)

    return scenario


def cnn(good: float, bad: float, iterations: int) -> Callable[..., None]:
    """Figure 5-right with a factored network that is `good` times as fast as the original, or `bad` times."""

    def scenario(results: Path, outcomes: Outcomes, **settings: Any) -> None:
        curves = {
            "original": CnnCurve(cnn_falling([RATE] * len(outcomes))),
            "factored": factored(cnn_falling(pick(outcomes, good * RATE, bad * RATE))),
        }
        write_cnn_run(results, curves, **{"iterations": iterations} | settings)

    return scenario


def cnn_parameters(results: Path, outcomes: Outcomes, **settings: Any) -> None:
    """As many parameters more as the layers' shapes say, or 300,000."""
    rates = cnn_falling([RATE] * len(outcomes))
    curves = {"original": CnnCurve(rates), "factored": factored(rates, added=ADDED if all(outcomes) else 300_000)}
    write_cnn_run(results, curves, **settings)


def cnn_best_lr(results: Path, outcomes: Outcomes, **settings: Any) -> None:
    """The original at its best with 1e-2; the factored with 1e-3, 4 times as fast or no faster; 1e-1 diverges."""
    away = {1e-1: [lost(CnnTrial(exponential(8 * RATE)), 40) for _ in outcomes]}
    slow, plain = [RATE / 2] * len(outcomes), [RATE] * len(outcomes)
    fast = cnn_falling(pick(outcomes, 4 * RATE, RATE), lr=1e-3)
    curves = {
        "original": CnnCurve(cnn_falling(slow, lr=1e-3) | cnn_falling(plain) | away),
        "factored": factored(cnn_falling(slow, lr=1e-4) | fast | cnn_falling(slow) | away),
    }
    write_cnn_run(results, curves, "cnn-lr", **settings)


def cnn_decay(reading: str) -> Callable[..., None]:
    """Every reading twice as fast as the original, or under one reading no faster."""

    def scenario(results: Path, outcomes: Outcomes, **settings: Any) -> None:
        curves = {name: CnnCurve(cnn_falling([RATE] * len(outcomes))) for name in ("original", "original-free")}
        for name in ("factors", "names", "product", "factored-free"):
            curves[name] = factored(cnn_falling(pick(outcomes, 2 * RATE, RATE if name == reading else 2 * RATE)))
        write_cnn_run(results, curves, "cnn-decay", **settings)

    return scenario


def printed_axes(results: Path, outcomes: Outcomes, **settings: Any) -> None:
    """Gaps whose axes have the printed ticks; in the seeds that are not to hold ℓ4's go down to 10^-3."""
    for variant, start, least in (("l2", 0.45, 8e-3), ("l4", 1.34, 8e-3)):
        ends = [least if holds or variant == "l2" else 1e-3 for holds in outcomes]
        trials = [Trial(exponential(np.log10(start / end) / 1000, start)) for end in ends]
        curves = {f"depth-{depth}": Curve({1e-3: trials}, depth) for depth in (1, 2, 3)}
        write_run(results, curves, "fig3", variant, **settings)


def cnn_init(results: Path, outcomes: Outcomes, *, experiment: str = "cnn-init", **settings: Any) -> None:
    """Every std 4 times as fast as the original; with the smallest, only twice in the seeds that are not to hold."""
    curves = {"original": CnnCurve(cnn_falling([RATE] * len(outcomes)))}
    for std in ("0.001", "0.005", "0.01", "0.05", "0.1", "0.5"):
        rates = pick(outcomes, 4 * RATE, 2 * RATE if std == "0.001" else 4 * RATE)
        curves[f"std-{std}"] = factored(cnn_falling(rates), float(std))
    write_cnn_run(results, curves, experiment, **settings)


def per_seed(check: str, columns: Callable[[bool], list[dict[str, Any]]]) -> Callable[..., None]:
    """A check with a column `seed`."""

    def scenario(results: Path, outcomes: Outcomes, **manifest: Any) -> None:
        rows = [{"seed": seed, **row} for seed, holds in enumerate(outcomes) for row in columns(holds)]
        write_check(results, check, rows, **manifest)

    return scenario


def whole(check: str, columns: Callable[[bool], list[dict[str, Any]]]) -> Callable[..., None]:
    """A check that is judged once."""

    def scenario(results: Path, outcomes: Outcomes, **manifest: Any) -> None:
        write_check(results, check, columns(all(outcomes)), **manifest)

    return scenario


def lemma3_rows(holds: bool) -> list[dict[str, Any]]:
    return [{"depth": N, "relative_error": 1e-14 if holds or N != 5 else 2e-10} for N in range(2, 9)]


def theorem2_rows(holds: bool) -> list[dict[str, Any]]:
    return [
        {
            "loss": loss,
            "depth": N,
            "R": R,
            "r_over_R": 0.5,
            "scaled_integral": 2.0,
            "quadrature_error": 1e-12,
            "relative_deviation": 0.1 * R**2 if holds else 0.1,
        }
        for loss in ("l2", "l4")
        for N in (3, 8)
        for R in (1.0, 1e-3, 1e-6)
    ]


def order_rows(what: str, good: float, bad: float) -> Callable[[bool], list[dict[str, Any]]]:
    def rows(holds: bool) -> list[dict[str, Any]]:
        return [{what: 1e-3, "order": good}, {what: 5e-4, "order": good if holds else bad}]

    return rows


def claim1_rows(holds: bool) -> list[dict[str, Any]]:
    errors = {"eigenvalue_error": 1e-15, "orthogonality_error": 1e-15}
    return [errors | {"eigenvector_error": 1e-15 if holds else 1e-9}]


def claim2_rows(holds: bool) -> list[dict[str, Any]]:
    return [{"depth": N, "relative_error": 0.0 if holds else 1e-9} for N in range(2, 9)]


def appendix_b_rows(holds: bool) -> list[dict[str, Any]]:
    met = {"y1": 100.0, "assumptions_met": True, "bound": 250.0, "iterations_ratio": 251.0}
    met |= {"rate_ratio": 250.0 if holds else 249.9, "rate_ratio_mean": 251.0}
    # The other point falls short of the bound, and need not hold it.
    return [met, met | {"assumptions_met": False, "iterations_ratio": 1.0, "rate_ratio": 1.0}]


def bench(results: Path, outcomes: Outcomes, **settings: Any) -> None:
    write_bench(results, 1.10 if all(outcomes) else 1.2, **settings)


SCENARIOS: dict[str, Callable[..., None]] = {
    "rule-emulates-depth": figure2("rule"),
    "rule-emulates-plateau": figure2("late"),
    "width-negligible": figure2("width"),
    "deeper-faster-fixed-lr": figure2("shallow"),
    "l2-depth-hinders": hindered,
    "l2-depth-behind": hindered,
    "l4-depth-accelerates": accelerated,
    "cost-of-depth": bench,
    "beats-adagrad": figure4_left,
    "beats-adadelta": figure4_left,
    "adagrad-slower-than-gd": adagrad_slower,
    "blog-one-scalar": blog,
    "adam-beats-depth": adam_beats_depth,
    "adam-plus-depth": adam_plus_depth,
    "depth4-plateau": figure5("early"),
    "depth8-stuck": figure5("moving"),
    "identity-immediate": figure5("waiting"),
    "identity-accelerates": figure5("slow"),
    "cnn-parameters": cnn_parameters,
    "cnn-accelerates": cnn(4, 1, 1000),
    "cnn-orders-of-magnitude": cnn(16, 4, 4000),
    "cnn-best-lr": cnn_best_lr,
    "cnn-batch-loss-factors": cnn_decay("factors"),
    "cnn-batch-loss-names": cnn_decay("names"),
    "cnn-batch-loss-product": cnn_decay("product"),
    "cnn-init-insensitive": cnn_init,
    "cnn-init-new-only": partial(cnn_init, experiment="cnn-init-new"),
    "fig3-axes": printed_axes,
    "lemma3": whole("lemma3", lemma3_rows),
    "theorem2": whole("theorem2", theorem2_rows),
    "balancedness": per_seed("balancedness", order_rows("drift", 1.0, 0.5)),
    "theorem1": per_seed("theorem1", order_rows("distance", 1.0, 0.5)),
    "claim1": per_seed("claim1", claim1_rows),
    "claim2": per_seed("claim2", claim2_rows),
    "observation1": per_seed("observation1", order_rows("residual", 2.0, 1.5)),
    "appendix-b-bound": whole("appendix-b-bound", appendix_b_rows),
}
