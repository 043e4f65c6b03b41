"""What every figure shares: style, composition, panels, curves."""
