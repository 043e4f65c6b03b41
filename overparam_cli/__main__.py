"""The program: `overparam`, and `python -m overparam_cli`."""

from overparam_cli.cli import interrupts


def start() -> None:
    """Answer Ctrl-C before anything else is imported, then do what the command line says."""
    interrupts.answer()
    from overparam_cli.cli.main import main

    try:
        main()
    finally:
        interrupts.ignore()


if __name__ == "__main__":
    start()
