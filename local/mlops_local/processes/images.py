"""Which local runtime stands for which container image: local/images.json, and the user's own table.

A runtime names a hash-pinned requirements file, the commands that the container contract calls `train` and `serve`, and
how the environment is prepared: modules whose bytecode is made ahead (`imports`: a sandboxed job cannot write it), and
variables for building packages that ship no wheel (`build`).
Commands may use {python}, {containers} (this repository's local/containers) and {table} (the folder of the table), and
`requirements` is relative to the table.
"""

from __future__ import annotations

import fnmatch
import json
import os
from dataclasses import dataclass
from pathlib import Path

from mlops_local.processes import environments

LOCAL = Path(__file__).resolve().parents[2]
OWN_TABLE = LOCAL / "images.json"
USER_TABLE_VARIABLE = "MLOPS_LOCAL_IMAGES"


class ImageFailure(Exception):
    """An image cannot run here; the message says how to change that."""


@dataclass(frozen=True)
class Runtime:
    """The local stand-in of an image."""

    image: str
    name: str
    requirements: Path
    commands: dict[str, list[str]]
    environment: dict[str, str]
    folder: Path

    def python_environment(self, source: Path | None = None) -> environments.PythonEnvironment:
        """The image's environment, with the requirements.txt of a source folder on top."""
        return environments.extended(self.name, self.requirements, source)

    def command(self, role: str, python_environment: environments.PythonEnvironment) -> list[str]:
        """The command of a role, `train` or `serve`."""
        if role not in self.commands:
            raise ImageFailure(f"image '{self.image}' has no '{role}' command in the table of images")
        places = {
            "python": python_environment.tool("python"),
            "containers": str(LOCAL / "containers"),
            "table": str(self.folder),
        }
        return [part.format_map(places) for part in self.commands[role]]

    @property
    def readable(self) -> list[Path]:
        return [LOCAL / "containers", self.folder]


def runtime_of(image: str) -> Runtime:
    """The first row whose pattern matches the image's repository and tag; the user's rows come first."""
    name = image.rpartition("/")[2]
    for table in _tables():
        for row in _rows(table):
            if any(fnmatch.fnmatchcase(candidate, pattern) for pattern in row["images"] for candidate in (name, image)):
                return Runtime(image, row["runtime"], (table.parent / row["requirements"]).resolve(),
                               row["commands"], row.get("environment", {}), table.parent.resolve())
    raise ImageFailure(
        f"image '{image}' has no local runtime: map it to one in local/images.json, or in a file of your own that "
        f"{USER_TABLE_VARIABLE} names, by a row {{\"images\": [\"{name}\"], \"runtime\": \"my-runtime\", "
        "\"requirements\": \"my-runtime.txt\", \"commands\": {\"train\": [\"{python}\", \"{table}/train.py\"]}}"
    )


@dataclass(frozen=True)
class Preparation:
    """How a runtime's environment is made ready: variables for building packages, modules to compile ahead."""

    build: dict[str, str]
    imports: list[str]


def preparation_of(runtime: str) -> Preparation:
    """What the table says for a runtime; nothing for an environment that is no image's."""
    row = next((row for table in _tables() for row in _rows(table) if row["runtime"] == runtime), {})
    return Preparation(row.get("build", {}), row.get("imports", []))


def _tables() -> list[Path]:
    own = os.environ.get(USER_TABLE_VARIABLE)
    return [Path(own), OWN_TABLE] if own else [OWN_TABLE]


def _rows(table: Path) -> list[dict]:
    try:
        rows = json.loads(table.read_text())["images"]
    except (OSError, ValueError, KeyError) as error:
        raise ImageFailure(f"the table of images {table} cannot be read: {error!r}") from None
    for row in rows:
        missing = [key for key in ("images", "runtime", "requirements", "commands") if key not in row]
        if missing:
            raise ImageFailure(f"a row of the table of images {table} lacks '{missing[0]}': {json.dumps(row)}")
    return rows
