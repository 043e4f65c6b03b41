"""The benchmark: what it times, in which precision and order, and the ratios it makes of the times."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.commands import quick_bench
from support.twins import make_problem, make_trial

from overparam_cli.data import Dataset
from overparam_cli.figures.style import Outfit
from overparam_cli.kinds.linear import bench, bench_figure, losses, rivals
from overparam_cli.kinds.linear.engine import Engine
from overparam_cli.kinds.linear.problem import problem_of
from overparam_cli.kinds.mnist import bench as bench_cnn
from overparam_cli.run.settings import Settings
from overparam_cli.run.timing import Subject, Timing, measure


def timing(subject: str, trials: int, depth: str, median: float, loss: str = "l4") -> Timing:
    return Timing(subject, loss, trials, depth, median, median, median, rounds=1)


def test_ratios_are_those_of_the_medians() -> None:
    timings = [timing(bench.NAIVE, 1, str(depth), 400 + depth) for depth in (1, 2, 3)]
    timings += [timing("engine", 30, "1,2,3", 8), timing("two bare matrix products", 30, "-", 5)]
    timings += [timing("engine", 13, "1,2,3", 10), timing("engine, PyTorch's kernel", 13, "1,2,3", 25)]
    timings += [timing(bench.JAX["float32"], 13, "3", 15), timing("the arithmetic alone, at its peak", 1, "-", 6)]
    timings += [timing("engine, one depth", 30, str(depth), us) for depth, us in ((1, 8), (2, 8.4), (3, 8.8))]
    timings += [
        replace(timing(bench.NAIVE, 1, str(depth), us), variant="width 100") for depth, us in ((2, 50), (3, 70))
    ]
    timings += [replace(timing("engine", 30, "2,3", 20), variant="width 100")]
    found = {(loss, what): ratio for loss, what, ratio in bench.ratios(timings)}
    assert found == {
        ("l4", "one at a time / engine, 30 trials"): pytest.approx(402 / 8),
        ("l4", "one at a time / engine, 13 trials"): pytest.approx(402 / 10),
        ("l4", "one at a time / engine, 30 trials, width 100"): pytest.approx(3),
        ("l4", "engine / two bare matrix products, 30 trials"): pytest.approx(1.6),
        ("l4", "engine, PyTorch's kernel / engine, 13 trials"): pytest.approx(2.5),
        ("l4", f"{bench.JAX['float32']} / engine, 13 trials"): pytest.approx(1.5),
        ("l4", "% of one thread's peak, 30 trials"): pytest.approx(75),
        ("l4", "% of one thread's peak, 13 trials"): pytest.approx(60),
        ("l4", "depth 2 / depth 1, engine at 30 trials"): pytest.approx(1.05),
        ("l4", "depth 3 / depth 1, engine at 30 trials"): pytest.approx(1.1),
    }


def test_what_a_gpu_is_timed_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the device `meta`, which has shapes and no numbers: recorded beside unrecorded, and Triton where it is."""
    X, Y = make_problem(20, 5, 1)
    data = Dataset("test", X.numpy(), Y.numpy(), "the test", False, tuple("abcde"), ("y",))
    trials = bench.batch(bench.template("l4", 1, "test", "float32"), 3, bench.DEPTHS)
    problem, meta = problem_of(data, trials[0]), torch.device("meta")
    asked: list[str] = []
    make = bench.engine_steps

    def steps(problem: object, trials: object, device: object, kernel: str = "auto", recorder: object = None) -> object:
        asked.append(kernel)
        return make(problem, trials, device, "torch", recorder)  # type: ignore[arg-type]

    monkeypatch.setattr(bench, "engine_steps", steps)
    monkeypatch.setattr(bench.fused, "why_not", lambda device: "not here")
    assert [*bench.other_ways(problem, trials, meta)] == [bench.BY_STEP]
    monkeypatch.setattr(bench.fused, "why_not", lambda device: "")
    ways = bench.other_ways(problem, trials, meta)
    assert [*ways] == [bench.BY_STEP, bench.WITH_TRITON]
    assert asked == ["torch", "torch", "triton"]
    for run in ways.values():
        run(3)


