"""Optimisers: a contract all registered ones keep, values against torch.optim and written-out references, Eq. 10/12."""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.twins import Array, loss_of, make_problem, rule_step, single_output_rule_step, torch_optimizer
from torch import Tensor

from overparam_cli.errors import ConfigError
from overparam_cli.kinds.optimizers import OPTIMIZERS, SEMANTICS, Buffers, Hyper

RULE = "end-to-end"
EVERY = list(itertools.product(OPTIMIZERS, SEMANTICS))
ELEMENTWISE = [(name, semantics) for name, semantics in EVERY if name != RULE]
Gradient = Callable[[Tensor], Tensor]


def buffers(
    name: str,
    semantics: str,
    params: Tensor,
    lr: Sequence[float],
    *,
    rows: bool = False,
    depths: Sequence[int] | None = None,
    shrink: Sequence[float] | None = None,
    k: int = 1,
) -> Buffers:
    """What one family works on; trials are the columns of params, or its `rows`."""

    def per_trial(values: Sequence[float]) -> Tensor:
        vector = torch.tensor(values, dtype=torch.float64).to(params.dtype)
        return vector[:, None] if rows else vector

    optimizer = OPTIMIZERS[name]
    return Buffers(
        params=params,
        grads=torch.zeros_like(params),
        scratch=torch.full_like(params, torch.nan),
        lr=per_trial(lr),
        state=optimizer.init(params, optimizer.defaults[semantics]),
        depth=per_trial([float(N) for N in depths or [3] * len(lr)]),
        rows=params.new_full((3, len(lr)), torch.nan),
        shrink=None if shrink is None else per_trial(shrink),
        outputs=k,
    )


def advance(name: str, semantics: str, b: Buffers, gradient: Gradient, steps: range) -> None:
    for t in steps:
        b.grads.copy_(gradient(b.params))
        OPTIMIZERS[name].update(b, OPTIMIZERS[name].defaults[semantics], t)


