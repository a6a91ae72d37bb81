"""CloudFormation types that MiniStack lacks; each module adds its own with `register()`."""

from mlops_local.aws.resources import (
    cdk_custom_types,
    composite_alarm,
    event_connection,
    sagemaker,
    security_group_rules,
)

MODULES = (sagemaker, event_connection, composite_alarm, security_group_rules, cdk_custom_types)

# Types whose provisioning waits or calls this target's own HTTP API: never on the event loop.
WORKER_THREAD_PREFIXES = ("AWS::SageMaker::", "AWS::CloudWatch::CompositeAlarm", "AWS::Events::Connection",
                          "AWS::EC2::SecurityGroup")


def register() -> None:
    for module in MODULES:
        module.register()