@pytest.mark.parametrize("dtype", [*bench.JAX])
@pytest.mark.parametrize("loss", ["l2", "l4"])
def test_jax_makes_the_engines_steps(loss: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not rivals.has_jax():
        pytest.skip("JAX is not installed: pip install 'overparam[bench]'")
    import jax

    monkeypatch.setenv("NPROC", "1")
    X, Y = make_problem(40, 5, 1)
    trials = [make_trial(loss=loss, depth=3, lr=1e-2, init_std=0.5, seed=seed) for seed in range(4)]
    engine = Engine(X, Y, trials)
    start = engine.families[0].networks.params.T.numpy().astype(dtype)
    raw = Dataset("test", X.numpy(), Y.numpy(), "the test", False, tuple("abcde"), ("y",))
    loop = rivals.jax_loop(problem_of(raw, trials[0]), losses.named(loss), 1e-2, dtype)
    first, scalars = loop((jax.numpy.asarray(start[:, :5]), jax.numpy.asarray(start[:, 5:])), 50)
    engine.advance(50)
    found = np.asarray(first) * np.asarray(scalars).prod(axis=1, keepdims=True)
    assert found.dtype == dtype
    tolerance = {"float32": 1e-5, "float64": 1e-13}[dtype]
    np.testing.assert_allclose(found, engine.end_to_end()[:, 0].numpy(), rtol=10 * tolerance, atol=tolerance)


@pytest.mark.parametrize(("optimizer", "width", "depth"), [("gd", 1, 1), ("adam", 7, 3)])
def test_the_usual_loop_trains_and_is_the_network_that_it_says(optimizer: str, width: int, depth: int) -> None:
    X, Y = make_problem(30, 4, 1)
    raw = Dataset("test", X.numpy(), Y.numpy(), "the test", False, tuple("abcd"), ("y",))
    problem, made = problem_of(raw, make_trial(loss="l2")), list[torch.nn.Module]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rivals, "SAFE_RATE", 0.05)
        plain = torch.nn.Sequential
        patch.setattr(torch.nn, "Sequential", lambda *layers: made.append(plain(*layers)) or made[-1])
        device, kind = torch.device("cpu"), torch.float64
        run = rivals.one_at_a_time(problem, losses.named("l2"), depth, kind, device, optimizer=optimizer, width=width)
    (network,) = made
    assert [tuple(value.shape) for value in network.parameters()] == {1: [(1, 4)], 3: [(7, 4), (7, 7), (1, 7)]}[depth]
    run(500)
    assert float(((network(X) - Y) ** 2).mean().detach()) / 2 < 0.5 * problem.loss_at_zero


def test_the_picture_shows_all_that_depends_on_the_number_of_trials(tmp_path: Path) -> None:
    timings = [
        timing(subject, trials, "1", 5 / trials) for subject in ("engine", bench.JAX["float32"]) for trials in (1, 13)
    ]
    timings += [timing(bench.NAIVE, 1, "1", 400), replace(timing("engine", 30, "2", 3), variant="adam")]
    asked = Outfit(title="What it costs")
    paths = bench_figure.draw(timings, tmp_path / "bench", "simulated data", ["png", "svg"], asked)
    assert paths[0].read_bytes()[:4] == b"\x89PNG"
    assert "What it costs" in paths[1].read_text(encoding="utf-8")


def test_subjects_are_timed_in_turn_and_per_trial() -> None:
    order: list[str] = []
    subjects = [Subject(name, "l4", trials, "1", lambda _, name=name: order.append(name)) for name, trials in
                (("a", 1), ("b", 10))]  # fmt: skip
    timings = measure(subjects, rounds=3, seconds=1e-9, device="cpu")
    assert order == [*"aaabbb", *["a", "b"] * 3]  # warmed up and sized first
    for found in timings:
        assert found.rounds == 3
        assert found.low <= found.median <= found.high


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_everything_compared_computes_in_the_precision_asked_for(
    dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[torch.dtype] = set()
    product, linear = torch.mm, torch.nn.functional.linear

    def mm(a: torch.Tensor, b: torch.Tensor, *, out: torch.Tensor) -> torch.Tensor:
        seen.add(out.dtype)
        return product(a, b, out=out)

    def affine(*tensors: torch.Tensor | None) -> torch.Tensor:
        seen.update(tensor.dtype for tensor in tensors if tensor is not None)
        return linear(*tensors)

    monkeypatch.setattr(torch, "mm", mm)
    monkeypatch.setattr(torch.nn.functional, "linear", affine)
    monkeypatch.setattr(rivals, "has_jax", lambda: False)
    found = list(bench.subjects(Settings(), "simulated", str(dtype)[6:], ["l4"]))
    for subject in found:
        subject.run(1)
    assert seen == {dtype}
    assert {subject.trials for subject in found if subject.name == "engine"} == {1, 13, 30, 60, 100, 300}


def test_a_networks_operations_are_those_counted_by_hand() -> None:
    """Multiply-adds per image of the four layers, forward; backward twice that, but for the images' own gradient."""
    layers = [25 * 32 * 784, 800 * 64 * 196, 3136 * 512, 512 * 10]
    assert bench_cnn.flops(1) == 64 * 2 * (3 * sum(layers) - layers[0])
    assert bench_cnn.flops(2) == 64 * 2 * (3 * (sum(layers) + 512 * 512 + 100) - layers[0])


def test_everything_compared_is_the_same_network() -> None:
    for depth, count in ((1, 1_663_370), (2, 1_663_370 + 262_244)):
        assert sum(value.numel() for value in bench_cnn.plain_network(depth).parameters()) == count


def test_the_networks_subjects_run_and_are_compared_with_bare_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_bench(monkeypatch)
    torch.set_num_threads(2)
    dataset = "digits-simulated:n=5100,n_test=100"
    timings, ratios = bench_cnn.run(Settings(), dataset=dataset, dtype="float32", rounds=1, seconds=1e-9)
    median = {(timing.subject, timing.depth): timing.median for timing in timings}
    assert {subject for subject, _ in median} == {
        "plain loop", "plain loop, fused SGD", "plain loop, channels last", "trainer", "trainer, side by side",
        "trainer, decay of the product", "one grouped network", "bare matrix product",
    }  # fmt: skip
    found = {what: ratio for _, what, ratio in ratios}
    over = median["trainer", "1"] / median["bare matrix product", "1"]
    assert found["trainer / bare matrix product, depth 1"] == pytest.approx(over)
    for subject in ("trainer", "trainer, decay of the product"):
        expected = median[subject, "2"] / median["trainer", "1"]
        assert found[f"depth 2 / depth 1, {subject}"] == pytest.approx(expected)
    assert torch.get_num_threads() == 2
