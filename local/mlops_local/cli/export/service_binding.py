"""Binding secrets as https://servicebinding.io has them, one for each component.

A component without a credential is a Secret. One with a credential is an ExternalSecret of the External Secrets Operator,
which makes the Secret in the cluster: the manifests hold no credential, and may be kept in Git.
"""

import json
import re

from mlops_local.cli.published import Published

# The name that the docs ask a cluster to give to the store that reads AWS Secrets Manager.
STORE = {"kind": "ClusterSecretStore", "name": "aws-secrets-manager"}


def export(published: Published, stack: str) -> None:
    # JSON is YAML, and kubectl takes it.
    print("\n".join(f"---\n{json.dumps(manifest, indent=2)}" for manifest in manifests(published.bindings[stack], stack)))


def manifests(components: dict[str, dict], stack: str) -> list[dict]:
    return [_manifest(stack, component, binding) for component, binding in components.items()]


def _manifest(stack: str, component: str, binding: dict) -> dict:
    name = re.sub(r"[^a-z0-9]+", "-", f"{stack}-{component}".lower()).strip("-")
    kind = f"servicebinding.io/{component}"
    known = {"type": component, "provider": binding["provider"], "uri": binding["address"], **binding["variables"]}
    if not binding["secrets"]:
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": kind, "stringData": known}
    # What comes from the template is text for a template engine, to which `{{` is a call.
    template = {key: value.replace("{{", '{{ "{{" }}') for key, value in known.items()}
    return {
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": name},
        "spec": {
            "secretStoreRef": STORE,
            "target": {"name": name, "template": {"type": kind, "mergePolicy": "Merge", "data": template}},
            "data": [{"secretKey": key, "remoteRef": _remote(secret)} for key, secret in binding["secrets"].items()],
        },
    }  # fmt: skip


def _remote(secret: dict) -> dict:
    return {"key": secret["secretArn"], **({"property": secret["field"]} if secret.get("field") else {})}
