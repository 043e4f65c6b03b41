"""A Dask cluster as the back end: real workers on this machine, and the same bytes as without them."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from overparam_cli.cli.main import cli
from overparam_cli.errors import ClusterError, RunInterrupted
from overparam_cli.results import schema
from overparam_cli.run import backends
from overparam_cli.run import plan as plans
from overparam_cli.run.backends import MakeBackend
from overparam_cli.run.job import run_job
from overparam_cli.run.machine import threads_each
from overparam_cli.run.plan import Job, plan
from overparam_cli.run.progress import Silent, Status
from overparam_cli.run.settings import Settings

distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install -e '.[dev]'")
clusters = pytest.importorskip("overparam_cli.run.cluster", reason="Dask is not installed: pip install -e '.[dev]'")

DOCS = Path(__file__).parents[2] / "docs" / "how-to" / "cluster.md"
CSVS = (schema.TRIALS, schema.LOG)
OVERRIDES = {
    "fig3": {"smoke": True, "loss": "l4", "lr": "1e-4,1e-3", "iterations": "3000"},
    "cnn-lr": {  # networks of which the state is small, so that little is sent to and fro
        "smoke": True,
        "lr": "1e-4,1e-3,1e-2",
        "depth": "2",
        "dense1_width": "8",
        "dataset": "digits-simulated:n=5100,n_test=100",
        "validation": "20",
        "batch": "2",
    },
}
SETTINGS = Settings(quiet=True, reuse=False, checkpoint_seconds=0.3)


@pytest.fixture(scope="module")
def cluster() -> Iterator[MakeBackend]:
    """Two worker processes."""
    with clusters.cluster(None, 2) as made:
        yield made


@pytest.fixture(autouse=True)
def _short_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(clusters, "LONGEST_SECONDS", 0.3)
    monkeypatch.setattr(backends, "ALONE_SECONDS", 0.0)


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """As the command line has it for workers."""
    with threads_each(1):
        yield


def job(name: str, results: Path) -> Job:
    (found,) = plan([name], OVERRIDES[name], results=results)
    return found


def csvs(done: Job) -> dict[str, bytes]:
    return {name: (done.folder / name).read_bytes() for name in CSVS}


class Watch(Silent):
    """Calls `act` with each status, and counts them."""

    def __init__(self, act: Callable[[int, Status], Any] = lambda count, status: None) -> None:
        self.act, self.count = act, 0

    def update(self, status: Status) -> None:
        self.count += 1
        self.act(self.count, status)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """What this process makes of the same jobs by itself."""
    found = {}
    for name in ("fig3", "cnn-lr"):
        done = job(name, tmp_path_factory.mktemp("alone"))
        run_job(done, SETTINGS, Silent())
        found[name] = csvs(done)
    return found


@pytest.mark.parametrize("name", ["fig3", "cnn-lr"])
def test_a_cluster_writes_the_same_bytes(
    name: str, cluster: MakeBackend, alone: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    done, watch = job(name, tmp_path), Watch()
    run_job(done, SETTINGS, watch, cluster)
    assert csvs(done) == alone[name]
    assert watch.count > 3  # progress comes back while it trains


@pytest.mark.parametrize("name", ["fig3", "cnn-lr"])
def test_a_worker_that_is_killed_costs_nothing_but_its_slice(
    name: str, cluster: MakeBackend, alone: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    client, killed = cluster(1, 1, 1.0).client, []  # type: ignore[attr-defined]

    def kill(count: int, status: Status) -> None:
        if count == 2:
            pids = client.run(os.getpid)
            killed.append(next(iter(pids.values())))
            os.kill(killed[0], signal.SIGKILL)

    done = job(name, tmp_path)
    run_job(done, SETTINGS, Watch(kill), cluster)
    assert killed
    assert csvs(done) == alone[name]


def test_a_driver_that_is_cut_off_goes_on(
    cluster: MakeBackend, alone: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    done = job("cnn-lr", tmp_path)

    def stop(count: int, status: Status) -> None:
        if count == 1:  # after a single step of 20: later on a quick worker has finished a trial
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(RunInterrupted, match="checkpoint is saved"):
        run_job(done, SETTINGS, Watch(stop), cluster)
    assert not (done.folder / schema.TRIALS).exists()
    run_job(done, SETTINGS, Silent(), cluster)
    assert csvs(done) == alone["cnn-lr"]


def test_an_estimate_is_made_by_a_worker(cluster: MakeBackend, tmp_path: Path) -> None:
    from overparam_cli.run.plan import estimate_seconds

    assert 0 < estimate_seconds(job("cnn-lr", tmp_path), SETTINGS, cluster) < 600


def test_workers_of_other_versions_are_refused(
    cluster: MakeBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "conditions", lambda device: {"overparam": "0.0.1", "torch": "1.0", "device": "cpu"})
    with pytest.raises(ClusterError, match="install the same versions"):
        run_job(job("fig3", tmp_path), SETTINGS, Silent(), cluster)


def test_workers_on_another_kind_of_device_are_refused(
    cluster: MakeBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the manifest would name a device that nothing was computed on."""
    here = clusters.conditions("auto")
    monkeypatch.setattr(clusters, "conditions", lambda device: here | {"device": "cuda or whatever is not here"})
    with pytest.raises(ClusterError, match=r"the same kind of device \(--device cpu"):
        run_job(job("fig3", tmp_path), SETTINGS, Silent(), cluster)


