"""What every figure shares: style, composition, panels, curves."""

from overparam_cli import neutral

neutral.load()  # before any module here imports something of matplotlib
