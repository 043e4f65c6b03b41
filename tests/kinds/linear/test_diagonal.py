"""Diagonal networks against autograd through the product written out, closed forms and dense Hessians."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.twins import Factors, loss_of, make_problem, make_trial
from torch import Tensor

from overparam_cli.errors import ConfigError
from overparam_cli.kinds.linear.engine import Engine
from overparam_cli.kinds.linear.measure import MEASURES
from overparam_cli.kinds.linear.parameterisations import names, parameterisation
from overparam_cli.kinds.linear.parameterisations.diagonal import INITS, PARAMETERISATION, Diagonal
from overparam_cli.kinds.linear.trial import LinearTrial

CPU = torch.device("cpu")


def trial(**changes: object) -> LinearTrial:
    return make_trial(parameterisation="diagonal", **changes)


def networks(B: int, N: int, k: int, d: int, seed: int = 0) -> list[list[Tensor]]:
    rng = np.random.default_rng([seed, B, N, k, d])
    return [[torch.from_numpy(rng.normal(size=(k, d))) for _ in range(N)] for _ in range(B)]


def written_out(factors: Sequence[Tensor]) -> Tensor:
    """What the network computes on a basis."""
    d = factors[0].shape[1]
    return Factors(list(factors))(torch.eye(d, dtype=torch.float64)).T


def test_it_is_known_by_its_file() -> None:
    assert names() == ("layers", "diagonal")
    assert parameterisation("diagonal") is PARAMETERISATION


@settings(max_examples=30)
@given(st.integers(1, 4), st.integers(1, 6), st.integers(1, 3), st.integers(1, 5), st.integers(0, 99))
def test_both_maps_are_autograds_network_by_network(B: int, N: int, k: int, d: int, seed: int) -> None:
    nets = networks(B, N, k, d, seed)
    if seed % 3 == 0:
        nets[0][0][0, 0] = 0.0  # its own gradient survives
    held = Diagonal.pack(nets, torch.float64, CPU)
    batch = torch.full((d, B * k + 5), torch.nan, dtype=torch.float64)
    W_e, G = batch[:, 2 : B * k + 2], torch.from_numpy(np.random.default_rng(seed).normal(size=(d, B * k)))
    held.end_to_end(W_e)
    held.pullback(G)
    for b, factors in enumerate(nets):
        own = slice(b * k, (b + 1) * k)
        leaves = [factor.clone().requires_grad_() for factor in factors]
        product = torch.ones(k, d, dtype=torch.float64)
        for leaf in leaves:
            product = product * leaf
        torch.testing.assert_close(W_e[:, own].T, product.detach(), rtol=1e-13, atol=1e-300)
        expected = torch.autograd.grad((product * G[:, own].T).sum(), leaves)
        for found, gradient in zip(held.grads[:, :, b].mT, expected, strict=True):
            torch.testing.assert_close(found, gradient, rtol=1e-12, atol=1e-13)
        for same, factor in zip(held.network(b), factors, strict=True):
            assert torch.equal(same, factor)


@pytest.mark.parametrize("init", INITS)
def test_starts_depend_on_the_trial_alone(init: str) -> None:
    one = trial(depth=3, init=init, init_std=0.3, seed=7)
    first = Diagonal.initial(one, 4, 2)
    torch.manual_seed(1)
    assert all(torch.equal(a, b) for a, b in zip(first, Diagonal.initial(one, 4, 2), strict=True))
    assert [factor.shape for factor in first] == [(2, 4)] * 3


def test_identity_is_the_draw_plus_one_everywhere() -> None:
    plain, raised = (Diagonal.initial(trial(depth=3, init=init), 4, 2) for init in ("near-zero", "identity"))
    for before, after in zip(plain, raised, strict=True):
        torch.testing.assert_close(after - before, torch.ones(2, 4, dtype=torch.float64), rtol=0, atol=1e-15)
    zero = Diagonal.initial(trial(depth=5, init="identity", init_std=0.0), 3, 1)
    assert torch.equal(written_out(zero), torch.ones(1, 3, dtype=torch.float64))  # the identity of ⊙


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_balanced_factors_are_of_equal_size_and_keep_the_product(depth: int) -> None:
    drawn, found = (Diagonal.initial(trial(depth=depth, init=init), 6, 2) for init in ("near-zero", "balanced"))
    torch.testing.assert_close(written_out(found), written_out(drawn), rtol=1e-13, atol=0)
    sizes = torch.stack(found).abs()
    torch.testing.assert_close(sizes, sizes[:1].expand_as(sizes), rtol=1e-13, atol=0)


def test_an_init_without_meaning_is_refused_with_the_choices() -> None:
    with pytest.raises(ConfigError, match="near-zero, identity, balanced"):
        Diagonal.initial(trial(init="xavier"), 3, 1)


def test_one_factor_is_the_plain_network() -> None:
    X, Y = make_problem(20, 4, 2)
    plain, diagonal = Engine(X, Y, [make_trial(seed=3)]), Engine(X, Y, [trial(seed=3)])
    for _ in range(50):
        plain.step()
        diagonal.step()
    torch.testing.assert_close(plain.end_to_end(), diagonal.end_to_end(), rtol=1e-12, atol=0)


@pytest.mark.parametrize("depth", [2, 3])
def test_orthonormal_features_decouple_the_entries(depth: int) -> None:
    """X = I, balanced from 1: every entry is a scalar chain, u ← u − η u^{N−1} (u^N − y)/n, in plain Python."""
    y, lr, d = [0.5, 2.0, -0.3], 0.05, 3
    X, Y = torch.eye(d, dtype=torch.float64), torch.tensor(y, dtype=torch.float64)[:, None]
    engine = Engine(X, Y, [trial(loss="l2", depth=depth, init="identity", init_std=0.0, lr=lr)])
    for _ in range(200):
        engine.step()
    for found, label in zip(engine.end_to_end().flatten().tolist(), y, strict=True):
        u = 1.0
        for _ in range(200):
            u -= lr * u ** (depth - 1) * (u**depth - label) / d
        assert found == pytest.approx(u**depth, rel=1e-11)


def test_gradient_flow_conserves_the_balance_of_factors() -> None:
    """u_1² − u_2² of each entry stays as it is but for O(η) a unit of time: halving η halves the drift."""
    X, Y = make_problem(20, 4, 1)
    drifts = []
    for halvings in range(3):
        engine = Engine(X, Y, [trial(depth=2, loss="l2", init_std=0.5, lr=0.02 * 0.5**halvings)])
        before = engine.families[0].networks.params.clone()
        for _ in range(100 * 2**halvings):
            engine.step()
        after = engine.families[0].networks.params
        assert float((after - before).abs().max()) > 0.05
        drifts.append(float(((after[0] ** 2 - after[1] ** 2) - (before[0] ** 2 - before[1] ** 2)).abs().max()))
    assert all(coarse / fine == pytest.approx(2, rel=0.2) for coarse, fine in itertools.pairwise(drifts))


@pytest.mark.parametrize("loss", ["l2", "l4", "huber0.5", "logistic"])
@pytest.mark.parametrize("k", [1, 2])
def test_sharpness_is_the_dense_hessians(loss: str, k: int) -> None:
    X, Y = make_problem(25, 3, k)
    if loss == "logistic":
        Y = torch.where(Y > 0, 1.0, -1.0).double()
    trials = [trial(depth=N, loss=loss, init_std=0.8, seed=N, weight_decay=w) for N in (1, 2, 3) for w in (0.0, 0.3)]
    trials += [make_trial(depth=2, loss=loss, init_std=0.8)]
    engine = Engine(X, Y, trials)
    values = dict(zip(engine.trials, MEASURES["sharpness"](engine).tolist(), strict=True))
    for one in trials[:-1]:
        factors = torch.stack(Diagonal.initial(one, 3, k))

        def objective(flat: Tensor, one: LinearTrial = one, shape: torch.Size = factors.shape) -> Tensor:
            parts = flat.view(shape)
            return loss_of(math.prod(parts[1:], start=parts[0]), X, Y, loss) + one.weight_decay / 2 * (flat**2).sum()

        hessian = torch.autograd.functional.hessian(objective, factors.flatten())
        assert values[one] == pytest.approx(float(np.linalg.eigvalsh(hessian.numpy())[-1]), rel=1e-5)
