"""The paper's claims, made checkable.

    fig2, depth, optimizers, cnn    the functions that judge, by what they are about; the theory's stand beside it
    model                           a claim, its decorator, its verdict
    evidence, measures              what such a function is given, and what several of them measure
    reading, evaluation             from the results folder to a verdict

A new claim is one function, from the contents of the folders it reads to a `Finding`, under the decorator `claim`, and
one line in `paper.CLAIMS`. Statement, place and requirement are the paper's and the design's words, fixed before
anything was run.
"""

from functools import cache
from importlib import import_module

from overparam_cli import paper
from overparam_cli.claims.model import Claim, claim

__all__ = ["Claim", "all_claims", "claim", "find_claim"]


def all_claims() -> tuple[Claim, ...]:
    """Every claim, in the paper's order."""
    return tuple(find_claim(id) for id in paper.CLAIMS)


@cache
def find_claim(id: str) -> Claim:
    """The claim of that id, from the module that `paper.CLAIMS` names; KeyError where there is none."""
    defined = vars(import_module(paper.CLAIMS[id])).values()
    return next(found for found in defined if isinstance(found, Claim) and found.id == id)