GIVEN: list[str] = []  # the names of workers of this process that were given slices
ADVANCE = clusters.advance


def advance_and_tell(*arguments: Any) -> Any:
    GIVEN.append(str(distributed.get_worker().name))
    return ADVANCE(*arguments)


@pytest.fixture
def half_with_gpus() -> Iterator[str]:
    """The address of two workers, one of which announces a GPU. What they compute on is for them to find out."""
    options = {"nthreads": 1, "dashboard_address": "127.0.0.1:0"}
    workers = {
        "with": {"cls": distributed.Worker, "options": {**options, "resources": {clusters.GPU: 1}}},
        "without": {"cls": distributed.Worker, "options": options},
    }
    scheduler = {"cls": distributed.Scheduler, "options": {"dashboard_address": "127.0.0.1:0", "host": "127.0.0.1"}}
    with distributed.SpecCluster(workers=workers, scheduler=scheduler, silence_logs="ERROR") as made:
        made.wait_for_workers(2)
        yield made.scheduler_address


def test_units_go_where_a_gpu_is_announced(
    half_with_gpus: str, alone: dict[str, dict[str, bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One at a time each, and wherever there is room if the run is to be on processors."""
    monkeypatch.setattr(clusters, "advance", advance_and_tell)
    GIVEN.clear()
    done = job("cnn-lr", tmp_path)
    with clusters.cluster(half_with_gpus, None) as made:
        run_job(done, SETTINGS, Silent(), made)
        assert made(1, 1, 1.0)._needs() == {clusters.GPU: 1}
        assert clusters.Cluster(made(1, 1, 1.0).client, 1, 1, 1.0, "cpu")._needs() == {}
    assert {*GIVEN} == {"with"}
    assert csvs(done) == alone["cnn-lr"]


FAKE_SBATCH = """#!/bin/sh
# As SLURM's: takes a copy of a script, which its owner then deletes, runs it somewhere else, says a number.
cp "$1" "$0.$$"
nohup sh "$0.$$" > "$0.$$.log" 2>&1 &
echo "Submitted batch job $!"
"""
FAKE_SCANCEL = "#!/bin/sh\nkill $1\n"


@pytest.fixture
def slurm(tmp_path: Path) -> Iterator[str]:
    """The address that the script of docs/how-to/cluster.md prints where `sbatch` starts processes of this machine."""
    (script,) = re.findall(r"^```python\n(.*?)^```", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for name, text in (("sbatch", FAKE_SBATCH), ("scancel", FAKE_SCANCEL)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    surroundings = os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "CLUSTER_INTERFACE": "lo"}
    process = subprocess.Popen(
        [sys.executable, "-c", script], env=surroundings, cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process, process.stdout:
        yield process.stdout.readline().strip()
        process.send_signal(signal.SIGINT)


def test_the_jobs_of_slurm_train(
    slurm: str, alone: dict[str, dict[str, bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "plan", lambda *args, **kwargs: [job("cnn-lr", tmp_path)])
    result = CliRunner().invoke(cli, ["run", "cnn-lr", "--scheduler", slurm, "--no-reuse", "--quiet"])
    assert result.exit_code == 0, result.output
    assert csvs(job("cnn-lr", tmp_path)) == alone["cnn-lr"]


def test_workers_are_started_as_many_as_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[tuple[str | None, int | None]] = []

    @contextmanager
    def cluster(scheduler: str | None, workers: int | None, device: str) -> Iterator[MakeBackend]:
        asked.append((scheduler, workers))
        yield backends.Local

    monkeypatch.setattr(clusters, "cluster", cluster)
    (line,) = re.findall(r"^overparam (run .*--workers 2)$", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    result = CliRunner().invoke(cli, [*line.split(), "--dry-run", "--results", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert asked == [(None, 2)]


def test_a_scheduler_brings_its_own_workers() -> None:
    result = CliRunner().invoke(cli, ["run", "fig3", "--smoke", "--scheduler", "tcp://127.0.0.1:1", "--workers", "2"])
    assert (result.exit_code, "leave --workers out" in result.output) == (2, True)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense", "tcp://"])
def test_a_scheduler_that_does_not_answer_is_one_line(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "CONNECT_SECONDS", 1)
    with pytest.raises(ClusterError, match="no scheduler answers"), clusters.cluster(address, None):
        pass