def start(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


def bowl(w: Tensor) -> Tensor:
    """The gradient of Σ (w⁴/4 + w²/2 − w), elementwise."""
    return w**3 + w - 1


@pytest.mark.parametrize(("name", "semantics"), EVERY)
def test_both_semantics_are_there_and_name_the_same_hyperparameters(name: str, semantics: str) -> None:
    defaults = OPTIMIZERS[name].defaults
    assert set(defaults) == set(SEMANTICS)
    assert set(defaults[semantics]) == set(defaults["tf1"])


@pytest.mark.parametrize(("name", "semantics"), EVERY)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_state_is_one_tensor_a_slot_of_the_parameters_shape(name: str, semantics: str, dtype: torch.dtype) -> None:
    optimizer, params = OPTIMIZERS[name], start(5, 4).to(dtype)
    state = optimizer.init(params, optimizer.defaults[semantics])
    assert tuple(state) == optimizer.slots
    for slot in state.values():
        assert slot.shape == params.shape
        assert slot.dtype == dtype
    pointers = [slot.data_ptr() for slot in [params, *state.values()]]
    assert len(set(pointers)) == len(pointers)


@pytest.mark.parametrize(("name", "semantics"), EVERY)
def test_an_update_writes_in_place_and_only_where_it_may(name: str, semantics: str) -> None:
    b = buffers(name, semantics, start(5, 4), [0.1, 0.2, 0.3, 0.4])
    tensors = [b.params, b.grads, b.scratch, *b.state.values()]
    before, fixed = b.params.clone(), (b.lr.clone(), b.depth.clone())
    advance(name, semantics, b, bowl, range(1, 4))
    now = [b.params, b.grads, b.scratch, *b.state.values()]
    assert all(one is other for one, other in zip(now, tensors, strict=True))
    assert torch.equal(b.lr, fixed[0])
    assert torch.equal(b.depth, fixed[1])
    assert not bool((b.params == before).any())
    assert bool(b.params.isfinite().all())


@pytest.mark.parametrize(("name", "semantics"), EVERY)
def test_trials_are_independent_so_any_of_them_may_leave(name: str, semantics: str) -> None:
    """Compaction: ten steps together, or four together and six without the companions."""
    rates, depths, alive = [0.01, 0.02, 0.05, 0.1], [1, 2, 3, 5], [0, 2]
    together = buffers(name, semantics, start(5, 4), rates, depths=depths)
    advance(name, semantics, together, bowl, range(1, 11))
    first = buffers(name, semantics, start(5, 4), rates, depths=depths)
    advance(name, semantics, first, bowl, range(1, 5))
    rest = buffers(name, semantics, first.params[:, alive], [0.01, 0.05], depths=[1, 3])
    rest.state = {slot: value[:, alive] for slot, value in first.state.items()}
    advance(name, semantics, rest, bowl, range(5, 11))
    torch.testing.assert_close(rest.params, together.params[:, alive], rtol=1e-13, atol=0)
    for slot, value in rest.state.items():
        torch.testing.assert_close(value, together.state[slot][:, alive], rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize(("name", "semantics"), EVERY)
@pytest.mark.parametrize("poison", [torch.nan, torch.inf])
def test_a_diverged_trial_does_not_touch_its_companions(name: str, semantics: str, poison: float) -> None:
    clean = buffers(name, semantics, start(5, 3), [0.1] * 3)
    advance(name, semantics, clean, bowl, range(1, 6))
    spoilt = start(5, 3)
    spoilt[:, 1] = poison
    b = buffers(name, semantics, spoilt, [0.1] * 3)
    advance(name, semantics, b, bowl, range(1, 6))
    assert torch.equal(b.params[:, [0, 2]], clean.params[:, [0, 2]])
    assert not bool(b.params[:, 1].isfinite().any())


@pytest.mark.parametrize(("name", "semantics"), EVERY)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_zero_gradient_moves_nothing_and_divides_by_nothing(
    name: str, semantics: str, dtype: torch.dtype, value: float
) -> None:
    """What padded scalars rely on: they must stay exactly 1."""
    params = torch.full((5, 4), value, dtype=dtype)
    b = buffers(name, semantics, params.clone(), [0.5] * 4, depths=[1, 2, 3, 4])
    advance(name, semantics, b, torch.zeros_like, range(1, 31))
    assert torch.equal(b.params, params)


@pytest.mark.parametrize(("name", "semantics"), ELEMENTWISE)
def test_it_does_not_matter_how_the_parameters_are_laid_out(name: str, semantics: str) -> None:
    rates = [0.01, 0.02, 0.05, 0.1]
    columns = buffers(name, semantics, start(5, 4), rates)
    rows = buffers(name, semantics, start(5, 4).T.contiguous(), rates, rows=True)
    advance(name, semantics, columns, bowl, range(1, 8))
    advance(name, semantics, rows, bowl, range(1, 8))
    torch.testing.assert_close(rows.params, columns.params.T, rtol=1e-14, atol=0)


@pytest.mark.parametrize(("name", "semantics"), ELEMENTWISE)
@pytest.mark.parametrize("p", [2, 4])
def test_values_are_those_of_torch_optim_or_of_the_written_out_reference(name: str, semantics: str, p: int) -> None:
    """Sixty steps on a deep network's parameters, with autograd's gradients and a learning rate per trial."""
    X, Y = make_problem(20, 3, 1)
    rates, w0 = [1e-3, 1e-2, 5e-2], start(5, 3, seed=2) * 0.5

    def objective(w: Tensor) -> Tensor:  # a depth-3 net of width 1: W_1 (3), a_2, a_3
        return loss_of((w[3] * w[4] * w[:3])[None], X, Y, p)

    def gradients(w: Tensor) -> Tensor:  # of all columns
        leaf = w.clone().requires_grad_()
        total = torch.stack([objective(column) for column in leaf.T]).sum()
        return torch.autograd.grad(total, leaf)[0]

    expected = []
    for column, rate in zip(w0.T, rates, strict=True):
        parameter = column.clone().requires_grad_()
        twin = torch_optimizer(name, semantics, [parameter], rate, weight_decay=0.0)
        for _ in range(60):
            twin.zero_grad()
            objective(parameter).backward()  # type: ignore[no-untyped-call]
            twin.step()
        expected.append(parameter.detach())
    b = buffers(name, semantics, w0.clone(), rates)
    advance(name, semantics, b, gradients, range(1, 61))
    moved = (b.params - w0).abs().amax(dim=0)
    assert bool((moved > 1e-6).all())
    torch.testing.assert_close(b.params, torch.stack(expected, dim=1), rtol=1e-11, atol=1e-12)


def test_the_two_semantics_differ_where_the_design_says_so() -> None:
    """First steps in closed form, for g = 1e-4, small enough for each ε and accumulator to show."""
    g = 1e-4
    first = {
        ("adagrad", "tf1"): g / math.sqrt(0.1 + g**2),
        ("adagrad", "torch"): g / (g + 1e-10),
        ("adadelta", "tf1"): g * math.sqrt(1e-8) / math.sqrt(0.05 * g**2 + 1e-8),
        ("adadelta", "torch"): g * math.sqrt(1e-6) / math.sqrt(0.1 * g**2 + 1e-6),
        # √(1−β₂)/(1−β₁) · (1−β₁)g / (√(1−β₂) g + ε̂)
        ("adam", "tf1"): math.sqrt(1e-3) * g / (math.sqrt(1e-3) * g + 1e-8),
        ("adam", "torch"): g / (g + 1e-8),
        ("momentum", "tf1"): g,
        ("momentum", "torch"): g,
        ("gd", "tf1"): g,
        ("gd", "torch"): g,
    }
    for (name, semantics), step in first.items():
        b = buffers(name, semantics, torch.zeros(2, 1, dtype=torch.float64), [0.5])
        advance(name, semantics, b, lambda w: torch.full_like(w, g), range(1, 2))
        np.testing.assert_allclose(b.params.numpy(), -0.5 * step, rtol=1e-12, err_msg=f"{name} {semantics}")
    assert {key for key in first if key[0] != RULE} == set(ELEMENTWISE)


@pytest.mark.parametrize("name", ["adagrad", "adadelta", "adam"])
def test_settings_under_which_a_zero_gradient_divides_by_zero_are_refused(name: str) -> None:
    hyper: Hyper = {**OPTIMIZERS[name].defaults["torch"], "epsilon": 0.0}
    with pytest.raises(ConfigError, match="epsilon"):
        OPTIMIZERS[name].init(torch.zeros(2, 2), hyper)


# The end-to-end rule


def rule_step_of(W: Tensor, G: Tensor, depths: Sequence[int], lr: Sequence[float], decay: Sequence[float]) -> Tensor:
    """One update by the code under test of W and G, (B, k, d)."""
    B, k, d = W.shape
    params, grads = (
        tensor.permute(1, 2, 0).reshape(d, B).clone() if k == 1 else tensor.reshape(B, k * d).clone()
        for tensor in (W, G)
    )
    shrink = [1 - rate * weight * N for rate, weight, N in zip(lr, decay, depths, strict=True)] if any(decay) else None
    b = buffers(RULE, "tf1", params, lr, rows=k > 1, depths=depths, shrink=shrink, k=k)
    advance(RULE, "tf1", b, lambda _: grads, range(1, 2))
    return b.params.T.reshape(B, 1, d) if k == 1 else b.params.reshape(B, k, d)


def assert_rows_equal(actual: Tensor, expected: Sequence[Array], start: Tensor, relative: float) -> None:
    """Equal to rounding in what has been added to `start`, trial by trial."""
    for own, twin, before in zip(actual.numpy(), expected, start.numpy(), strict=True):
        scale = max(np.abs(twin - before).max(), 1e-3 * np.abs(before).max())
        np.testing.assert_allclose(own, twin, rtol=0, atol=relative * scale)


@settings(max_examples=40)
@given(
    st.lists(st.integers(1, 8), min_size=1, max_size=6),
    st.integers(1, 6),
    st.sampled_from([1e-6, 1e-2, 1.0, 30.0]),
    st.sampled_from([0.0, 0.3]),
    st.integers(0, 99),
)
def test_one_output_follows_eq_12(depths: list[int], d: int, size: float, decay: float, seed: int) -> None:
    W, G = start(len(depths), 1, d, seed=seed) * size, start(len(depths), 1, d, seed=seed + 1000)
    lr = [0.01 * (b + 1) for b in range(len(depths))]
    actual = rule_step_of(W, G, depths, lr, [decay] * len(depths))
    expected = [
        single_output_rule_step(w[0], g[0], N, rate, decay)[None]
        for w, g, N, rate in zip(W.numpy(), G.numpy(), depths, lr, strict=True)
    ]
    assert_rows_equal(actual, expected, W, 1e-12)


@settings(max_examples=40)
@given(
    st.lists(st.integers(1, 8), min_size=1, max_size=5),
    st.integers(2, 4),
    st.integers(1, 6),
    st.sampled_from([1e-4, 1.0, 30.0]),
    st.sampled_from([0.0, 0.3]),
    st.integers(0, 99),
)
def test_several_outputs_follow_eq_10(depths: list[int], k: int, d: int, size: float, decay: float, seed: int) -> None:
    """k < d, k = d and k > d, so W_e W_eᵀ and W_eᵀ W_e are singular in turn."""
    W, G = start(len(depths), k, d, seed=seed) * size, start(len(depths), k, d, seed=seed + 1000)
    lr = [0.01 * (b + 1) for b in range(len(depths))]
    actual = rule_step_of(W, G, depths, lr, [decay] * len(depths))
    expected = [rule_step(w, g, N, rate, decay) for w, g, N, rate in zip(W.numpy(), G.numpy(), depths, lr, strict=True)]
    assert_rows_equal(actual, expected, W, 1e-9)


@pytest.mark.parametrize("N", [2, 3, 8])
def test_eq_10_of_a_single_row_is_eq_12(N: int) -> None:
    """Claim 2, between the two twins: neither is right for being like the other."""
    w, g = start(1, 5).numpy(), start(1, 5, seed=1).numpy()
    np.testing.assert_allclose(rule_step(w, g, N, 0.1)[0], single_output_rule_step(w[0], g[0], N, 0.1), rtol=1e-10)


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_zero_stays_zero_from_two_layers_on(k: int, dtype: torch.dtype) -> None:
    W, G = torch.zeros(4, k, 5, dtype=dtype), start(4, k, 5).to(dtype)
    after = rule_step_of(W, G, [1, 2, 3, 8], [0.5] * 4, [0.1] * 4)
    torch.testing.assert_close(after[0], -0.5 * G[0], rtol=1e-6, atol=0)  # one layer is gradient descent
    assert torch.equal(after[1:], W[1:])


def test_one_layer_is_plain_gradient_descent_to_the_last_bit() -> None:
    W, G = start(2, 1, 5), start(2, 1, 5, seed=1)
    assert torch.equal(rule_step_of(W, G, [1, 4], [0.1] * 2, [0.0] * 2)[0], torch.addcmul(W, G, W.new_tensor(-0.1))[0])


@pytest.mark.parametrize("k", [1, 3])
def test_rank_deficient_matrices_follow_eq_10(k: int) -> None:
    """W_e of a narrow net: the zeroth power is the identity on the whole space, all others vanish off W_e's range."""
    column, row = start(k, 1), start(1, 6, seed=1)
    W, G = torch.stack([column @ row] * 3), start(3, k, 6, seed=2)
    actual = rule_step_of(W, G, [2, 3, 4], [0.1] * 3, [0.0] * 3)
    expected = [rule_step(w, g, N, 0.1) for w, g, N in zip(W.numpy(), G.numpy(), [2, 3, 4], strict=True)]
    # Rounding puts singular values of 1e-17 where 0 is meant, and N = 4 takes their square root.
    assert_rows_equal(actual, expected, W, 1e-7)


@pytest.fixture(params=[False, True], ids=["subnormals", "flushed"])
def _flushed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Arithmetic as it comes, and as a run sets it up."""
    torch.set_flush_denormal(request.param)
    yield
    torch.set_flush_denormal(False)


@pytest.mark.usefixtures("_flushed")
@pytest.mark.parametrize("N", [2, 3, 8])
@pytest.mark.parametrize("size", [1e-16, 1e-12, 1e-6])
def test_float32_keeps_the_projection_of_a_tiny_end_to_end_matrix(N: int, size: float) -> None:
    """A near-zero deep net starts here. Eq. 12 scales as ‖W_e‖^{2−2/N} whatever the size, and so must float32."""
    w, g = start(1, 1, 6) * size, start(1, 1, 6, seed=1)
    lr = 0.1 * size ** (2 / N - 1)  # so that the step is of the order of W_e
    moved = rule_step_of(w.float(), g.float(), [N], [lr], [0.0])[0, 0].double().numpy() / size
    expected = single_output_rule_step(w[0, 0].numpy(), g[0, 0].numpy(), N, lr) / size
    np.testing.assert_allclose(moved, expected, rtol=0, atol=1e-5)


@pytest.mark.usefixtures("_flushed")
def test_tiny_weights_of_one_layer_are_not_lost_in_a_mixed_batch() -> None:
    """Norms below 1e-19 are 0 in float32; with N = 1 nothing may be divided by them."""
    W, G = torch.full((2, 1, 4), 1e-25), torch.ones(2, 1, 4)
    after = rule_step_of(W, G, [1, 3], [0.5] * 2, [0.0] * 2)
    torch.testing.assert_close(after[0], -0.5 * G[0])
    assert bool(after.isfinite().all())


@pytest.mark.parametrize("poison", [torch.nan, torch.inf, -torch.inf])
def test_with_several_outputs_a_diverged_trial_stays_diverged_and_the_others_go_on(poison: float) -> None:
    """LAPACK's SVD refuses a batch in which any matrix is not finite."""
    W, G = start(3, 2, 4), start(3, 2, 4, seed=1)
    clean = rule_step_of(W, G, [2, 3, 3], [0.1] * 3, [0.0] * 3)
    W[1, 0, 2], G[1] = poison, torch.nan
    after = rule_step_of(W, G, [2, 3, 3], [0.1] * 3, [0.0] * 3)
    assert torch.equal(after[[0, 2]], clean[[0, 2]])
    assert not bool(after[1].isfinite().all())
