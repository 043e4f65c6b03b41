"""A table as a value, and what each format makes of it."""

import io
import json
import math
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console
from rich.markup import escape

import overparam_cli
from overparam_cli.report import markdown, terminal
from overparam_cli.report.formats import FORMATS
from overparam_cli.report.grid import Cell, Column, Grid, Span, Words
from overparam_cli.words import printable

NASTY = "[bold]\x1b[31mred\x07 <script>x</script> a|b \\ :smile: \u202eabc"


@pytest.fixture
def grid() -> Grid:
    return Grid.of(
        ["curve", "lr", Column("final gap", "final_gap", "right")],
        [["1 layer", 0.001, Cell(0.01, Span("0.01 [0.005, 0.02]", "good"))], ["2 layers", 0.5, Cell(None)]],
        title="fig3/l4",
        lead=[Words.of("the lead, ", Span("in red", "bad"))],
        notes=["a note"],
    )


class Table(HTMLParser):
    """The cells of a table, as a browser reads them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag):
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data):
        if self.inside:
            self.rows[-1][-1] += data


def test_the_terminal_shows_lead_caption_headings_rows_and_notes_in_this_order(grid):
    assert terminal.render(grid).splitlines() == [
        "the lead, in red",
        f"{'fig3/l4':<35}",
        f"{'curve':<8}  {'lr':>5}  {'final gap':>18}".rstrip(),
        "1 layer   0.001  0.01 [0.005, 0.02]",
        f"{'2 layers':<8}  {'0.5':>5}  {'—':>18}",
        "a note",
    ]


@pytest.mark.parametrize("width", [12, 20, 40])
def test_a_narrow_terminal_folds_and_loses_nothing(grid, width):
    text = terminal.render(grid, width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    for character in set("curve 1 layer 0.001 0.01 [0.005, 0.02] 2 layers 0.5 —"):
        shown = "curve lr final gap 1 layer 0.001 0.01 [0.005, 0.02] 2 layers 0.5 — the lead, in red fig3/l4 a note"
        assert character.isspace() or text.count(character) >= shown.count(character)


def test_programs_get_values_and_people_get_text(grid):
    assert json.loads(FORMATS["json"](grid)) == [
        {"curve": "1 layer", "lr": 0.001, "final_gap": 0.01},
        {"curve": "2 layers", "lr": 0.5, "final_gap": None},
    ]


def test_json_holds_no_nan_and_no_infinity():
    grid = Grid.of(["a", "b", "c"], [[math.nan, -math.inf, True]])
    assert json.loads(FORMATS["json"](grid)) == [{"a": None, "b": None, "c": True}]


def test_markdown_is_a_table_with_numbers_to_the_right(grid):
    assert FORMATS["markdown"](grid) == (
        "the lead, in red\n\n**fig3/l4**\n\n"
        "| curve | lr | final gap |\n|---|---:|---:|\n"
        "| 1 layer | 0.001 | 0.01 [0.005, 0.02] |\n| 2 layers | 0.5 | — |\n\n"
        "a note\n"
    )


def test_html_is_a_table_with_classes(grid):
    text = FORMATS["html"](grid)
    assert Table(text).rows == [
        ["curve", "lr", "final gap"],
        ["1 layer", "0.001", "0.01 [0.005, 0.02]"],
        ["2 layers", "0.5", "—"],
    ]
    assert '<td class="number" data-value="0.01"><span class="good">0.01 [0.005, 0.02]</span></td>' in text
    assert '<td class="number whole" data-value="0.001">0.001</td>' in text, (
        "a lone number is not broken, as 1e-3 would be"
    )
    assert '<th scope="col" class="number">final gap</th>' in text
    assert "<caption>fig3/l4</caption>" in text
    assert text.startswith('<p>the lead, <span class="bad">in red</span></p>\n')
    assert text.endswith("<p>a note</p>\n")


def test_plain_values_are_written_as_people_read_them():
    grid = Grid.of(["n", "yes", "x", "text", "none"], [[1_000_000, True, 0.5, "1000", None]])
    assert [str(cell.words) for cell in grid.rows[0]] == ["1,000,000", "True", "0.5", "1000", "—"]
    assert [column.align for column in grid.columns] == ["right", "right", "right", "left", "left"]


def test_a_heading_over_nothing_stands_to_the_left():
    assert Grid.of(["n"], []).columns[0].align == "left"


@pytest.mark.parametrize(("columns", "rows"), [(["a", "a"], []), (["a", "b"], [[1]]), (["a"], [[1, 2]])])
def test_a_table_that_is_none_is_refused(columns, rows):
    with pytest.raises(ValueError, match="column"):
        Grid.of(columns, rows)


def test_a_grid_is_a_value(grid):
    assert grid == Grid.of(grid.columns, grid.rows, title=grid.title, lead=grid.lead, notes=grid.notes)
    assert len({grid, grid}) == 1


def nasty() -> Grid:
    return Grid.of([NASTY], [[NASTY]], title=NASTY, lead=[NASTY], notes=[Span(NASTY, "bad")])


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_reads_text_as_markup(name):
    text = FORMATS[name](nasty())
    assert "[bold]" in text
    assert ":smile:" in text


def test_the_terminal_is_sent_no_control_characters():
    plain = terminal.render(nasty())
    assert not {character for character in plain if ord(character) < 32 and character != "\n"}
    assert plain.count("\\x1b[31mred\\x07") == 5
    assert plain.count("\\u202eabc") == 5


def test_a_terminal_of_colours_is_sent_only_its_own_escapes():
    stream = io.StringIO()
    terminal.show(nasty(), NASTY, console=Console(file=stream, force_terminal=True, color_system="standard", width=200))
    text = stream.getvalue()
    assert "\x1b[1;31m" in text  # the tone of the note: bold and red
    assert "\x1b[31m" not in text
    assert "\x07" not in text


def test_line_breaks_stay_and_carriage_returns_do_not():
    assert terminal.printable("a\nb\tc\rd\x7f\x9b\ud800") == "a\nb\tc\\x0dd\\x7f\\x9b\\ud800"


def test_greek_signs_and_emoji_are_no_control_characters():
    text = "ε₁ η‖W‖ † — × 日本 👍🏽"
    assert terminal.printable(text) == text


def test_markdown_text_ends_no_cell_and_starts_no_tag():
    assert markdown.escape("a|b\nc \\| < 1× <b> *x* `y`") == "a\\|b<br>c \\\\\\| < 1× &lt;b> \\*x\\* \\`y\\`"


def test_html_text_starts_no_tag():
    found = Table(FORMATS["html"](nasty()))
    assert found.tags == {"table", "caption", "thead", "tbody", "tr", "th", "td", "p", "span"}
    assert found.rows == [[printable(NASTY)], [printable(NASTY)]]


def test_rich_markup_of_the_old_kind_is_shown_as_it_is():
    assert escape("[bold]") in terminal.render(Grid.of(["a"], [[escape("[bold]")]]))


def test_only_one_file_knows_the_tables_of_rich():
    package = Path(overparam_cli.__file__).parent
    knowing = {path for path in package.rglob("*.py") if "rich.table" in path.read_text(encoding="utf-8")}
    assert {path.relative_to(package).as_posix() for path in knowing} == {"report/terminal.py"}
