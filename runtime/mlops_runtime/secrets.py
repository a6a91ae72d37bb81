"""Resolves `MLOPS_SECRET_<NAME>=<secret ARN>[:field]` into the environment variable `<NAME>`.

A host that delivers no secrets (SageMaker, Lambda) gets references only, since anyone who may describe the job reads
its environment. The value is fetched here, by the job's own role, and is never printed.
"""
import json
import os
import re
from typing import Callable, Dict, MutableMapping, Optional

from .errors import RuntimeContractError

PREFIX = "MLOPS_SECRET_"

# Secrets Manager's ARN has seven parts; what follows the seventh is a field of the secret's JSON.
REFERENCE = re.compile(
    r"(?P<arn>arn:[\w-]+:secretsmanager:(?P<region>[\w-]+):\d{12}:secret:[^:\s]+)(?::(?P<field>\S+))?"
)

REMEDIES = {
    "AccessDeniedException": "allow the job's role secretsmanager:GetSecretValue on it, and kms:Decrypt on its key",
    "ResourceNotFoundException": "create it, or give it a value",
    "DecryptionFailure": "allow the job's role kms:Decrypt on the secret's key",
    "InvalidRequestException": "restore it when it is scheduled for deletion",
    "NoCredentialsError": "run where AWS credentials are available",
}
DEFAULT_REMEDY = "check that the job can reach Secrets Manager"


class SecretReference:
    """Which secret, and which field of it, an environment variable is to be read from."""

    def __init__(self, variable: str, reference: str):
        self.variable = variable
        match = REFERENCE.fullmatch(reference)
        if match is None:
            raise RuntimeContractError(
                "'%s%s' must be <secret ARN>[:field], got '%s': pass the secret's full ARN"
                % (PREFIX, variable, reference)
            )
        self.arn = match.group("arn")
        self.region = match.group("region")
        self.field = match.group("field")

    def select(self, text: str) -> str:
        """The value for the variable out of the secret's text."""
        if self.field is None:
            return text
        try:
            document = json.loads(text)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise self.error(
                "it is no JSON object, so it has no field '%s'" % self.field,
                "store a JSON object, or refer to the secret without a field",
            )
        if self.field not in document:
            raise self.error(
                "it has no field '%s'" % self.field, "use one of its fields: %s" % ", ".join(sorted(document))
            )
        value = document[self.field]
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise self.error("its field '%s' is neither text nor a number" % self.field, "store it as text")
        return str(value)

    def error(self, fault: str, remedy: str) -> RuntimeContractError:
        return RuntimeContractError(
            "secret %s for '%s' cannot be used: %s: %s" % (self.arn, self.variable, fault, remedy)
        )


def resolve_secrets(
    environment: MutableMapping[str, str] = os.environ, fetch: Optional[Callable[[SecretReference], str]] = None
) -> None:
    """Replaces each reference in `environment` by the variable that it stands for; all of them, or none."""
    fetch = fetch or fetch_secret
    references = [
        SecretReference(name[len(PREFIX):], value) for name, value in environment.items() if name.startswith(PREFIX)
    ]
    texts: Dict[str, str] = {}
    values = {}
    for reference in references:
        if reference.arn not in texts:
            texts[reference.arn] = fetch(reference)
        values[reference.variable] = reference.select(texts[reference.arn])
    for variable, value in values.items():
        environment[variable] = value
        del environment[PREFIX + variable]


def fetch_secret(reference: SecretReference) -> str:
    """The secret's text, by Secrets Manager's GetSecretValue, in the region that its ARN names."""
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        raise reference.error("boto3 is not installed", "add boto3 to requirements.txt") from None
    try:
        # A session of its own: the default one would keep the identity of now, and a key of the job's own may be among the secrets.
        client = boto3.session.Session().client("secretsmanager", region_name=reference.region)
        answer = client.get_secret_value(SecretId=reference.arn)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise reference.error(code, REMEDIES.get(code, DEFAULT_REMEDY)) from None
    except BotoCoreError as error:
        code = type(error).__name__
        raise reference.error(code, REMEDIES.get(code, DEFAULT_REMEDY)) from None
    if "SecretString" not in answer:
        raise reference.error("it is binary", "store it as text")
    return answer["SecretString"]
