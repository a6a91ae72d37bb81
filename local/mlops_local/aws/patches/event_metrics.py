"""EventBridge's own metrics, by rule: MatchedEvents and Invocations of namespace AWS/Events; MiniStack has none.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
"""

from ministack.services import cloudwatch, eventbridge

NAMESPACE = "AWS/Events"
RULE_PREFIX = "rule "


def apply() -> None:
    matches, invoke = eventbridge._matches_pattern_view, eventbridge._invoke_target

    def matches_pattern_view(pattern, view, subject):
        matched = matches(pattern, view, subject)
        if matched and subject.startswith(RULE_PREFIX):
            rule = eventbridge._rules.get(subject.removeprefix(RULE_PREFIX)) or {}
            _count("MatchedEvents", rule)
        return matched

    def invoke_target(target, event, rule, view=None):
        _count("Invocations", rule or {})
        return invoke(target, event, rule, view)

    eventbridge._matches_pattern_view = matches_pattern_view
    eventbridge._invoke_target = invoke_target


def _count(metric: str, rule: dict) -> None:
    if rule.get("Name"):
        cloudwatch.record_metric(NAMESPACE, metric, 1, "Count", {"RuleName": rule["Name"]})
