"""Losses against torch.nn, autograd and suprema taken numerically; their optima against SciPy and closed forms."""

import math
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog, minimize, minimize_scalar
from support.twins import loss_from

from overparam_cli.errors import DataInvalidError
from overparam_cli.kinds.linear.kernels import Gram, Margins, Residuals, kernel_for
from overparam_cli.kinds.linear.losses import LOSSES, named
from overparam_cli.kinds.linear.objective import gradient, value
from overparam_cli.kinds.linear.optimum import optimum

Array = NDArray[np.float64]
NAMES = ["l2", "l4", "l6", "huber", "huber0.3", "logistic"]
GUESTS = ["huber", "huber0.1", "huber0.001", "huber30"]


def problem(n: int, d: int, k: int, name: str, seed: int = 0) -> tuple[Array, Array]:
    """Features and labels that suit a loss; those of a residual have outliers, those of a margin have errors."""
    rng = np.random.default_rng([seed, n, d, k])
    X = rng.normal(size=(n, d)) * np.logspace(0, -1, d)
    clean = X @ rng.normal(size=(d, k))
    if name == "logistic":
        return X, np.where(clean + rng.normal(size=(n, k)) > 0, 1.0, -1.0)
    return X, clean + rng.standard_t(1.5, size=(n, k))


def tensors(*arrays: Array) -> list[torch.Tensor]:
    return [torch.from_numpy(array) for array in arrays]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("l2", "l2"), (" L4 ", "l4"), ("l004", "l4"), ("l998", "l998"), ("huber", "huber"), ("Huber1", "huber"),
        ("huber1.0", "huber"), ("huber0.50", "huber0.5"), ("huber.5", "huber0.5"), ("huber2", "huber2"),
        ("huber0.00001", "huber0.00001"), ("logistic", "logistic"),
    ],
)  # fmt: skip
def test_one_loss_has_one_name(text: str, name: str) -> None:
    assert named(text).name == name
    assert named(named(text).name) == named(text)


@pytest.mark.parametrize(
    "text", ["", "l", "l0", "l3", "l1000", "l-2", "huber0", "huber-1", "huber.", "huber1e3", "hinge"]
)
def test_other_names_are_refused_with_all_there_are(text: str) -> None:
    with pytest.raises(ValueError, match=r"l2, l4, l6, .*huber0.5, .*logistic"):
        named(text)


