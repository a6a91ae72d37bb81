"""CPU of synthesizing the full stack with the very command of cdk.json, CDK's own template validator off; and, by the same
command in turn with it, of an empty app and of an app of aws-cdk-lib's own constructs with as many resources.

`npm run benchmark -- synth`
"""

import json
import os
import resource
import shlex
import subprocess
import tempfile
from pathlib import Path

from benchmarks import figures
from mlops_local.settings import REPOSITORY

RUNS = 7
APPS = Path(__file__).parent / "apps"


def main() -> None:
    *program, app = shlex.split(json.loads((REPOSITORY / "cdk.json").read_text())["app"])
    apps = {"cdk.json's app": app, "hand-written": str(APPS / "hand-written.ts"), "empty": str(APPS / "empty.ts")}
    rounds = [[_cpu([*program, path]) for path in apps.values()] for _ in range(RUNS + 1)][1:]
    for name, seconds in zip(apps, zip(*rounds, strict=True), strict=True):
        print(figures.line(f"{name}, CPU", list(seconds), "s"))


def _cpu(command: list[str]) -> float:
    with tempfile.TemporaryDirectory() as outdir:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        environment = os.environ | {"CDK_VALIDATION": "false", "CDK_OUTDIR": outdir}
        subprocess.run(command, cwd=REPOSITORY, env=environment, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
