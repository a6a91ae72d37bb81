"""CPU of synthesizing the full stack with the very command of cdk.json, CDK's own template validator off.

`npm run benchmark -- synth`
"""

import json
import os
import resource
import shlex
import subprocess
import tempfile

from benchmarks import figures
from mlops_local.settings import REPOSITORY

RUNS = 7


def main() -> None:
    command = shlex.split(json.loads((REPOSITORY / "cdk.json").read_text())["app"])
    seconds = [_cpu(command) for _ in range(RUNS + 1)][1:]
    print(figures.line("cdk.json's app, CPU", seconds, "s"))


def _cpu(command: list[str]) -> float:
    with tempfile.TemporaryDirectory() as outdir:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        environment = os.environ | {"CDK_VALIDATION": "false", "CDK_OUTDIR": outdir}
        subprocess.run(command, cwd=REPOSITORY, env=environment, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
