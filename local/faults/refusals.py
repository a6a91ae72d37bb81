"""What a service of AWS answers instead of doing its work."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Refusal:
    words: str
    code: str
    message: str
    status: int = 400
    # `times`, `performed`: see mlops_local/aws/faults.py.
    more: dict = field(default_factory=dict)

    @property
    def answer(self) -> dict:
        return {"code": self.code, "message": self.message, "status": self.status, **self.more}


TWICE = {"times": 2}
THROTTLED = Refusal("throttled", "ThrottlingException", "Rate exceeded")
THROTTLED_TWICE = Refusal("throttled twice", "ThrottlingException", "Rate exceeded", more=TWICE)
SNS_THROTTLED_TWICE = Refusal("throttled twice", "Throttled", "Rate exceeded", 429, TWICE)
SLOW_DOWN = Refusal("SlowDown", "SlowDown", "Please reduce your request rate.", 503)
SLOW_DOWN_TWICE = Refusal("SlowDown twice", "SlowDown", "Please reduce your request rate.", 503, TWICE)
DENIED = Refusal("access denied", "AccessDenied", "Access Denied", 403)
ANSWER_LOST = Refusal("done, but the answer is lost", "InternalFailure", "on purpose", 500,
                      {"times": 1, "performed": True})
QUOTA = Refusal("the quota is used up", "ResourceLimitExceeded", "The account-level service limit is 0 Instances")
CAPACITY = Refusal("no capacity", "CapacityError", "Unable to provision requested ML compute capacity.")
