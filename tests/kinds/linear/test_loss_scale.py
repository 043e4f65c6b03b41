"""A factor on the loss: it multiplies value, gradient, curvature and optimum, and leaves weight decay alone."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from support.twins import loss_of, make_problem, make_trial, train_alone

from overparam_cli.data import Dataset
from overparam_cli.kinds.linear.engine import Engine
from overparam_cli.kinds.linear.measure import MEASURES
from overparam_cli.kinds.linear.problem import problem_of
from overparam_cli.kinds.linear.unit import batches_of

TRIALS: dict[str, dict[str, Any]] = {
    "one layer": {},
    "chain with decay": {"depth": 3, "init_std": 0.6, "weight_decay": 0.2},
    "wide": {"depth": 2, "widths": (4,)},
    "adagrad": {"optimizer": "adagrad", "depth": 2},
    "adam": {"optimizer": "adam", "semantics": "torch"},
    "rule": {"optimizer": "end-to-end", "depth": 3, "init_std": 0.5, "weight_decay": 0.1},
}


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize("scale", [0.25, 3.0])
@pytest.mark.parametrize("loss", ["l2", "l4", "l6", "huber0.5", "logistic"])
def test_it_trains_as_autograd_does_with_the_factor_before_the_loss(loss: str, scale: float) -> None:
    X, Y = make_problem(23, 5, 1)
    Y = Y.sign() if loss == "logistic" else Y
    rate = 1e-4 if loss == "l6" else 4e-3
    trials = [make_trial(loss=loss, loss_scale=scale, lr=rate, **own) for own in TRIALS.values()]
    engine = Engine(X, Y, trials)
    engine.advance(30)
    for trial, W, value in zip(engine.trials, engine.end_to_end(), engine.loss(), strict=True):
        expected = train_alone(trial, X, Y, 30)[-1]
        assert np.isfinite(expected).all()
        np.testing.assert_allclose(W.numpy(), expected, rtol=1e-9, atol=1e-11, err_msg=str(trial))
        assert value.item() == pytest.approx(scale * loss_of(torch.from_numpy(expected), X, Y, loss).item(), rel=1e-9)


def test_the_optimum_and_its_certificate_go_with_it() -> None:
    X, Y = (tensor.numpy() for tensor in make_problem(23, 5, 1))
    raw = Dataset("made-up", X, Y, "the test", True, tuple("abcde"), ("y",))
    plain, scaled = (problem_of(raw, make_trial(loss_scale=scale)) for scale in (1.0, 0.3))
    assert scaled.loss_at_zero == pytest.approx(0.3 * np.mean(Y**4) / 4, rel=1e-12)
    best = torch.from_numpy(plain.optimum.W)
    assert scaled.optimum.loss == pytest.approx(0.3 * loss_of(best, plain.X, plain.Y, "l4").item(), rel=1e-12)
    assert 0 <= scaled.optimum.loss - scaled.optimum.lower_bound <= 1e-12 * scaled.optimum.loss


@pytest.mark.parametrize("loss", ["l2", "l4"])
def test_measures_are_of_the_loss_with_its_factor(loss: str) -> None:
    X, Y = make_problem(23, 5, 1)
    trial = make_trial(loss=loss, loss_scale=3.0, depth=1, weight_decay=0.5)
    engine = Engine(X, Y, [trial])
    W = engine.end_to_end()[0]
    hessian = torch.autograd.functional.hessian(lambda w: 3 * loss_of(w[None], X, Y, loss), W[0])
    top = float(torch.linalg.eigvalsh(hessian)[-1])
    assert MEASURES["curvature"](engine).item() == pytest.approx(top, rel=1e-6)
    assert MEASURES["sharpness"](engine).item() == pytest.approx(top + 0.5, rel=1e-6)


def test_trials_of_different_factors_are_not_one_batch_and_have_different_ids() -> None:
    trial = make_trial()
    other = replace(trial, loss_scale=2.0)
    X, Y = make_problem(23, 5, 1)
    assert len(batches_of([trial, other], SimpleNamespace(X=X, Y=Y))) == 2
    assert other.trial_id != trial.trial_id == replace(trial, loss_scale=1.0).trial_id
    assert "loss_scale" not in trial.extras()
    assert other.extras()["loss_scale"] == 2.0
