"""overparam: see, check and extend "depth alone can accelerate optimisation" (Arora, Cohen & Hazan, ICML 2018)."""

__version__ = "0.1.0"
