"""`python -m overparam_cli` is `overparam`."""

from overparam_cli.cli.main import main

main()
