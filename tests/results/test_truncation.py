"""A file that ends before it should is refused wherever it was cut; `trials.csv` between two rows is unfinished."""

from pathlib import Path

import pytest
from support.claim_logs import falling, write_run
from support.synthetic_runs import Curve, Trial, exponential

from overparam_cli.errors import LogError
from overparam_cli.results.reading import read_tables

CURVES = {
    "one": Curve(falling([1e-3])),
    "two, three": Curve({1e-3: [Trial(exponential(1e-3), 10)]}, depth=2),
}


def write(folder: Path) -> Path:
    return write_run(folder, CURVES, "fig3", iterations=20)


@pytest.mark.parametrize(("name", "ending"), [("trials.csv", "\n"), ("trials.csv", "\r\n"), ("log.csv", "\n")])
def test_every_cut_is_seen(tmp_path: Path, name: str, ending: str) -> None:
    path = write(tmp_path) / name
    whole = path.read_bytes().replace(b"\n", ending.encode())
    path.write_bytes(whole)
    assert len(read_tables(path.parent).trials) == 2
    accepted = {cut for cut in range(len(whole)) if is_read(path, whole[:cut])}
    # Without its last line trials.csv says that a trial has not finished. The diverged trial's last row in log.csv is
    # one that it need not have: that it is missing only a digest can tell.
    fewer = len(whole) - len(whole.splitlines(keepends=True)[-1])
    halves = {fewer - 1, len(whole) - 1} if ending == "\r\n" else set()  # half of a line's end is an end: all is there
    assert accepted == {fewer} | halves


def is_read(path: Path, content: bytes) -> bool:
    """Whether a run folder is read that has this content in the place of one of its files."""
    path.write_bytes(content)
    try:
        read_tables(path.parent)
    except LogError:
        return False
    return True


@pytest.mark.parametrize(
    "change",
    [
        (b"completed,,", b"completed,\n"),
        (b",l4,", b",l4"),
        (b",l4,", b",l4,,"),
        (b",completed,", b",diverged,"),
        (b"diverged,10.0", b"diverged,"),
        (b",diverged,10.0", b",completed,"),
        (b",diverged,", b",completed,"),
    ],
)
def test_rows_that_are_not_whole_or_contradict_themselves_are_refused(
    tmp_path: Path, change: tuple[bytes, bytes]
) -> None:
    path = write(tmp_path) / "trials.csv"
    content = path.read_bytes()
    assert change[0] in content
    path.write_bytes(content.replace(*change, 1))
    with pytest.raises(LogError, match=r"trials\.csv|log\.csv"):
        read_tables(path.parent)


def test_a_byte_order_mark_and_other_line_ends_change_nothing(tmp_path: Path) -> None:
    folder = write(tmp_path)
    before = read_tables(folder)
    for name in ("trials.csv", "log.csv"):
        path = folder / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    after = read_tables(folder)
    assert after.trials.equals(before.trials)
    assert after.log.equals(before.log)
