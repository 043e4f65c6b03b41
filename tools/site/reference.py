"""Pages of reference, from where each thing is declared: commands, keys, columns, data sets, exit codes, claims."""

import inspect
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import click

from overparam_cli import errors
from overparam_cli.cli.main import CONTEXT, cli
from overparam_cli.data import DATASETS
from overparam_cli.experiments import layout, trial
from overparam_cli.experiments.key import REQUIRED, Key
from overparam_cli.experiments.keys import kind_keys
from overparam_cli.experiments.kind import KINDS, kind
from overparam_cli.experiments.model import Analysis, Plot
from overparam_cli.interrupts import INTERRUPTED
from overparam_cli.results import schema


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    lines = [[*heads], *([*row] for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    """A cell on one line; outside of code, what would end it or be taken for HTML is escaped."""
    parts = " ".join(text.split()).split("`")
    parts[::2] = [part.replace("|", "\\|").replace("<", "&lt;") for part in parts[::2]]
    return "`".join(parts)


def commands() -> str:
    """Every command of the program: usage, what it does, arguments and options."""
    return "\n\n".join(
        _command(name, own, parent)
        for name, own, parent in _tree(cli, click.Context(cli, info_name="overparam", **CONTEXT))
    )


def _tree(group: click.Group, context: click.Context) -> Iterator[tuple[str, click.Command, click.Context]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _tree(command, click.Context(command, info_name=name, parent=context))
        elif command is not None:
            yield name, command, context


def _command(name: str, command: click.Command, parent: click.Context) -> str:
    context = click.Context(command, info_name=name, parent=parent)
    text = inspect.cleandoc(command.help or "").replace("\b\n", "")
    text = re.sub(r"^Example: (.*)$", r"```\n\1\n```", text, flags=re.MULTILINE)
    records = [record for one in command.get_params(context) if (record := one.get_help_record(context))]
    rows = [(f"`{spelling}`", meaning) for spelling, meaning in records]
    usage = f"```text\n{context.command_path} {' '.join(command.collect_usage_pieces(context))}\n```"
    return "\n\n".join([f"## {context.command_path}", usage, text, table(("option", "meaning"), rows)])


def keys(of: str) -> str:
    """The keys of a table of experiment files: `head`, `curve`, `analysis`, `plot`, or the trial keys of a kind."""
    declared: Mapping[str, tuple[Mapping[str, Key], Any]] = {
        "head": (layout.HEAD, None),
        "curve": (layout.CURVE, None),
        "analysis": (layout.ANALYSIS, Analysis()),
        "plot": (layout.PLOT, Plot()),
    }
    own, defaults = declared[of] if of in declared else (kind_keys(of), None)
    rows = [
        (f"`{name}`", key.description + _names(key), _default(key, getattr(defaults, name, None)))
        for name, key in own.items()
    ]
    return table(("key", "meaning", "default"), rows)


def _names(key: Key) -> str:
    return ": " + ", ".join(f"`{name}`" for name in key.names()) if key.names else ""


def _default(key: Key, absent: Any) -> str:
    value = absent if key.default is REQUIRED or absent is not None else key.default
    if value is None and key.default is REQUIRED:
        return "to be given"
    return "" if value in (None, "", ()) else f"`{json.dumps(value, ensure_ascii=False)}`"


def optimisers() -> str:
    """Every optimiser with its hyperparameters' defaults, as TensorFlow 1.x and as PyTorch has them."""
    found: dict[str, Any] = {}
    for name in reversed([*KINDS]):
        found |= kind(name).trial.optimizers()
    listed = [
        (f"`{name}`", *(_hyper(own.defaults[semantics]) for semantics in ("tf1", "torch")))
        for name, own in found.items()
    ]
    return table(("optimizer", "semantics = tf1", "semantics = torch"), listed)


def _hyper(defaults: Mapping[str, float]) -> str:
    return ", ".join(f"`{name} = {value:g}`" for name, value in defaults.items())


def columns(of: str) -> str:
    """The columns of `trials` or `log`, as the schema describes them, or those that a kind adds to its log."""
    if of in KINDS:
        rows = [(f"`{name}`", one.dtype, one.meaning) for name, one in kind(of).columns.items()]
        return table(("column", "type", "meaning"), rows)
    names = {"trials": schema.TRIAL_COLUMNS, "log": schema.LOG_COLUMNS}[of]
    said = {name: key.description for name, key in kind_keys("linear").items()}
    said |= {name: meaning for module in (trial, schema) for name, meaning in _beside(module)}
    return table(
        ("column", "type", "meaning"), [(f"`{name}`", dtype, said.get(name, "")) for name, dtype in names.items()]
    )


def _beside(module: Any) -> list[tuple[str, str]]:
    """The comments beside the columns that a module declares."""
    return re.findall(r'^    "(\w+)": "\w+",  # (.*)$', inspect.getsource(module), flags=re.MULTILINE)


def data_sets() -> str:
    """Every data set by name."""
    rows = [
        (f"`{name}`", one.what, f"{one.n:,} × {one.d:,}", "embedded" if one.embedded else one.source)
        for name, one in DATASETS.items()
    ]
    return table(("name", "what it is", "n × d", "from"), rows)


def exit_codes() -> str:
    """The exit codes, from the errors that have them."""
    found: dict[int, list[str]] = {0: ["done"], INTERRUPTED: []}
    for one in vars(errors).values():
        if isinstance(one, type) and hasattr(one, "exit_code"):
            found.setdefault(one.exit_code, []).append((one.__doc__ or "").splitlines()[0])
    return table(("code", "meaning"), [(str(code), " ".join(said)) for code, said in sorted(found.items())])


MAKERS: Mapping[str, Callable[..., str]] = {
    "commands": commands,
    "keys": keys,
    "optimisers": optimisers,
    "columns": columns,
    "data_sets": data_sets,
    "exit_codes": exit_codes,
}
