"""What the figures of runs share: which run goes into which panel, and how each of its curves looks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from overparam_cli.errors import LogError
from overparam_cli.experiments import Plot
from overparam_cli.figures.style import Look, look, ramp
from overparam_cli.results.curve import Choice
from overparam_cli.results.run import Run
from overparam_cli.results.trajectory import Trajectory

FAMILY = 3  # curves that differ by a number are drawn as an ordered family from here on


@dataclass(frozen=True)
class Panel:
    """One run (one variant) with everything its panel of a figure needs."""

    run: Run
    choices: Mapping[str, Choice]  # curve → its learning rate, in the order they are drawn
    looks: Mapping[str, Look]

    @property
    def plot(self) -> Plot:
        """The [plot] table of its experiment."""
        return self.run.experiment.plot

    @property
    def title(self) -> str:
        """The panel's own title, where the experiment gives one."""
        titles = dict(zip(self.plot.panels, self.plot.titles, strict=False))
        return titles.get(self.run.variant, "")

    @property
    def loss(self) -> str:
        """The loss as an axis shows it."""
        losses = [str(name) for name in self.run.trials["loss"].unique()]
        return rf"$\ell_{{{losses[0][1:]}}}$ loss" if len(losses) == 1 and losses[0][1:].isdigit() else "loss"

    @property
    def common_rate(self) -> float | None:
        """The learning rate of all curves, where the experiment fixes one for all of them."""
        rates = {rate for choice in self.choices.values() for rate in choice.rates}
        return rates.pop() if len(rates) == 1 else None

    @property
    def at_edge(self) -> bool:
        """Whether a curve's rate stands at the edge of its grid."""
        return any(choice.edge for choice in self.choices.values())

    def shown(self, curve: str) -> dict[int, Trajectory]:
        """Return seed → trial of a curve at the rate that is drawn."""
        choice = self.choices[curve]
        return choice.curve.logs(choice.shown)


def panels_of(runs: Sequence[Run]) -> list[Panel]:
    """Return one panel per run that has trials, in the order of the experiment's [plot].panels, then as given.

    Raises LogError when there is nothing to draw.
    """
    panels = [_panel(run) for run in runs if len(run.trials) and len(run.log)]
    if not panels:
        raise LogError("there is nothing to draw: no trial has finished yet; run the experiment first")
    order = panels[0].plot.panels
    if len({panel.run.experiment.name for panel in panels}) == 1:
        panels.sort(key=lambda panel: order.index(panel.run.variant) if panel.run.variant in order else len(order))
    return panels


def _panel(run: Run) -> Panel:
    """Gather what one run's panel needs."""
    wanted = run.experiment.plot.curves
    curves = {name: curve for name, curve in run.curves.items() if not wanted or name in wanted}
    choices = {name: curve.choose() for name, curve in curves.items()}
    return Panel(run, choices, _looks(run, list(curves)) | _family(run, list(curves)))


def _looks(run: Run, curves: Sequence[str]) -> dict[str, Look]:
    """Give every curve the look of its place in the experiment file, so that a partial run keeps its colours.

    Where the file gives one colour to a solid and to a broken line (a network and its rule), the solid one is drawn
    pale and broad beneath the other, so that both can be seen when they coincide.
    """
    places = {curve.name: place for place, curve in enumerate(run.experiment.curves)}
    hints = {curve.name: (curve.color, curve.linestyle) for curve in run.experiment.curves}
    looks = {curve: look(places.get(curve, place), *hints.get(curve, ())) for place, curve in enumerate(curves)}
    solid = {own.color for own in looks.values() if own.linestyle == "solid"}
    broken = {own.color for own in looks.values() if own.linestyle != "solid"}
    for curve, own in looks.items():
        if own.color in solid & broken:
            looks[curve] = own.underlaid() if own.linestyle == "solid" else own.overlaid()
    return looks


def _family(run: Run, curves: Sequence[str]) -> dict[str, Look]:
    """Return ordered looks for curves that differ by one number alone, where their kind names such a number.

    They stand in the experiment file in the order of that number, beside the baseline, which keeps its own look. No
    family are fewer than FAMILY curves, curves that share a number, and curves that the file gives a colour.
    """
    described = [curve for curve in run.experiment.curves if curve.name != run.experiment.analysis.baseline]
    number = run.kind.family
    if number is None or len(described) < FAMILY or any(curve.color is not None for curve in described):
        return {}
    places = {curve.name: place for place, curve in enumerate(described) if curve.name in curves}
    numbers = run.trials[run.trials["curve"].isin(places)].groupby("curve")[number].first()
    if numbers.isna().any() or numbers.duplicated().any():
        return {}
    return {curve: ramp(place, len(described)) for curve, place in places.items()}
