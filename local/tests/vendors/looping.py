"""What the lanes show of the full stack: with a vendor in one place and AWS in all others, it trains on real data and serves what it trained."""

import json
from pathlib import Path


def is_served(target, folder: Path, section: str, block: dict) -> dict:
    """Runs the loop with `block` as that section of mlops.yaml; returns what it reports."""
    config = folder / "mlops.yaml"
    config.write_text(json.dumps({"tracker": {"provider": "none"}, "name": f"loop-{block['provider']}", section: block}))  # JSON is YAML

    code, report = target.up("--config", str(config))

    assert code == 0, report
    assert {"provider": block["provider"], "address": block["url"]} in report["components"].values()
    assert report["trainingJob"]["artifact"].startswith(f"{report['components']['artifact-store']['address']}/training/")
    assert report["trainingJob"]["metrics"]["accuracy"] > 0.9
    assert report["modelVersion"]["status"] == "Approved"
    assert report["endpoint"]["status"] == "InService"
    assert report["heldOut"]["accuracy"] > 0.9
    return report
