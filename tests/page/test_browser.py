"""A report in a real browser: Debian's Chromium, without a window, driven by Playwright."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.pages import write_study, written

pytest.importorskip("plotly", reason="the extra `report` is not installed")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium")
QUIET = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, "--disable-component-update"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    code, path, err = written(write_study(tmp_path_factory.mktemp("browser")))
    assert code == 0, err
    return path


@pytest.fixture(scope="module")
def page(browser: Any, path: Path) -> Any:
    """The report, its first figure drawn; what went wrong meanwhile is in `page.said`, what it asked for in `asked`."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    opened.said, opened.asked = [], []
    opened.on("console", lambda message: opened.said.append(message.text))
    opened.on("pageerror", lambda error: opened.said.append(str(error)))
    opened.on("request", lambda request: opened.asked.append(request.url))
    opened.goto(path.as_uri())
    opened.locator("#figure-run-own-1").scroll_into_view_if_needed()
    opened.locator("#figure-run-own-1 .canvas .main-svg").first.wait_for()
    return opened


def visible(page: Any) -> list[bool]:
    """Which of the marks of the first figure are shown, lines with a name alone."""
    found: list[bool] = page.evaluate(
        "document.querySelector('#figure-run-own-1 .canvas').data.filter((one) => one.name).map((one) => one.visible)"
    )
    return found


def test_it_asks_for_nothing_and_nothing_goes_wrong(page: Any, path: Path) -> None:
    assert page.said == []
    assert page.asked == [path.as_uri()]
    assert page.locator("#figure-run-own-1 .still").is_hidden()


def test_a_curve_is_switched_off_and_on(page: Any) -> None:
    button = page.locator("#figure-run-own-1 .curves button").first
    assert all(visible(page))
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert not visible(page)[0]
    assert any(visible(page))
    button.press("Enter")
    assert all(visible(page))


def test_an_axis_is_linear_or_logarithmic(page: Any) -> None:
    def kinds() -> Any:
        canvas = "document.querySelector('#figure-run-own-1 .canvas')"
        return page.evaluate(f"['xaxis', 'yaxis'].map((one) => {canvas}._fullLayout[one].type)")

    assert kinds() == ["linear", "log"]
    for axis in ("x", "y"):
        page.locator(f"#figure-run-own-1 button[data-axis={axis}]").press("Space")
    assert kinds() == ["log", "linear"]
    for axis in ("x", "y"):
        page.locator(f"#figure-run-own-1 button[data-axis={axis}]").click()
    assert kinds() == ["linear", "log"]


def test_the_keyboard_reads_numbers(page: Any) -> None:
    canvas, readout = (page.locator(f"#figure-run-own-1 .{name}").first for name in ("canvas", "readout"))
    canvas.focus()
    canvas.press("ArrowRight")
    first = readout.text_content()
    assert "one <layer>" in first
    assert "iteration 0 " in first
    canvas.press("ArrowRight")
    assert readout.text_content() != first
    canvas.press("ArrowDown")
    assert "two layers" in readout.text_content()


def test_a_table_is_sorted_by_its_numbers(page: Any) -> None:
    table = page.locator("#run-own table").first
    heading = table.locator("th", has_text="final gap")
    for turn in ("ascending", "descending"):
        heading.locator("button").click()
        assert heading.get_attribute("aria-sort") == turn
        place = heading.evaluate("(one) => one.cellIndex")
        values = table.locator(f"tbody td:nth-child({place + 1})").evaluate_all(
            "(cells) => cells.map((one) => Number(one.dataset.value))"
        )
        assert len(values) == 2
        assert values == sorted(values, reverse=turn == "descending")


def test_paper_gets_the_drawing(page: Any) -> None:
    page.emulate_media(media="print")
    assert page.locator("#figure-run-own-1 .still").is_visible()
    assert page.locator("#figure-run-own-1 .live").is_hidden()
    assert page.locator("nav").is_hidden()
    page.emulate_media(media="screen")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_nobody_is_shut_out(page: Any, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    found = axe.Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_javascript_figures_are_drawings(browser: Any, path: Path) -> None:
    opened = browser.new_context(java_script_enabled=False).new_page()
    opened.goto(path.as_uri())
    drawing = opened.locator("#figure-run-own-1 .still")
    assert drawing.is_visible()
    assert drawing.bounding_box()["width"] > 300
    assert opened.locator("#figure-run-own-1 .live").is_hidden()
