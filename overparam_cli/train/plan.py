"""From what the user asked for to jobs: which variants of which experiments, where, and at what cost."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from overparam_cli.errors import ConfigError
from overparam_cli.experiments import (
    Experiment,
    apply_overrides,
    effective_overrides,
    expand,
    flatten,
    folder_name,
    is_full,
    load_experiment,
)
from overparam_cli.train.engine import Engine, pick_device, steady_arithmetic
from overparam_cli.train.runner import Job, Settings, batch_key, finished_ids, load_problem


def plan(names: Sequence[str], overrides: Mapping[str, Any], *, results: Path, name: str | None = None) -> list[Job]:
    """The jobs of the experiments `names` (built-in names, paths, groups), each variant one job.

    Raises ConfigError for unknown names and for overrides that do not fit.
    """
    experiments: dict[str, Experiment] = {}
    for given in names:
        experiments |= {experiment.name: experiment for experiment in flatten(load_experiment(given))}
    jobs = []
    for plain in experiments.values():
        if plain.kind != "linear":
            continue
        changed = apply_overrides(plain, overrides)
        folder, kept = folder_name(plain, overrides, name), effective_overrides(plain, overrides)
        for variant, trials in expand(changed).items():
            if not trials:
                raise ConfigError(f"{plain.name}: nothing to run for variant '{variant}' with these overrides")
            full = is_full(plain, overrides)
            jobs.append(Job(changed, variant, trials, results / folder / variant, folder, kept, full))
    return jobs


def cost(job: Job) -> float:
    """Trial iterations still to do, a rough measure to sort jobs by (ℓ2 in Gram form costs about a fifth)."""
    done = finished_ids(job.folder)
    left = sum(trial.iterations for trial in job.trials if trial.trial_id not in done)
    return left * (0.2 if job.trials[0].p == 2 else 1.0)


def estimate_seconds(job: Job, settings: Settings, *, probe: float = 0.5) -> float:
    """How long the unfinished trials of a job will take here if none diverges, by running them for `probe` seconds.

    Raises the errors of `data.load`.
    """
    steady_arithmetic()
    done = finished_ids(job.folder)
    batches: dict[tuple[object, ...], list[Any]] = {}
    for trial in job.trials:
        if trial.trial_id not in done:
            batches.setdefault(batch_key(trial), []).append(trial)
    total = 0.0
    for batch in batches.values():
        problem = load_problem(batch[0], settings)
        engine = Engine(problem.X, problem.Y, batch, device=pick_device(settings.device))
        for _ in range(10):  # warm up
            engine.step()
        engine.loss()  # waits for the device
        start, steps = time.monotonic(), 0
        while time.monotonic() - start < probe:
            for _ in range(10):
                engine.step()
            steps += 10
        engine.loss()
        total += batch[0].iterations * (time.monotonic() - start) / steps
    return total
