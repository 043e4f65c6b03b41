"""The paper's statements as numerical experiments, a file each: its numbers, its picture, and what the paper demands.

    lemma3, theorem2          Section 6, App. A.4 and Figure 1: the field F along the curve Γ
    balancedness, theorem1    Eq. 9 and Theorem 1: gradient descent on the layers
    claims12                  Section 5: Claims 1 and 2 about the end-to-end rule
    observation1              Section 3: Observation 1
    appendix_b                Section 7, App. B: the two-point problem

Mathematics that they share: common, rule, field, dynamics, illustration. What they are to the program: statement, its
parameters and view; orders, for those about orders in the learning rate. What is done with them: study (run), tables
and figures (show).

A new statement is one file here and one line in `paper.CLAIMS`, which names it.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from overparam_cli import paper

if TYPE_CHECKING:
    from overparam_cli.kinds.theory.statement import Statement

STATEMENTS: Mapping[str, str] = {  # name → the module that it stands in, in the paper's order
    name: module for name, module in paper.CLAIMS.items() if module.startswith(f"{__name__}.")
}


@cache
def find_statement(name: str) -> "Statement":
    """The statement of that name; KeyError where there is none."""
    from overparam_cli.kinds.theory.statement import Statement

    defined = vars(import_module(STATEMENTS[name])).values()
    return next(found for found in defined if isinstance(found, Statement) and found.name == name)
