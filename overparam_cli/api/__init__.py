"""The package from Python, which `import overparam` shows: commands as functions, results as data frames."""
