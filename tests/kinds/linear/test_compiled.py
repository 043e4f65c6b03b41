"""The compiled kernel against NumPy in float64, within bounds of its rounding, on every instruction set there is."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from support.twins import Array, make_problem, make_trial
from torch import Tensor

from overparam_cli.cli.main import cli
from overparam_cli.errors import ConfigError
from overparam_cli.kinds.linear import losses
from overparam_cli.kinds.linear.compiled import library as compiled
from overparam_cli.kinds.linear.compiled.kernel import Compiled
from overparam_cli.kinds.linear.engine import Engine
from overparam_cli.kinds.linear.family import Family
from overparam_cli.kinds.linear.kernels import Gram, Residuals, kernel_for
from overparam_cli.kinds.linear.losses.power import Power
from overparam_cli.kinds.linear.problem import load_problem
from overparam_cli.kinds.linear.unit import LinearUnit
from overparam_cli.kinds.optimizers import SEMANTICS
from overparam_cli.kinds.theory.rule import end_to_end_step
from overparam_cli.run.settings import Settings

SETS = () if (WHY_NOT := compiled.why_not()) else compiled.library().sets_here
built = pytest.mark.skipif(bool(WHY_NOT), reason=f"the compiled kernel: {WHY_NOT}")
SHAPES = [(1, 1, 1), (2, 2, 3), (5, 3, 2), (97, 65, 5), (300, 20, 17), (1300, 130, 4), (700, 128, 50), (640, 33, 8)]
SHAPES += [(1300, 130, 1), (300, 65, 1), (700, 130, 2), (300, 33, 2)]  # one trial and two: tiles of their own, panels
FLOAT32, FLOAT64 = torch.float32, torch.float64


def make_batch(n: int, d: int, B: int, dtype: torch.dtype, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """X (n, d), Y (n, 1) and W (d, B) in float64, of numbers that `dtype` has."""
    rng = np.random.default_rng(seed)
    arrays = rng.normal(size=(n, d)), rng.normal(size=(n, 1)), rng.normal(size=(d, B)) / np.sqrt(d)
    X, Y, W = (torch.from_numpy(array).to(dtype).double() for array in arrays)
    return X, Y, W


def gradient(kernel: Compiled, W: Tensor) -> Tensor:
    """∇L at W (d, B), in the kernel's precision."""
    W_e, G = kernel.lay_out(W.shape[1])
    W_e[:, : W.shape[1]] = W
    kernel.gradient()
    return G[:, : W.shape[1]].clone()


def exact_and_bound(X: Array, Y: Array, W: Array, p: int, eps: float) -> tuple[Array, Array]:
    """Xᵀ(XW − y)^{p−1}/n, and what rounding in any order may change of each entry (Higham 2002, lemma 3.1)."""
    n, d = X.shape
    operations = (p - 1) * (d + 2) + n + p + 8
    largest = np.abs(X).T @ (np.abs(X) @ np.abs(W) + np.abs(Y)) ** (p - 1) / n
    return X.T @ (X @ W - Y) ** (p - 1) / n, 1.01 * operations * eps * largest


def assert_same_descent(whole: Engine, cut: Engine, reference: Engine, start: Tensor) -> None:
    """However the steps were cut the bits are the same; PyTorch's are the same to rounding; and they did descend."""
    assert torch.equal(whole.end_to_end(), cut.end_to_end())
    tolerance = 1e-12 if start.dtype == torch.float64 else 1e-5
    torch.testing.assert_close(whole.end_to_end(), reference.end_to_end(), rtol=tolerance, atol=tolerance)
    assert (whole.end_to_end() - start).abs().max() > 0.01


