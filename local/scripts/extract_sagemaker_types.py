"""Writes mlops_local/aws/resources/sagemaker_types.json from the registry schemas that cfn-lint ships.

    uv run --with cfn-lint==1.58.0 python local/scripts/extract_sagemaker_types.py

The target needs five facts of a type, not cfn-lint itself with its 100 MB of schemas.
"""

import json
from pathlib import Path

import cfnlint

PREFIX = "AWS::SageMaker::"
TARGET = Path(__file__).resolve().parents[1] / "mlops_local" / "aws" / "resources" / "sagemaker_types.json"


def main() -> None:
    schemas = Path(cfnlint.__file__).parent / "data" / "schemas"
    files = json.loads((schemas / "providers" / "us-east-1.json").read_text())
    types = {}
    for name in sorted(files):
        if name.startswith(PREFIX):
            schema = json.loads(next((schemas / "resources").rglob(f"{files[name]}*")).read_text())
            types[name.removeprefix(PREFIX)] = facts(schema)
    TARGET.write_text(json.dumps(types, indent=1) + "\n")


def facts(schema: dict) -> dict:
    return {
        "identifiers": _names(schema["primaryIdentifier"]),
        "attributes": _names(schema.get("readOnlyProperties", [])),
        "replacing": [name for name in _names(schema.get("createOnlyProperties", [])) if "." not in name],
        "properties": sorted(schema["properties"]),
        "required": sorted(schema.get("required", [])),
    }


def _names(pointers: list[str]) -> list[str]:
    """`/properties/A/B` becomes `A.B`, the way that Fn::GetAtt spells it; list items have no attribute."""
    names = [pointer.removeprefix("/properties/").replace("/", ".") for pointer in pointers]
    return [name for name in names if "*" not in name]


if __name__ == "__main__":
    main()
