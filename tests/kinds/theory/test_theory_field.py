"""Section 6: the curve Γ, line integrals with known values, Lemma 3's pieces, and Theorem 2."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from overparam_cli.errors import ConfigError
from overparam_cli.kinds.theory import lemma3, theorem2
from overparam_cli.kinds.theory.field import (
    curve_points,
    field_on_grid,
    gamma,
    lemma3_closed_form,
    lemma3_constant,
    line_integral,
    orthonormal_pair,
)
from overparam_cli.kinds.theory.rule import single_output_direction

E, T = np.array([1.0, 0.0]), np.array([0.0, 1.0])


def test_curve_is_closed_and_keeps_between_its_radii() -> None:
    points = curve_points(gamma(E, T, 0.5, 2.0), 101)
    assert points.shape == (4, 101, 2)
    for before, after in pairwise([*points, points[0]]):
        np.testing.assert_allclose(before[-1], after[0], atol=1e-15)
    np.testing.assert_allclose(points[[0, 1, 2, 3], 0], [[-2, 0], [-0.5, 0], [0.5, 0], [2, 0]], atol=1e-15)
    radii = np.linalg.norm(points, axis=-1)
    assert radii.min() >= 0.5 - 1e-12
    assert radii.max() <= 2 + 1e-12
    np.testing.assert_allclose(radii[1], 0.5)
    np.testing.assert_allclose(radii[3], 2.0)


@pytest.mark.parametrize(("r", "R"), [(0.0, 1.0), (1.0, 1.0), (2.0, 1.0), (-1.0, 1.0), (float("nan"), 1.0)])
def test_curve_refuses_radii_out_of_order(r: float, R: float) -> None:
    with pytest.raises(ConfigError, match="0 < r < R"):
        gamma(E, T, r, R)


@pytest.mark.parametrize("tangent", [E, 2 * T, np.array([0.0, 1.0, 0.0])])
def test_curve_refuses_vectors_that_are_not_orthonormal(tangent: np.ndarray) -> None:
    with pytest.raises(ConfigError, match="orthonormal"):
        gamma(E, tangent, 0.5, 1.0)


def test_line_integral_of_a_rotation_is_twice_the_area() -> None:
    pieces, error = line_integral(lambda w: np.array([-w[1], w[0]]), gamma(E, T, 0.5, 2.0))
    assert pieces.sum() == pytest.approx(np.pi * (2**2 - 0.5**2), rel=1e-13)  # half a ring, walked anticlockwise
    assert error < 1e-10


def test_line_integral_of_a_gradient_is_the_difference_of_the_potential_piece_by_piece() -> None:
    def slope(w: np.ndarray) -> np.ndarray:  # of x²y + sin x
        return np.array([2 * w[0] * w[1] + np.cos(w[0]), w[0] ** 2])

    pieces, _ = line_integral(slope, gamma(E, T, 0.5, 2.0))
    segment = np.sin(2) - np.sin(0.5)
    np.testing.assert_allclose(pieces, [segment, 2 * np.sin(0.5), segment, -2 * np.sin(2)], rtol=1e-12)
    assert pieces.sum() == pytest.approx(0, abs=1e-13)


def test_constants_of_lemma_3_by_hand() -> None:
    assert lemma3_constant(2) == 0
    assert lemma3_constant(3) == pytest.approx(4 / 7, rel=1e-15)  # 6/(7/3) − 2
    assert lemma3_constant(4) == pytest.approx(6 / 5, rel=1e-15)  # 8/(5/2) − 2
    assert lemma3_closed_form(4, 1.0, 4.0) == pytest.approx(6 / 5 * (2**5 - 1), rel=1e-14)  # R^{5/2}


@pytest.mark.parametrize("N", range(2, 9))
@pytest.mark.parametrize("d", [2, 7])
def test_each_piece_of_the_curve_integrates_as_in_the_proof(N: int, d: int) -> None:
    r, R, a = 0.3, 1.7, 3 - 2 / N
    e, tangent = orthonormal_pair(np.arange(1.0, d + 1), np.random.default_rng(0))
    pieces, _ = line_integral(lambda w: single_output_direction(w, e, N), gamma(e, tangent, r, R))
    segment = N / a * (R**a - r**a)
    np.testing.assert_allclose(pieces, [segment, 2 * r**a, segment, -2 * R**a], rtol=1e-12)


def test_field_of_a_linear_loss_at_depth_two_is_the_gradient_the_footnote_names() -> None:
    u, w = np.array([0.3, -1.2, 0.5]), np.array([0.7, 0.1, -2.0])
    point = torch.tensor(w, requires_grad=True)
    (slope,) = torch.autograd.grad(point.norm() * (point @ torch.tensor(u)), point)
    np.testing.assert_allclose(single_output_direction(w, u, 2), slope.numpy(), rtol=1e-14)


def test_grid_holds_the_field_at_its_points() -> None:
    x, y, F = field_on_grid(lambda _: E, 3, radius=2.0, points=5)
    assert F.shape == (5, 5, 2)
    np.testing.assert_allclose(F[1, 3], single_output_direction(np.array([x[3], y[1]]), E, 3))
    assert not F[2, 2].any()  # the origin


def test_quadrature_meets_lemma_3() -> None:
    rows = lemma3.compute(radii=((0.2, 1.0), (0.9, 3.0)), dimensions=(2, 5))
    assert len(rows) == 7 * 2 * 2
    assert {row["depth"] for row in rows} == set(range(2, 9))
    assert max(float(row["relative_error"]) for row in rows) < 1e-12
    assert all(float(row["scale"]) > 0 for row in rows)


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1))
def test_scaled_integral_of_l2_stands_at_its_limit_and_l4_approaches_it_quadratically(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((12, 3)), rng.standard_normal((12, 1)) + 1
    rows = theorem2.compute(X, Y, depths=(3, 5), radii=(0.1, 0.01, 0.001), ratios=(0.5,))
    for row in rows:
        c = np.linalg.norm((-Y[:, 0] if row["loss"] == "l2" else -(Y[:, 0] ** 3)) @ X / 12)
        limit = c * lemma3_closed_form(int(row["depth"]), 0.5, 1.0)
        assert row["limit"] == pytest.approx(limit, rel=1e-12)
        assert row["integral"] == pytest.approx(
            float(row["scaled_integral"]) * float(row["R"]) ** (3 - 2 / int(row["depth"])), rel=1e-14
        )
        if row["loss"] == "l2":
            assert row["relative_deviation"] < 1e-9
    orders = {float(row["order"]) for row in rows if row["loss"] == "l4"}
    assert all(order == pytest.approx(2, abs=1e-3) for order in orders)


def test_theorem_2_says_which_assumption_is_missing() -> None:
    with pytest.raises(ConfigError, match="one output"):
        theorem2.compute(np.eye(3), np.ones((3, 2)))
    with pytest.raises(ConfigError, match="two features"):
        theorem2.compute(np.ones((3, 1)), np.ones((3, 1)))
    with pytest.raises(ConfigError, match="does not vanish"):
        theorem2.compute(np.eye(3), np.zeros((3, 1)))


@pytest.mark.real_data
def test_theorem_2_on_ethanol(real_data: Path) -> None:
    from overparam_cli.data import load, preprocess

    dataset = preprocess(load("ethanol", data_dir=real_data, offline=True), "zscore")
    rows = theorem2.compute(dataset.X, dataset.Y, depths=(3, 8), radii=(0.01, 1e-4), ratios=(0.5,))
    assert len(rows) == 8
    for row in rows:
        assert float(row["scaled_integral"]) > float(row["quadrature_error"]) > 0
        if row["R"] == 1e-4:
            assert row["relative_deviation"] < 1e-4
