"""The paper's theorems as numerical experiments. `THEORY`, at the foot, has one entry for each claim.

    theory_rule           Section 5: the end-to-end rule, Claims 1 and 2
    theory_field          Section 6, App. A.4: the field F, the curve Γ, Lemma 3, Theorem 2
    theory_dynamics       Eq. 9 and Theorem 1 along gradient descent on the layers
    theory_warmup         Section 3: Observation 1
    theory_illustration   Section 7, App. B: the two-point problem

A check computes a table and judges nothing: what a claim requires of the table stands with the other claims.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from overparam_cli.errors import ConfigError
from overparam_cli.kinds.theory.common import Array, Row
from overparam_cli.kinds.theory.dynamics import check_balancedness, check_theorem1
from overparam_cli.kinds.theory.field import check_lemma3, check_theorem2
from overparam_cli.kinds.theory.illustration import check_appendix_b
from overparam_cli.kinds.theory.rule import check_claim1, check_claim2
from overparam_cli.kinds.theory.warmup import check_observation1


@dataclass(frozen=True)
class TheoryCheck:
    """A claim of the paper and the function that measures it.

    Attributes:
        statement: what the paper says.
        where: where it says so.
        compute: keyword parameters → rows, all with the same keys; takes X and Y first where `needs_problem`.
        columns: name → meaning of every column, in order.
        needs_problem: whether a regression problem (z-scored features and labels) has to be given.
    """

    statement: str
    where: str
    compute: Callable[..., list[Row]]
    columns: Mapping[str, str]
    needs_problem: bool = False

    def run(self, X: Array | None = None, Y: Array | None = None, **parameters: object) -> list[Row]:
        """The table of the claim.

        Args:
            X: (n, d) z-scored features; used, and required, only where `needs_problem`.
            Y: (n, 1) z-scored labels; the same.
            parameters: in place of the defaults of `compute`, which are what the claim asks for.

        Raises:
            ConfigError: the check needs a problem and none is given.
        """
        if not self.needs_problem:
            return self.compute(**parameters)
        if X is None or Y is None:
            raise ConfigError(f"{self.where} is checked on a regression problem: give its features X and labels Y")
        return self.compute(X, Y, **parameters)


_DEPTH = {"depth": "N"}
_NET = {
    "depth": "N",
    "widths": "hidden widths",
    "outputs": "k",
    "features": "d",
    "loss": "ℓp loss",
    "weight_decay": "λ",
    "seed": "seed of problem and start",
}
_RATE = {"lr": "learning rate", "steps": "iterations", "time": "lr·steps"}

THEORY: dict[str, TheoryCheck] = {
    "lemma3": TheoryCheck(
        "∮F_e = (2N/(3−2/N) − 2)(R^{3−2/N} − r^{3−2/N})",
        "App. A.4, Lemma 3",
        check_lemma3,
        {
            **_DEPTH,
            "dimension": "d",
            "r": "inner radius",
            "R": "outer radius",
            "quadrature": "∮F_e by quadrature",
            "closed_form": "Lemma 3's value",
            "scale": "closed form; at N = 2, where that is 0, the sum of the pieces' absolute integrals",
            "relative_error": "|quadrature − closed form| / scale",
        },
    ),
    "theorem2": TheoryCheck(
        "F is no gradient field for N > 2",
        "Section 6, Theorem 2",
        check_theorem2,
        {
            "loss": "ℓp loss",
            "c": "‖∇L(0)‖",
            **_DEPTH,
            "R": "outer radius",
            "r_over_R": "inner over outer radius",
            "integral": "∮F along Γ_{r,R} by quadrature",
            "scaled_integral": "integral / R^{3−2/N}",
            "limit": "c·(2N/(3−2/N) − 2)·(1 − (r/R)^{3−2/N})",
            "quadrature_error": "estimated error of the scaled integral",
            "relative_deviation": "|scaled integral − limit| / limit",
            "order": "exponent of deviation against R; empty where it is rounding only",
        },
        needs_problem=True,
    ),
    "balancedness": TheoryCheck(
        "W_{j+1}ᵀW_{j+1} = W_jW_jᵀ is preserved",
        "Eq. 9",
        check_balancedness,
        {
            **_NET,
            **_RATE,
            "drift": "largest ‖W_{j+1}ᵀW_{j+1} − W_jW_jᵀ‖_F along gradient descent",
            "drift_at_start": "the same at the balanced start",
            "order": "exponent of drift against lr",
        },
    ),
    "theorem1": TheoryCheck(
        "the end-to-end rule describes W_e",
        "Theorem 1, Eq. 10",
        check_theorem1,
        {
            **_NET,
            **_RATE,
            "distance": "‖W_e(GD) − W_e(rule)‖_F / ‖W_e(rule)‖_F at that time",
            "flow_distance": "the same between the solutions of the differential equations 6 and 8",
            "order": "exponent of distance against lr",
        },
    ),
    "claim1": TheoryCheck(
        "the preconditioner's eigenvalues and eigenvectors",
        "Section 5, Claim 1",
        check_claim1,
        {
            **_DEPTH,
            "outputs": "k",
            "features": "d",
            "rank": "rank of W_e",
            "seed": "seed of W_e",
            "eigenvalue_error": "largest difference of the sorted spectra / largest eigenvalue",
            "eigenvector_error": "largest ‖Pv − λv‖ / largest eigenvalue",
            "orthogonality_error": "largest entry of |VᵀV − I|",
            "direction_error": "‖P·vec(G) − vec(Eq. 10's direction)‖ / ‖direction‖",
        },
    ),
    "claim2": TheoryCheck(
        "Eq. 10 equals Eq. 12 for one output",
        "Section 5.1, Claim 2",
        check_claim2,
        {
            **_DEPTH,
            "features": "d",
            "norm": "‖W_e‖",
            "seed": "seed of W_e and gradient",
            "relative_error": "‖Eq. 10 − Eq. 12‖ / ‖Eq. 12‖; absolute at W_e = 0, where both vanish",
        },
    ),
    "observation1": TheoryCheck(
        "depth 2 GD on w = w₁w₂ is GD with adaptive lr and momentum terms",
        "Section 3, Observation 1",
        check_observation1,
        {
            "features": "d",
            "loss": "ℓp loss",
            "seed": "seed of problem and start",
            **_RATE,
            "residual": "largest ‖w^{(t+1)} − (w − ρ∇ − γw)‖ of the run",
            "step": "largest ‖w^{(t+1)} − w^{(t)}‖ of the run",
            "order": "exponent of residual against lr",
        },
    ),
    "appendix-b-bound": TheoryCheck(
        "acceleration by at least y₁/4ε₁",
        "App. B",
        check_appendix_b,
        {
            "y1": "label of point 1",
            "y2": "label of point 2",
            "epsilon1": "|w₁| at the start",
            "epsilon2": "|w₂| at the start",
            "assumptions_met": "whether every assumption of the appendix holds (>> read as a factor of 10)",
            "violated": "those that do not",
            "bound": "y₁/(4ε₁)",
            "descent_rate": "gradient descent's learning rate, its limit 2/y₁²",
            "rule_rate": "the rule's learning rate, 1/(2ε₁y₁²)",
            "descent_iterations": "until |Δ₂| ≤ 1 % of y₂",
            "rule_iterations": "the same; -1 where it diverged",
            "iterations_ratio": "descent_iterations / rule_iterations",
            "rate_ratio": "least effective learning rate of coordinate 2 after the first step / descent_rate",
            "rate_ratio_first": "the same of the second step",
            "rate_ratio_mean": "the same, mean over the steps after the first",
            "delta1_after_one_step": "w₁ − y₁ after one step",
        },
    ),
}
