"""What Tab offers in bash, zsh and fish: names of experiments, claims, checks, data sets, results folders, axes, keys.

Each function is given to a parameter as its `shell_complete`. Nothing of it imports PyTorch, and what cannot be read
offers nothing: a shell's line is no place for an error.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from click import Context, Parameter
from click.shell_completion import BashComplete, CompletionItem, add_completion_class, split_arg_string

from overparam_cli.errors import OverparamError

if TYPE_CHECKING:
    from overparam_cli.multiverse.model import Multiverse

Item = CompletionItem[Any]
END = "|"  # stands behind what is typed, so that a new word has begun where it ends in a blank


class Bash(BashComplete):
    """Bash takes fig3@smoke, init=identity and simulated:seed apart; here a word is what blanks part.

    What is handed back is what stands behind the last piece that bash has taken off (`$2` of a completion function).
    """

    source_template = """\
%(complete_func)s() {
    local IFS=$'\\n' type value
    COMPREPLY=()
    while IFS=',' read -r type value; do
        case $type in
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value"); [[ $value == *= ]] && compopt -o nospace ;;
        esac
    done < <(env COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_PIECE="$2" %(complete_var)s=bash_complete "$1")
    return 0
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""
    stem = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is being typed, and that one."""
        *words, last = split_arg_string(os.environ["COMP_LINE"] + END)
        last = last.removesuffix(END)
        self.stem = last.removesuffix(os.environ["COMP_PIECE"])
        return words[1:], last

    def format_completion(self, item: Item) -> str:
        """A line of the type and what is to be put in the place of the last piece."""
        return f"{item.type},{item.value.removeprefix(self.stem)}"


def install() -> None:
    """Answer bash as above; zsh and fish as Click does."""
    add_completion_class(Bash)


Offer = Callable[[Context, Parameter, str], list[Item]]


def offering(*, files: bool = False) -> Callable[[Callable[[Context, str], Iterable[str]]], Offer]:
    """A parameter's `shell_complete` from a function that yields names; `files` of the shell's where none begins so."""

    def decorate(names: Callable[[Context, str], Iterable[str]]) -> Offer:
        @wraps(names)
        def complete(ctx: Context, param: Parameter, incomplete: str) -> list[Item]:
            try:
                given = ctx.params.get(param.name or "")
                given = given if param.nargs == -1 and given else ()
                found = [name for name in names(ctx, incomplete) if name.startswith(incomplete) and name not in given]
            except (OverparamError, OSError):
                found = []
            if not found and files:
                return [CompletionItem(incomplete, type="file")]
            return [CompletionItem(name) for name in found]

        return complete

    return decorate


@offering(files=True)
def experiments(ctx: Context, incomplete: str) -> Iterator[str]:
    """Built-in experiments, all of them, and files here that may be one."""
    from overparam_cli.experiments import available

    yield from (summary.name for summary in available())
    yield "all"
    yield from (path.name for path in sorted(Path().glob("*.toml")))


@offering(files=True)
def folders(ctx: Context, incomplete: str) -> list[str]:
    """What has been run below --results."""
    from overparam_cli.results.names import folder_names

    return folder_names(ctx.params.get("results") or Path("results"))


@offering()
def claims(ctx: Context, incomplete: str) -> Iterator[str]:
    """Claims, and whatever has been run: its claims."""
    from overparam_cli.paper import CLAIMS
    from overparam_cli.results.names import folder_names

    yield from folder_names(ctx.params.get("results") or Path("results"))
    yield from CLAIMS


@offering()
def checks(ctx: Context, incomplete: str) -> Iterable[str]:
    """Statements of the theory."""
    from overparam_cli.kinds.theory import STATEMENTS

    return STATEMENTS


@offering()
def named_datasets(ctx: Context, incomplete: str) -> Iterable[str]:
    """Data sets that have a name."""
    from overparam_cli.data import DATASETS

    return DATASETS


@offering(files=True)
def datasets(ctx: Context, incomplete: str) -> Iterable[str]:
    """The same, or a table of one's own."""
    from overparam_cli.data import DATASETS

    return DATASETS


@offering()
def settings(ctx: Context, incomplete: str) -> Iterator[str]:
    """`KEY=` of every trial key; behind it the names that it may have."""
    from overparam_cli.experiments import all_keys

    name, equals, _ = incomplete.partition("=")
    if not equals:
        yield from (f"{key}=" for key in all_keys())
    elif name in all_keys() and (names := all_keys()[name].names):
        yield from (f"{name}={value}" for value in names())


@offering(files=True)
def multiverses(ctx: Context, incomplete: str) -> Iterable[str]:
    """The built-in ones."""
    from overparam_cli.multiverse.loading import BUILT_IN

    return BUILT_IN


def _multiverse(ctx: Context) -> "Multiverse":
    """The one that the line is about so far; behind an option without its value, Click has not yet seen which."""
    from overparam_cli.multiverse.loading import load

    return load(next(iter(ctx.args), None) or ctx.params.get("file") or "multiverse")


@offering()
def worlds_of(ctx: Context, incomplete: str) -> Iterable[str]:
    """The experiments of a multiverse."""
    return _multiverse(ctx).names


@offering()
def axes(ctx: Context, incomplete: str) -> Iterator[str]:
    """`AXIS=` of a multiverse's axes; behind it the options, several with commas."""
    found = {axis.name: axis for axis in _multiverse(ctx).axes}
    name, equals, rest = incomplete.partition("=")
    before = rest.rpartition(",")[0]
    if not equals:
        yield from (f"{axis}=" for axis in found)
    elif name in found:
        start = f"{name}={before}," if before else f"{name}="
        yield from (f"{start}{option.name}" for option in found[name].options if option.name not in rest.split(","))
