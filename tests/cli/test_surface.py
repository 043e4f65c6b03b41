"""Commands, options and exit codes as they were promised: whoever calls `overparam` from a script relies on them.

Where one is changed on purpose,
`PYTHONPATH=tests python tests/cli/test_surface.py > tests/goldens/surface.json` writes it down anew.
"""

import inspect
import json
from pathlib import Path
from typing import Any

import click
import pytest
from support.commands import commands

from overparam_cli import errors

GOLDEN = Path(__file__).parents[1] / "goldens" / "surface.json"


def described(parameter: click.Parameter) -> dict[str, Any]:
    """What a user can see of an option or argument, without what it does not have."""
    default = parameter.default
    facts = {
        "spellings": [*parameter.opts, *parameter.secondary_opts],
        "type": type(parameter.type).__name__,
        "required": parameter.required,
        "several": parameter.nargs == -1 or parameter.multiple,
        "flag": getattr(parameter, "is_flag", False),
        "metavar": parameter.metavar,
        "help": getattr(parameter, "help", None),
        # What has no default has another placeholder in every version of click.
        "default": str(default) if isinstance(default, str | int | float | Path) else None,
    } | {fact: getattr(parameter.type, fact, None) for fact in ("choices", "min", "max")}
    return {
        fact: list(value) if isinstance(value, tuple) else value
        for fact, value in facts.items()
        if value not in (None, False, "False")
    }


def surface() -> dict[str, Any]:
    """Everything the golden file holds."""
    return {
        "commands": {
            " ".join(name): {
                "help": inspect.cleandoc(command.help or ""),  # newer versions of Python do so by themselves
                "parameters": [described(parameter) for parameter in command.params],
            }
            for name, command in commands()
        },
        "exit codes": {
            name: value.exit_code
            for name, value in sorted(vars(errors).items())
            if isinstance(value, type) and hasattr(value, "exit_code")
        },
    }


WRITTEN = GOLDEN.read_text(encoding="utf-8") if GOLDEN.exists() else ""  # empty while it is written anew
PROMISED: dict[str, Any] = json.loads(WRITTEN or '{"commands": {}}')


def test_every_command_stands_in_its_order() -> None:
    assert [" ".join(name) for name, _ in commands()] == list(PROMISED["commands"])


@pytest.mark.parametrize("name", PROMISED["commands"])
def test_a_command_has_the_parameters_and_the_help_it_had(name: str) -> None:
    assert surface()["commands"][name] == PROMISED["commands"][name]


def test_the_exit_codes_are_those_promised() -> None:
    assert surface()["exit codes"] == PROMISED["exit codes"]


if __name__ == "__main__":
    print(json.dumps(surface(), indent=1, ensure_ascii=False))
