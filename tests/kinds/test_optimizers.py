"""Optimisers: a contract all registered ones keep, values against torch.optim and written-out references, Eq. 10/12."""

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from support.twins import loss_of, make_problem, torch_optimizer
from torch import Tensor

from overparam_cli.errors import ConfigError
from overparam_cli.kinds.optimizers import OPTIMIZERS, SEMANTICS, Hyper

EVERY = list(itertools.product((name for name, entry in OPTIMIZERS.items() if entry.elementwise), SEMANTICS))
Gradient = Callable[[Tensor], Tensor]


class Updated:
    """What one optimiser updates; trials are the columns of params, or its `rows`."""

    def __init__(
        self,
        name: str,
        semantics: str,
        params: Tensor,
        lr: Sequence[float],
        *,
        rows: bool = False,
        state: dict[str, Tensor] | None = None,
    ) -> None:
        self.optimizer, self.params, self.grads = OPTIMIZERS[name], params, torch.zeros_like(params)
        hyper = self.optimizer.defaults[semantics]
        rates = torch.tensor(lr, dtype=torch.float64).to(params.dtype)
        self.lr = rates[:, None] if rows else rates
        self.state = self.optimizer.init(params, hyper) if state is None else state
        self.update = self.optimizer.bind(params, self.lr, self.state, hyper)

    def advance(self, gradient: Gradient, steps: range) -> None:
        for t in steps:
            self.grads.copy_(gradient(self.params))
            self.update(self.grads, t)


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
    b = Updated(name, semantics, start(5, 4), [0.1, 0.2, 0.3, 0.4])
    pointers = [value.data_ptr() for value in (b.params, b.grads, *b.state.values())]
    before, fixed = b.params.clone(), b.lr.clone()
    b.advance(bowl, range(1, 4))
    assert [value.data_ptr() for value in (b.params, b.grads, *b.state.values())] == pointers
    assert torch.equal(b.lr, fixed)
    assert not bool((b.params == before).any())
    assert bool(b.params.isfinite().all())


@pytest.mark.parametrize(("name", "semantics"), EVERY)
def test_trials_are_independent_so_any_of_them_may_leave(name: str, semantics: str) -> None:
    """Compaction: ten steps together, or four together and six without the companions."""
    rates, alive = [0.01, 0.02, 0.05, 0.1], [0, 2]
    together = Updated(name, semantics, start(5, 4), rates)
    together.advance(bowl, range(1, 11))
    first = Updated(name, semantics, start(5, 4), rates)
    first.advance(bowl, range(1, 5))
    state = {slot: value[:, alive] for slot, value in first.state.items()}
    rest = Updated(name, semantics, first.params[:, alive], [0.01, 0.05], state=state)
    rest.advance(bowl, range(5, 11))
    torch.testing.assert_close(rest.params, together.params[:, alive], rtol=1e-13, atol=0)
    for slot, value in rest.state.items():
        torch.testing.assert_close(value, together.state[slot][:, alive], rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize(("name", "semantics"), EVERY)
@pytest.mark.parametrize("poison", [torch.nan, torch.inf])
def test_a_diverged_trial_does_not_touch_its_companions(name: str, semantics: str, poison: float) -> None:
    clean = Updated(name, semantics, start(5, 3), [0.1] * 3)
    clean.advance(bowl, range(1, 6))
    spoilt = start(5, 3)
    spoilt[:, 1] = poison
    b = Updated(name, semantics, spoilt, [0.1] * 3)
    b.advance(bowl, range(1, 6))
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
    b = Updated(name, semantics, params.clone(), [0.5] * 4)
    b.advance(torch.zeros_like, range(1, 31))
    assert torch.equal(b.params, params)


@pytest.mark.parametrize(("name", "semantics"), EVERY)
def test_it_does_not_matter_how_the_parameters_are_laid_out(name: str, semantics: str) -> None:
    rates = [0.01, 0.02, 0.05, 0.1]
    columns = Updated(name, semantics, start(5, 4), rates)
    rows = Updated(name, semantics, start(5, 4).T.contiguous(), rates, rows=True)
    columns.advance(bowl, range(1, 8))
    rows.advance(bowl, range(1, 8))
    torch.testing.assert_close(rows.params, columns.params.T, rtol=1e-13, atol=0)


@pytest.mark.parametrize(("name", "semantics"), EVERY)
@pytest.mark.parametrize("p", [2, 4])
def test_values_are_those_of_torch_optim_or_of_the_written_out_reference(name: str, semantics: str, p: int) -> None:
    """Sixty steps on a deep network's parameters, with autograd's gradients and a learning rate per trial."""
    X, Y = make_problem(20, 3, 1)
    rates, w0 = [1e-3, 1e-2, 5e-2], start(5, 3, seed=2) * 0.5

    def objective(w: Tensor) -> Tensor:  # a depth-3 net of width 1: W_1 (3), a_2, a_3
        return loss_of((w[3] * w[4] * w[:3])[None], X, Y, f"l{p}")

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
    b = Updated(name, semantics, w0.clone(), rates)
    b.advance(gradients, range(1, 61))
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
        b = Updated(name, semantics, torch.zeros(2, 1, dtype=torch.float64), [0.5])
        b.advance(lambda w: torch.full_like(w, g), range(1, 2))
        np.testing.assert_allclose(b.params.numpy(), -0.5 * step, rtol=1e-12, err_msg=f"{name} {semantics}")
    assert set(first) == set(EVERY)


@pytest.mark.parametrize("name", ["adagrad", "adadelta", "adam"])
def test_settings_under_which_a_zero_gradient_divides_by_zero_are_refused(name: str) -> None:
    hyper: Hyper = {**OPTIMIZERS[name].defaults["torch"], "epsilon": 0.0}
    with pytest.raises(ConfigError, match="epsilon"):
        OPTIMIZERS[name].init(torch.zeros(2, 2), hyper)
