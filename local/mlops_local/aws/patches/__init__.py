"""Small repairs of MiniStack, one gap a module; each goes when its gap closes.

A patch has `apply()`. Dictionaries of MiniStack are changed in place; a function is replaced in the module that
calls it.
"""

from mlops_local.aws.patches import (
    access_denied,
    cloudformation_wait,
    condition_values,
    event_connections,
    event_metrics,
    event_targets,
    function_errors,
    function_workers,
    input_paths,
    loopback_is_secure,
    metric_alarms,
    s3_bucket,
    s3_default_key,
    s3_kms_permissions,
    sagemaker_iam,
    secret_ref,
    sns_kms_permissions,
    state_machine_resource,
    step_functions,
    worker_threads,
)

PATCHES = (
    access_denied,
    loopback_is_secure,
    sagemaker_iam,
    s3_default_key,
    s3_kms_permissions,
    s3_bucket,
    sns_kms_permissions,
    secret_ref,
    event_connections,
    event_targets,
    input_paths,
    function_errors,
    function_workers,
    event_metrics,
    metric_alarms,
    state_machine_resource,
    step_functions,
    worker_threads,
    condition_values,
    cloudformation_wait,
)
