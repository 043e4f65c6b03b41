"""Strict validation of a config file's tables: from parsed TOML to an `Experiment`, nothing unknown let through."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from overparam_cli.checks import text, texts
from overparam_cli.errors import ConfigError
from overparam_cli.experiments import layout
from overparam_cli.experiments.faults import Faults, Place
from overparam_cli.experiments.key import Key
from overparam_cli.experiments.keys import check_setting, checked, kind_keys
from overparam_cli.experiments.lines import line_of, lines_of
from overparam_cli.experiments.model import TRAINED, Analysis, Curve, Experiment, Plot
from overparam_cli.experiments.names import identifier
from overparam_cli.experiments.registered import check_names, taken_from
from overparam_cli.experiments.sweep import checked_lists, curves_of_product, variants_of_product
from overparam_cli.words import count, meant, suggest

COMMON_KEYS = ("name", "title", "paper", "kind", "description")
KEYS_OF_KIND: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(TRAINED, ("trial", "variants", "sweep", "curves", "analysis", "plot", "smoke")),
    "theory": ("checks",),
    "group": ("members",),
}
MULTIVERSE = "multiverse"  # `kind` of a file that is no experiment (`overparam_cli.multiverse`)


def table(value: Any, where: str) -> dict[str, Any]:
    """A TOML table."""
    if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
        raise ConfigError(f"{where} must be a table, given once: write its heading in one pair of brackets")
    if not isinstance(value, dict):
        raise ConfigError(f"{where} must be a table")
    return value


def parse_experiment(document: Mapping[str, Any], source: Path, written: str = "") -> Experiment:
    """The experiment that a parsed TOML document describes.

    ConfigError that says all that is not right. Where the text is given that it was `written` as, names are held
    against registries, too, and each fault has its line.
    """
    file, faults = source.name, Faults()
    with faults.kept("kind"):
        kind = _kind_of(document, file)
        with faults.kept():
            head = _head(document, kind, file)
        with faults.kept():
            content = _trained(document, kind, source) if kind in TRAINED else _listing(document, kind, file)
        if written and kind in TRAINED:
            with faults.kept():
                check_names(document, kind, source)
    if faults.found:
        lines = lines_of(written)
        faults.found.sort(key=lambda fault: line_of(fault[0], lines) or 0)
        faults.say(partial(_with_line, file, lines))
    return Experiment(**head, kind=kind, **content, source=source)


def _with_line(file: str, lines: Mapping[Place, int], place: Place, fault: str) -> str:
    """A fault with its line behind the file's name, as editors take it: own.toml:7."""
    line = line_of(place, lines)
    return f"{file}:{line}{fault.removeprefix(file)}" if line and fault.startswith(file) else fault


def _kind_of(document: Mapping[str, Any], file: str) -> str:
    if "kind" not in document:
        known = {*COMMON_KEYS, *(key for own in KEYS_OF_KIND.values() for key in own)}
        mistyped = [
            f", and {key!r} is no key: {hint}"
            for key in document
            if key not in known and (hint := meant(key, ["kind"]))
        ]
        raise ConfigError(f"{file}: 'kind' is missing{''.join(mistyped)}: give one of {', '.join(KEYS_OF_KIND)}")
    kind: str = checked(text, "kind", document["kind"], file)
    if kind == MULTIVERSE:
        raise ConfigError(f"{file} is a multiverse, not an experiment: overparam multiverse run takes it")
    if kind not in KEYS_OF_KIND:
        raise ConfigError(f"{file}: kind = {kind!r} is no kind of experiment{suggest(kind, KEYS_OF_KIND)}")
    return kind


def _head(document: Mapping[str, Any], kind: str, file: str) -> dict[str, Any]:
    """What stands above the tables; nothing else may."""
    head, faults = dict[str, Any](paper=""), Faults()
    for key in document:
        with faults.kept(key):
            _check_place(key, kind, (*COMMON_KEYS, *KEYS_OF_KIND[kind]), file)
    for key, described in layout.HEAD.items():
        with faults.kept(key):
            if key in document or key in ("name", "title"):
                head[key] = checked(described.check, key, _required(document, key, file), file)
    faults.say()
    return head


def _check_place(key: str, kind: str, valid: Sequence[str], file: str) -> None:
    """Refuse a key that does not stand at the top of a file."""
    if key in valid:
        return
    if kind in TRAINED and key in kind_keys(kind):
        raise ConfigError(f"{file}: {key!r} describes trials: give it in [trial] or [[curves]], below their headings")
    raise ConfigError(f"{file}: unknown key {key!r} in an experiment of kind {kind!r}{suggest(key, valid)}")


def _listing(document: Mapping[str, Any], kind: str, file: str) -> dict[str, Any]:
    listing = "checks" if kind == "theory" else "members"
    names = checked(texts, listing, _required(document, listing, file), file)
    if not names:
        raise ConfigError(f"{file}: {listing} is empty")
    return {listing: names}


