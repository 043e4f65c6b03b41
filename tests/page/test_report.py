"""`overparam report`: what stands in the file, against what the other commands and the logs say."""

import html
import json
import re
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest
from support.pages import written as write
from support.program import program

pytest.importorskip("plotly", reason="the extra `report` is not installed")
REFERENCE = Path(__file__).parents[2] / "results" / "reference"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with a run of the paper, a statement of the theory, and nothing else."""
    results = tmp_path_factory.mktemp("report") / "results"
    for name in ("fig4-right", "theory/claim1"):
        shutil.copytree(REFERENCE / name, results / name)
    return results


def written(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code, page and error of the command."""
    code, path, err = write(folder, *arguments)
    return code, path.read_text(encoding="utf-8") if path.exists() else "", err


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    code, text, err = written(folder)
    assert code == 0, err
    return text


def text_of(page: str) -> str:
    """What one reads of a page, tags and line breaks apart."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def test_every_figure_and_claim_has_its_place(page: str) -> None:
    assert re.findall(r'id="(figure-[^"]*)"', page) == [
        f"figure-run-fig4-right-{place}"
        for place in (1, 2, 3)  # the figure, its logarithmic axis, learning rates
    ]
    assert re.findall(r'<h2 id="([^"]*)-title"', page)[:3] == ["claims", "run-theory", "run-fig4-right"]
    assert page.count('<img class="still"') == 3


def test_claims_are_those_of_verify(folder: Path, page: str) -> None:
    said = json.loads(program("verify", "--results", str(folder), "--json")[1])
    table = text_of(page[page.index('id="claims"') :])
    assert len(said["claims"]) > 30
    for claim in said["claims"]:
        for words in (claim["id"], claim["statement"], claim["required"], claim["measured"]):
            assert " ".join(words.split()) in table
    for verdict, number in said["summary"].items():
        assert (f"{number} {verdict}" in table) == bool(number)


def test_the_numbers_of_the_tables_are_those_of_table(folder: Path, page: str) -> None:
    (summary,) = json.loads(program("table", "fig4-right", "--results", str(folder), "--json")[1])
    ranks = {float(value) for value in re.findall(r'data-value="([^"]*)"', page)}
    for curve in summary["curves"]:
        assert {curve["selection"]["lr"], curve["final_gap"]["median"]} <= ranks
    assert summary["optimum"]["loss"] in ranks


def test_what_is_missing_comes_with_its_command(page: str) -> None:
    missing = text_of(page[page.index('id="missing"') :])
    assert "overparam run fig3 --variant l4 --results" in missing
    assert "a verdict on l4-depth-accelerates" in missing


def test_the_page_asks_for_nothing(page: str) -> None:
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!data:|#)""", page)
    assert "default-src 'none'" in html.unescape(page)


def test_a_damaged_folder_is_said_and_the_others_are_shown(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "results"
    shutil.copytree(folder, own)
    (own / "fig3" / "l4").mkdir(parents=True)
    shutil.copy(own / "fig4-right" / "l4" / "manifest.json", own / "fig3" / "l4")
    (own / "fig3" / "l4" / "trials.csv").write_text("nonsense\n")
    log = own / "fig4-right" / "l4" / "log.csv"
    log.write_text(log.read_text().rstrip("\n0123456789") + "1\n")
    code, text, err = written(own)
    assert code == 5
    assert "error:" in err
    faults = text_of(text[: text.index("<nav")])
    assert "trials.csv" in faults
    assert "fig3" in faults
    assert "log.csv has changed since the run" in text_of(text[text.index('id="run-fig4-right"') :])
    assert "<img" in text


def test_no_text_of_the_users_own_is_markup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    nasty = "<script>alert(1)</script> [/b] \\\"q\\\" 'a' $x_$ \\u001b[31m \\u202e %{x}"
    Path("own.toml").write_text(
        f'name = "own"\ntitle = "{nasty}"\npaper = "{nasty}"\ndescription = "{nasty}"\nkind = "linear"\n[trial]\n'
        'dataset = "simulated"\nloss = "l2"\nlr = [1e-3, 1e-2]\niterations = 20\n'
        f'[[curves]]\nname = "depth-1"\nlabel = "{nasty}"\ndepth = 1\n[plot]\nylabel = "{nasty}"\n',
        encoding="utf-8",
    )
    assert program("run", "own.toml", "-q")[0] == 0
    code, text, err = written(tmp_path / "results", "own.toml")
    assert code == 0, err
    assert "<script>alert" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "<script>alert(1)</script> [/b] \"q\" 'a' $x_$" in text_of(text)


def test_without_the_extra_there_is_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plotly", None)
    code, text, err = written(folder, "fig4-right")
    assert (code, text) == (2, "")
    assert err == "error: a report needs plotly: pip install 'overparam[report]'\n"


def test_nothing_to_show_is_said(tmp_path: Path) -> None:
    code, text, err = written(tmp_path)
    assert (code, text) == (5, "")
    assert "nothing finished" in err


def test_a_place_that_cannot_be_written_is_one_line(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, _, err = program(
        "report", "fig4-right", "--results", str(folder), "--output", str(tmp_path / "file" / "x.html")
    )
    assert code == 7
    assert "--output" in err


def test_a_verdict_has_the_share_of_worlds_beside_it(folder: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    shutil.copytree(folder / "fig4-right", results / "fig4-right")
    shutil.copytree(REFERENCE / "multiverse", results / "multiverse")
    rows = pd.read_csv(results / "multiverse" / "worlds.csv", dtype=str, keep_default_na=False)
    outcomes = rows.loc[rows["claim"] == "adam-plus-depth", "holds"].value_counts()
    judged = sum(outcomes.get(name, 0) for name in ("yes", "no", "undecided"))
    code, page, err = written(results, "fig4-right")
    assert code == 0, err
    assert f"multiverse: holds in {outcomes.get('yes', 0)} of {judged} worlds" in text_of(page)
