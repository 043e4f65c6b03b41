"""What `overparam doctor` looks at, a function a topic: each yields what it finds, and raises nothing."""

import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib import import_module, metadata
from pathlib import Path

from overparam_cli import __version__
from overparam_cli.errors import DataUnavailableError, OverparamError, StorageError
from overparam_cli.paths import exists, is_folder
from overparam_cli.report.checkup import Finding, State
from overparam_cli.words import size

VERSIONS, MACHINE, KERNELS, DATA, FOLDERS = "versions", "machine", "kernels of linear networks", "data", "folders"
REQUIREMENT = re.compile(r"""([\w.-]+)(?:>=([\d.]+))?[^;]*(?:;.*extra == ["'](\w+)["'])?""")
LITTLE, NOTHING = 1e9, 1e7  # bytes on a disk: a full run may fill the first; the second holds no log
CLOSE = 1e-4  # by which gradients in float32 may differ from the reference, of the largest one
UNSEEN = "this path has never been run on a GPU by us"


def checkup(results: Path, data_dir: Path | None) -> list[Finding]:
    """Everything, in the order in which it is shown."""
    findings = [*_versions()]
    findings.append(torch := _torch())
    if torch.state == "good":
        findings += [*_machine(), *_kernels()]
    return [*findings, *_data(data_dir), *_folders(results, data_dir)]


def _versions() -> Iterator[Finding]:
    """Of the program, Python, and every package that it needs or can use."""
    yield Finding(VERSIONS, "overparam", __version__, note=str(Path(__file__).resolve().parents[1]))
    yield Finding(VERSIONS, "python", platform.python_version(), note=sys.executable)
    try:
        required = metadata.requires("overparam") or []
    except metadata.PackageNotFoundError:
        note = "run from a checkout: which versions it needs is not looked at; pip install . says so"
        yield Finding(VERSIONS, "packages", "not known", "caution", note)
        return
    for text in required:
        if (found := REQUIREMENT.match(text)) and found[3] != "dev" and found[1] != "overparam":
            yield _package(found[1], found[2] or "0", found[3])


def _package(name: str, least: str, extra: str | None) -> Finding:
    """Whether a package is there, and as new as it must be."""
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        if extra:
            return Finding(VERSIONS, name, "not installed", note=f"optional: pip install 'overparam[{extra}]'")
        return Finding(VERSIONS, name, "not installed", "broken", f"needed: pip install '{name}>={least}'")
    if _numbers(version) < _numbers(least):
        return Finding(VERSIONS, name, version, "broken", f"too old: pip install '{name}>={least}'")
    return Finding(VERSIONS, name, version)


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", re.match(r"[\d.]*", version)[0])]  # type: ignore[index]


def _torch() -> Finding:
    """Whether PyTorch, without which nothing is trained, can be imported at all."""
    try:
        import_module("torch")
    except Exception as error:  # whatever a broken installation leads to
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        return Finding(MACHINE, "PyTorch", "cannot be imported", "broken", f"{why}: install it anew")
    return Finding(MACHINE, "PyTorch", "can be imported")


