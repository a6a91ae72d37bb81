"""The result of `npm run local`, as its `--json` line holds it and as a person reads it."""

import json
from dataclasses import dataclass, field


@dataclass
class Report:
    """Filled as the run goes on, so that a failed run still tells how far it came."""

    stack: str | None = None
    components: dict[str, dict[str, str]] = field(default_factory=dict)
    training_job: dict | None = None
    model_version: dict | None = None
    endpoint: dict | None = None
    held_out: dict | None = None
    prediction: dict | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    error: dict | None = None

    def as_line(self) -> str:
        return json.dumps({
            "stack": self.stack,
            "components": self.components,
            "trainingJob": self.training_job,
            "modelVersion": self.model_version,
            "endpoint": self.endpoint,
            "heldOut": self.held_out,
            "prediction": self.prediction,
            "seconds": self.seconds,
            "error": self.error,
        })
