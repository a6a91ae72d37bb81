"""The program of every training job (`sagemaker_program`): runs the user's script, named by MLOPS_PROGRAM.

It lies beside the user's files in the source bundle, so the image keeps its own entry point and its own launchers
(`mpirun`, `torchrun`) start it as they would start the script itself.
"""
import os
import sys

from mlops_runtime.errors import RuntimeContractError
from mlops_runtime.job import run_job

PROGRAM_VARIABLE = "MLOPS_PROGRAM"


def main():
    program = os.environ.get(PROGRAM_VARIABLE)
    if not program:
        raise RuntimeContractError(
            "'%s' must name the training script inside the source folder, got nothing: set it, e.g. %s=train.py"
            % (PROGRAM_VARIABLE, PROGRAM_VARIABLE)
        )
    run_job(program, sys.argv[1:], source=os.path.dirname(os.path.abspath(__file__)))


if __name__ == "__main__":
    try:
        main()
    except RuntimeContractError as error:
        sys.exit("mlops: %s" % error)
