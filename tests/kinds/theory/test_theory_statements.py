"""The contract of a statement: a table whose columns are explained, and a claim to judge it."""

import subprocess
import sys

import pytest

from overparam_cli.claims import find_claim
from overparam_cli.errors import ConfigError
from overparam_cli.kinds.theory import STATEMENTS, find_statement
from overparam_cli.kinds.theory.common import random_problem
from overparam_cli.kinds.theory.dynamics import Net

# Small enough for a test; a check that is not listed runs with its defaults.
QUICK: dict[str, dict[str, object]] = {
    "lemma3": {"radii": ((0.5, 1.0),), "dimensions": (2,)},
    "theorem2": {"depths": (3,), "radii": (0.1, 0.01)},
    "balancedness": {"nets": (Net(3, (2,), 2, 2),), "steps": (20, 40), "seeds": (0,)},
    "theorem1": {"nets": (Net(3, (2,), 2, 2),), "steps": (20, 40), "seeds": (0,)},
    "observation1": {"features": (2,), "exponents": (2,), "steps": (50, 100), "seeds": (0,)},
    "appendix-b-bound": {"y1s": (10.0,), "epsilon1s": (0.1,)},
}


def test_every_claim_of_the_theory_has_a_check() -> None:
    claims = "lemma3 theorem2 balancedness theorem1 claim1 claim2 observation1 appendix-b-bound"
    assert list(STATEMENTS) == claims.split()


@pytest.mark.parametrize("name", STATEMENTS)
def test_rows_have_the_columns_that_are_explained(name: str) -> None:
    check = find_statement(name)
    X, Y = random_problem(12, 3, 1, seed=0)
    rows = check.run(X, Y, **QUICK.get(name, {}))
    assert rows
    for row in rows:
        assert list(row) == list(check.columns)
        assert all(type(value) in (float, int, str, bool) for value in row.values()), row
    assert check.says
    assert check.where
    assert all(check.columns.values())
    assert repr(rows) == repr(
        check.run(X, Y, **QUICK.get(name, {}))
    )  # seeded; repr, because NaN is not equal to itself


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_has_its_claim_beside_it_and_a_view_of_its_own_columns(name: str) -> None:
    own, claim = find_statement(name), find_claim(name)
    assert own.name == name
    assert claim.reads == (f"theory/{name}",)
    assert claim.judge.__module__ == own.compute.__module__ == STATEMENTS[name]
    assert set(own.view.by.values()) <= set(own.columns)


def test_a_check_on_data_asks_for_them() -> None:
    with pytest.raises(ConfigError, match="give its features X and labels Y"):
        find_statement("theorem2").run()
    assert [name for name in STATEMENTS if find_statement(name).needs_problem] == ["theorem2"]


def test_algebra_holds_to_rounding() -> None:
    """Claims 1 and 2 are identities: nothing but rounding may be left of them, at every depth and shape."""
    errors = ("eigenvalue_error", "eigenvector_error", "orthogonality_error", "direction_error")
    assert max(float(row[error]) for row in find_statement("claim1").run() for error in errors) <= 1e-10
    rows = find_statement("claim2").run()
    assert max(float(row["relative_error"]) for row in rows) <= 1e-10
    assert {row["depth"] for row in rows} == set(range(2, 9))


def test_reading_the_statements_imports_neither_torch_nor_matplotlib() -> None:
    """`table` and `verify` need columns, view and requirement, and must start at once."""
    call = "import sys; from overparam_cli.kinds.theory import STATEMENTS, find_statement; "
    call += "[find_statement(name) for name in STATEMENTS]; print({'torch', 'matplotlib', 'scipy'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", call], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "set()\n"
