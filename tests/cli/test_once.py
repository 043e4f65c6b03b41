"""An option that is not meant to be repeated is refused when it is given twice, whichever command it belongs to."""

import json

import click
import pytest
from support.commands import commands

from overparam_cli.cli.main import cli

SINGLE = [
    (name, option)
    for name, command in commands()
    for option in command.params
    if isinstance(option, click.Option) and not option.multiple and (not option.is_flag or option.secondary_opts)
]


def given(option: click.Option) -> list[str]:
    return [option.opts[0]] if option.is_flag else [option.opts[0], "1"]


@pytest.mark.parametrize(("name", "option"), SINGLE, ids=[f"{' '.join(name)} {one.name}" for name, one in SINGLE])
def test_an_option_given_twice_is_refused_before_anything_else_is_looked_at(
    name: tuple[str, ...], option: click.Option
) -> None:
    with pytest.raises(click.UsageError, match=f"^{option.opts[0]}( / .*)? is given twice$") as refused:
        cli.main([*name, *given(option), *given(option)], standalone_mode=False)
    assert refused.value.exit_code == 2
    assert refused.value.ctx is not None
    assert refused.value.ctx.command_path.endswith(" ".join(name))


@pytest.mark.parametrize("other", ["--lr=2", "--lr 2", "--depth 2 --lr 2", "nonsense --lr 2"])
def test_however_it_is_written(other: str) -> None:
    with pytest.raises(click.UsageError, match=r"^--lr is given twice$"):
        cli.main(["show", "fig3", "--lr", "1", *other.split()], standalone_mode=False)


def test_what_may_be_repeated_is(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["show", "fig3", "--set", "seeds=2", "--set", "iterations=30", "--json", "--json"], standalone_mode=False)
    (shown,) = json.loads(capsys.readouterr().out)
    assert (shown["forced"]["seeds"], shown["forced"]["iterations"]) == (2, 30)
