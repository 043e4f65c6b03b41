"""Measures of a running engine against dense Hessians of networks that autograd trains beside it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from overparam_cli.errors import ConfigError
from overparam_cli.kinds.linear.engine import Engine
from overparam_cli.kinds.linear.layers import initial_weights
from overparam_cli.kinds.linear.measure import MEASURES, parse_measures
from overparam_cli.kinds.linear.trial import LinearTrial

BASE = LinearTrial(
    experiment="test",
    variant="l4",
    curve="one",
    dataset="none",
    targets=(),
    preprocessing="none",
    loss="l4",
    depth=1,
    widths=(),
    init="near-zero",
    init_std=0.5,
    optimizer="gd",
    semantics="tf1",
    hyper=(),
    lr=0.01,
    weight_decay=0.0,
    seed=0,
    dtype="float64",
    iterations=100,
)


def trial(*widths: int, **changes: object) -> LinearTrial:
    return replace(BASE, depth=len(widths) + 1, widths=widths, **changes)  # type: ignore[arg-type]


def data(d: int = 4, k: int = 1, n: int = 25) -> tuple[Tensor, Tensor]:
    rng = np.random.default_rng([d, k, n])
    return torch.from_numpy(rng.normal(size=(n, d))), torch.from_numpy(rng.normal(size=(n, k)))


def objective(layers: Sequence[Tensor], X: Tensor, Y: Tensor, p: int, decay: float = 0.0) -> Tensor:
    hidden = X
    for layer in layers:
        hidden = hidden @ layer.T
    penalty = decay / 2 * sum((layer**2).sum() for layer in layers)
    return ((hidden - Y) ** p).sum() / (p * len(X)) + penalty


def dense_top(layers: Sequence[Tensor], X: Tensor, Y: Tensor, p: int, decay: float = 0.0) -> float:
    sizes = [layer.numel() for layer in layers]

    def of_flat(flat: Tensor) -> Tensor:
        parts = [part.reshape(layer.shape) for part, layer in zip(flat.split(sizes), layers, strict=True)]
        return objective(parts, X, Y, p, decay)

    flat = torch.cat([layer.detach().reshape(-1) for layer in layers])
    return float(np.linalg.eigvalsh(torch.autograd.functional.hessian(of_flat, flat).numpy())[-1])


def start(one: LinearTrial, d: int, k: int) -> list[Tensor]:
    return initial_weights(d, one.widths, k, init=one.init, init_std=one.init_std, seed=one.seed)


def descended(one: LinearTrial, X: Tensor, Y: Tensor, steps: int) -> list[Tensor]:
    """What torch.optim makes of the trial's initial weights."""
    layers = [layer.clone().requires_grad_() for layer in start(one, X.shape[1], Y.shape[1])]
    optimizer = torch.optim.SGD(layers, lr=one.lr)
    for _ in range(steps):
        optimizer.zero_grad()
        objective(layers, X, Y, int(one.loss[1:]), one.weight_decay).backward()
        optimizer.step()
    return [layer.detach() for layer in layers]


def product(layers: Sequence[Tensor]) -> Tensor:
    W_e = layers[0]
    for layer in layers[1:]:
        W_e = layer @ W_e
    return W_e


def measured(engine: Engine, name: str) -> dict[LinearTrial, float]:
    values = MEASURES[name](engine)
    assert values.dtype == torch.float64
    assert values.shape == (len(engine.trials),)
    return dict(zip(engine.trials, values.tolist(), strict=True))


@pytest.mark.parametrize("loss", ["l2", "l4", "l6"])
@pytest.mark.parametrize("k", [1, 2])
def test_measures_of_a_mixed_batch_are_those_of_each_network(loss: str, k: int) -> None:
    """Depths side by side in one family, other families, orders that grouping shuffles; with and without decay."""
    X, Y = data(k=k)
    trials = [
        trial(1, 1, loss=loss),
        trial(loss=loss, lr=0.02),
        trial(3, 2, loss=loss, seed=1),
        trial(1, loss=loss, seed=2, weight_decay=0.3),
        trial(1, 1, 1, loss=loss, init="identity"),
        trial(3, 2, loss=loss, seed=4),
        trial(1, loss=loss, seed=3),
    ]
    engine = Engine(X, Y, trials)
    for _ in range(5):
        engine.step()
    sharpness, curvature = measured(engine, "sharpness"), measured(engine, "curvature")
    assert set(sharpness) == set(trials)
    for one in trials:
        layers = descended(one, X, Y, 5)
        assert sharpness[one] == pytest.approx(dense_top(layers, X, Y, int(one.loss[1:]), one.weight_decay), rel=1e-6)
        assert curvature[one] == pytest.approx(dense_top([product(layers)], X, Y, int(one.loss[1:])), rel=1e-6)


