"""Worlds of the convolutional network: by which loss a claim is judged, against pencil and paper.

Curves are exponentials of RATE = 2^−10 decades per iteration, times small factors, logged at every tenth iteration.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.claim_logs import RATE, write
from support.cnn_multiverse import TINY_CNN, write_tiny_cnn
from support.synthetic_cnn import CnnCurve, CnnTrial, factored, lost, make_cnn_run
from support.synthetic_runs import exponential

from overparam_cli.claims import find_claim
from overparam_cli.kinds.mnist import KIND
from overparam_cli.multiverse.deciding import NO, YES
from overparam_cli.multiverse.judging import Row, judge
from overparam_cli.multiverse.library import Library
from overparam_cli.multiverse.loading import load
from overparam_cli.multiverse.model import Multiverse
from overparam_cli.multiverse.training import packs, trials_of
from overparam_cli.multiverse.views import judged_by, until
from overparam_cli.multiverse.worlds import part
from overparam_cli.results.schema import LOG, TRIALS

END = 900
LEVELS = {(level.loss, level.smoothing): level for level in KIND.levels}
FAST = CnnTrial(  # twice as fast in the mean, three times in its batches; its total loss stands twice as high
    exponential(2 * RATE), batch=exponential(3 * RATE), total=lambda cross_entropy: 4 * cross_entropy
)
SLOW = CnnTrial(exponential(RATE))  # its total loss is twice its cross-entropy


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Multiverse:
    text = TINY_CNN.replace("iterations = 20", f"iterations = {END}")
    return load(str(write_tiny_cnn(tmp_path_factory.mktemp("cnn"), text)))


def write_part(found: Multiverse, results: Path, experiment: str, curves: dict[str, CnnCurve], **choices: str) -> None:
    """Synthetic curves as what was trained of an experiment, in the folder in which it would be."""
    own = part(found, f"{experiment}/cross-entropy", choices)
    run = make_cnn_run(curves, iterations=END, experiment=experiment)
    ids = {f"{trial.curve}-{trial.lr:g}-{trial.seed}": trial.trial_id for trial in trials_of(found, own)}
    assert ids.keys() == {*run.trials["trial_id"]}
    named = {name: table.assign(trial_id=table["trial_id"].map(ids)) for name, table in
             ((TRIALS, run.trials), (LOG, run.log))}  # fmt: skip
    (folder,) = {pack.folder for pack in packs(found) if own in pack.parts}
    write(results / folder, run.manifest, named)


def world(found: Multiverse, results: Path, claim: str, **choices: str) -> Row:
    plain = {"decay": "product", "std": "every", "loss": "plain", "smoothing": "mean"}
    return judge(Library(found, results), find_claim(claim), {**plain, **choices})


@pytest.mark.parametrize(
    ("loss", "smoothing", "at", "noun", "other"),
    [
        # the factored network is at the original's end, 10^(−900 RATE), after …
        ("plain", "mean", 450, "cross-entropy", "total loss"),
        ("plain", "raw", 300, "one batch's cross-entropy", "one batch's total loss"),
        # … and at twice that where its total loss is four times its cross-entropy: log10(2)/RATE = 308.25 later,
        ("total", "mean", 610, "total loss", "cross-entropy"),  # over 2: from 604.1 on
        ("total", "raw", 410, "one batch's total loss", "one batch's cross-entropy"),  # over 3: from 402.7 on
    ],
)
def test_a_claim_is_judged_by_the_loss_of_the_world(
    loss: str, smoothing: str, at: int, noun: str, other: str, found: Multiverse, tmp_path: Path
) -> None:
    curves = {"original": CnnCurve({1e-2: [SLOW]}), "factored": factored({1e-2: [FAST]})}
    write_part(found, tmp_path, "fig5-right", curves)
    row = world(found, tmp_path, "cnn-accelerates", loss=loss, smoothing=smoothing)
    assert row.effect == END / at
    assert row.outcome == (YES if END / at >= 1.5 else NO)
    level = 10 ** (-END * RATE) * (2 if loss == "total" else 1)
    judged, beside = row.measured.split("; beside it ")
    assert judged == f"speedup of factored over original: {END / at:.3g}×, at {noun} {level:.1e}"
    assert beside.startswith(f"{other}: ")


def test_what_stands_beside_is_the_other_loss_smoothed_alike(found: Multiverse, tmp_path: Path) -> None:
    curves = {"original": CnnCurve({1e-2: [SLOW]}), "factored": factored({1e-2: [FAST]})}
    write_part(found, tmp_path, "fig5-right", curves)
    for smoothing in ("mean", "raw"):
        one, other = (
            world(found, tmp_path, "cnn-accelerates", loss=loss, smoothing=smoothing) for loss in ("plain", "total")
        )
        assert one.measured.partition("beside it ")[2] == other.measured.partition("; ")[0].replace(
            "speedup of factored over original", "total loss" if smoothing == "mean" else "one batch's total loss"
        )


@pytest.mark.parametrize(("loss", "spread", "verdict"), [("plain", 1.0, "yes"), ("total", 2.5, "no")])
def test_initialisations_are_compared_in_the_loss_of_the_world(
    loss: str, spread: float, verdict: str, found: Multiverse, tmp_path: Path
) -> None:
    """All reach the original's cross-entropy after 300 of its 900 iterations.

    The total loss of one is 10^(1347 RATE) times as high as the others': as low as theirs after 1347/3 iterations more.
    """
    stds = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5)
    fast = CnnTrial(exponential(3 * RATE))
    heavy = replace(fast, total=lambda cross_entropy: 2 * cross_entropy * 10 ** (1347 * RATE))
    trials = {std: heavy if std == 0.5 else fast for std in stds}
    curves: dict[str, Any] = {"original": CnnCurve({1e-2: [SLOW]})}
    curves |= {f"std-{std:g}": factored({1e-2: [trial]}, std) for std, trial in trials.items()}
    write_part(found, tmp_path, "cnn-init", curves, std="new")
    row = world(found, tmp_path, "cnn-init-insensitive", std="new", loss=loss)
    assert (row.outcome, row.effect) == (verdict, spread)


def test_the_learning_rate_is_chosen_by_the_loss_that_judges() -> None:
    """At the end the larger rate has the lower cross-entropy, and a total loss a thousand times as high."""
    rates = {
        1e-2: [CnnTrial(exponential(RATE))],
        1e-1: [CnnTrial(exponential(2 * RATE), total=lambda cross_entropy: 1000 * cross_entropy)],
    }
    run = make_cnn_run({"original": CnnCurve(rates)}, iterations=END)
    chosen = {name: judged_by(run, level).curves["original"].choose().lr for name, level in LEVELS.items()}
    assert chosen == {
        ("cross-entropy", "mean"): 1e-1,
        ("cross-entropy", "none"): 1e-1,
        ("total", "mean"): 1e-2,
        ("total", "none"): 1e-2,
    }


def test_the_last_value_of_every_loss_is_that_of_the_log() -> None:
    diverging = lost(CnnTrial(exponential(RATE)), 500)
    trial = CnnTrial(exponential(RATE), batch=exponential(3 * RATE))
    run = make_cnn_run({"original": CnnCurve({1e-2: [trial, diverging]})}, iterations=END)
    ends = {("cross-entropy", "mean"): 1, ("total", "mean"): 2, ("cross-entropy", "none"): 1, ("total", "none"): 2}
    for name, level in LEVELS.items():
        view = judged_by(run, level)
        speed = 3 if name[1] == "none" else 1
        finals = view.trials[level.final].to_list()
        assert finals == pytest.approx([ends[name] * 10 ** (-speed * END * RATE), float("nan")], nan_ok=True)
        assert view.lost.to_list() == [False, True]
        assert view.curves["original"].logs(1e-2)[0].final == pytest.approx(finals[0])


def test_up_to_a_horizon_before_it_diverges_a_network_is_judged_by_what_it_was_then() -> None:
    run = make_cnn_run({"original": CnnCurve({1e-2: [lost(CnnTrial(exponential(RATE)), 500)]})}, iterations=END)
    view = until(run, 300)
    assert (run.lost.to_list(), view.lost.to_list()) == ([True], [False])
    assert view.trials["final_cross_entropy"].to_list() == pytest.approx([10 ** (-300 * RATE)])
