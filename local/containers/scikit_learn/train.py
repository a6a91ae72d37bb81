"""The scikit-learn image's `train` command: SageMaker's own training toolkit, in script mode.

The toolkit's one C file, `gethostname`, is a library that MPI jobs preload. The local target runs no MPI and so needs
no compiler: the environment is built without it, and an empty module takes its place.
"""

import importlib.util
import sys
import types

if importlib.util.find_spec("gethostname") is None:
    sys.modules["gethostname"] = types.ModuleType("gethostname")

from sagemaker_training.cli.train import main  # noqa: E402

if __name__ == "__main__":
    main()
