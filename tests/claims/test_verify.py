"""`overparam verify`: which claims a name stands for, the report, its table, its file, its errors."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from rich.console import Console
from support.claim_logs import RATE, SCENARIOS, falling, lemma3_rows, write_bench, write_check, write_run
from support.synthetic_runs import Curve, Trial, exponential

from overparam_cli.claims import all_claims
from overparam_cli.claims.verify import Report, check, load, save, select, verify
from overparam_cli.cli.main import cli
from overparam_cli.errors import ConfigError, LogError, NotReproducedError, StorageError
from overparam_cli.report.verdicts import print_results
from overparam_cli.results import schema

FIGURE_4 = ["beats-adagrad", "beats-adadelta", "adagrad-slower-than-gd", "adam-beats-depth", "adam-plus-depth"]
CNN = ["cnn-parameters", "cnn-accelerates", "cnn-orders-of-magnitude", "cnn-best-lr", "cnn-init-insensitive"]
BATCH_LOSS = [f"cnn-batch-loss-{reading}" for reading in ("factors", "names", "product")]


def text(report: Report, width: int) -> str:
    console = Console(width=width, highlight=False, force_terminal=False)
    with console.capture() as capture:
        print_results(report.asked, console)
    return capture.get()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lemma3", ["lemma3"]),
        ("fig1", ["lemma3", "theorem2"]),
        ("fig3", ["l2-depth-hinders", "l2-depth-behind", "l4-depth-accelerates", "fig3-axes"]),
        ("fig4", FIGURE_4),
        ("fig4-left", FIGURE_4[:3]),
        ("fig4-right", FIGURE_4[3:]),
        ("fig5-right", CNN[:3]),
        ("cnn", [*CNN[:3], *BATCH_LOSS, *CNN[3:], "cnn-init-new-only"]),
        ("cnn-batch-loss", BATCH_LOSS),
        ("cnn-decay", BATCH_LOSS),
        ("bench", ["cost-of-depth"]),
        ("blog@quick", ["blog-one-scalar"]),
    ],
)
def test_a_name_is_a_claim_an_experiment_or_a_group(name: str, expected: list[str]) -> None:
    assert [claim.id for claim in select(name)] == expected


def test_all_and_nothing_mean_everything(tmp_path: Path) -> None:
    assert len(select("all")) == len(select("theory")) + 28 == len(all_claims())
    assert [result.claim for result in verify(tmp_path).asked] == list(all_claims())


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("lemma", "did you mean 'lemma3'"),
        ("depth8stuck", "depth8-stuck"),
        ("xyzzy", "choose from fig2, fig3"),
        ("illustration", "no experiment that has one"),
        ("bench@quick", "without @"),
        ("", "choose from"),
    ],
)
def test_a_name_that_stands_for_no_claim_is_refused(name: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=hint) as error:
        verify(tmp_path, [name])
    assert "\n" not in str(error.value)


def test_one_run_at_a_time(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="one @name at a time"):
        verify(tmp_path, ["fig3@quick", "fig4"])


def test_a_suffix_reads_the_named_runs_alone(tmp_path: Path) -> None:
    SCENARIOS["l4-depth-accelerates"](tmp_path, (True,), suffix="@quick", full_length=False)
    named, own = verify(tmp_path, ["fig3@quick"]), verify(tmp_path, ["fig3"])
    assert [result.indication for result in named.asked] == [None, None, "reproduced", None]
    assert [result.finding for result in own.asked] == [None] * 4
    assert "cost-of-depth" not in {result.claim.id for result in named.everything}
    assert "fig3@quick" in named.asked[0].notes[0]


def test_the_command_makes_what_is_missing(tmp_path: Path) -> None:
    commands = {result.claim.id: result.command for result in verify(Path("results-elsewhere")).asked}
    assert commands["rule-emulates-depth"] == "overparam run fig2 --results results-elsewhere"
    assert commands["l4-depth-accelerates"] == "overparam run fig3 --variant l4 --results results-elsewhere"
    own = {result.claim.id: result.command for result in verify(Path("results"), ["theory", "bench", "fig5"]).asked}
    assert own["lemma3"] == "overparam theory lemma3"
    assert own["cost-of-depth"] == "overparam bench --dataset ethanol"
    assert own["cnn-parameters"] == "overparam run fig5-right"
    assert own["depth8-stuck"] == "overparam run fig5-left"


def test_only_what_is_missing_is_to_be_run(tmp_path: Path) -> None:
    SCENARIOS["beats-adagrad"](tmp_path, (True,))
    (result,) = verify(tmp_path, ["adagrad-slower-than-gd"]).asked
    assert result.command == f"overparam run fig3 --variant l4 --results {tmp_path}"
    (result,) = verify(tmp_path / "my results", ["adam-beats-depth"]).asked
    assert f"fig4-left --results '{tmp_path}/my results'" in result.command


def test_a_damaged_folder_costs_its_own_claims_alone(tmp_path: Path) -> None:
    SCENARIOS["l4-depth-accelerates"](tmp_path, (True,))
    SCENARIOS["blog-one-scalar"](tmp_path, (True,))
    write_check(tmp_path, "lemma3", lemma3_rows(True))
    (tmp_path / "fig3" / "l4" / schema.LOG).unlink()
    report = verify(tmp_path)
    verdicts = {result.claim.id: result.verdict for result in report.asked}
    assert verdicts["l4-depth-accelerates"] == "not run"
    assert verdicts["blog-one-scalar"] == verdicts["lemma3"] == "reproduced"
    with pytest.raises(LogError, match=r"fig3/l4/log\.csv"):
        check(report)
    check(verify(tmp_path, ["blog", "lemma3"]))  # nothing damaged was asked for


def test_seeds_that_are_still_running_are_left_out(tmp_path: Path) -> None:
    """Three seeds, of which the last has not finished the deeper curves."""
    curves = {"depth-1": Curve(falling([RATE] * 3))}
    curves |= {f"depth-{depth}": Curve(falling([4 * RATE] * 2), depth) for depth in (2, 3)}
    write_run(tmp_path, curves, "fig3")
    (_, _, result, _) = verify(tmp_path, ["fig3"]).asked
    assert result.verdict == "reproduced"
    assert list(result.cases) == ["0", "1"]
    assert any("left out" in note and note.endswith(": 2") for note in result.notes)


def test_rates_that_are_still_running_make_no_verdict(tmp_path: Path) -> None:
    folder = write_run(tmp_path, {f"depth-{depth}": Curve(falling([RATE]), depth) for depth in (1, 2, 3)}, "fig3")
    manifest = json.loads((folder / schema.MANIFEST).read_text())
    manifest["config"]["trial"]["lr"] = [1e-3, 1e-2]
    (folder / schema.MANIFEST).write_text(json.dumps(manifest))
    (_, _, result, _) = verify(tmp_path, ["fig3"]).asked
    assert (result.verdict, result.error) == ("not run", None)
    assert "unfinished: 3 finished trials" in result.notes[0]


def test_a_folder_without_a_finished_trial_is_not_run(tmp_path: Path) -> None:
    folder = tmp_path / "fig3" / "l4"
    folder.mkdir(parents=True)
    (_, _, result, _) = verify(tmp_path, ["fig3"]).asked
    assert result.verdict == "not run"
    assert "no finished trial" in result.notes[0]


@pytest.mark.parametrize("content", [{"config": None}, {"config": {"curves": [3]}}, {"dataset": "ethanol"}])
def test_a_manifest_of_another_shape_is_damaged(content: dict[str, object], tmp_path: Path) -> None:
    SCENARIOS["l4-depth-accelerates"](tmp_path, (True,))
    path = tmp_path / "fig3" / "l4" / schema.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | content))
    with pytest.raises(LogError, match=r"manifest\.json is damaged"):
        check(verify(tmp_path, ["fig3"]))


def test_a_row_without_a_gap_is_damage(tmp_path: Path) -> None:
    SCENARIOS["l4-depth-accelerates"](tmp_path, (True,))
    path = tmp_path / "fig3" / "l4" / schema.LOG
    table = pd.read_csv(path)
    table.loc[len(table) - 1, "gap"] = None
    table.to_csv(path, index=False)
    with pytest.raises(LogError, match="has no gap"):
        check(verify(tmp_path, ["fig3"]))


def test_strict_takes_only_what_holds_for_every_seed(tmp_path: Path) -> None:
    SCENARIOS["blog-one-scalar"](tmp_path, (True, False))
    report = verify(tmp_path, ["blog"])
    check(report)
    with pytest.raises(NotReproducedError, match=r"blog-one-scalar \(mixed\)") as error:
        check(report, strict=True)
    assert error.value.exit_code == 8
    SCENARIOS["blog-one-scalar"](tmp_path, (False,))
    with pytest.raises(NotReproducedError, match="not reproduced"):
        check(verify(tmp_path, ["blog"]), strict=True)
    SCENARIOS["blog-one-scalar"](tmp_path, (True,))
    check(verify(tmp_path, ["blog"]), strict=True)


def test_strict_takes_no_missing_verdict_for_one(tmp_path: Path) -> None:
    SCENARIOS["blog-one-scalar"](tmp_path, (True,), full_length=False)
    SCENARIOS["l4-depth-accelerates"](tmp_path, (False,))
    check(verify(tmp_path))
    with pytest.raises(NotReproducedError) as error:  # shorter than the paper's
        check(verify(tmp_path, ["blog"]), strict=True)
    assert str(error.value) == "1 of 1 claim without a verdict: blog-one-scalar (not run)"
    with pytest.raises(NotReproducedError) as error:
        check(verify(tmp_path, ["fig3"]), strict=True)
    assert str(error.value) == (
        "1 of 4 claims not reproduced: l4-depth-accelerates (not reproduced); "
        "3 of 4 claims without a verdict: l2-depth-hinders (not run), l2-depth-behind (not run), fig3-axes (not run)"
    )


def test_claims_json_holds_everything_and_json_what_was_asked_for(tmp_path: Path) -> None:
    SCENARIOS["l4-depth-accelerates"](tmp_path, (True, True, False))
    report, path = verify(tmp_path, ["fig3"]), tmp_path / "new" / "verdicts.json"
    save(report, path)
    content = json.loads(path.read_text())
    assert content["schema"] == schema.SCHEMA
    assert content["summary"] == {"reproduced": 0, "not reproduced": 0, "mixed": 1, "not run": 35}
    assert [entry["id"] for entry in content["claims"]] == [claim.id for claim in all_claims()]
    assert report.as_dict()["claims"] == [entry for entry in content["claims"] if entry["reads"][0].startswith("fig3")]
    entry = report.as_dict()["claims"][2]
    assert (entry["verdict"], entry["counts"], entry["held"], entry["of"]) == ("mixed", True, 2, 3)
    assert entry["seeds"]["2"]["holds"] is False
    assert entry["seeds"]["0"]["numbers"]["speedup"]["depth 2"]["100%"] == {"low": 4.0, "high": 4.0}
    save(verify(tmp_path, ["fig3"]), path)
    assert json.loads(path.read_text()) == content
    save(verify(tmp_path, ["fig3@quick"]), path)
    assert json.loads(path.read_text())["name"] == "quick"


def test_claims_json_is_read_as_it_was_written_or_not_at_all(tmp_path: Path) -> None:
    SCENARIOS["l4-depth-accelerates"](tmp_path, (True, True, False))
    report, path = verify(tmp_path, ["fig3"]), tmp_path / "claims.json"
    save(report, path)
    written = load(path)
    assert {key: written[key] for key in report.as_dict(everything=True)} == report.as_dict(everything=True)
    path.write_text(path.read_text().replace('"mixed"', '"reproduced"', 1))
    with pytest.raises(LogError, match="has changed since the run: make it again with overparam verify"):
        load(path)
    path.write_text(json.dumps({key: value for key, value in written.items() if key != "digest"}))
    assert load(path)["claims"] == written["claims"]  # of an earlier version
    for content in ("{", "[]", '{"claims": 3}', '{"claims": [{"id": "lemma3", "verdict": "yes"}]}'):
        path.write_text(content)
        with pytest.raises(LogError, match=r"claims\.json"):
            load(path)


def test_the_reference_verdicts_are_as_they_were_written() -> None:
    found = load(Path(__file__).parents[2] / "results" / "reference" / "claims.json")
    assert [claim["id"] for claim in found["claims"]] == [claim.id for claim in all_claims()]


def test_the_folder_that_is_read_stays_as_it_is_unless_asked_otherwise(tmp_path: Path) -> None:
    results = tmp_path / "results"
    SCENARIOS["l4-depth-accelerates"](results, (True,))
    before = {path: path.stat().st_mtime_ns for path in results.rglob("*")}
    for arguments in ([], ["--json"], ["fig3@quick"], ["--output", str(tmp_path / "out.json")]):
        done = CliRunner().invoke(cli, ["verify", *arguments, "--results", str(results)])
        assert done.exit_code == 0, done.output
        assert {path: path.stat().st_mtime_ns for path in results.rglob("*")} == before
    assert load(tmp_path / "out.json")["summary"]["reproduced"] == 1
    assert not CliRunner().invoke(cli, ["verify", "--results", str(tmp_path / "nowhere")]).exit_code
    assert not (tmp_path / "nowhere").exists()


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "claims.json").mkdir()
    with pytest.raises(StorageError, match=r"claims\.json"):
        save(verify(tmp_path, ["lemma3"]), tmp_path / "claims.json")


@pytest.mark.parametrize("width", [40, 80, 120, 160, 200])
def test_the_table_fits_and_loses_nothing(width: int, tmp_path: Path) -> None:
    SCENARIOS["l4-depth-accelerates"](tmp_path, (True, False))
    SCENARIOS["blog-one-scalar"](tmp_path, (True, True), full_length=False)
    write_bench(tmp_path)
    report = verify(tmp_path)
    shown = text(report, width)
    assert all(len(line) <= width for line in shown.splitlines())
    assert all(part in shown for part in ("mixed 1/2", "indication only", "1 reproduced, 1 mixed, 34 not run"))
    words = set(shown.split())
    for result in report.asked:
        assert result.claim.id in words
        measured = result.finding.measured if result.finding else ""
        said = f"{result.claim.statement} {result.claim.requirement} {measured}"
        if width >= 80:  # below that, long words are folded
            assert {word for word in said.split() if len(word) < 20} <= {word.strip("()") for word in words} | words


def test_brackets_in_a_claim_are_not_markup(tmp_path: Path) -> None:
    report = verify(tmp_path, ["width-negligible"])
    assert all("[2/3, 3/2]" in " ".join(text(report, width).split()) for width in (120, 300))


def test_nothing_heavy_is_loaded() -> None:
    code = "import sys, overparam_cli.claims.verify; print({'torch', 'matplotlib', 'scipy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_measured_numbers_do_not_depend_on_other_claims(tmp_path: Path) -> None:
    """The folders are read once for all claims: none of them may change what the next one sees."""
    for claim in ("depth4-plateau", "l2-depth-hinders", "l4-depth-accelerates", "rule-emulates-plateau"):
        SCENARIOS[claim](tmp_path, (True, False))
    together = {result.claim.id: result.as_dict() for result in verify(tmp_path).asked}
    again = {result.claim.id: result.as_dict() for result in verify(tmp_path).asked}
    assert together == again
    for name in ("depth8-stuck", "l2-depth-hinders", "width-negligible"):
        assert verify(tmp_path, [name]).asked[0].as_dict() == together[name]


def test_a_trial_in_the_logs_that_the_experiment_does_not_name_changes_nothing(tmp_path: Path) -> None:
    curves = {"depth-1": Curve(falling([RATE]))}
    curves |= {f"depth-{depth}": Curve(falling([4 * RATE]), depth) for depth in (2, 3)}
    write_run(tmp_path, curves | {"depth-9": Curve({1e-3: [Trial(exponential(RATE))]}, 9)}, "fig3")
    (_, _, result, _) = verify(tmp_path, ["fig3"]).asked
    assert result.verdict == "reproduced"
