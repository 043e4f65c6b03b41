"""A table that grows is rendered piece by piece, to the bytes that it has as a whole."""

import gc
import hashlib
import weakref
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from test_plans import STUDY, run

from overparam_cli.kinds.linear import unit as linear_unit
from overparam_cli.kinds.linear.engine import Engine
from overparam_cli.results import schema, store
from overparam_cli.run import growing
from overparam_cli.run.growing import Growing


def table(rows: int, **changed: object) -> pd.DataFrame:
    columns = {"trial_id": pd.Categorical([f"0{i % 3}" for i in range(rows)]), "iteration": range(rows)}
    return pd.DataFrame({**columns, "loss": [1 / (1 + i) for i in range(rows)], **changed})


def test_pieces_are_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    own, rendered = Growing(), list[int]()
    render = store.render
    monkeypatch.setattr(growing.store, "render", lambda part, **how: rendered.append(len(part)) or render(part, **how))
    for rows in (2, 5, 5, 40):
        own.become(table(rows), grown=True)
        whole = render(table(rows))
        assert b"".join(own.pieces) == whole
        assert own.digest == hashlib.sha256(whole).hexdigest()
    assert rendered == [2, 3, 0, 35]


@pytest.mark.parametrize(
    ("grown", "changed"),
    [(False, {}), (True, {"loss": [1, 2, 3]}), (True, {"norm": [0.5, 0.25, 0.125]})],
    ids=["another table", "a column of another type", "another column"],
)
def test_what_did_not_just_grow_is_rendered_whole(grown: bool, changed: dict[str, object]) -> None:
    own, after = Growing(), table(3, **changed)
    own.become(table(2), grown=False)
    own.become(after, grown=grown)
    assert b"".join(own.pieces) == store.render(after)
    assert len(own.pieces) == 1
    assert own.digest == hashlib.sha256(store.render(after)).hexdigest()


def test_many_commits_write_what_they_would_write_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of trials that diverge or stop early, too, so that columns are blank in some batches."""
    adam = '[[curves]]\nname = "adam"\ndepth = 2\noptimizer = "adam"\n'
    study = STUDY.replace("lr = [1e-3, 1e-2]", "lr = [1e-3, 1e-1, 1e9]\nseeds = 2\nstop_at_gap = 0.3") + adam
    monkeypatch.setattr(linear_unit, "MOST", 1)
    grown = run(study, tmp_path / "grown")
    become = Growing.become
    monkeypatch.setattr(Growing, "become", lambda own, table, **_: become(own, table, grown=False))
    whole = run(study, tmp_path / "whole")
    assert len(grown.manifest["timings"]) == len(grown.trials) == 12
    assert set(grown.trials["status"]) == {"completed", "diverged", "stopped"}
    for name in (schema.TRIALS, schema.LOG):
        assert (grown.folder / name).read_bytes() == (whole.folder / name).read_bytes()


def test_a_batch_that_is_written_holds_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan may have thousands of them: their engines and logs are gone while the others train."""
    engines: list[weakref.ref[Engine]] = []
    make = Engine.__init__

    def made(own: Engine, *given: Any, **named: Any) -> None:
        gc.collect()
        assert sum(known() is not None for known in engines) == 0
        engines.append(weakref.ref(own))
        make(own, *given, **named)

    monkeypatch.setattr(Engine, "__init__", made)
    monkeypatch.setattr(linear_unit, "MOST", 1)
    assert len(run(STUDY, tmp_path).trials) == len(engines) == 2
