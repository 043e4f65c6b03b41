"""The engine against one-at-a-time training by torch.nn and torch.optim, closed forms, and its own promises."""

import io
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from support.twins import Array, loss_of, make_problem, make_trial, train_alone
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from overparam_cli.kinds.linear.engine import CHECK_EVERY, Engine, Snapshot
from overparam_cli.kinds.linear.parameterisations.layers import ScalarChain
from overparam_cli.kinds.linear.trial import LinearTrial
from overparam_cli.kinds.optimizers import OPTIMIZERS, SEMANTICS

pytestmark = pytest.mark.usefixtures("kernel")  # every test with PyTorch's kernel and with the compiled one

ELEMENTWISE = [(name, semantics) for name in OPTIMIZERS if name != "end-to-end" for semantics in SEMANTICS]


@pytest.fixture(params=["cpu", "cuda"])
def device(request: pytest.FixtureRequest) -> torch.device:
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    return torch.device(request.param)


def mixed_trials(p: int, k: int) -> list[LinearTrial]:
    """Every optimiser under both semantics, depths 1 to 5, several widths, inits, rates, seeds and weight decays."""
    gentle = {2: 0.1, 4: 0.02, 6: 0.002}[p]
    rates = {"gd": gentle, "momentum": gentle / 4, "adagrad": 0.05, "adadelta": 1.0, "adam": 0.02}
    trials = [
        make_trial(optimizer=name, semantics=semantics, depth=depth, lr=rates[name] / depth, seed=depth)
        for name, semantics in ELEMENTWISE
        for depth in (1, 3)
    ]
    trials += [
        make_trial(depth=depth, init_std=0.6, lr=lr, seed=9) for depth in (1, 2, 5) for lr in (gentle / 3, gentle)
    ]
    trials += [make_trial(depth=2, widths=(4,), weight_decay=w, seed=5, lr=gentle / 2) for w in (0.0, 0.3)]
    trials += [
        make_trial(depth=3, widths=(3, 2), init=init, init_std=0.3, lr=gentle / 9) for init in ("identity", "balanced")
    ]
    trials += [make_trial(depth=3, init="identity", init_std=0.1, lr=gentle / 9, weight_decay=0.2)]
    trials += [make_trial(optimizer="adam", depth=2, weight_decay=0.5, lr=0.01)]
    trials += [
        make_trial(optimizer="end-to-end", depth=N, widths=(4,) * (N - 1), init_std=0.5, lr=gentle / 9, weight_decay=w)
        for N in (1, 2, 3)
        for w in (0.0, 0.2)
    ]
    return [replace(trial, loss=f"l{p}") for trial in trials]


def paths(engine: Engine, iterations: int) -> dict[str, Array]:
    """W_e of every trial at iterations 0 … `iterations`, (iterations + 1, k, d), by trial id."""
    found: dict[str, list[Array]] = {trial.trial_id: [] for trial in engine.trials}
    for iteration in range(iterations + 1):
        if iteration:
            engine.step()
        for trial, W in zip(engine.trials, engine.end_to_end().double().cpu().numpy(), strict=True):
            found[trial.trial_id].append(W.copy())
    return {trial_id: np.array(path) for trial_id, path in found.items()}


def assert_paths_equal(actual: Array, expected: Array, relative: float, name: object = "") -> None:
    assert np.isfinite(expected).all(), f"the twin diverged: {name}"
    np.testing.assert_allclose(actual, expected, rtol=0, atol=relative * np.abs(expected).max(), err_msg=str(name))


def collect(engine: Engine, iterations: int, log_points: Iterable[int]) -> list[Snapshot]:
    return list(engine.run(iterations, list(log_points)))


# Values


@pytest.mark.parametrize("p", [2, 4])
@pytest.mark.parametrize(("name", "semantics"), ELEMENTWISE)
def test_chains_of_one_optimiser_train_as_each_trial_would_alone(p: int, name: str, semantics: str) -> None:
    """What the compiled kernel does without PyTorch's steps, for both kernels: networks of one output, any widths."""
    chosen = [one for one in mixed_trials(p, 1) if one.optimizer == name and one.semantics == semantics]
    trials = [
        replace(chosen[0], depth=len(widths) + 1, widths=widths, weight_decay=decay)
        for widths in ((), (1,), (1, 1, 1, 1), (3,), (2, 37))
        for decay in (0.0, 0.3)
    ]
    X, Y = make_problem(40, 4, 1)
    found = paths(Engine(X, Y, trials), 60)
    for one in trials:
        assert_paths_equal(found[one.trial_id], train_alone(one, X, Y, 60), 1e-9, one)