@built
@pytest.mark.parametrize("which", range(len(SETS)), ids=SETS)
@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64], ids=str)
@pytest.mark.parametrize("p", [2, 4, 6, 12])
def test_the_gradient_is_numpys_within_rounding(p: int, dtype: torch.dtype, which: int) -> None:
    for n, d, B in SHAPES:
        X, Y, W = make_batch(n, d, B, dtype)
        found = gradient(Compiled(Power(p), X, Y, dtype, which), W)
        exact, bound = exact_and_bound(X.numpy(), Y.numpy(), W.numpy(), p, torch.finfo(dtype).eps)
        assert (np.abs(found.double().numpy() - exact) <= bound).all(), (n, d, B)
        assert np.abs(found.double().numpy() - exact).max() <= 1e-4 * np.abs(exact).max(), "the bound would hide it"


@built
@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64], ids=str)
def test_the_number_of_threads_changes_no_bit(dtype: torch.dtype) -> None:
    torch.set_num_threads(4)
    for p, B in ((4, 1), (4, 13), (6, 40), (2, 13)):
        X, Y, W = make_batch(2500, 70, B, dtype)
        kernel = Compiled(Power(p), X, Y, dtype)
        alone = None
        for threads in (1, 2, 3, 4, 1):
            kernel.threads = threads
            for _ in range(20):
                found = gradient(kernel, W)
                alone = found if alone is None else alone
                assert torch.equal(found, alone)


@built
@pytest.mark.parametrize("which", range(len(SETS)), ids=SETS)
@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64], ids=str)
def test_a_trials_bits_do_not_depend_on_many_beside_it(dtype: torch.dtype, which: int) -> None:
    X, Y, W = make_batch(500, 40, 40, dtype)
    for p in (2, 4):
        kernel = Compiled(Power(p), X, Y, dtype, which)
        whole = gradient(kernel, W)
        for B in (9, 16, 31):
            assert torch.equal(gradient(kernel, W[:, :B]), whole[:, :B])


@built
@pytest.mark.parametrize("which", range(len(SETS)), ids=SETS)
@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64], ids=str)
def test_a_features_bits_do_not_depend_on_those_that_count_for_nothing(dtype: torch.dtype, which: int) -> None:
    """However many features a tile takes at once: weights of 0 change no residual."""
    for B in (1, 2, 3, 5):
        X, Y, W = make_batch(300, 130, B, dtype)
        W[40:] = 0
        whole, few = (gradient(Compiled(Power(4), X[:, :d], Y, dtype, which), W[:d]) for d in (130, 40))
        assert torch.equal(whole[:40], few)


