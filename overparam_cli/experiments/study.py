"""A study of all combinations of some settings, as the file that `overparam sweep` writes and `overparam run` reads."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from overparam_cli.experiments import toml
from overparam_cli.experiments.datasets import dataset_key, is_table
from overparam_cli.experiments.key import COMMAND_LINE, check_name
from overparam_cli.experiments.keys import check_setting, checked, items_of, kind_keys, parse_text
from overparam_cli.experiments.loading import read_experiment
from overparam_cli.experiments.model import LINEAR, Experiment
from overparam_cli.experiments.names import experiment_name
from overparam_cli.experiments.registered import named_from

FILE = "study.toml"
KEYS = ("dataset", "depth", "optimizer", "width", "init", "loss", "lr", "iterations", "seeds", "dtype")  # in this order
COMMON = ("lr", "seeds", "iterations", "targets", "features", "drop", "one_hot")  # that are no lists of alternatives
Settings = Mapping[str, Any]


def asked(given: Mapping[str, str | Sequence[str]]) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """The settings of all trials, and the lists to combine, from a command line's texts; raises ConfigError.

    A key with one value is a setting of all trials, but for depth: there is a curve in any case.
    """
    trial, lists = dict[str, Any](), dict[str, list[Any]]()
    for name, text in given.items():
        if name in COMMON:
            trial[name] = _value(name, text)
            continue
        values = [_value(name, item) for item in items_of(name, str(text), COMMAND_LINE)]
        if len(values) > 1 or name == "depth":
            lists[name] = values
        else:
            trial[name] = values[0]
    return trial, lists


def _value(name: str, text: str | Sequence[str]) -> Any:
    """A value as a file has it, once it is one."""
    value: Any = parse_text(LINEAR, name, text) if isinstance(text, str) else list(text)
    check_setting(LINEAR, name, value, COMMAND_LINE, text if isinstance(text, str) else None)
    described = kind_keys(LINEAR)[name]
    if name == "dataset":
        dataset_key(value, COMMAND_LINE)
    elif described.names is not None:
        check_name(name, value, described.names(), COMMAND_LINE)
    return value


def study(name: str, trial: Settings, lists: Mapping[str, Sequence[Any]], path: Path) -> tuple[Experiment, str]:
    """The experiment, and the text of the file that describes it and is to stand at `path`.

    Speedups are over its first curve. Raises ConfigError.
    """
    checked(experiment_name, "--name", name, COMMAND_LINE)
    data = trial.get("dataset", "several data sets")
    words = [key.replace("_", " ") for key, values in lists.items() if len(values) > 1]
    title = f"{' × '.join(words) or 'one curve'} on {Path(data).name if is_table(data) else data}"
    text = _text(name, title[:1].upper() + title[1:], _placed(trial, path), _placed(lists, path))
    baseline = read_experiment(text, path).curves[0].name
    text += f"\n[analysis]\nbaseline = {toml.text(baseline)}\n"
    return read_experiment(text, path), text


def _text(name: str, title: str, trial: Settings, lists: Settings) -> str:
    lines = [
        f"# overparam run {FILE} goes on with it, and finds what is finished.",
        "",
        f"name = {toml.text(name)}",
        f"title = {toml.text(title)}",
        'paper = "-"',
        f"kind = {toml.text(LINEAR)}",
        "",
        "[trial]",
        *(f"{key} = {toml.value(value)}" for key, value in trial.items()),
        "",
        "[sweep]",
        *(f"{key} = {toml.value(values)}" for key, values in lists.items()),
    ]
    return "\n".join(lines) + "\n"


def _placed(settings: Settings, path: Path) -> dict[str, Any]:
    """Settings with tables named from where the file stands."""

    def named(dataset: str) -> str:
        return named_from(path, dataset) if is_table(dataset) else dataset

    data = settings.get("dataset")
    if data is None:
        return dict(settings)
    return {**settings, "dataset": named(data) if isinstance(data, str) else [named(one) for one in data]}
