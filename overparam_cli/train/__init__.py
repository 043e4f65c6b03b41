"""HOW it is run: the engine, the runner, resume."""
