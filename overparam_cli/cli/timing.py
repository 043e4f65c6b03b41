"""`overparam bench`."""

from pathlib import Path
from typing import Any

import click

from overparam_cli.cli import completing
from overparam_cli.cli.drawing import OUTFIT, collect_looks, figure_options, outfit_of
from overparam_cli.cli.options import (
    FORMATS,
    Seconds,
    data_dir_option,
    device_option,
    formats_of,
    json_option,
    offline_option,
    results_option,
    threads_option,
    use_threads,
)


@click.command()
@results_option
@data_dir_option
@offline_option
@click.option(
    "--model",
    type=click.Choice(["linear", "cnn"]),
    default="linear",
    show_default=True,
    help="The linear engine, or Figure 5's network.",
)
@click.option("--loss", help="Losses of the linear engine to time (several: l2,l4); both of the paper's by default.")
@click.option(
    "--dataset",
    shell_complete=completing.datasets,
    help="What to time on; an embedded data set by default: shapes matter, numbers do not.",
)
@click.option("--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True)
@device_option
@threads_option
@click.option("--rounds", type=click.IntRange(1), default=7, show_default=True, help="Looks at every subject, in turn.")
@click.option("--seconds", type=Seconds(0.001, 3600), default=0.3, show_default=True, help="Length of a look.")
@figure_options(OUTFIT)
@formats_of("png")
@json_option
def bench(
    results: Path,
    model: str,
    loss: str | None,
    dataset: str | None,
    dtype: str,
    threads: int | None,
    rounds: int,
    seconds: float,
    formats: tuple[str, ...],
    as_json: bool,
    **options: Any,
) -> None:
    """Measure what an iteration costs, beside the loop everybody writes, bare arithmetic, and JAX if it is installed.

    Example: overparam bench --rounds 3 --seconds 0.05
    """
    from overparam_cli import disk
    from overparam_cli.kinds.linear import bench, bench_figure
    from overparam_cli.kinds.linear.losses import named
    from overparam_cli.kinds.mnist import bench as bench_cnn
    from overparam_cli.report.bench import print_bench
    from overparam_cli.results import digests
    from overparam_cli.results.schema import BENCH, SCHEMA
    from overparam_cli.results.store import render
    from overparam_cli.run.machine import pick_device
    from overparam_cli.run.manifest import describe_machine
    from overparam_cli.run.settings import Settings
    from overparam_cli.run.timing import as_table

    looks = collect_looks(options, OUTFIT)
    asked = ["no-title" if value is False else name for name, value in looks.items()]
    of_linear = [*(["loss"] if loss else []), *asked, *(["format"] if formats else [])]
    if model == "cnn" and of_linear:
        raise click.UsageError(f"--{of_linear[0]} is for the linear engine: leave it out with --model cnn")
    use_threads(threads)
    settings = Settings(**options)
    time, usual, folder = {
        "linear": (bench.run, "simulated", results / "bench"),
        "cnn": (bench_cnn.run, "digits-simulated", results / "bench-cnn"),
    }[model]
    dataset = dataset or usual
    chosen = {"losses": [named(own.strip()).name for own in loss.split(",")]} if loss else {}
    how: dict[str, Any] = {"dataset": dataset, "dtype": dtype, "rounds": rounds, "seconds": seconds, **chosen}
    timings, ratios = time(settings, **how)
    machine = describe_machine(pick_device(settings.device)) | {"dataset": dataset, "dtype": dtype}
    for earlier in FORMATS:  # no picture of other timings than those beside it
        disk.remove(folder / f"bench.{earlier}")
    digests.write(folder, {"schema": SCHEMA, **machine}, {BENCH: render(as_table(timings))})
    print_bench(timings, ratios, folder / BENCH, as_json=as_json)
    if model == "linear":
        data = f"{dataset} data, {dtype}"
        bench_figure.draw(timings, folder / "bench", data, formats or ("png",), outfit_of(looks))
