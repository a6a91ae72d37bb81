"""MLServer's model repository in an S3 bucket: `<repository>/<model>/model-settings.json` and the archive it names."""

from __future__ import annotations

import asyncio
import json
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlparse

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from mlserver.errors import MLServerError, ModelNotFound
from mlserver.repository import ModelRepository
from mlserver.settings import ModelSettings
from pydantic import ValidationError

SETTINGS_FILE = "model-settings.json"
NOT_THERE = {"404", "NoSuchKey", "NoSuchBucket", "ParameterNotFound"}
BAD_GATEWAY = 502
UNPROCESSABLE = 422


@dataclass(frozen=True)
class S3Address:
    bucket: str
    key: str

    @staticmethod
    def parse(uri: str) -> "S3Address":
        parts = urlparse(uri)
        if parts.scheme != "s3" or not parts.netloc:
            raise MLServerError(f"an address must be s3://bucket/key, got '{uri}'", UNPROCESSABLE)
        return S3Address(parts.netloc, parts.path.lstrip("/"))


class ArtifactStoreRepository(ModelRepository):
    """Reads models when they are asked for (`POST /v2/repository/models/<name>/load`), and all of them at start.

    `repository` is `s3://bucket[/prefix]`, or `ssm:<parameter>[/prefix after a #]`: the artifact store that a stack
    publishes as an SSM parameter, which need not exist yet when the server starts.
    """

    def __init__(self, root: str, repository: str, staging: str):
        self._repository = repository
        self._staging = Path(staging)
        self._s3 = boto3.client("s3")
        self._ssm = boto3.client("ssm")

    async def list(self) -> list[ModelSettings]:
        return await asyncio.to_thread(self._list)

    async def find(self, name: str) -> list[ModelSettings]:
        return [await asyncio.to_thread(self._stage, name)]

    def _list(self) -> list[ModelSettings]:
        try:
            root = S3Address.parse(self._root())
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=root.bucket, Prefix=root.key, Delimiter="/"
            )
            folders = [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", [])]
        except ClientError as error:
            if error.response["Error"]["Code"] in NOT_THERE:
                return []
            raise
        names = [folder.rstrip("/").rsplit("/", 1)[-1] for folder in folders]
        found = []
        for name in names:
            try:
                found.append(self._stage(name))
            except ModelNotFound:
                continue
        return found

    def _root(self) -> str:
        """The repository's address, with a slash at its end."""
        scheme, _, rest = self._repository.partition(":")
        if scheme != "ssm":
            return self._repository.rstrip("/") + "/"
        parameter, _, prefix = rest.partition("#")
        published = json.loads(self._ssm.get_parameter(Name=parameter)["Parameter"]["Value"])
        return "/".join(part for part in (published["address"].rstrip("/"), prefix.strip("/")) if part) + "/"

    def _stage(self, name: str) -> ModelSettings:
        """The model's settings, with its archive unpacked where `parameters.uri` points."""
        try:
            folder = self._root() + name + "/"
            address = S3Address.parse(folder + SETTINGS_FILE)
            content = self._s3.get_object(Bucket=address.bucket, Key=address.key)["Body"].read()
            settings = ModelSettings.model_validate_json(content)
            if settings.parameters is None or not settings.parameters.uri:
                raise MLServerError(f"{folder}{SETTINGS_FILE} must name an archive in parameters.uri", UNPROCESSABLE)
            archive = settings.parameters.uri
            if "://" not in archive:
                # urljoin resolves relative names only for the schemes that it knows.
                archive = "s3:" + urljoin(folder[len("s3:"):], archive)
            settings.parameters.uri = str(self._unpack(name, S3Address.parse(archive)))
            return settings
        except ClientError as error:
            if error.response["Error"]["Code"] in NOT_THERE:
                raise ModelNotFound(name) from error
            raise MLServerError(f"model {name} cannot be read from {self._repository}: {error}", BAD_GATEWAY) from error
        except BotoCoreError as error:
            raise MLServerError(f"model {name} cannot be read from {self._repository}: {error}", BAD_GATEWAY) from error
        except ValidationError as error:
            raise MLServerError(f"{SETTINGS_FILE} of model {name} is not valid: {error}", UNPROCESSABLE) from error
        except (tarfile.TarError, EOFError) as error:
            raise MLServerError(f"the archive of model {name} cannot be unpacked: {error}", UNPROCESSABLE) from error

    def _unpack(self, name: str, archive: S3Address) -> Path:
        """A folder per content of the archive, complete as soon as it exists."""
        digest = self._s3.head_object(Bucket=archive.bucket, Key=archive.key)["ETag"].strip('"')
        target = self._staging / name / digest
        if target.exists():
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=target.parent))
        try:
            with tempfile.TemporaryFile() as download:
                self._s3.download_fileobj(archive.bucket, archive.key, download)
                download.seek(0)
                with tarfile.open(fileobj=download, mode="r:gz") as content:
                    content.extractall(unfinished, filter="data")
            unfinished.rename(target)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return target
