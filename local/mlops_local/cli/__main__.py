"""`python -m mlops_local.cli up|start|stop|reset|env|doctor|export`; local/run.mjs installs, checks the flags and calls it."""

import argparse
import sys
from pathlib import Path

from mlops_local.cli.failure import Failure, Interrupted, raise_on_signals


def main() -> int:
    raise_on_signals()
    try:
        return _run(_parser().parse_args())
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    except Interrupted:
        print("interrupted", file=sys.stderr)
        return 130


def _run(arguments: argparse.Namespace) -> int:
    # Imported here, since Ctrl-C may come while boto3 still loads.
    from mlops_local.cli import client_environment, doctor, export, lifecycle, up
    from mlops_local.settings import Settings

    settings = Settings.from_environment()
    commands = {
        "up": lambda: up.run(settings, arguments.json, arguments.config, arguments.example),
        "start": lambda: lifecycle.start_and_tell(settings),
        "stop": lambda: lifecycle.stop_and_tell(settings),
        "reset": lambda: lifecycle.reset_and_tell(settings),
        "env": lambda: client_environment.print_exports(settings),
        "doctor": lambda: doctor.run(settings, arguments.stack, arguments.aws),
        "export": lambda: export.run(settings, arguments.format, arguments.stack, arguments.aws),
    }
    return commands[arguments.command]()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mlops_local.cli")
    subparsers = parser.add_subparsers(dest="command", required=True)
    for name in ("start", "stop", "reset", "env"):
        subparsers.add_parser(name)
    up_parser = subparsers.add_parser("up")
    up_parser.add_argument("--json", action="store_true")
    up_parser.add_argument("--config", type=Path)
    up_parser.add_argument("--example")
    for name in ("doctor", "export"):
        deployed_parser = subparsers.add_parser(name)
        deployed_parser.add_argument("--stack")
        deployed_parser.add_argument("--aws", action="store_true")
    deployed_parser.add_argument("format")
    return parser


if __name__ == "__main__":
    sys.exit(main())