@pytest.mark.parametrize("p", [2, 4, 6])
@pytest.mark.parametrize("k", [1, 3])
def test_a_mixed_batch_trains_as_each_trial_would_alone(p: int, k: int, device: torch.device) -> None:
    """Against torch.nn.Linear, autograd and torch.optim; for p = 2 this holds the Gram form against residuals."""
    X, Y = make_problem(23, 5, k)
    trials = mixed_trials(p, k)
    found = paths(Engine(X, Y, trials, device=device), 40)
    assert len(found) == len(trials)
    for trial in trials:
        expected = train_alone(trial, X, Y, 40)
        moved = np.abs(expected[-1] - expected[0]).max() / np.abs(expected[0]).max()
        assert moved > 1e-2, f"nothing to see: {trial}"
        assert_paths_equal(found[trial.trial_id], expected, 1e-9, trial)


@pytest.mark.parametrize("k", [1, 3])
def test_gradient_descent_on_least_squares_follows_its_closed_form(k: int, device: torch.device) -> None:
    """W_t = W* + (W_0 − W*)(I − η(H + λI))^t, H = XᵀX/n, here up to t = 5000 with H of condition number 1e4."""
    X, Y = make_problem(40, 6, k)
    X = X * torch.logspace(0, -2, 6, dtype=torch.float64)
    values, vectors = np.linalg.eigh((X.T @ X / 40).numpy())
    trials = [
        make_trial(loss="l2", lr=lr / values[-1], weight_decay=decay, seed=seed)
        for lr, seed in ((0.05, 1), (1.0, 2), (1.9, 3))
        for decay in (0.0, 0.01 * values[-1])
    ]
    engine = Engine(X, Y, trials, device=device)
    start = dict(zip(engine.trials, engine.end_to_end().cpu().numpy(), strict=True))
    for t in (1, 10, 100, 5000):
        while engine.iteration < t:
            engine.step()
        for trial, W in zip(engine.trials, engine.end_to_end().cpu().numpy(), strict=True):
            curvature = values + trial.weight_decay
            best = ((Y.T @ X / 40).numpy() @ vectors) / curvature  # in the eigenbasis
            expected = best + (start[trial] @ vectors - best) * (1 - trial.lr * curvature) ** t
            np.testing.assert_allclose(W @ vectors, expected, rtol=0, atol=1e-9 * np.abs(best).max())


def test_two_points_move_as_the_paper_section_7_writes_them(device: torch.device) -> None:
    """n = d = 2: each coordinate is a problem of its own, w_i ← w_i − (η/2)(w_i − y_i)^{p−1}, in plain Python."""
    X = torch.eye(2, dtype=torch.float64)
    y, lr = (10.0, 1.0), 0.005
    Y = torch.tensor(y, dtype=torch.float64)[:, None]
    engine = Engine(X, Y, [make_trial(lr=lr, init_std=0.01), make_trial(lr=lr, init_std=0.02)], device=device)
    before = engine.end_to_end()[:, 0].cpu().tolist()
    for _ in range(300):
        engine.step()
    for w, start in zip(engine.end_to_end()[:, 0].cpu().tolist(), before, strict=True):
        for i in range(2):
            expected = start[i]
            for _ in range(300):
                expected -= lr / 2 * (expected - y[i]) ** 3
            assert w[i] == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("decay", [0.0, 0.2])
