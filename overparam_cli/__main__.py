"""The program: `overparam`, and `python -m overparam_cli`."""

import os

from overparam_cli import interrupts


def start() -> None:
    """Answer Ctrl-C before anything else is imported, then do what the command line says."""
    interrupts.answer()
    # NumPy's own threads wait for each other in a spin: beside other programs an optimum took twenty times as long with
    # two as with one. It reads this when it is imported. PyTorch's are another matter, and --threads its option.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from overparam_cli.cli.main import main

    try:
        main()
    finally:
        interrupts.ignore()


if __name__ == "__main__":
    start()