def test_other_optimizers_are_measured_where_they_stand() -> None:
    X, Y = data()
    momentum = trial(1, optimizer="momentum", hyper=(("momentum", 0.9),))
    engine = Engine(X, Y, [momentum, trial(1)])
    expected = dense_top(start(momentum, 4, 1), X, Y, 4)
    assert list(measured(engine, "sharpness").values()) == pytest.approx([expected, expected], rel=1e-6)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_end_to_end_rule_has_the_sharpness_of_a_balanced_network(depth: int) -> None:
    """One output: W_1 = W/‖W‖^{1−1/N} below N − 1 scalars ‖W‖^{1/N}, written out."""
    X, Y = data()
    rule = trial(*[2] * (depth - 1), optimizer="end-to-end", weight_decay=0.25)
    engine = Engine(X, Y, [trial(1), rule, trial(1, 1)])
    W_e = product(start(rule, 4, 1))
    norm = torch.linalg.vector_norm(W_e)
    balanced = [W_e / norm ** (1 - 1 / depth), *[norm.reshape(1, 1) ** (1 / depth)] * (depth - 1)]
    assert measured(engine, "sharpness")[rule] == pytest.approx(dense_top(balanced, X, Y, 4, 0.25), rel=1e-6)
    assert measured(engine, "curvature")[rule] == pytest.approx(dense_top([W_e], X, Y, 4), rel=1e-6)


def test_the_rule_and_a_balanced_network_agree_with_several_outputs() -> None:
    X, Y = data(k=3)
    net = trial(3, 3, init="balanced", seed=5)
    rule = replace(net, optimizer="end-to-end")
    values = measured(Engine(X, Y, [rule, net]), "sharpness")
    assert values[rule] == pytest.approx(values[net], rel=1e-6)
    assert values[net] == pytest.approx(dense_top(start(net, 4, 3), X, Y, 4), rel=1e-6)


def test_single_precision_weights_are_measured_in_double() -> None:
    X, Y = data()
    shapes: list[tuple[int, ...]] = [(), (1,), (1, 1), (3, 2)]
    single, double = (Engine(X, Y, [trial(*s, dtype=dtype) for s in shapes]) for dtype in ("float32", "float64"))
    for engine in (single, double):
        for _ in range(20):
            engine.step()
    for name in MEASURES:
        ours, theirs = measured(single, name), measured(double, name)
        assert list(ours.values()) == pytest.approx(list(theirs.values()), rel=2e-5)
    rounded = [layer.float().double() for layer in start(trial(3, 2), 4, 1)]
    fresh = Engine(X, Y, [trial(3, 2, dtype="float32")])
    assert measured(fresh, "sharpness")[fresh.trials[0]] == pytest.approx(dense_top(rounded, X, Y, 4), rel=1e-6)


@pytest.mark.parametrize("loss", ["l2", "l4"])
def test_measuring_does_not_move_the_trials(loss: str) -> None:
    X, Y = data()
    trials = [trial(1, loss=loss), trial(2, 2, loss=loss), trial(1, 1, loss=loss, optimizer="end-to-end")]
    watched, alone = Engine(X, Y, trials), Engine(X, Y, trials)
    for _ in range(10):
        for name in MEASURES:
            measured(watched, name)
        watched.step()
        alone.step()
    assert torch.equal(watched.end_to_end(), alone.end_to_end())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_trials_that_diverge_do_not_touch_the_others(dtype: str) -> None:
    """Measured at every step, also before the engine has noticed that trials are lost."""
    X, Y = data()
    good = [trial(1, dtype=dtype), trial(dtype=dtype), trial(1, optimizer="end-to-end", dtype=dtype)]
    lost = [
        trial(1, lr=0.9, seed=9, dtype=dtype),
        trial(lr=9.0, dtype=dtype),
        trial(1, 1, optimizer="end-to-end", lr=50.0, dtype=dtype),
        trial(3, lr=9.0, dtype=dtype),
    ]
    both, alone = Engine(X, Y, [lost[0], good[0], *lost[1:], *good[1:]]), Engine(X, Y, good)
    for _ in range(30):
        both.step()
        alone.step()
        for name in MEASURES:
            values, expected = measured(both, name), measured(alone, name)
            for one in good:
                assert values[one] == pytest.approx(expected[one], rel=1e-6 if dtype == "float64" else 1e-3)
    values = measured(both, "sharpness")
    assert not any(np.isfinite(values[one]) for one in lost)


@pytest.mark.parametrize(("factor", "status"), [(0.98, "stays"), (1.02, "diverges")])
def test_one_layer_on_a_quadratic_diverges_exactly_above_two_over_curvature(factor: float, status: str) -> None:
    X, Y = data()
    engine = Engine(X, Y, [trial(loss="l2")])
    (curvature,) = measured(engine, "curvature").values()
    assert curvature == pytest.approx(np.linalg.eigvalsh((X.T @ X / len(X)).numpy())[-1], rel=1e-12)
    assert list(measured(engine, "sharpness").values()) == pytest.approx([curvature], rel=1e-9)
    (first, *_, last) = Engine(X, Y, [trial(loss="l2", lr=factor * 2 / curvature)]).run(30_000, [0, 30_000])
    if status == "stays":
        assert last.loss is not None
        assert float(last.loss) < float(first.loss if first.loss is not None else torch.nan)
    else:
        assert len(last.diverged) == 1


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ("  ", []),
        ("norm", []),
        ("sharpness", ["sharpness"]),
        ("norm,sharpness", ["sharpness"]),
        (" sharpness , curvature,norm", ["curvature", "sharpness"]),
        ("sharpness,sharpness", ["sharpness"]),
    ],
)
def test_names_are_parsed(text: str, names: list[str]) -> None:
    assert [measure.name for measure in parse_measures(text)] == names


@pytest.mark.parametrize("text", ["shrpness", "norm,", "sharpness,,norm", "Norm", "sharpness curvature"])
def test_unknown_names_are_refused_with_the_valid_ones(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_measures(text)
    message = str(caught.value)
    assert all(name in message for name in ("norm", "curvature", "sharpness"))
    assert "\n" not in message