@pytest.mark.parametrize("depth", [2, 3])
def test_balanced_deep_networks_approach_the_end_to_end_rule_as_the_rate_falls(
    k: int, decay: float, depth: int
) -> None:
    """Theorem 1: after a fixed time η·t the two differ by O(η), so that halving η halves the distance."""
    X, Y = make_problem(20, 4, k)
    net = {"depth": depth, "widths": (3,) * (depth - 1), "init": "balanced", "init_std": 0.6, "weight_decay": decay}
    distances = []
    for halvings in range(3):
        lr, steps = 0.01 * 0.5**halvings, 20 * 2**halvings
        trials = [make_trial(**net, lr=lr), make_trial(**net, lr=lr, optimizer="end-to-end")]
        path = list(paths(Engine(X, Y, trials), steps).values())
        assert_paths_equal(path[0][0], path[1][0], 1e-12)  # the same start
        distances.append(float(np.linalg.norm(path[0][-1] - path[1][-1])))
        assert distances[-1] < 0.1 * np.linalg.norm(path[0][-1] - path[0][0])
    for coarse, fine in itertools.pairwise(distances):
        assert coarse / fine == pytest.approx(2, rel=0.25)


@pytest.mark.parametrize("loss", ["l2", "l4"])
def test_float32_follows_float64(loss: str, device: torch.device) -> None:
    X, Y = make_problem(60, 8, 1)
    trials = [make_trial(loss=loss, depth=depth, lr=lr) for depth in (1, 2, 3) for lr in (0.003, 0.01)]
    trials += [make_trial(loss=loss, depth=2, optimizer="adam", lr=0.01), make_trial(loss=loss, optimizer="adagrad")]
    trials += [make_trial(loss=loss, depth=2, widths=(5,)), make_trial(loss=loss, depth=3, optimizer="end-to-end")]
    single = [replace(trial, dtype="float32") for trial in trials]
    engine = Engine(X, Y, single, device=device)
    assert engine.end_to_end().dtype == torch.float32
    exact = list(paths(Engine(X, Y, trials, device=device), 200).values())
    for rounded, path in zip(paths(engine, 200).values(), exact, strict=True):
        assert_paths_equal(rounded, path, 3e-5)
    assert engine.loss().dtype == torch.float64  # a gap of 1e-7 is not to drown in float32


@pytest.mark.parametrize("p", [2, 4, 6])
@pytest.mark.parametrize("k", [1, 3])
def test_the_losses_and_norms_reported_are_those_of_the_weights(p: int, k: int) -> None:
    X, Y = make_problem(30, 4, k)
    engine = Engine(X, Y, mixed_trials(p, k))
    for snapshot in engine.run(20, [0, 7, 20]):
        assert snapshot.loss is not None
        assert snapshot.norm is not None
        for W, loss, norm in zip(engine.end_to_end(), snapshot.loss, snapshot.norm, strict=True):
            assert float(loss) == pytest.approx(float(loss_of(W, X, Y, f"l{p}")), rel=1e-12)
            assert float(norm) == pytest.approx(float(np.linalg.norm(W.numpy())), rel=1e-12)


# Companions


def test_a_trial_starts_from_weights_that_neither_rate_nor_companions_decide() -> None:
    X, Y = make_problem(20, 5, 1)
    base = make_trial(depth=3, seed=4)
    alone = Engine(X, Y, [base]).end_to_end()[0]
    batch = [make_trial(seed=1), replace(base, lr=0.5), make_trial(depth=8), base, make_trial(depth=2, widths=(6,))]
    engine = Engine(X, Y, [*batch, make_trial(optimizer="end-to-end", depth=3, seed=4)])
    same = [
        W for trial, W in zip(engine.trials, engine.end_to_end(), strict=True) if (trial.depth, trial.seed) == (3, 4)
    ]
    assert len(same) == 3
    for W in same:
        torch.testing.assert_close(W, alone, rtol=1e-15, atol=0)


@pytest.mark.parametrize("count", [1, 15, 16, 17, 33])
def test_the_width_of_the_batch_does_not_matter(count: int) -> None:
    """Columns are padded to multiples of 16; n = 3 is smaller than that."""
    X, Y = make_problem(3, 4, 1)
    trials = [make_trial(depth=1 + seed % 3, seed=seed) for seed in range(count)]
    found = paths(Engine(X, Y, trials), 30)
    for trial in (trials[0], trials[-1]):
        assert_paths_equal(found[trial.trial_id], train_alone(trial, X, Y, 30), 1e-11)


