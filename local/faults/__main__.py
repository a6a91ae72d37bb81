"""`npm run faults`: plays the matrix on a target of its own, prints it, and writes docs/reliability.md.

With names (`npm run faults -- vendor kill`) it plays these parts alone, and writes nothing.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from faults import certificates, deployment_cells, kill_cells, report, training_cells, vendor_cells
from faults.bench import FOLDER, Bench, free_port
from faults.cell import Cell, Outcome
from faults.vendor import Vendor
from mlops_local.cli import lifecycle
from mlops_local.cli.failure import Failure, Interrupted, raise_on_signals
from mlops_local.settings import Settings


@dataclass(frozen=True)
class Part:
    """Groups of cells, of which as many are played at once as two cores bear without missing a deadline."""

    title: str
    cells: Callable[[Bench], list[list[Cell]]]
    at_once: int


PARTS = {
    "vendor": Part("A vendor's faults", vendor_cells.cells, 8),
    "training": Part("AWS's faults while a run trains", training_cells.cells, 4),
    "deployment": Part("AWS's faults while a version is deployed", deployment_cells.cells, 4),
    "kill": Part("Processes that are killed", kill_cells.cells, 1),
}


def main() -> int:
    raise_on_signals()
    unknown = [name for name in sys.argv[1:] if name not in PARTS]
    if unknown:
        print(f"error: a part of the matrix must be one of {', '.join(PARTS)}, got '{unknown[0]}'", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="mlops-faults-") as folder:
        home = Path(folder).resolve()
        made = certificates.make(home / "certificates")
        # The target and all that it starts inherit these.
        os.environ.update({
            "MLOPS_LOCAL_FAULTS": "1",
            "MLOPS_LOCAL_IMAGES": str(FOLDER / "container" / "images.json"),
            "MLOPS_LOCAL_BAKE_SECONDS": "2",
            "SSL_CERT_FILE": str(made.authority),
        })
        settings = Settings(port=free_port(), home=home / "home", cache=Settings.from_environment().cache)
        vendor = Vendor(made)
        try:
            return _play(Bench(settings, vendor, {}), sys.argv[1:] or list(PARTS))
        except Failure as failure:
            print(f"error: {failure}", file=sys.stderr)
            return 1
        except Interrupted:
            return 130
        finally:
            lifecycle.stop(settings)
            vendor.close()


def _play(bench: Bench, names: list[str]) -> int:
    print("faults   deploying the stack ...", file=sys.stderr)
    bench.deploy()
    played = {}
    for part in (PARTS[name] for name in names):
        print(f"faults   {part.title} ...", file=sys.stderr)
        with ThreadPoolExecutor(part.at_once) as pool:
            results = [result for group in pool.map(_play_group, part.cells(bench)) for result in group]
        bench.count_alerts([outcome for _, outcome in results])
        played[part.title] = results
        print(f"\n## {part.title}\n\n{report.table(results)}", flush=True)
    if names == list(PARTS):
        report.DOCUMENT.write_text(report.document(played))
    return _judge(bench, [result for results in played.values() for result in results])


def _judge(bench: Bench, results: list[tuple[Cell, Outcome]]) -> int:
    broken = [f"{cell.fault} at {cell.where}: promised {cell.promise}, got {outcome}"
              for cell, outcome in results if not cell.kept(outcome)]
    print(f"{len(results) - len(broken)} of {len(results)} as promised")
    broken += [f"a process is left when the target has stopped: {command}" for command in bench.left_behind()]
    for line in broken:
        print(f"broken: {line}", file=sys.stderr)
    return 1 if broken else 0


def _play_group(cells: list[Cell]) -> list[tuple[Cell, Outcome]]:
    results = []
    for cell in cells:
        try:
            results.append((cell, cell.play()))
        except Exception as error:  # a cell that cannot be played is a broken one, and the others go on
            results.append((cell, Outcome(f"{type(error).__name__}: {error}")))
    return results


if __name__ == "__main__":
    sys.exit(main())