def test_names_are_read_without_torch_and_numpy() -> None:
    code = (
        "import sys; from overparam_cli.kinds.linear import losses, parameterisations, inits\n"
        "from overparam_cli.kinds.optimizers import OPTIMIZERS\n"
        "losses.named('huber0.5').label, parameterisations.names(), dict(inits.INITS)\n"
        "[(entry.checks, entry.defaults, entry.slots) for entry in OPTIMIZERS.values()]\n"
        "print(sorted({'torch', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_loss_is_tested_here() -> None:
    assert {type(named(name)) for name in NAMES} == set(LOSSES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("k", [1, 3])
def test_value_and_gradient_are_torchs(name: str, k: int) -> None:
    X, Y = tensors(*problem(40, 5, k, name))
    W = torch.randn(2, 3, k, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).requires_grad_()
    values = value(W, X, Y, named(name))
    assert values.shape == (2, 3)
    expected = torch.stack([torch.stack([loss_from(X @ w.T, Y, name) for w in row]) for row in W])
    torch.testing.assert_close(values, expected, rtol=1e-12, atol=0)
    slopes = torch.autograd.grad(expected.sum(), W)[0]
    torch.testing.assert_close(gradient(W, X, Y, named(name)), slopes, rtol=1e-11, atol=1e-13)
    found = torch.autograd.grad(values.sum(), W)[0]
    torch.testing.assert_close(found, slopes, rtol=1e-11, atol=1e-13)


NUMBERS = np.array([-900.0, -30.0, -1.7, -1.0, -0.4, -0.3, -1e-9, 0.0, 1e-200, 0.2, 0.3, 1.0, 2.5, 40.0, 900.0])


@pytest.mark.parametrize("name", NAMES)
def test_arrays_and_tensors_agree_and_derivatives_are_autograds(name: str) -> None:
    loss, r = named(name), torch.from_numpy(NUMBERS).requires_grad_()
    for own in (loss.each, loss.slope):
        np.testing.assert_allclose(own(NUMBERS), own(r).detach().numpy(), rtol=1e-14, atol=0)
    out = torch.full_like(r, torch.nan)
    loss.slope_(r.detach().clone(), out)
    slope = torch.autograd.grad(loss.each(r).sum(), r)[0] / loss.divisor
    smooth = NUMBERS != 0 if name == "logistic" else np.ones(len(NUMBERS), dtype=bool)  # where the formula bends
    np.testing.assert_allclose(slope[smooth], loss.slope(NUMBERS)[smooth], rtol=1e-13, atol=0)
    np.testing.assert_allclose(out, loss.slope(NUMBERS), rtol=1e-13, atol=0)
    curvature = torch.autograd.grad(loss.slope(r).sum(), r)[0].numpy()  # 1 − σ loses digits where σ is near 1
    inside = ~np.isin(np.abs(NUMBERS), [0.3, 1.0])  # at δ either value will do
    np.testing.assert_allclose(loss.curvature(NUMBERS)[inside], curvature[inside], rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("r", [-3.0, -0.7, -0.1, 0.2, 0.9, 4.0])
def test_the_conjugate_is_the_supremum(name: str, r: float) -> None:
    """At u = ℓ′(r) it is attained at r: sup (u·s − ℓ(s)) over s, found by a search that knows ℓ alone."""
    loss = named(name)
    u = loss.slope(np.array([r]))

    def minus(s: float) -> float:
        return loss.mean(np.array([s])) - float(u[0]) * s

    found = minimize_scalar(minus, bracket=(r - 1, r + 1), options={"xtol": 1e-12})
    assert loss.conjugate(u)[0] == pytest.approx(-found.fun, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("name", "outside"), [("huber0.3", [0.31, -0.31]), ("logistic", [0.01, -1.01])])
def test_a_bounded_slope_has_a_conjugate_on_an_interval(name: str, outside: list[float]) -> None:
    loss = named(name)
    np.testing.assert_array_equal(np.isinf(loss.conjugate(np.array([-0.1, *outside, -0.3, 0.0]))), [0, 1, 1, 0, 0])


# Optima


def scipy_minimum(name: str, X: Array, y: Array) -> float:
    """The minimum by SciPy's trust region with Hessian from autograd of torch's own loss."""

    def level(w: torch.Tensor) -> torch.Tensor:
        return loss_from(torch.from_numpy(X) @ w[:, None], torch.from_numpy(y[:, None]), name)

    def of(function: Callable[..., torch.Tensor], *first: object) -> Callable[[Array], Array]:
        return lambda w: function(*first, torch.from_numpy(w)).numpy()

    slope, hessian = of(torch.autograd.functional.jacobian, level), of(torch.autograd.functional.hessian, level)
    start = np.linalg.lstsq(X, y, rcond=None)[0]
    found = minimize(of(level), start, jac=slope, hess=hessian, method="trust-exact", options={"gtol": 1e-11})
    return float(found.fun)


@pytest.mark.parametrize("name", ["huber", "huber0.3", "huber30", "logistic"])
def test_the_optimum_is_scipys_and_certified(name: str) -> None:
    X, Y = problem(80, 4, 2, name)
    found = optimum(X, Y, named(name))
    assert found.loss == pytest.approx(sum(scipy_minimum(name, X, y) for y in Y.T), rel=1e-10)
    assert 0 <= found.loss - found.lower_bound <= 1e-12
    assert found.separable == ()
    reached = value(*tensors(found.W, X, Y), named(name))
    assert found.loss == pytest.approx(float(reached), rel=1e-13)


@pytest.mark.parametrize("name", GUESTS)
@pytest.mark.parametrize(("n", "d"), [(60, 5), (300, 40), (50, 30)])
def test_huber_is_certified_however_small_its_delta(name: str, n: int, d: int) -> None:
    X, Y = problem(n, d, 2, name, seed=5)
    found = optimum(X, Y, named(name))
    assert 0 <= found.loss - found.lower_bound <= 1e-12 * max(1.0, found.loss)


def test_huber_of_one_feature_has_its_closed_form() -> None:
    """Labels 0, 0, 10 with δ = 1 of a constant: two inliers pull by 2w, the outlier by 1, so w = 1/2."""
    found = optimum(np.ones((3, 1)), np.array([[0.0], [0.0], [10.0]]), named("huber"))
    assert found.W[0, 0] == pytest.approx(0.5, rel=1e-9)
    assert found.loss == pytest.approx((2 * 0.125 + 9.5 - 0.5) / 3, rel=1e-14)


def test_a_tiny_delta_is_least_absolute_deviations() -> None:
    """Huber over δ tends to Σ|r|/n, which is a linear program: within δ/2 of it, from below."""
    X, Y = problem(50, 4, 1, "huber")
    n, d = X.shape
    A = np.block([[X, -np.eye(n)], [-X, -np.eye(n)]])
    found = linprog(
        np.r_[np.zeros(d), np.ones(n) / n],
        A_ub=A,
        b_ub=np.r_[Y[:, 0], -Y[:, 0]],
        bounds=[(None, None)] * d + [(0, None)] * n,
    )
    delta = 1e-4
    scaled = optimum(X, Y, named("huber0.0001")).loss / delta
    assert found.fun - delta / 2 - 1e-9 <= scaled <= found.fun + 1e-9


def test_logistic_of_a_constant_has_its_closed_form() -> None:
    """Three labels +1 and one −1: the optimum is the entropy of (3/4, 1/4), at w = log 3."""
    found = optimum(np.ones((4, 1)), np.array([[1.0], [1.0], [-1.0], [1.0]]), named("logistic"))
    assert found.W[0, 0] == pytest.approx(math.log(3), rel=1e-10)
    assert found.loss == pytest.approx(-0.75 * math.log(0.75) - 0.25 * math.log(0.25), rel=1e-14)
    assert 0 <= found.loss - found.lower_bound <= 1e-14


def test_separable_labels_have_an_infimum_of_zero_that_is_not_attained() -> None:
    X = np.random.default_rng(1).normal(size=(30, 3))
    errors = np.where(np.random.default_rng(2).normal(size=30) > 0, 1.0, -1.0)
    Y = np.stack([np.sign(X @ [1.0, -2.0, 0.5]), errors], axis=1)
    found = optimum(X, Y, named("logistic"))
    assert found.separable == (0,)
    assert (Y[:, 0] * (X @ found.W[0]) > 0).all()
    other = scipy_minimum("logistic", X, Y[:, 1])
    assert found.lower_bound <= other <= found.loss + 1e-12
    alone = optimum(X, Y[:, :1], named("logistic"))
    assert alone.lower_bound == 0.0
    assert 0 < alone.loss < 1e-12  # attained, so above 0


def test_an_optimum_at_infinity_beside_labels_that_cannot_be_told_apart() -> None:
    """One row of zeros costs log 2 whatever W; the others are separable. The interval is still an interval."""
    X, Y = np.array([[0.0], [1.0], [2.0]]), np.ones((3, 1))
    found = optimum(X, Y, named("logistic"))
    assert found.separable == ()
    assert found.lower_bound <= math.log(2) / 3 <= found.loss
    assert found.loss - found.lower_bound < 1e-12


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    name=st.sampled_from(["huber", "huber0.1", "logistic"]),
    shape=st.tuples(*[st.integers(1, 8)] * 3),
)
def test_no_predictor_beats_the_bound(seed: int, name: str, shape: tuple[int, int, int]) -> None:
    n, d, k = shape
    X, Y = problem(n, d, k, name, seed)
    found = optimum(X, Y, named(name))
    W = found.W + np.random.default_rng(seed).standard_normal((20, k, d)) * np.logspace(-6, 1, 20)[:, None, None]
    assert found.lower_bound <= found.loss
    assert (value(*tensors(W, X, Y), named(name)) >= found.lower_bound).all()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), n=st.integers(1, 20), d=st.integers(1, 5))