@built
@pytest.mark.parametrize("which", range(len(SETS)), ids=SETS)
@pytest.mark.parametrize("p", [2, 4, 6])
@pytest.mark.parametrize("B", [2, 3, 14, 50])
def test_what_is_not_finite_stays_in_its_column(B: int, p: int, which: int) -> None:
    X, Y, W = make_batch(300, 40, B, FLOAT32)
    kernel = Compiled(Power(p), X, Y, FLOAT32, which)
    clean = gradient(kernel, W)
    for bad in (np.nan, np.inf, -np.inf, 3e38):
        for column in {0, B // 2, B - 1}:
            spoilt = W.clone()
            spoilt[7, column] = bad
            found = gradient(kernel, spoilt)
            others = [j for j in range(B) if j != column]
            assert torch.equal(found[:, others], clean[:, others])
            if p > 2 or abs(bad) != 3e38:  # ℓ2 is computed in float64, where that is not much
                assert not found[:, column].isfinite().all()


@built
def test_subnormal_numbers_are_zero_within_a_call_and_nowhere_else() -> None:
    X, Y = torch.ones(100, 20, dtype=torch.float64), torch.zeros(100, 1, dtype=torch.float64)
    found = gradient(Compiled(Power(4), X, Y, FLOAT32), torch.full((20, 1), 1e-14, dtype=torch.float64))
    assert found.count_nonzero() == 0  # (20 · 1e-14)³ = 8e-39
    assert torch.tensor(1e-30, dtype=FLOAT32) * 1e-10 != 0


@built
@pytest.mark.parametrize(("loss", "rate"), [("l2", 0.02), ("l4", 5e-4), ("l6", 2e-5)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_loop_in_c_is_the_engines_loop(loss: str, rate: float, dtype: str) -> None:
    """Depths 1 to 5, with and without weight decay: against PyTorch's steps, and to the last bit however it is cut."""
    X, Y = make_problem(400, 21, 1)
    fields: dict[str, Any] = {"loss": loss, "dtype": dtype, "init_std": 0.4}
    for count in (1, 3, 10):
        trials = [
            make_trial(**fields, depth=1 + i % 5, lr=rate * (1 + i % 3), weight_decay=0.2 * (i % 2), seed=i)
            for i in range(count)
        ]
        reference, whole, cut = (Engine(X, Y, trials, kernel=name) for name in ("torch", "compiled", "compiled"))
        start = whole.end_to_end()
        reference.advance(120)
        whole.advance(120)
        for steps in (1, 100, 0, 19):
            cut.advance(steps)
        assert whole.iteration == cut.iteration == 120
        assert_same_descent(whole, cut, reference, start)


@built
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", ["l2", "l4"])
def test_the_loop_in_c_knows_every_optimiser_and_several_beside_each_other(loss: str, dtype: str) -> None:
    """Against PyTorch's steps, and to the last bit however it is cut, state and all."""
    X, Y = make_problem(400, 21, 1)
    rates = {"gd": 1e-3, "momentum": 1e-4, "adagrad": 0.02, "adadelta": 0.3, "adam": 5e-3}
    trials = [
        make_trial(optimizer=name, semantics=semantics, loss=loss, dtype=dtype, init_std=0.4, depth=depth, seed=depth,
                   lr=rates[name], weight_decay=0.2 * (depth % 2))
        for name in rates for semantics in SEMANTICS for depth in (1, 2, 4)
    ]  # fmt: skip
    trials += [
        replace(one, seed=7 + seed, init_std=0.15, widths=widths, depth=len(widths) + 1)
        for one in trials[1::3]
        for seed, widths in enumerate([(3,), (3,), (40, 35), (5, 70, 2)])
    ]
    reference, early, whole, cut = (Engine(X, Y, trials, kernel=name) for name in ("torch", *["compiled"] * 3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Family, "update", lambda *_: pytest.fail("a step of PyTorch's"))
        early.advance(10)
        whole.advance(120)
        for steps in (1, 100, 0, 19):
            cut.advance(steps)
    reference.advance(10)  # later AdaDelta makes much of a rounding
    tolerance = 1e-10 if dtype == "float64" else 1e-3
    families = zip(*(engine.state()["families"] for engine in (early, reference, whole, cut)), strict=True)
    for own in families:
        for name in ("params", *own[0]["state"]):
            found, expected, one, two = (each["state"].get(name, each["params"]) for each in own)
            assert torch.equal(one, two), name
            torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)
    assert {len(one["trials"]) for one in whole.state()["families"]} == {1, 2, 3}


@built
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", ["l2", "l4"])
def test_the_loop_in_c_knows_the_end_to_end_rule(loss: str, dtype: str) -> None:
    """Claim 2, depths 1 to 8, with weight decay and networks beside it: as PyTorch's steps, and however it is cut."""
    X, Y = make_problem(400, 21, 1)
    rate = {"l2": 2e-3, "l4": 2e-4}[loss]
    fields: dict[str, Any] = {"loss": loss, "dtype": dtype, "init_std": 0.6}
    for count in (1, 3, 40):
        trials = [
            make_trial(**fields, optimizer=name, depth=depth, lr=rate * (1 + i % 3), weight_decay=0.2 * (i % 2), seed=i)
            for i in range(count)
            for name, depth in [("end-to-end", 1 + i % 8), ("gd", 1 + i % 2)][: 1 + i % 2]
        ]
        reference, whole, cut = (Engine(X, Y, trials, kernel=name) for name in ("torch", "compiled", "compiled"))
        start = whole.end_to_end()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Family, "update", lambda *_: pytest.fail("a step of PyTorch's"))
            whole.advance(120)
            for steps in (1, 100, 0, 19):
                cut.advance(steps)
        reference.advance(120)
        assert_same_descent(whole, cut, reference, start)


@built
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_step_of_the_rule_in_c_is_eq_10(dtype: str) -> None:
    """Against the theory's float64 reference, from W_e of any size: 0, and below the root of the least number."""
    X, Y = make_problem(50, 6, 1)
    trials = [
        make_trial(optimizer="end-to-end", dtype=dtype, loss="l2", depth=depth, lr=0.1, weight_decay=decay)
        for depth in (1, 2, 3, 8)
        for decay in (0.0, 0.3)
    ]
    engine = Engine(X, Y, trials, kernel="compiled")
    (family,) = engine.families
    draw = torch.from_numpy(np.random.default_rng(0).normal(size=(6, 1)))
    for size in (1.0, 0.0, 1e-3, 1e-25, 1e5):
        family.networks.params.copy_(size * draw)
        before = engine.end_to_end().double().numpy()
        engine.advance(1)
        for W, found, trial in zip(before, engine.end_to_end().double().numpy(), trials, strict=True):
            G = (W @ X.numpy().T - Y.numpy().T) @ X.numpy() / len(X)
            expected = end_to_end_step(W, G, trial.depth, trial.lr, trial.weight_decay)
            scale = np.abs(W).max() + np.abs(expected - W).max()
            assert np.abs(found - expected).max() <= (1e-13 if dtype == "float64" else 1e-5) * scale, (
                trial.depth,
                size,
            )


@built
def test_an_optimiser_of_somebody_elses_makes_its_own_steps() -> None:
    X, Y = make_problem(30, 4, 1)
    engine = Engine(X, Y, [make_trial()], kernel="compiled")
    (own,) = [member.chains() for member in engine.families]
    assert own is not None
    assert engine.kernel.descend([own]) is not None
    assert engine.kernel.descend([replace(own, function=lambda **_: None)]) is None


@built
def test_an_engine_may_grow_again_from_a_state_of_more_trials() -> None:
    X, Y = make_problem(50, 5, 1)
    trials = [make_trial(seed=seed, depth=2) for seed in range(40)]
    whole, part = Engine(X, Y, trials, kernel="compiled"), Engine(X, Y, trials[:3], kernel="compiled")
    whole.advance(10)
    part.load_state(whole.state(), trials)
    whole.advance(10)
    part.advance(10)
    assert torch.equal(whole.end_to_end(), part.end_to_end())


# Which kernel


def make_unit(kernel: str, loss: str = "l4") -> LinearUnit:
    trials = [make_trial(loss=loss, dataset="simulated", preprocessing="zscore", iterations=300, dtype="float32", lr=lr)
              for lr in (1e-4, 1e9)]  # fmt: skip
    settings = Settings(kernel=kernel)
    return LinearUnit(trials, load_problem(trials[0], settings), settings)


@built
@pytest.mark.parametrize("kernel", ["torch", "compiled"])
def test_a_unit_says_what_computed_and_goes_on_with_it_alone(kernel: str) -> None:
    unit, other = make_unit(kernel), {"torch": "compiled", "compiled": "torch"}[kernel]
    unit.advance(0)
    assert unit.timing["kernel"] == {"torch": "torch", "compiled": f"compiled ({SETS[0]})"}[kernel]
    for wanted in (kernel, "auto"):
        successor = make_unit(wanted)
        successor.restore(unit.state())
        successor.advance(1e9)
        assert successor.timing["kernel"] == unit.timing["kernel"]
    with pytest.raises(ConfigError, match=f"kernel '{kernel}'.*--kernel {kernel}.*--name"):
        make_unit(other).restore(unit.state())
    unit.advance(1e9)
    for one, two in zip(unit.tables(), successor.tables(), strict=True):
        assert one.to_csv() == two.to_csv()


def test_a_run_says_that_the_compiled_kernel_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    compiled.library.cache_clear()
    monkeypatch.setattr(compiled, "find_spec", lambda _: None)
    command = ["run", "fig3", "--smoke", "--loss", "l2", "--lr", "1e-3", "--results", str(tmp_path)]
    try:
        said = CliRunner().invoke(cli, [*command, "--iterations", "10"], catch_exceptions=False)
        refused = CliRunner().invoke(cli, [*command, "--iterations", "11", "--kernel", "compiled"])
    finally:
        compiled.library.cache_clear()
    assert said.exit_code == 0
    assert said.stderr.count("not to be had") == 1
    assert isinstance(refused.exception, ConfigError)
    (written,) = tmp_path.rglob("manifest.json")
    assert [entry["kernel"] for entry in json.loads(written.read_text())["timings"]] == ["torch"]


def test_the_compiled_kernel_stands_back_for_what_it_does_not_know() -> None:
    for loss, k in (("l4", 2), ("huber", 1), ("l2", 3)):
        X, Y = make_problem(10, 3, k)
        assert kernel_for(losses.named(loss), X, Y, FLOAT32, "auto").name == "torch"


@built
def test_it_is_used_where_it_can_be() -> None:
    X, Y = make_problem(10, 3, 1)
    for loss in ("l2", "l4", "l6"):
        for wanted in ("auto", "compiled"):
            assert kernel_for(losses.named(loss), X, Y, FLOAT32, wanted).name == f"compiled ({SETS[0]})"
        assert kernel_for(losses.named(loss), X, Y, FLOAT32, "torch").name == "torch"


def test_where_it_is_not_built_pytorch_computes_and_asking_for_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled.library.cache_clear()
    monkeypatch.setattr(compiled, "find_spec", lambda _: None)
    X, Y = make_problem(10, 3, 1)
    try:
        assert isinstance(kernel_for(losses.named("l4"), X, Y, FLOAT32, "auto"), Residuals)
        assert isinstance(kernel_for(losses.named("l2"), X, Y, FLOAT32, "auto"), Gram)
        with pytest.raises(ConfigError, match=r"not built .* --kernel auto or torch"):
            kernel_for(losses.named("l4"), X, Y, FLOAT32, "compiled")
    finally:
        compiled.library.cache_clear()


@built
def test_a_library_of_other_sources_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled.library.cache_clear()
    monkeypatch.setattr(compiled, "VERSION", -1)
    try:
        assert "other sources" in compiled.why_not()
    finally:
        compiled.library.cache_clear()


def test_an_unknown_kernel_is_refused() -> None:
    X, Y = make_problem(10, 3, 1)
    with pytest.raises(ConfigError, match="auto, torch, compiled"):
        kernel_for(losses.named("l4"), X, Y, FLOAT32, "cuda")


@built
def test_a_mixed_batch_shares_the_kernel() -> None:
    """Trials that the loop in C does not know, beside some that it does: every step goes through one gradient."""
    X, Y = make_problem(80, 12, 1)
    trials = [make_trial(optimizer=name, lr=0.01, depth=2) for name in ("gd", "adam", "momentum")]
    trials += [make_trial(depth=2, widths=(3,)), make_trial(parameterisation="diagonal", depth=3)]
    trials = [replace(trial, dtype="float32") for trial in trials]
    found, expected = (Engine(X, Y, trials, kernel=name) for name in ("compiled", "torch"))
    found.advance(50)
    expected.advance(50)
    torch.testing.assert_close(found.end_to_end(), expected.end_to_end(), rtol=1e-4, atol=1e-5)
