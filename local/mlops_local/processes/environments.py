"""Python virtual environments, made once with uv and found again by a hash of what they hold."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mlops_local.settings import Settings

_READY = ".ready"


class EnvironmentFailure(Exception):
    """An environment could not be made; the message is the installer's own."""


@dataclass(frozen=True)
class PythonEnvironment:
    """A virtual environment that is ready for use, and the one it builds upon, if any."""

    folder: Path
    base: Path | None = None

    @property
    def layers(self) -> list[Path]:
        return [self.folder, *([self.base] if self.base else [])]

    @property
    def programs(self) -> list[str]:
        """The folders for PATH."""
        return [str(layer / "bin") for layer in self.layers]

    def tool(self, name: str) -> str:
        return str(self.folder / "bin" / name)

    @property
    def readable(self) -> list[Path]:
        """What a sandbox must let the environment's Python read."""
        return [*self.layers, Path(sys.base_prefix)]


def pinned(name: str, requirements: Path) -> PythonEnvironment:
    """The environment of a hash-pinned requirements file, prepared as the table of images says for this runtime."""
    from mlops_local.processes import images

    folder = _folder(name, [requirements.read_text()])

    def install(new: Path) -> None:
        preparation = images.preparation_of(name)
        # Such a file names all that belongs to it.
        _uv_install(new, ["--no-deps", "--require-hashes", "--requirements", str(requirements)], variables=preparation.build)
        if preparation.imports:
            _run([str(new / "bin" / "python"), "-c", f"import {', '.join(preparation.imports)}"])

    return _ensure(folder, install)


def extended(name: str, requirements: Path, source: Path | None) -> PythonEnvironment:
    """The environment of `requirements`, with the requirements.txt of a user's source folder on top, if it has one.

    It is a thin layer: only what the base lacks is installed, and everything else is found in the base.
    """
    base = pinned(name, requirements)
    own = source / "requirements.txt" if source else None
    if own is None or not own.is_file() or not own.read_text().strip():
        return base
    folder = _folder(f"{name}-extended", [requirements.read_text(), own.read_text(), *_local_packages(source)])

    def install(new: Path) -> None:
        packages = _site_packages(new)
        (packages / "_base.pth").write_text(f"import site; site.addsitedir({str(_site_packages(base.folder))!r})\n")
        missing = _missing(base, source, new / "resolved.txt")
        if missing:
            (new / "missing.txt").write_text("\n".join(missing) + "\n")
            _uv_install(new, ["--no-deps", "--requirements", str(new / "missing.txt")], cwd=source)
            # A sandboxed process cannot write bytecode. Some packages ship templates that do not compile: no matter.
            command = [str(new / "bin" / "python"), "-m", "compileall", "-q", "-j", "0", str(packages)]
            subprocess.run(command, capture_output=True, check=False)

    return PythonEnvironment(_ensure(folder, install).folder, base.folder)


def _missing(base: PythonEnvironment, source: Path, resolved: Path) -> list[str]:
    """What a requirements.txt asks for and the base does not have; as with pip, what is installed stays if it suits."""
    installed = _run([_uv(), "pip", "freeze", "--quiet", "--python", base.tool("python")])
    resolved.write_text(installed)  # uv prefers the versions of an output file that is already there
    _run([_uv(), "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--python", base.tool("python"),
          "requirements.txt", "--output-file", str(resolved)], cwd=source)
    return [line for line in resolved.read_text().splitlines() if line.strip() and line not in installed.splitlines()]


def _site_packages(folder: Path) -> Path:
    return next(folder.glob("lib/python*/site-packages"))


def _ensure(folder: Path, install) -> PythonEnvironment:
    if not (folder / _READY).exists():
        with _locked(folder.with_suffix(".lock")):
            if not (folder / _READY).exists():
                shutil.rmtree(folder, ignore_errors=True)
                _run([_uv(), "venv", "--quiet", "--python", _python(), str(folder)])
                install(folder)
                (folder / _READY).touch()
    return PythonEnvironment(folder)


def _folder(name: str, ingredients: list[str]) -> Path:
    digest = hashlib.sha256()
    for ingredient in [sys.version, sysconfig.get_platform(), *ingredients]:
        digest.update(ingredient.encode() + b"\0")
    folder = Settings.from_environment().cache / "environments"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}-{digest.hexdigest()[:16]}"


def _local_packages(source: Path) -> Iterator[str]:
    """Files that a requirements.txt may refer to: other lists, wheels and archives beside it."""
    for path in sorted(source.rglob("*")):
        if path.suffix in (".txt", ".whl", ".gz", ".zip", ".toml", ".cfg") and path.is_file():
            yield str(path.relative_to(source)) + hashlib.sha256(path.read_bytes()).hexdigest()


def _uv_install(folder: Path, arguments: list[str], cwd: Path | None = None,
                variables: dict[str, str] | None = None) -> None:
    _run([_uv(), "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), *arguments], cwd, variables)


def _run(command: list[str], cwd: Path | None = None, variables: dict[str, str] | None = None) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PYTHON"))}
    environment.update({"UV_CACHE_DIR": str(Settings.from_environment().cache / "uv"), **(variables or {})})
    result = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise EnvironmentFailure(result.stderr.strip() or f"{command[0]} ended with {result.returncode}")
    return result.stdout


def _python() -> str:
    """The interpreter below the target's own virtual environment."""
    return os.path.realpath(sys.executable)


def _uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else shutil.which("uv") or "uv"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Two jobs, or two targets of one clone, never make the same environment at once."""
    with path.open("w") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        yield


def main() -> None:
    """`python -m mlops_local.processes.environments NAME...`: make the environments of local/requirements/NAME.txt."""
    for name in sys.argv[1:]:
        print(pinned(Path(name).name, requirements_file(name)).folder)


def requirements_file(name: str) -> Path:
    return Path(__file__).resolve().parents[2] / "requirements" / f"{name}.txt"


if __name__ == "__main__":
    main()