def _machine() -> Iterator[Finding]:
    """Processor, memory, devices."""
    import torch

    from overparam_cli.memory import total
    from overparam_cli.run.machine import pick_device

    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Finding(MACHINE, "processor", _processor())
    yield Finding(MACHINE, "cores", os.cpu_count(), note=f"{mine} of them are this process's")
    named = [f"{name}={os.environ[name]}" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS") if name in os.environ]
    yield Finding(MACHINE, "threads", torch.get_num_threads(), note=", ".join(["at most, by default", *named]))
    yield Finding(MACHINE, "memory", size(total()))
    yield Finding(MACHINE, "device", str(pick_device("auto")), note="of --device auto")
    if torch.version.cuda is None:
        yield Finding(MACHINE, "GPU", "none", note=f"this PyTorch was built without CUDA; {UNSEEN}")
    elif not torch.cuda.is_available():
        note = f"PyTorch is there for CUDA {torch.version.cuda} and finds no device: see nvidia-smi; {UNSEEN}"
        yield Finding(MACHINE, "GPU", "none", "caution", note)
    else:
        for place in range(torch.cuda.device_count()):
            about = torch.cuda.get_device_properties(place)
            note = f"{size(about.total_memory)}, CUDA {torch.version.cuda}; {UNSEEN}"
            yield Finding(MACHINE, f"GPU {place}", about.name, "caution", note)


def _processor() -> str:
    """Its name, where the system tells."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    named = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return named[1] if named else platform.processor() or platform.machine()


def _kernels() -> Iterator[Finding]:
    """Which compute gradients, and whether they do so rightly."""
    from overparam_cli.kinds.linear import kernels, losses
    from overparam_cli.kinds.linear.compiled.library import title, why_not
    from overparam_cli.kinds.linear.fused import available as fused
    from overparam_cli.run.machine import pick_device

    loss, device = losses.named("l4"), pick_device("auto")
    chosen, missing = kernels.choose(loss, 1, device, "auto"), why_not()
    note = (
        "of --kernel auto, for ℓp with one output"
        if not missing
        else "of --kernel auto: the compiled one is not to be had here"
    )
    yield Finding(KERNELS, "in use", chosen, note=note)
    if missing:
        yield Finding(KERNELS, "compiled", "not to be had", "caution", missing)
    else:
        yield Finding(KERNELS, "compiled", title())
    version, refused = fused.installed() or "not installed", fused.why_not(device)
    note = "GPUs alone, and only where asked for" if not fused.installed() else refused or "only where asked for"
    yield Finding(KERNELS, "triton", version, note=f"{note}; {UNSEEN}")
    for name in dict.fromkeys(["torch", chosen, *([] if refused else ["triton"])]):
        yield _agreement(name)


def _agreement(name: str) -> Finding:
    """Whether a kernel's gradients are those that PyTorch's differentiation gives."""
    import torch

    from overparam_cli.kinds.linear import kernels, losses, objective
    from overparam_cli.run.machine import pick_device

    generator = torch.Generator().manual_seed(0)
    X, Y, W = (torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in ((40, 7), (40, 1), (5, 1, 7)))
    worst = 0.0
    try:
        for loss in map(losses.named, ("l4", "l2")):
            weights = W.clone().requires_grad_()
            (right,) = torch.autograd.grad(objective.value(weights, X, Y, loss).sum(), weights)
            device = pick_device("auto")
            kernel = kernels.kernel_for(loss, X.to(device), Y.to(device), torch.float32, name)
            W_e, G = kernel.lay_out(5)
            W_e[:, :5].copy_(W[:, 0].T)
            kernel.gradient()
            off = (G[:, :5].T.double().cpu() - right[:, 0]).abs().max() / right.abs().max()
            worst = max(worst, float(off))
    except Exception as error:  # of a library that is not what it should be
        return Finding(KERNELS, f"{name}, tried", "fails", "broken", f"{error}: install overparam anew")
    if not worst < CLOSE:  # NaN is no agreement
        return Finding(KERNELS, f"{name}, tried", f"{worst:.0e} off", "broken", "use another --kernel, and tell us")
    return Finding(KERNELS, f"{name}, tried", f"right to {worst:.0e}", note="ℓ4 and ℓ2, against differentiation")


def _data(data_dir: Path | None) -> Iterator[Finding]:
    """What the cache holds, as far as its files tell without being read."""
    from overparam_cli.data import list_datasets

    try:
        rows = list_datasets(data_dir)
        for row in rows:
            if row.cached == "incomplete":
                yield Finding(DATA, row.name, "incomplete", "caution", f"overparam data fetch {row.name}")
            elif row.cached != "embedded":
                yield Finding(DATA, row.name, {"yes": "there", "no": "not there"}.get(row.cached, row.cached))
        embedded = [row.name for row in rows if row.cached == "embedded"]
    except (OverparamError, OSError) as error:
        yield Finding(DATA, "cache", "cannot be read", "broken", str(error), DataUnavailableError.exit_code)
        return
    yield Finding(DATA, "embedded", ", ".join(embedded), note="need no file")


def _folders(results: Path, data_dir: Path | None) -> Iterator[Finding]:
    """Where results and data stand or will stand, and whether they can be written."""
    from overparam_cli.data import cache_dir
    from overparam_cli.results.find import contents, is_results_folder

    yield _folder("results", results, "broken")
    try:
        runs = [path for path in contents(results) if is_folder(path) and not is_results_folder(path)]
        yield Finding(FOLDERS, "results in it", len(runs), note="overparam status lists them")
    except OverparamError as error:
        yield Finding(FOLDERS, "results in it", "cannot be read", "broken", str(error), error.exit_code)
    try:
        yield _folder("data cache", cache_dir(data_dir), "caution")
    except OverparamError as error:
        yield Finding(FOLDERS, "data cache", "cannot be named", "broken", str(error), error.exit_code)


def _folder(what: str, path: Path, refused: State) -> Finding:
    """A folder; `refused` is how grave it is if it cannot be written: data that are there need not be."""
    place = path.absolute()
    there = next(own for own in (place, *place.parents) if exists(own))
    note = "" if there == place else "not there yet; "
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
        free = shutil.disk_usage(there).free
    except OSError as error:
        why = f"cannot be written ({error.strerror or error}): mend that, or name another with --{_option(what)}"
        return Finding(FOLDERS, what, str(path), refused, why, StorageError.exit_code)
    note += f"can be written, {size(free)} free"
    if free < NOTHING:
        return Finding(FOLDERS, what, str(path), "broken", f"the disk is full ({note})", StorageError.exit_code)
    return Finding(FOLDERS, what, str(path), "caution" if free < LITTLE else "good", note)


def _option(what: str) -> str:
    return "results" if what == "results" else "data-dir"
