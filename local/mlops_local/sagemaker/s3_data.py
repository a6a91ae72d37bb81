"""Moving data between S3 and a container's folders, with the credentials of the job's or the model's role."""

from __future__ import annotations

import contextlib
import os
import tarfile
import tempfile
from pathlib import Path

from botocore.client import BaseClient
from botocore.exceptions import BotoCoreError, ClientError

from mlops_local.sagemaker.errors import JobFailure

# The first releases of Python 3.11 do not have the filter that keeps members inside of the folder.
_SAFELY = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of an s3:// address."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def join(uri: str, *parts: str) -> str:
    return "/".join([uri.rstrip("/"), *parts])


def list_prefix(s3: BaseClient, uri: str) -> list[str]:
    """The keys below a prefix, folders' own markers left out, in order."""
    bucket, prefix = split(uri)
    with _transfer_errors("Data download failed", uri):
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    return [key for key in keys if not key.endswith("/")]


def download_keys(s3: BaseClient, uri: str, keys: list[str], folder: Path) -> None:
    """Download keys of a prefix to the places that File mode gives them: the prefix itself is cut off."""
    bucket, prefix = split(uri)
    for key in keys:
        relative = _relative(key, prefix)
        target = (folder / relative).resolve()
        if not target.is_relative_to(folder.resolve()):
            raise JobFailure(f"ClientError: Data download failed: key '{key}' leaves the channel's folder")
        target.parent.mkdir(parents=True, exist_ok=True)
        with _transfer_errors("Data download failed", f"s3://{bucket}/{key}"):
            s3.download_file(bucket, key, str(target))


def _relative(key: str, prefix: str) -> str:
    """File mode keeps what follows the prefix's last slash: both `a/b` and `a/` give `b.csv` of `a/b.csv`."""
    if key.startswith(prefix) and (not prefix or prefix.endswith("/") or key[len(prefix):].startswith("/")):
        return key[len(prefix):].lstrip("/")
    return key[prefix.rfind("/") + 1:]


def download_archive(s3: BaseClient, uri: str, folder: Path, what: str) -> None:
    """Download a tar.gz and unpack it."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(suffix=".tar.gz") as archive:
        bucket, key = split(uri)
        with _transfer_errors(f"{what} download failed", uri):
            s3.download_file(bucket, key, archive.name)
        unpack(Path(archive.name), folder, f"{what} {uri}")


def unpack(archive: Path, folder: Path, what: str) -> None:
    try:
        with tarfile.open(archive) as opened:
            opened.extractall(folder, **_SAFELY)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise JobFailure(f"ClientError: {what} is not a readable tar.gz archive: {error}") from None


def upload_archive(s3: BaseClient, folders: list[Path], uri: str) -> None:
    """Pack the contents of folders as one tar.gz and upload it; of files with the same name the first one counts."""
    with tempfile.NamedTemporaryFile(suffix=".tar.gz") as archive:
        packed: set[str] = set()
        with tarfile.open(archive.name, "w:gz", compresslevel=6) as opened:
            for folder in folders:
                for path in sorted(folder.rglob("*")):
                    name = str(path.relative_to(folder))
                    if name not in packed:
                        packed.add(name)
                        opened.add(path, arcname=name, recursive=False)
        bucket, key = split(uri)
        with _transfer_errors("Artifact upload failed", uri):
            s3.upload_file(archive.name, bucket, key)


class FolderSync:
    """Keeps a prefix up to date with a folder: uploads what is new or has changed since the last time."""

    def __init__(self, s3: BaseClient, folder: Path, uri: str) -> None:
        self._s3 = s3
        self._folder = folder
        self._uri = uri
        self._uploaded: dict[Path, tuple[float, int]] = {}

    def restore(self) -> None:
        download_keys(self._s3, self._uri.rstrip("/") + "/", list_prefix(self._s3, self._uri.rstrip("/") + "/"),
                      self._folder)
        self._uploaded = self._seen()

    def upload(self) -> None:
        for path, version in self._seen().items():
            if self._uploaded.get(path) == version:
                continue
            uri = join(self._uri, str(path.relative_to(self._folder)))
            bucket, key = split(uri)
            with _transfer_errors("Checkpoint upload failed", uri):
                self._s3.upload_file(str(path), bucket, key)
            self._uploaded[path] = version

    def _seen(self) -> dict[Path, tuple[float, int]]:
        seen = {}
        for folder, _, files in os.walk(self._folder):
            for name in files:
                with contextlib.suppress(FileNotFoundError):  # a script may replace a checkpoint meanwhile
                    status = os.stat(path := Path(folder) / name)
                    seen[path] = (status.st_mtime, status.st_size)
        return seen


@contextlib.contextmanager
def _transfer_errors(what: str, uri: str):
    try:
        yield
    except ClientError as error:
        details = error.response["Error"]
        raise JobFailure(f"ClientError: {what}: {details.get('Code')} at {uri}: "
                         f"{details.get('Message', error)}") from None
    except (BotoCoreError, OSError) as error:
        raise JobFailure(f"ClientError: {what}: {uri}: {error}") from None
    except Exception as error:
        if type(error).__module__.startswith(("boto3", "s3transfer")):
            raise JobFailure(f"ClientError: {what}: {error}") from None
        raise