def _required(document: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in document:
        raise ConfigError(f"{where}: {key!r} is missing")
    return document[key]


def _trained(document: Mapping[str, Any], kind: str, source: Path) -> dict[str, Any]:
    file, faults, found = source.name, Faults(), dict[str, Any]()
    with faults.kept("trial"):
        found["trial"] = _settings(kind, _required(document, "trial", file), f"{file} [trial]", source)
    found["variants"] = {}
    with faults.kept("variants"):
        for name, value in table(document.get("variants", {}), f"{file} [variants]").items():
            with faults.kept("variants", name):
                checked(identifier, "variant", name, file)
                found["variants"][name] = _settings(kind, value, f"{file} [variants.{name}]", source)
    made: tuple[Curve, ...] = ()
    with faults.kept("sweep"):
        made = _swept(kind, document, found, source)
    with faults.kept("curves"):
        found["curves"] = _curves(kind, document, made, source)
    with faults.kept("smoke"):
        found["smoke"] = _settings(kind, document.get("smoke", {}), f"{file} [smoke]", source)
    variants, names = tuple(found["variants"]), tuple(curve.name for curve in found.get("curves", ()))
    if "curves" in found:  # without them, none of their names is known
        with faults.kept("analysis"):
            found["analysis"] = _analysis(document.get("analysis", {}), f"{file} [analysis]", names)
        with faults.kept("plot"):
            found["plot"] = _plot(document.get("plot", {}), f"{file} [plot]", variants, names)
    faults.say()
    return found


def _settings(kind: str, value: Any, where: str, source: Path) -> dict[str, Any]:
    settings, faults = {}, Faults()
    for key, raw in table(value, where).items():
        with faults.kept(key):
            settings[key] = check_setting(kind, key, raw, where)
    faults.say()
    if "dataset" in settings:
        settings["dataset"] = taken_from(source, settings["dataset"])
    return settings


def _swept(kind: str, document: Mapping[str, Any], found: dict[str, Any], source: Path) -> tuple[Curve, ...]:
    """The curves that [sweep] makes; its variants are added to those found."""
    where = f"{source.name} [sweep]"
    lists = dict(checked_lists(kind, table(document.get("sweep", {}), where), where))
    if "dataset" in lists:
        lists["dataset"] = tuple(taken_from(source, dataset) for dataset in lists["dataset"])
    own = variants_of_product(kind, lists)
    if own and document.get("variants"):
        shared = next(iter(next(iter(own.values()))))
        raise ConfigError(f"{where}: {shared} makes variants, and [variants] are given as well: keep one of the two")
    found["variants"] |= own
    return curves_of_product(kind, lists, found.get("trial", {}))


def _curves(kind: str, document: Mapping[str, Any], made: tuple[Curve, ...], source: Path) -> tuple[Curve, ...]:
    """The curves that are typed, then those that [sweep] has `made`."""
    file, faults = source.name, Faults()
    if made and "curves" not in document:
        return made
    value = _required(document, "curves", file)
    if isinstance(value, dict):
        raise ConfigError(f"{file}: [curves] is one table: write [[curves]], in two pairs of brackets, once a curve")
    if not isinstance(value, list) or not value:
        raise ConfigError(f"{file}: [[curves]] must be given at least once, or made by a [sweep]")
    curves: dict[str, Curve] = {}
    for index, entry in enumerate(value):
        with faults.kept(index):
            settings = dict(table(entry, f"{file} [[curves]] no. {index + 1}"))
            name = checked(identifier, "name", settings.pop("name", None), f"{file} [[curves]] no. {index + 1}")
            if name in curves or name in [curve.name for curve in made]:
                raise ConfigError(f"{file}: two [[curves]] are named {name!r}: names must differ")
            curves[name] = _curve(kind, name, settings, f"{file} [[curves]] {name!r}", source)
    faults.say()
    return (*curves.values(), *made)


def _curve(kind: str, name: str, entry: dict[str, Any], where: str, source: Path) -> Curve:
    drawn: dict[str, Any] = {"label": name}
    faults = Faults()
    for key, described in layout.CURVE.items():
        with faults.kept(key):
            if key in entry:
                drawn[key] = checked(described.check, key, entry.pop(key), where)
    for key in entry:
        with faults.kept(key):
            if key in kind_keys(kind) and kind_keys(kind)[key].shared:
                raise ConfigError(f"{where}: the curves of a variant share {key!r}: give it in [trial] or [variants.…]")
    with faults.kept():
        settings = _settings(kind, entry, where, source)
    faults.say()
    return Curve(name, settings=settings, **drawn)


def _checked_table(value: Any, keys: Mapping[str, Key], where: str) -> dict[str, Any]:
    entries, faults = {}, Faults()
    for key, raw in table(value, where).items():
        with faults.kept(key):
            if key not in keys:
                raise ConfigError(f"{where}: unknown key {key!r}{suggest(key, keys)}")
            entries[key] = checked(keys[key].check, key, raw, where)
    faults.say()
    return entries


def _analysis(value: Any, where: str, curves: tuple[str, ...]) -> Analysis:
    analysis = Analysis(**_checked_table(value, layout.ANALYSIS, where))
    if analysis.baseline is not None and analysis.baseline not in curves:
        raise ConfigError(f"{where}: baseline = {analysis.baseline!r} is no curve{suggest(analysis.baseline, curves)}")
    if (analysis.selection == "iterations-to-gap") != (analysis.target_gap is not None):
        raise ConfigError(f"{where}: target_gap goes with selection = 'iterations-to-gap', and only with it")
    return analysis


def _plot(value: Any, where: str, variants: tuple[str, ...], curves: tuple[str, ...]) -> Plot:
    plot = Plot(**{"panels": variants, **_checked_table(value, layout.PLOT, where)})
    faults = Faults()
    for key, names, known in (("panels", plot.panels, variants), ("curves", plot.curves, curves)):
        for name in names:
            with faults.kept(key):
                if name not in known:
                    what = "variant" if key == "panels" else "curve"
                    raise ConfigError(f"{where}: {key} names {name!r}, which is no {what}{suggest(name, known)}")
    with faults.kept("titles"):
        if plot.titles and len(plot.titles) != len(plot.panels):
            raise ConfigError(f"{where}: {count(len(plot.titles), 'title')} for {count(len(plot.panels), 'panel')}")
    for key in layout.TOGETHER:
        with faults.kept(key):
            layout.check_together(plot, where, key)
    faults.say()
    return plot
