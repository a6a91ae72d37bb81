"""Certificates of a vendor, from an authority that the target trusts: one for `localhost`, one for another name."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

OTHER_NAME = "vendor.example.org"


@dataclass(frozen=True)
class Certificate:
    certificate: Path
    key: Path


@dataclass(frozen=True)
class Certificates:
    authority: Path
    own: Certificate
    other: Certificate


def make(folder: Path) -> Certificates:
    folder.mkdir(parents=True, exist_ok=True)
    authority = _certificate(folder, "authority", "/CN=Fault matrix", ["-addext", "keyUsage=critical,keyCertSign"])

    def issued(name: str) -> Certificate:
        signer = ["-CA", str(authority.certificate), "-CAkey", str(authority.key)]
        return _certificate(folder, name, f"/CN={name}", ["-addext", f"subjectAltName=DNS:{name}", *signer])

    return Certificates(authority.certificate, issued("localhost"), issued(OTHER_NAME))


def _certificate(folder: Path, name: str, subject: str, more: list[str]) -> Certificate:
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
               "-days", "2", "-subj", subject, "-out", str(made.certificate), "-keyout", str(made.key), *more]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise SystemExit("error: 'openssl' must be on PATH: it makes the vendor's certificates") from None
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"error: openssl makes no certificate: {error.stderr.strip().splitlines()[-1]}") from error
    return made
