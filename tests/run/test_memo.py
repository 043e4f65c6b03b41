"""What the jobs of one command share, and that sharing it changes no byte."""

import pickle
from pathlib import Path
from typing import Any

import pytest

from overparam_cli.kinds.linear import problem
from overparam_cli.kinds.linear.measure import parse_measures
from overparam_cli.kinds.mnist import problem as images
from overparam_cli.run.job import run_job
from overparam_cli.run.memo import Memo
from overparam_cli.run.plan import plan
from overparam_cli.run.progress import Silent
from overparam_cli.run.settings import Settings
from overparam_cli.run.unit import trained

CONFIG = """
name = "{name}"
title = "A small experiment"
paper = "none"
kind = "linear"
[trial]
dataset = "simulated"
iterations = 50
lr = [1e-3, 1e-2]
[variants.l2]
loss = "l2"
[variants.l4]
loss = "l4"
[[curves]]
name = "depth-{depth}"
label = "{depth} layers"
depth = {depth}
"""


def run(tmp_path: Path, settings: Settings | None, depths: tuple[int, ...] = (2, 3)) -> dict[str, bytes]:
    """The CSVs of an experiment a depth, with settings in common or each with its own; by path."""
    for depth in depths:
        config = tmp_path / f"depth{depth}.toml"
        config.write_text(CONFIG.format(name=f"depth{depth}", depth=depth))
        for job in plan([str(config)], {}, results=tmp_path / "results"):
            run_job(job, settings or Settings(reuse=False), Silent())
    return {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*.csv")}


def counted(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> list[object]:
    calls, function = list[object](), getattr(module, name)

    def count(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        return function(*args, **kwargs)

    monkeypatch.setattr(module, name, count)
    return calls


def test_a_thing_is_made_once_and_again_after_an_error() -> None:
    memo, made = Memo(), list[int]()

    def make(value: int) -> int:
        made.append(value)
        if value < 0:
            raise ValueError
        return value

    assert [memo.once("a", lambda: make(1)), memo.once("a", lambda: make(2)), memo.once("b", lambda: make(3))] == [
        1,
        1,
        3,
    ]
    for _ in range(2):
        with pytest.raises(ValueError):  # noqa: PT011
            memo.once("c", lambda: make(-1))
    assert made == [1, 3, -1, -1]
    assert pickle.loads(pickle.dumps(memo)).once("a", lambda: make(4)) == 4


def test_a_command_loads_its_data_once_and_looks_for_an_optimum_once_a_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads, optima = counted(monkeypatch, problem, "load"), counted(monkeypatch, problem, "optimum")
    together = run(tmp_path, Settings(reuse=False))
    assert (len(loads), len(optima)) == (1, 2)
    for path in (tmp_path / "results").rglob("*.csv"):
        path.unlink()
    assert run(tmp_path, None) == together
    assert (len(loads), len(optima)) == (5, 6)


@pytest.mark.parametrize("change", [{"preprocessing": "none"}, {"dataset": "simulated:seed=3"}, {"loss": "l6"}])
def test_what_an_optimum_hangs_on_is_not_shared(change: dict[str, str], tmp_path: Path) -> None:
    settings, found = Settings(), []
    for overrides in ({"loss": "l4"}, {"loss": "l4", **change}):
        (job,) = plan(["fig3"], {"smoke": True, **overrides}, results=tmp_path)
        found.append(trained("linear").problem(job.trials[0], settings))
        fresh = trained("linear").problem(job.trials[0], Settings())
        assert fresh.describe() == found[-1].describe()
    assert found[0].optimum.loss != found[1].optimum.loss  # type: ignore[attr-defined]


def test_images_are_loaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads, settings = counted(monkeypatch, images, "load_images"), Settings()
    dataset = "digits-simulated:n=5200,n_test=100"
    for name in ("fig5-right", "cnn-init"):
        (job, *_) = plan([name], {"smoke": True, "dataset": dataset, "validation": 100}, results=tmp_path)
        trained("cnn").problem(job.trials[0], settings)
    assert len(loads) == 1


def test_measured_trials_are_taken_over_from_those_that_were_measured_alike(tmp_path: Path) -> None:
    config = tmp_path / "a.toml"
    config.write_text(CONFIG.format(name="a", depth=2))
    results = tmp_path / "results"

    def rows(name: str, measures: str) -> tuple[dict[str, str], bytes]:
        (_, job) = plan([str(config)], {"lr": "1e-3"}, results=results, name=name)
        run_job(job, Settings(measures=parse_measures(measures)), Silent())
        from overparam_cli.results.reading import read_tables

        return read_tables(job.folder).manifest["adopted"], (job.folder / "log.csv").read_bytes()

    assert rows("plain", "")[0] == {}
    adopted, log = rows("one", "curvature")
    assert adopted == {}
    adopted, again = rows("two", "curvature")
    assert set(adopted.values()) == {"a@one/l4"}
    assert again == log
    assert rows("three", "curvature,sharpness")[0] == {}
