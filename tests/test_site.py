"""The site is true: its commands run, its pages of reference have everything, its verdicts are those of the runs.

That it builds, and that its links lead somewhere, is for `make site` to say.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from support.commands import commands, quick_bench
from support.documents import MARKED, ROOT, blocks, prepared, run, to_run

from overparam_cli import errors
from overparam_cli.experiments import available, load_experiment
from overparam_cli.experiments.keys import kind_keys
from overparam_cli.experiments.layout import PLOT
from overparam_cli.paper import CLAIMS
from overparam_cli.results.schema import LOG_COLUMNS, TRIAL_COLUMNS

DOCS = ROOT / "docs"
PAGES = {path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*.md"))}
README = (ROOT / "README.md").read_text(encoding="utf-8")
TUTORIAL = to_run([PAGES["tutorial.md"]])
OTHERS = [line for line in to_run([*PAGES.values()]) if line not in {*TUTORIAL, *to_run([README])}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with prepared(tmp_path_factory.mktemp("site")) as here:
        yield here


def test_the_tutorial_can_be_followed_from_its_first_line_to_its_last(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # not `folder`, whose data and optima are known: a student begins with nothing
    for line in TUTORIAL:
        run(line)
    (code,) = blocks(PAGES["tutorial.md"], "python")
    exec(compile(code, "tutorial.md", "exec"), {})


@pytest.mark.parametrize("line", OTHERS)
def test_every_command_of_the_site_runs(line: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    quick_bench(monkeypatch)
    run(line)


@pytest.mark.parametrize("page", PAGES)
def test_a_command_that_is_not_run_says_why(page: str) -> None:
    outside = [
        line
        for language in ("", "sh", "bash", "shell")
        for block in blocks(PAGES[page], language)
        for line in block.splitlines()
        if line.startswith("overparam ")
    ]
    assert [line for line in outside if not MARKED.search(line)] == []


def test_every_page_is_in_the_navigation_of_the_site() -> None:
    listed = re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(PAGES)


def test_the_example_experiment_is_valid(tmp_path: Path) -> None:
    (toml,) = blocks(PAGES["how-to/studies.md"], "toml")
    path = tmp_path / "wide.toml"
    path.write_text(toml, encoding="utf-8")
    assert load_experiment(path).name == "wide"


@pytest.fixture(scope="module")
def makers() -> dict[str, object]:
    """What fills the pages, by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "tools" / "site")
        import reference

        import results
    return {**reference.MAKERS, **results.MAKERS}


def made(makers, call: str) -> str:
    name, *arguments = call.split()
    return str(makers[name](*arguments))


CALLS = sorted({call for text in PAGES.values() for call in re.findall(r"^\{\{ (.*) \}\}$", text, flags=re.MULTILINE)})


@pytest.mark.parametrize("call", CALLS)
def test_everything_that_a_page_asks_for_is_made(call: str, makers) -> None:
    assert made(makers, call).strip()


def test_every_command_and_option_stands_in_the_reference(makers) -> None:
    page = made(makers, "commands")
    for name, command in commands():
        (own,) = re.findall(rf"^## overparam {' '.join(name)}\n(.*?)(?=^## |\Z)", page, flags=re.MULTILINE | re.DOTALL)
        for option in command.params:
            if isinstance(option, click.Option):
                assert all(re.search(rf"{re.escape(spelling)}\b", own) for spelling in option.opts), option.opts


@pytest.mark.parametrize(
    ("call", "names"),
    [
        ("keys linear", kind_keys("linear")),
        ("keys cnn", kind_keys("cnn")),
        ("keys plot", PLOT),
        ("columns trials", TRIAL_COLUMNS),
        ("columns log", LOG_COLUMNS),
        ("verdicts all", CLAIMS),
    ],
)
def test_every_key_column_and_claim_has_a_row_with_a_meaning(call: str, names, makers) -> None:
    rows = {row[0].strip(" `"): row for row in (line.split("|")[1:-1] for line in made(makers, call).splitlines())}
    assert {*names} <= {*rows}
    assert [name for name in names if not rows[name][2 if "columns" in call else 1].strip()] == []


def test_the_exit_codes_are_those_of_the_errors(makers) -> None:
    codes = {one.exit_code for one in vars(errors).values() if isinstance(one, type) and hasattr(one, "exit_code")}
    page = made(makers, "exit_codes")
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", page, flags=re.MULTILINE)} == codes | {0, 130}


def test_the_verdicts_are_those_of_the_reference_runs(makers) -> None:
    page = made(makers, "verdicts all")
    claims = json.loads((ROOT / "results" / "reference" / "claims.json").read_text(encoding="utf-8"))["claims"]
    for claim in claims:
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{claim['id']}` |")]
        assert claim["verdict"] in row.rpartition("|")[0].rpartition("|")[2]


def test_every_experiment_has_a_page_and_every_file_of_the_reference_manifests_a_row(makers) -> None:
    text = "".join(own for page, own in PAGES.items() if page.startswith("figures/"))
    assert [one.name for one in available() if one.kind != "group" and f"{{{{ about {one.name} }}}}" not in text] == []
    told = {
        name
        for row in re.findall(r"^\| (`.*?) \|", PAGES["reference/files.md"], flags=re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    for path in (ROOT / "results" / "reference").glob("fig*/*/manifest.json"):
        assert {*json.loads(path.read_text(encoding="utf-8"))} <= told, path
