import ast
import json
import sys
from pathlib import Path

import pytest

RUNTIME = Path(__file__).resolve().parents[1]


def test_the_script_runs_as_main_with_the_same_arguments_and_its_own_imports(bundle):
    bundle.write("helper.py", "VALUE = 'imported'")
    bundle.write("train.py", (
        "import sys, os, helper\n"
        "class Model: pass\n"
        "print(__name__, os.path.basename(sys.argv[0]), sys.argv[1:], helper.VALUE, Model.__module__)\n"
        "assert sys.modules['__main__'].Model is Model\n"
    ))  # fmt: skip

    result = bundle.run("--lr", "0.1", "-C", "2")

    assert result.returncode == 0, result.stderr
    assert result.stdout == "__main__ train.py ['--lr', '0.1', '-C', '2'] imported __main__\n"


def test_a_script_in_a_subfolder_imports_from_its_folder_and_from_the_source_folder(bundle):
    bundle.write("jobs/near.py", "")
    bundle.write("far.py", "")
    bundle.write("jobs/train.py", "import near, far; print('ran')")

    assert bundle.run(program="jobs/train.py").stdout == "ran\n"


def test_worker_processes_of_the_script_start(bundle):
    bundle.write("train.py", (
        "import multiprocessing\n"
        "def double(x): return 2 * x\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool: print(pool.map(double, [1, 2]))\n"
    ))  # fmt: skip

    result = bundle.run()

    assert result.stdout == "[2, 4]\n", result.stderr


@pytest.mark.parametrize("ending, code", [("sys.exit(3)", 3), ("sys.exit('no data')", 1), ("raise ValueError('x')", 1)])
def test_a_failure_passes_through_and_publishes_nothing(bundle, ending, code):
    bundle.write("inference/inference.py", "")
    bundle.write("train.py", (
        "import json, os, sys\n"
        "json.dump({'accuracy': 1}, open(os.environ['SM_MODEL_DIR'] + '/metrics.json', 'w'))\n" + ending
    ))  # fmt: skip

    result = bundle.run()

    assert result.returncode == code
    assert result.stdout == ""
    assert not (bundle.model / "code").exists()


def test_an_exception_reaches_the_log_as_it_is(bundle):
    bundle.write("train.py", "raise ValueError('the data is bad')")

    assert bundle.run().stderr.endswith("ValueError: the data is bad\n")


@pytest.mark.parametrize("ending", ["", "sys.exit()", "sys.exit(0)"])
def test_after_success_metrics_are_printed_and_the_inference_code_is_packed(bundle, ending):
    bundle.write("inference/inference.py", "# serves")
    bundle.write("inference/__pycache__/x.pyc", "")
    bundle.write("train.py", (
        "import json, os, sys\n"
        "json.dump({'accuracy': 0.97, 'rows': 12, 'loss': 1e-9},"
        " open(os.environ['SM_MODEL_DIR'] + '/metrics.json', 'w'))\n" + ending
    ))  # fmt: skip

    result = bundle.run()

    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [
        "mlops-metric accuracy=0.97", "mlops-metric rows=12", "mlops-metric loss=1e-09",
    ]  # fmt: skip
    assert [path.name for path in (bundle.model / "code").iterdir()] == ["inference.py"]


def test_inference_code_that_the_script_wrote_is_kept(bundle):
    bundle.write("inference/inference.py", "# from the folder")
    bundle.write("train.py", (
        "import os\n"
        "os.mkdir(os.environ['SM_MODEL_DIR'] + '/code')\n"
        "open(os.environ['SM_MODEL_DIR'] + '/code/inference.py', 'w').write('# from the script')\n"
    ))  # fmt: skip

    assert bundle.run().returncode == 0
    assert (bundle.model / "code" / "inference.py").read_text() == "# from the script"


@pytest.mark.parametrize("variables, prints", [
    ({"SM_HOSTS": '["algo-1", "algo-2"]', "SM_CURRENT_HOST": "algo-1"}, True),
    ({"SM_HOSTS": '["algo-1", "algo-2"]', "SM_CURRENT_HOST": "algo-2"}, False),
    ({"RANK": "0"}, True),
    ({"RANK": "1"}, False),
    ({"OMPI_COMM_WORLD_RANK": "3", "SM_HOSTS": '["algo-1"]', "SM_CURRENT_HOST": "algo-1"}, False),
])  # fmt: skip
def test_only_the_first_process_publishes(bundle, variables, prints):
    bundle.write("train.py", "import os; open(os.environ['SM_MODEL_DIR'] + '/metrics.json', 'w').write('{\"a\": 1}')")

    result = bundle.run(**variables)

    assert result.returncode == 0
    assert (result.stdout == "mlops-metric a=1\n") is prints


@pytest.mark.parametrize("content, fault", [
    ("{", "metrics.json must be a JSON object of name to number, got invalid JSON"),
    ("[1]", "metrics.json must be a JSON object of name to number, got list"),
    ('{"a": "0.9"}', "'a' in metrics.json must be a finite number, got \"0.9\""),
    ('{"a": true}', "'a' in metrics.json must be a finite number, got true"),
    ('{"a": NaN}', "'a' in metrics.json must be a finite number, got NaN"),
    ('{"a": {"b": 1}}', "'a' in metrics.json must be a finite number, got {"),
    ('{"two words": 1}', "a metric's name in metrics.json must be"),
])  # fmt: skip
def test_metrics_that_are_no_numbers_fail_the_job_in_one_line(bundle, content, fault):
    bundle.write("train.py", "import os; open(os.environ['SM_MODEL_DIR'] + '/metrics.json', 'w').write(%r)" % content)

    result = bundle.run()

    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith("mlops: " + fault)
    assert len(result.stderr.splitlines()) == 1


def test_a_script_that_is_not_there(bundle):
    bundle.write("trian.py", "")

    assert bundle.run().stderr == (
        "mlops: the training script must be a file in the source folder, got 'train.py': "
        "the folder holds mlops_runtime, mlops_train.py, trian.py\n"
    )


def test_a_job_without_a_program(bundle):
    assert bundle.run(program=None).stderr == (
        "mlops: 'MLOPS_PROGRAM' must name the training script inside the source folder, got nothing: "
        "set it, e.g. MLOPS_PROGRAM=train.py\n"
    )


def test_the_runtime_is_python_3_8_and_needs_nothing_but_the_standard_library():
    for path in [RUNTIME / "mlops_train.py", *(RUNTIME / "mlops_runtime").glob("*.py")]:
        tree = ast.parse(path.read_text(), feature_version=(3, 8))
        for node in tree.body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            for name in names:
                root = name.split(".")[0]
                assert root == "mlops_runtime" or root in sys.stdlib_module_names, f"{path.name} imports {name}"


def test_metrics_keep_every_digit(bundle):
    bundle.write("train.py", (
        "import json, os; json.dump({'a': 0.1 + 0.2}, open(os.environ['SM_MODEL_DIR'] + '/metrics.json', 'w'))"
    ))  # fmt: skip

    assert json.loads(bundle.run().stdout.split("=")[1]) == 0.1 + 0.2
