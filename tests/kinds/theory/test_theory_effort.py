"""Parameters that no memory could hold, or nobody wait for, are refused first, and what takes long says so."""

from fractions import Fraction

import numpy as np
import pytest

from overparam_cli.errors import ConfigError
from overparam_cli.kinds.theory import STATEMENTS, claims12, find_statement, running
from overparam_cli.kinds.theory.parameters import defaults
from overparam_cli.kinds.theory.rule import preconditioner_eigenvalues
from overparam_cli.kinds.theory.study import plan_checks
from overparam_cli.run import machine
from overparam_cli.run.settings import Settings
from tests.run.test_job import Recorder

TOO_LARGE = [
    ("lemma3", "dimensions", "100000000000"),
    ("claim1", "shapes", "100000:100000"),
    ("claim2", "features", "10000000"),
    ("claim2", "depths", "100000000000000"),
    ("observation1", "features", "100000000000"),
]
TOO_LONG = [
    ("theorem1", "steps", "10000000000000"),
    ("balancedness", "steps", "10000000000000"),
    ("observation1", "steps", "10000000000000"),
    ("theorem1", "time", "1e20"),
    ("claim1", "depths", "1000000000000"),
    ("appendix-b-bound", "y2", "1e-12"),
]


@pytest.fixture
def large_machine(monkeypatch):
    """A machine of a terabyte, whatever the tests run on."""
    monkeypatch.setattr(machine, "memory", lambda device: 1e12)


def begin(tmp_path, name, key, value):
    return next(running.run_study(plan_checks([name], {key: value}, results=tmp_path), Settings(), Recorder()))


@pytest.mark.parametrize(("name", "key", "value"), TOO_LARGE)
def test_what_cannot_be_held_is_refused_before_it_is_begun(tmp_path, large_machine, name, key, value):
    with pytest.raises(
        ConfigError, match=rf"{name} with {key}=\S+ needs about .* GB of memory, and there are 1,000 GB"
    ):
        begin(tmp_path, name, key, value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "key", "value"), TOO_LONG)
def test_what_nobody_could_wait_for_is_refused(tmp_path, large_machine, name, key, value):
    with pytest.raises(ConfigError, match=rf"{name} with {key}=\S+ would take longer than a year: choose smaller"):
        begin(tmp_path, name, key, value)


def test_what_takes_long_says_so_first(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "LONG", 0.0)
    recorder = Recorder()
    study = plan_checks(["claim2"], {"depths": "2", "features": "1"}, results=tmp_path)
    next(running.run_study(study, Settings(), recorder))
    assert recorder.messages[0] == "theory@depths=2+features=1/claim2: about 0 s on this machine; an interrupt loses it"


@pytest.mark.parametrize("name", STATEMENTS)
def test_what_the_claims_ask_for_is_never_announced(name):
    statement = find_statement(name)
    effort = statement.effort(**defaults(statement))
    assert 0 <= effort.seconds < running.LONG
    assert effort.bytes < 1e9


def test_a_sum_of_many_terms_is_exact():
    """At σ = 1 every term is 1, so that the eigenvalue is N; beyond the rank there is 1 for j = 1 or j = N alone."""
    N = 100_000
    values = preconditioner_eigenvalues(np.array([[1.0, 0.0, 0.0]]), N)
    np.testing.assert_allclose(values, [[N, 1, 1]], rtol=1e-12)
    geometric = sum(float(Fraction(1, 4)) ** ((N - j) / N) * 4.0 ** ((j - 1) / N) for j in range(1, N + 1))
    (value,) = preconditioner_eigenvalues(np.diag([0.5, 2.0]), N)[0, 1:]
    assert value == pytest.approx(geometric, rel=1e-10)


def test_claim_2_of_a_hundred_thousand_layers_takes_a_moment():
    (row,) = claims12.compute_claim2(depths=(100_000,), features=(64,), norms=(1.0,), seeds=(0,))
    assert row["relative_error"] < 1e-10