@pytest.mark.parametrize(("name", "semantics"), ELEMENTWISE)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pads_of_shallow_networks_stay_exactly_one(name: str, semantics: str, dtype: str) -> None:
    X, Y = make_problem(20, 4, 1)
    settings = {"optimizer": name, "semantics": semantics, "dtype": dtype, "weight_decay": 0.5, "lr": 0.05}
    engine = Engine(X, Y, [make_trial(depth=depth, **settings) for depth in (1, 2, 4)])
    for _ in range(50):
        engine.step()
    chain = engine.families[0].networks
    assert isinstance(chain, ScalarChain)
    assert len(engine.families) == 1
    scalars = chain.scalars.T.tolist()  # (trial, layer)
    assert scalars[0] == [1.0, 1.0, 1.0]
    assert scalars[1][1:] == [1.0, 1.0]
    assert 1.0 not in [*scalars[1][:1], *scalars[2]]


def test_identical_trials_are_trained_each_for_itself() -> None:
    X, Y = make_problem(20, 4, 1)
    found = collect(Engine(X, Y, [make_trial(lr=50.0), make_trial(lr=50.0), make_trial()]), 200, [0, 200])
    assert [len(snapshot.diverged) for snapshot in found if snapshot.diverged] == [2]
    assert len(found[-1].trials) == 1


def test_a_network_whose_layers_are_all_zero_stays_where_it_is() -> None:
    X, Y = make_problem(20, 4, 1)
    trials = [make_trial(depth=depth, init_std=0.0) for depth in (2, 3)]
    trials += [make_trial(depth=3, init_std=0.0, optimizer=name) for name in ("adam", "adagrad", "end-to-end")]
    trials += [make_trial(depth=3, widths=(4, 4), init_std=0.0)]
    last = collect(Engine(X, Y, trials), 150, [150])[-1]
    assert last.norm is not None
    assert last.norm.tolist() == [0.0] * len(trials)


# Divergence


def rates_that_diverge_at_different_times(p: int, k: int) -> list[LinearTrial]:
    kinds: list[dict[str, Any]] = [
        {"depth": 1},
        {"depth": 3},
        {"depth": 2, "widths": (3,)},
        {"depth": 1, "optimizer": "momentum"},
    ]
    kinds += [{"depth": 2, "widths": (3,), "optimizer": "end-to-end"}]
    rates = (1e-3, 0.3, 5e-3, 2.0, 60.0) if p == 4 else (1e-2, 1.0, 5e-2, 1.7, 60.0)
    return [make_trial(loss=f"l{p}", **kind, lr=lr, seed=seed) for kind in kinds for seed, lr in enumerate(rates)]


