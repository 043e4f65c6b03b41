"""What a run tells while it goes on: the events, and displays for a terminal, a pipe, and silence."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as RichProgress
from rich.text import Text

from overparam_cli.words import clock, count, printable

PLAIN_SECONDS = 15.0  # between lines when the output is not a terminal
SHOWN_CURVES = 5


@dataclass(frozen=True)
class Status:
    """A batch at a log point."""

    title: str
    iteration: int
    iterations: int
    alive: int  # trials that have not diverged
    trials: int
    gaps: Mapping[str, float]  # curve → smallest gap now, or whatever `measure` says
    measure: str = "gap"

    @property
    def gap_text(self) -> str:
        """The live gaps, as a display shows them; of many curves only the best."""
        shown = dict(self.gaps)
        if len(shown) > SHOWN_CURVES:
            shown = dict(sorted(shown.items(), key=lambda item: item[1])[: SHOWN_CURVES - 1])
        text = "  ".join(f"{curve} {gap:.2e}" for curve, gap in shown.items())
        return text if len(shown) == len(self.gaps) else f"{text}  (best of {len(self.gaps)} curves)"

    @property
    def alive_text(self) -> str:
        """How many trials are left, and where they are."""
        alive = f"alive {self.alive}/{self.trials}"
        return f"{alive}  {self.measure} {self.gap_text}" if self.gaps else alive


class Progress(Protocol):
    """What a runner tells."""

    def begin(self, title: str, trials: int, finished: int) -> None:
        """A job starts; `finished` of its trials are there already."""

    def phase(self, title: str, doing: str) -> None:
        """What a job does before anything moves."""

    def update(self, status: Status) -> None:
        """A batch has moved on."""

    def message(self, text: str) -> None:
        """Something worth a line."""

    def warn(self, text: str) -> None:
        """Something that must be said, whatever else is kept quiet."""

    def end(self, title: str) -> None:
        """A job is complete."""


class Silent:
    """`--quiet`."""

    def begin(self, title: str, trials: int, finished: int) -> None:
        """Nothing."""

    def phase(self, title: str, doing: str) -> None:
        """Nothing."""

    def update(self, status: Status) -> None:
        """Nothing."""

    def message(self, text: str) -> None:
        """Nothing."""

    def warn(self, text: str) -> None:
        """A line all the same."""
        print(printable(text), file=sys.stderr, flush=True)

    def end(self, title: str) -> None:
        """Nothing."""


class Plain:
    """Lines at a humane rate, for a pipe or a log file."""

    def __init__(self, console: Console, every: float = PLAIN_SECONDS) -> None:
        """At most a line every `every` seconds and job, besides its first and last."""
        self.console, self.every, self._last, self._rate = console, every, 0.0, Rate()

    def begin(self, title: str, trials: int, finished: int) -> None:
        """Say what there is to do."""
        self._last, self._rate = time.monotonic(), Rate()
        self._print(f"{title}: {count(trials, 'trial')}, {finished:,} finished before")

    def phase(self, title: str, doing: str) -> None:
        """A line."""
        self._print(f"{title}: {doing}")

    def update(self, status: Status) -> None:
        """A line, if it is time for one."""
        speed = self._rate.of(status.iteration)
        if time.monotonic() - self._last < self.every:
            return
        self._last = time.monotonic()
        left = clock((status.iterations - status.iteration) / speed) if speed else "?"
        self._print(
            f"{status.title}: {status.iteration:,}/{status.iterations:,}  {speed:,.0f} it/s  {left} left  "
            f"{status.alive_text}"
        )

    def message(self, text: str) -> None:
        """A line of its own."""
        self._print(text)

    def warn(self, text: str) -> None:
        """As a message."""
        self.message(text)

    def end(self, title: str) -> None:
        """Say that the job is complete."""
        self._print(f"{title}: complete")

    def _print(self, text: str) -> None:
        self.console.print(Text(printable(text)), soft_wrap=True)


class Rate:
    """Iterations per second since the first look, which may be far into a resumed run."""

    def __init__(self) -> None:
        """Start with the first call of `of`."""
        self._start: tuple[float, int] | None = None

    def of(self, iteration: int) -> float:
        """Speed up to `iteration`; 0 at the first call and where a new batch has started over."""
        now = time.monotonic()
        if self._start is None or iteration <= self._start[1]:
            self._start = (now, iteration)
            return 0.0
        return (iteration - self._start[1]) / max(now - self._start[0], 1e-9)


class Terminal:
    """Bars: each job's iterations, speed and time left; below them trials alive and live gaps; all jobs, if several."""

    def __init__(self, console: Console, jobs: int) -> None:
        """`jobs` to come in all."""
        self._rate, self._task, self._overall = Rate(), TaskID(0), TaskID(0)
        self._bars = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[note]}", markup=False),
            console=console,
        )
        self._line = Text(no_wrap=True, overflow="ellipsis")
        self._several = jobs > 1
        if self._several:
            self._overall = self._bars.add_task("all jobs", total=jobs, note="")
        self._live = Live(Group(self._bars, self._line), console=console, refresh_per_second=4)
        self._live.start()

    def begin(self, title: str, trials: int, finished: int) -> None:
        """A new bar."""
        self._rate = Rate()
        note = f"{finished} of {count(trials, 'trial')} finished before" if finished else count(trials, "trial")
        self._task = self._bars.add_task(printable(title), total=None, note=note)

    def phase(self, title: str, doing: str) -> None:
        """Beside the bar."""
        self._bars.update(self._task, note=doing)

    def update(self, status: Status) -> None:
        """Move the bar."""
        speed = self._rate.of(status.iteration)
        left = clock((status.iterations - status.iteration) / speed) if speed else "?"
        note = f"{status.iteration:,}/{status.iterations:,}  {speed:,.0f} it/s  {left} left"
        self._bars.update(self._task, completed=status.iteration, total=status.iterations, note=note)
        self._line.plain = printable(status.alive_text)

    def message(self, text: str) -> None:
        """A line above the bars."""
        self._live.console.print(Text(printable(text)))

    def warn(self, text: str) -> None:
        """As a message."""
        self.message(text)

    def end(self, title: str) -> None:
        """The job's bar is full."""
        self._bars.update(self._task, total=1, completed=1, note="complete")
        self._line.plain = ""
        if self._several:
            self._bars.advance(self._overall)

    def stop(self) -> None:
        """Leave the bars as they are and give the terminal back."""
        self._live.stop()


@contextmanager
def display(jobs: int, *, quiet: bool = False) -> Iterator[Progress]:
    """The display that fits where standard error goes: bars on a terminal, plain lines elsewhere."""
    console = Console(stderr=True)
    if quiet:
        yield Silent()
    elif not console.is_terminal:
        yield Plain(console)
    else:
        terminal = Terminal(console, jobs)
        try:
            yield terminal
        finally:
            terminal.stop()
