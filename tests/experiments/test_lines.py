"""Where the keys of a TOML file stand, held against files whose lines say it themselves."""

from collections.abc import Iterator
from typing import Any

import pytest

from overparam_cli.experiments import available, config_folder
from overparam_cli.experiments.faults import Place
from overparam_cli.experiments.lines import line_of, lines_of
from overparam_cli.experiments.loading import _read

AWKWARD = """\
name = "a"  # 1
text = \"\"\"
key = 1 'quoted" [
[no.table]
\"\"\"
literal = '\\'  # 6
[trial]  # 7
lr = [1, # ]
  "]", 2]
"a.b".c = 3  # 10
path = 'C:\\'  # 11
inline = { x = [1], y = "}" }  # 12
after = '''
[x]
'''
[variants.l2]  # 16
loss = 'l2'  # 17
[[curves]]  # 18
name = "one"  # 19
  [[curves]]  # 20
  depth = 3  # 21
[curves.more]  # 22
last = true  # 23
"""


def places(value: Any, here: Place = ()) -> Iterator[Place]:
    """Every key of a document, those of arrays of tables by their number."""
    for name, entry in value.items() if isinstance(value, dict) else ():
        yield (*here, name)
        if isinstance(entry, list) and entry and all(isinstance(item, dict) for item in entry):
            for number, item in enumerate(entry):
                yield from places(item, (*here, name, number))
        else:
            yield from places(entry, (*here, name))


def test_strings_and_brackets_hide_no_key_and_make_none() -> None:
    said = {line: number for number, line in enumerate(AWKWARD.split("\n"), start=1) if f"# {number}" in line}
    assert set(lines_of(AWKWARD).values()) == {*said.values(), 2, 8, 13}
    assert lines_of(AWKWARD)["curves", 1, "more", "last"] == 23


@pytest.mark.parametrize("name", [summary.name for summary in available()])
def test_every_key_of_the_built_in_experiments_stands_where_it_is_said(name: str) -> None:
    document, text = _read(config_folder() / f"{name}.toml")
    found, lines = lines_of(text), text.splitlines()
    for place in places(document):
        words = [part for part in place if isinstance(part, str)]
        if place in found and not isinstance(document.get(place[0]), list):
            assert lines[found[place] - 1].lstrip("[").replace('"', "").startswith((f"{words[-1]} =", ".".join(words)))
    assert {place for place in places(document) if place not in found} <= {("variants",)}


def test_what_is_missing_is_said_of_what_it_is_missing_in() -> None:
    lines = lines_of(AWKWARD)
    assert line_of(("curves", 1, "label"), lines) == 20
    assert line_of(("trial", "inline", "x"), lines) == 12
    assert line_of(("title",), lines) is None