@pytest.mark.parametrize("p", [2, 4])
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_diverged_trials_leave_and_the_others_go_on_as_if_alone(p: int, k: int, dtype: str) -> None:
    X, Y = make_problem(20, 4, k)
    trials = [replace(trial, dtype=dtype) for trial in rates_that_diverge_at_different_times(p, k)]
    engine, iterations = Engine(X, Y, trials), 450
    start = engine.trials
    assert {trial.trial_id for trial in start} == {trial.trial_id for trial in trials}
    snapshots = collect(engine, iterations, [0, 1, 2, 5, 250, iterations])

    lost = [trial for snapshot in snapshots for trial in snapshot.diverged]
    assert len(lost) == len({trial.trial_id for trial in lost}) >= 5  # each once
    assert len({snapshot.iteration for snapshot in snapshots if snapshot.diverged}) >= 2
    for snapshot in snapshots:
        gone = {
            t.trial_id for earlier in snapshots if earlier.iteration <= snapshot.iteration for t in earlier.diverged
        }
        assert [t.trial_id for t in snapshot.trials] == [t.trial_id for t in start if t.trial_id not in gone]
        if snapshot.loss is not None and snapshot.norm is not None:
            assert len(snapshot.loss) == len(snapshot.norm) == len(snapshot.trials)
            assert bool(snapshot.loss.isfinite().all())

    survivors = engine.trials
    assert len(survivors) >= 5
    undisturbed = Engine(X, Y, survivors)
    last = collect(undisturbed, iterations, [iterations])[-1]
    assert last.diverged == ()
    tolerance = 1e-9 if dtype == "float64" else 1e-3
    torch.testing.assert_close(engine.end_to_end(), undisturbed.end_to_end(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("optimizer", ["gd", "adam"])
def test_when_the_deepest_network_leaves_the_others_lose_their_pads(optimizer: str) -> None:
    X, Y = make_problem(20, 4, 1)
    kept = [make_trial(depth=depth, optimizer=optimizer, lr=0.005) for depth in (1, 2)]
    lost = make_trial(depth=6, optimizer=optimizer, init_std=1e40)
    engine = Engine(X, Y, [kept[0], lost, kept[1]])
    assert collect(engine, 0, [0])[0].diverged == (lost,)
    assert engine.families[0].networks.params.shape == (5, 2)
    found = paths(engine, 30)
    for trial in kept:
        assert_paths_equal(found[trial.trial_id], train_alone(trial, X, Y, 30), 1e-11)


def test_a_trial_diverges_when_its_twin_does() -> None:
    """Reported at the first look, one every CHECK_EVERY iterations, after its weights have stopped being finite."""
    X, Y = make_problem(20, 4, 1)
    x, y, iterations = X.numpy(), Y[:, 0].numpy(), 4000
    trials = [make_trial(loss="l2", lr=lr) for lr in (1.0, 1.4, 2.0, 5.0, 40.0)]
    last_finite: dict[str, int] = {}
    for trial, start in zip(trials, Engine(X, Y, trials).end_to_end()[:, 0].numpy(), strict=True):
        w = start.copy()
        for t in range(iterations + 1):
            if not np.isfinite(w).all():
                break
            last_finite[trial.trial_id] = t
            with np.errstate(all="ignore"):
                w -= trial.lr * ((x @ w - y) @ x) / len(x)
    reported = {
        trial.trial_id: snapshot.iteration
        for snapshot in collect(Engine(X, Y, trials), iterations, [iterations])
        for trial in snapshot.diverged
    }
    assert len(reported) >= 3
    for trial_id, last in last_finite.items():
        if last == iterations:
            assert trial_id not in reported
        else:  # the Gram form may overflow a few steps apart
            assert last - 5 <= reported[trial_id] <= last + CHECK_EVERY + 5


def test_a_run_in_which_all_diverge_ends_there() -> None:
    X, Y = make_problem(20, 4, 1)
    snapshots = collect(Engine(X, Y, [make_trial(lr=lr) for lr in (30.0, 50.0)]), 100_000_000, [0, 10, 100_000_000])
    assert snapshots[-1].iteration <= CHECK_EVERY
    assert snapshots[-1].trials == ()
    assert snapshots[-1].loss is None
    assert sum(len(snapshot.diverged) for snapshot in snapshots) == 2


def test_a_loss_that_overflows_is_a_divergence_even_while_the_weights_are_finite() -> None:
    """(1e80)⁴ is beyond float64; a log must not hold an infinite loss."""
    X, Y = make_problem(20, 4, 1)
    trials = [make_trial(init_std=1e80), make_trial(init_std=0.1)]
    first, *_ = collect(Engine(X, Y, trials), 0, [0])
    assert [trial.init_std for trial in first.diverged] == [1e80]
    assert first.loss is not None
    assert first.norm is not None
    assert len(first.loss) == len(first.norm) == len(first.trials) == 1


# Log points, checkpoints


def test_it_yields_log_points_regular_looks_and_the_end() -> None:
    X, Y = make_problem(10, 3, 1)
    engine = Engine(X, Y, [make_trial(), make_trial(depth=2)])
    log = [0, 1, 2, 4, 150, 200, 250]
    snapshots = collect(engine, 250, log)
    assert [snapshot.iteration for snapshot in snapshots] == [0, 1, 2, 4, 100, 150, 200, 250]
    assert [snapshot.iteration for snapshot in snapshots if snapshot.loss is not None] == log
    assert all((snapshot.loss is None) == (snapshot.norm is None) for snapshot in snapshots)
    assert engine.iteration == 250


def test_log_points_beyond_the_last_iteration_are_not_trained_for() -> None:
    X, Y = make_problem(10, 3, 1)
    engine = Engine(X, Y, [make_trial()])
    assert [snapshot.iteration for snapshot in collect(engine, 30, [0, 30, 60])] == [0, 30]
    assert engine.iteration == 30


def test_what_it_hands_out_does_not_change_behind_the_callers_back() -> None:
    X, Y = make_problem(10, 3, 1)
    engine = Engine(X, Y, [make_trial(depth=2, optimizer="adam", seed=seed) for seed in range(16)])
    engine.step()
    W_e, saved = engine.end_to_end(), engine.state()
    kept = W_e.clone(), flat(saved)
    engine.step()
    assert not torch.equal(engine.end_to_end(), kept[0])
    assert torch.equal(W_e, kept[0])
    assert torch.equal(flat(saved), kept[1])
    engine.load_state(saved, engine.trials)
    engine.step()
    assert torch.equal(flat(saved), kept[1])


def flat(state: dict[str, object]) -> Tensor:
    """All numbers of an engine's state in one tensor."""
    families = state["families"]
    assert isinstance(families, list)
    return torch.cat([t.flatten() for saved in families for t in (saved["params"], *saved["state"].values())])


@pytest.mark.parametrize(
    ("p", "dtype", "k"), [(2, "float32", 1), (2, "float64", 3), (4, "float64", 1), (4, "float32", 3)]
)
def test_a_restored_engine_goes_on_to_the_last_bit(p: int, dtype: str, k: int, device: torch.device) -> None:
    """From a state that went through a file, taken before and after trials left the batch; nothing is yielded twice."""
    X, Y = make_problem(20, 4, k)
    trials = [*rates_that_diverge_at_different_times(p, k), *mixed_trials(p, k)]
    trials = [replace(trial, dtype=dtype) for trial in trials]
    engine, log = Engine(X, Y, trials, device=device), [0, 3, 50, 130, 150]
    saved, undisturbed = {}, []
    for snapshot in engine.run(150, log):
        undisturbed.append(snapshot)
        file = io.BytesIO()
        torch.save(engine.state(), file)
        saved[snapshot.iteration] = file.getvalue()
    lost = {snapshot.iteration for snapshot in undisturbed if snapshot.diverged}
    assert lost - {150}
    for stop in (0, 3, 100, 130):
        fresh = Engine(X, Y, trials, device=device)
        fresh.load_state(torch.load(io.BytesIO(saved[stop]), weights_only=True), trials)
        assert fresh.iteration == stop
        rest = collect(fresh, 150, log)
        assert_same(rest, [snapshot for snapshot in undisturbed if snapshot.iteration > stop])
        assert torch.equal(flat(fresh.state()), flat(engine.state()))


def assert_same(actual: Sequence[Snapshot], expected: Sequence[Snapshot]) -> None:
    """To the last bit."""
    assert [snapshot.iteration for snapshot in actual] == [snapshot.iteration for snapshot in expected]
    for one, other in zip(actual, expected, strict=True):
        assert one.trials == other.trials
        assert one.diverged == other.diverged
        for mine, theirs in ((one.loss, other.loss), (one.norm, other.norm)):
            assert (mine is None) == (theirs is None)
            assert mine is None or theirs is None or torch.equal(mine, theirs)


# Cost


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("p", [2, 4, 6])
def test_a_step_allocates_nothing(p: int, dtype: str, kernel: str) -> None:
    """But for a Python number in an operation's arguments, which torch wraps as a tensor of one element."""
    X, Y = make_problem(50, 6, 1)
    trials = [
        make_trial(depth=d, optimizer=name, semantics=s, weight_decay=0.1) for name, s in ELEMENTWISE for d in (1, 3)
    ]
    trials += [make_trial(depth=3, widths=(7, 5)), make_trial(depth=2, optimizer="end-to-end", weight_decay=0.1)]
    engine = Engine(X, Y, [replace(trial, loss=f"l{p}", dtype=dtype) for trial in trials])
    engine.step()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as measured:
        engine.step()
    events = measured.events()
    assert events is not None
    products = 2 - (p == 2) if kernel == "torch" else 0  # one pair for all trials, if PyTorch's at all
    assert sum(event.name == "aten::mm" for event in events) == products
    assert max((event.self_cpu_memory_usage for event in events if event.name != "[memory]"), default=0) <= 8
