"""Where one local target lives: its port, its state and the caches that all targets of a clone share."""

import os
from dataclasses import dataclass
from pathlib import Path

ACCOUNT_ID = "000000000000"
REGION = "us-east-1"
HOST = "127.0.0.1"
DEFAULT_PORT = 4566

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Settings:
    port: int
    home: Path
    cache: Path

    @staticmethod
    def from_environment() -> "Settings":
        home = Path(os.environ.get("MLOPS_LOCAL_HOME") or REPOSITORY / ".local").resolve()
        cache = Path(os.environ.get("MLOPS_LOCAL_CACHE") or REPOSITORY / ".local" / "cache").resolve()
        return Settings(port=_port(os.environ.get("MLOPS_LOCAL_PORT")), home=home, cache=cache)

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def aws_data_path(self) -> Path:
        """The folder for AWS_DATA_PATH: endpoint rules for clients that ignore AWS_ENDPOINT_URL."""
        return self.home / "botocore"


def _port(text: str | None) -> int:
    if not text:
        return DEFAULT_PORT
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise SystemExit(f"'MLOPS_LOCAL_PORT' must be a port between 1 and 65535, got '{text}'")
    return int(text)
