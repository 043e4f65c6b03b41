"""Signs in letters of ASCII, for terminals and files that take no others: ≤ becomes <=, × becomes x, η becomes eta.

What has no spelling here (letters of names, say) is shown as an escape, from which it can be told what it was.
"""

import codecs

SPELLED = {
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "≈": "~",
    "≫": ">>",
    "∝": "~",
    "±": "+-",
    "×": "x",
    "·": "-",
    "⋯": "...",
    "…": "...",
    "−": "-",
    "–": "-",
    "—": "-",
    "→": "->",
    "←": "<-",
    "↦": "->",
    "’": "'",
    "‘": "'",
    "“": '"',
    "”": '"',
    "„": '"',
    "′": "'",
    "ℓ": "l",
    "‖": "||",
    "√": "sqrt",
    "∞": "inf",
    "∇": "grad",
    "∂": "d",
    "∫": "int",
    "∮": "int",
    "∈": "in",
    "½": "1/2",
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "eps",
    "η": "eta",
    "λ": "lambda",
    "μ": "mu",
    "µ": "u",
    "ξ": "xi",
    "π": "pi",
    "ρ": "rho",
    "σ": "sigma",
    "φ": "phi",
    "Γ": "Gamma",
    "Δ": "Delta",
    "Λ": "Lambda",
    "Σ": "sum",
    "∏": "prod",
    "ᵀ": "^T",
    "ᵗ": "^t",
    "ᴺ": "^N",
    "†": "*",
    "⊙": "*",
    "∘": "o",
    "⟨": "<",
    "⟩": ">",
    "\u00a0": " ",
    "\u2005": " ",
    "\u2009": " ",
    "\u202f": " ",
    "⁻": "^-",
    "°": " deg",
    "ŵ": "w",
    **{sign: str(digit) for digit, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")},
    **{sign: f"^{digit}" for digit, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
}
HANDLER = "overparam.spelled"  # as `errors=` of a stream takes it


def spelled(text: str, encoding: str) -> str:
    """Text as far as an encoding has letters for it, the rest spelled."""
    return text.encode(encoding, HANDLER).decode(encoding)


def _handle(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(SPELLED.get(letter) or _escape(letter) for letter in letters), error.end


def _escape(letter: str) -> str:
    return letter.encode("ascii", "backslashreplace").decode()


codecs.register_error(HANDLER, _handle)
