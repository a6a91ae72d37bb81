"""The training contract anywhere: `python -m mlops_runtime [options] train.py [the script's arguments]`."""
import argparse
import os
import sys
from typing import List, Optional, Tuple

from .contract import CHANNEL_PREFIX, OUTPUT_VARIABLE, supply_contract
from .errors import RuntimeContractError
from .job import run_job


def channel(text: str) -> Tuple[str, str]:
    name, separator, path = text.partition("=")
    if not (name and separator and path):
        raise argparse.ArgumentTypeError("must be NAME=FOLDER, got '%s'" % text)
    return name, path


def parse_arguments(arguments: Optional[List[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m mlops_runtime",
        description="Run a training script with SageMaker's SM_* variables, outside SageMaker.",
        epilog="Environment: %s<NAME>=FOLDER is the same as --channel, %s as --output."
        % (CHANNEL_PREFIX, OUTPUT_VARIABLE),
    )
    parser.add_argument("--channel", metavar="NAME=FOLDER", type=channel, action="append", default=[])
    parser.add_argument("--output", metavar="FOLDER", help="where the model and the output go (default: ./output)")
    parser.add_argument("program", help="the training script; its folder is the source folder")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="the script's own arguments")
    return parser.parse_args(arguments)


def main() -> None:
    options = parse_arguments()
    supply_contract(channels=dict(options.channel), output=options.output)
    source, program = os.path.split(os.path.abspath(options.program))
    run_job(program, options.arguments, source=source)


if __name__ == "__main__":
    try:
        main()
    except RuntimeContractError as error:
        sys.exit("mlops: %s" % error)
