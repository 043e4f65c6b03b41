"""Durations and learning rates as people read them, for those who run and for those who present."""


def clock(seconds: float) -> str:
    """Seconds as 42 s, 3:07 min or 2:05 h."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{int(seconds // 60)}:{int(seconds % 60):02d} min"
    return f"{int(seconds // 3600)}:{int(seconds % 3600 // 60):02d} h"


def format_rate(lr: float) -> str:
    """Return a learning rate as it is typed: 0.0005 → "5e-4"."""
    mantissa, exponent = f"{lr:.6e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}" if int(exponent) else f"{float(mantissa):g}"
