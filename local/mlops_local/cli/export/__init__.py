"""`npm run export`: the components of a deployed stack, in the shape that another ecosystem takes."""

from mlops_local.cli.export import dotenv, service_binding, zenml
from mlops_local.cli.failure import Failure
from mlops_local.cli.published import Published
from mlops_local.settings import Settings

FORMATS = {"env": dotenv.export, "servicebinding": service_binding.export, "zenml": zenml.export}


def run(settings: Settings, form: str, stack: str | None, aws: bool) -> int:
    published = Published.read(settings, stack, aws, "export")
    names = list(published.bindings)
    if len(names) > 1:
        raise Failure("export", "Ambiguous", f"'--stack' must name one of the stacks that are deployed ({', '.join(names)}), got none")
    FORMATS[form](published, names[0])
    return 0