def test_logistic_is_certified_where_features_are_few_numbers(seed: int, n: int, d: int) -> None:
    """Then many optima lie at infinity, of all examples or of some; SciPy's search cannot go below the bound."""
    rng = np.random.default_rng(seed)
    X = rng.integers(-1, 2, size=(n, d)).astype(np.float64)
    y = np.where(X @ rng.normal(size=d) + rng.normal(size=n) > 0, 1.0, -1.0)
    found = optimum(X, y[:, None], named("logistic"))
    assert found.loss - found.lower_bound <= 1e-11

    def level(w: Array) -> tuple[float, Array]:
        margins = y * (X @ w)
        return float(np.logaddexp(0, -margins).mean()), -(X.T @ (y / (1 + np.exp(margins)))) / n

    other = minimize(level, np.zeros(d), jac=True, method="L-BFGS-B", options={"maxiter": 5000, "gtol": 1e-12})
    assert found.lower_bound - 1e-14 <= other.fun
    assert found.loss <= other.fun + 1e-11


# Labels of a margin


def test_two_values_become_signs_and_are_remembered() -> None:
    Y = np.array([[3.0, 0.0], [7.0, 1.0], [3.0, 1.0]])
    signs, classes = named("logistic").labels(Y, ("grade", "sick"))
    np.testing.assert_array_equal(signs, [[-1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    assert classes == {"grade": [3.0, 7.0], "sick": [0.0, 1.0]}
    same, none = named("huber").labels(Y, ("grade", "sick"))
    assert same is Y
    assert none == {}


@pytest.mark.parametrize("values", [[1.0, 1.0, 1.0], [0.0, 1.0, 2.0]])
def test_other_labels_are_refused_with_the_remedy(values: list[float]) -> None:
    with pytest.raises(DataInvalidError, match=r"'grade' has .*--set preprocessing=zscore-sign") as caught:
        named("logistic").labels(np.array(values)[:, None], ("grade",))
    assert "\n" not in str(caught.value)


# Kernels


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("count", [1, 5, 16])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_kernel_gives_the_gradient_of_every_column(name: str, k: int, count: int, dtype: torch.dtype) -> None:
    X, Y = tensors(*problem(30, 4, k, name))
    kernel = kernel_for(named(name), X, Y, dtype)
    W_e, G = kernel.lay_out(count * k)
    assert W_e.shape == G.shape == (4, -(-count * k // 16) * 16)
    assert not W_e.any()
    W = torch.randn(count, k, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(2)).to(dtype)
    W_e[:, : count * k] = W.permute(2, 0, 1).reshape(4, count * k)
    kernel.gradient()
    leaf = W.double().requires_grad_()
    expected = torch.autograd.grad(sum(loss_from(X @ w.T, Y, name) for w in leaf), leaf)[0]
    found = G[:, : count * k].view(4, count, k).permute(1, 2, 0).double()
    tolerance = 1e-12 if dtype == torch.float64 else 2e-6
    torch.testing.assert_close(found, expected, rtol=0, atol=tolerance * float(expected.abs().max()))


def test_each_form_has_its_kernel() -> None:
    X, Y = tensors(*problem(10, 3, 1, "logistic"))
    chosen = {
        name: type(kernel_for(named(name), X, Y, torch.float32, "torch")) for name in ("l2", "l4", "huber", "logistic")
    }
    assert chosen == {"l2": Gram, "l4": Residuals, "huber": Residuals, "logistic": Margins}
