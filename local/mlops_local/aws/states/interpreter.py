"""Runs one execution of a state machine: the states of the Amazon States Language, one method each.

https://states-language.net and https://docs.aws.amazon.com/step-functions/latest/dg/concepts-states.html
"""

import contextvars
import copy
import json
import os
import queue
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import stepfunctions

from mlops_local.aws.states import data
from mlops_local.aws.states.errors import RUNTIME, TIMEOUT, StateError, Stopped, matches
from mlops_local.aws.states.integrations import Task, perform
from mlops_local.aws.states.scope import Scope

DEFAULT_INTERVAL_SECONDS = 1
DEFAULT_MAX_ATTEMPTS = 3
DEFAULT_BACKOFF_RATE = 2.0
MAX_MAP_THREADS = 40
NOT_IN_EXPRESS = (".sync", ".sync:2", ".waitForTaskToken")

# Scales Wait states and retry delays, for tests of long state machines.
WAIT_SCALE = float(os.environ.get("SFN_WAIT_SCALE", "1"))

Step = tuple[Any, str | None]


class Interpreter:
    """The states of one execution; `scope` ends them early."""

    def __init__(self, execution: dict, role_arn: str, scope: Scope) -> None:
        self.execution = execution
        self.role_arn = role_arn
        self.scope = scope
        self._events = threading.Lock()
        self._states: dict[str, Callable[[dict, Any, dict, Scope], Step]] = {
            "Pass": self._pass,
            "Task": self._task,
            "Choice": self._choice,
            "Wait": self._wait,
            "Succeed": self._succeed,
            "Fail": self._fail,
            "Parallel": self._parallel,
            "Map": self._map,
        }

    def run(self, machine: dict, value: Any, context: dict, scope: Scope) -> Any:
        """Walks from StartAt to an end; a machine is the whole definition, a branch, or a Map's processor."""
        name = machine.get("StartAt")
        states = machine.get("States", {})
        while name is not None:
            if scope.stopped:
                raise Stopped
            state = states.get(name)
            if state is None:
                raise StateError(RUNTIME, f"State '{name}' not found in definition")
            handler = self._states.get(state.get("Type", ""))
            if handler is None:
                raise StateError(RUNTIME, f"Unknown state type: {state.get('Type')}")
            context["State"] = {"Name": name, "EnteredTime": now_iso(), "RetryCount": 0}
            self.record(f"{state['Type']}StateEntered", "stateEnteredEventDetails", name=name,
                        input=data.check_size(value, "input of a state"))
            value, following = handler(state, value, context, scope)
            self.record(f"{state['Type']}StateExited", "stateExitedEventDetails", name=name,
                        output=data.check_size(value, "output of a state"))
            name = following
        return value

    def record(self, event_type: str, details_name: str, **details: Any) -> None:
        """One event of GetExecutionHistory."""
        with self._events:
            stepfunctions._add_event(self.execution, event_type, {details_name: details})

    def _pass(self, state: dict, value: Any, context: dict, _scope: Scope) -> Step:
        if data.uses_jsonata(state, context):
            output = data.evaluate(state["Output"], value, context) if "Output" in state else value
            data.assign(state, value, context, result=output)
            return output, _next(state)
        effective = data.arguments(state, value, context)
        return data.finish(state, value, context, state.get("Result", effective)), _next(state)

    def _succeed(self, state: dict, value: Any, context: dict, _scope: Scope) -> Step:
        if data.uses_jsonata(state, context):
            return (data.evaluate(state["Output"], value, context) if "Output" in state else value), None
        effective = stepfunctions._apply_input_path(state, value, context)
        return stepfunctions._apply_output_path(state, effective, context), None

    def _fail(self, state: dict, value: Any, context: dict, _scope: Scope) -> Step:
        raise StateError(*stepfunctions._fail_state_error(state, value, context))

    def _wait(self, state: dict, value: Any, context: dict, scope: Scope) -> Step:
        if scope.wait(_wait_seconds(state, value, context) * WAIT_SCALE):
            raise Stopped
        if data.uses_jsonata(state, context):
            output = data.evaluate(state["Output"], value, context) if "Output" in state else value
            data.assign(state, value, context)
            return output, _next(state)
        effective = stepfunctions._apply_input_path(state, value, context)
        return stepfunctions._apply_output_path(state, effective, context), _next(state)

    def _choice(self, state: dict, value: Any, context: dict, _scope: Scope) -> Step:
        if not data.uses_jsonata(state, context):
            return stepfunctions._execute_choice(state, value, context)
        chosen = next((rule for rule in state.get("Choices", []) if _holds(rule, value, context)), None)
        if chosen is None and "Default" not in state:
            raise StateError("States.NoChoiceMatched", "No choice rule matched and no Default")
        rule = state if chosen is None else chosen
        output = data.evaluate(rule["Output"], value, context) if "Output" in rule else value
        data.assign(rule, value, context)
        return output, state["Default"] if chosen is None else chosen["Next"]

    def _task(self, state: dict, value: Any, context: dict, scope: Scope) -> Step:
        def attempt() -> Step:
            resource = state["Resource"]
            if self.execution.get("sync") and resource.endswith(NOT_IN_EXPRESS):
                raise StateError(RUNTIME, f"Express state machines do not support '{resource}'")
            token = stepfunctions.new_uuid() if resource.endswith(".waitForTaskToken") else None
            if token:
                context["Task"] = {"Token": token}
            arguments = data.arguments(state, value, context)
            data.check_size(arguments, "arguments of a task")
            task_scope = Scope(scope)
            task = Task(resource=resource, arguments=arguments, role_arn=self.role_arn, execution=self.execution,
                        state_name=context["State"]["Name"], scope=task_scope, token=token,
                        heartbeat_seconds=data.number(state, "HeartbeatSeconds", value, context))
            self.record("TaskScheduled", "taskScheduledEventDetails", resourceType=task.resource_type,
                        resource=task.action, region=task.region, parameters=json.dumps(arguments))
            try:
                result = _in_thread(lambda: perform(task), task_scope,
                                    data.number(state, "TimeoutSeconds", value, context))
                output_text = data.check_size(result, "result of a task")
            except StateError as error:
                self.record("TaskFailed", "taskFailedEventDetails", resourceType=task.resource_type,
                            resource=task.action, error=error.error, cause=error.cause)
                raise
            self.record("TaskSucceeded", "taskSucceededEventDetails", resourceType=task.resource_type,
                        resource=task.action, output=output_text)
            return data.finish(state, value, context, result, default=result), _next(state)

        return self._with_retry_and_catch(state, value, context, scope, attempt)

    def _parallel(self, state: dict, value: Any, context: dict, scope: Scope) -> Step:
        def attempt() -> Step:
            arguments = data.arguments(state, value, context)
            work = [(branch, arguments, _inner(context)) for branch in state.get("Branches", [])]
            results = self._run_all(work, scope, threads=len(work))
            return data.finish(state, value, context, results, default=results), _next(state)

        return self._with_retry_and_catch(state, value, context, scope, attempt)

    def _map(self, state: dict, value: Any, context: dict, scope: Scope) -> Step:
        processor = state.get("ItemProcessor") or state.get("Iterator") or {}
        if (processor.get("ProcessorConfig") or {}).get("Mode") == "DISTRIBUTED":
            raise StateError(RUNTIME, "a distributed Map is not implemented by the local target")

        def attempt() -> Step:
            items = _items(state, value, context)
            selector = state.get("ItemSelector") or state.get("Parameters")
            work = []
            for position, item in enumerate(items):
                inner = _inner(context)
                inner["Map"] = {"Item": {"Index": position, "Value": item}}
                work.append((processor, _item_input(state, selector, item, value, inner), inner))
            limit = int(data.number(state, "MaxConcurrency", value, context, default=0) or 0)
            results = self._run_all(work, scope, threads=limit or min(len(work), MAX_MAP_THREADS))
            return data.finish(state, value, context, results, default=results), _next(state)

        return self._with_retry_and_catch(state, value, context, scope, attempt)

    def _run_all(self, work: list[tuple[dict, Any, dict]], scope: Scope, threads: int) -> list[Any]:
        """Runs branches side by side; the first that fails stops the others and is the error."""
        if not work:
            return []
        branches = Scope(scope)
        failures: list[StateError] = []

        def run_branch(machine: dict, value: Any, context: dict) -> Any:
            try:
                return self.run(machine, copy.deepcopy(value), context, branches)
            except StateError as error:
                failures.append(error)
                branches.stop()
                raise

        with ThreadPoolExecutor(max_workers=threads) as pool:
            futures = [pool.submit(contextvars.copy_context().run, run_branch, *item) for item in work]
        if failures:
            raise failures[0]
        return [future.result() for future in futures]

    def _with_retry_and_catch(self, state: dict, value: Any, context: dict, scope: Scope,
                              attempt: Callable[[], Step]) -> Step:
        attempts: dict[int, int] = {}
        entered = context["State"]
        while True:
            context["State"] = {**entered, "RetryCount": sum(attempts.values())}
            try:
                return attempt()
            except StateError as error:
                if scope.stopped:
                    raise Stopped from error
                delay = _retry_delay(state.get("Retry", []), error.error, attempts)
                if delay is not None:
                    if scope.wait(delay * WAIT_SCALE):
                        raise Stopped from error
                    continue
                context["State"] = entered
                return _caught(state, error, value, context)


def _in_thread(function: Callable[[], Any], scope: Scope, timeout: float | None) -> Any:
    """Runs a task so that a timeout or a stop ends the state at once; the task itself sees its scope stopped."""
    outcomes: queue.SimpleQueue = queue.SimpleQueue()

    def run() -> None:
        try:
            outcomes.put((function(), None))
        except (StateError, Stopped) as error:
            outcomes.put((None, error))
        except Exception as error:  # a defect of the target must end the state, not hang it
            stepfunctions.logger.exception("a task failed in the local target")
            outcomes.put((None, StateError(RUNTIME, f"{type(error).__name__}: {error}")))

    scope.on_stop(lambda: outcomes.put((None, Stopped())))
    threading.Thread(target=contextvars.copy_context().run, args=(run,), name="mlops-task", daemon=True).start()
    try:
        result, error = outcomes.get(timeout=timeout)
    except queue.Empty:
        scope.stop()
        raise StateError(TIMEOUT, f"Task timed out after {timeout} seconds") from None
    if error is not None:
        raise error
    return result


def _retry_delay(retriers: list[dict], error: str, attempts: dict[int, int]) -> float | None:
    """The seconds to wait before another attempt, or None when there is none; counts the attempt."""
    for index, retrier in enumerate(retriers):
        if not matches(retrier.get("ErrorEquals", []), error):
            continue
        count = attempts.get(index, 0)
        if count >= retrier.get("MaxAttempts", DEFAULT_MAX_ATTEMPTS):
            return None
        attempts[index] = count + 1
        interval = retrier.get("IntervalSeconds", DEFAULT_INTERVAL_SECONDS)
        delay = interval * retrier.get("BackoffRate", DEFAULT_BACKOFF_RATE) ** count
        delay = min(delay, retrier.get("MaxDelaySeconds", delay))
        return random.uniform(0, delay) if retrier.get("JitterStrategy") == "FULL" else delay
    return None


def _caught(state: dict, error: StateError, value: Any, context: dict) -> Step:
    for catcher in state.get("Catch", []):
        if not matches(catcher.get("ErrorEquals", []), error.error):
            continue
        error_output = {"Error": error.error, "Cause": error.cause}
        if not data.uses_jsonata(state, context):
            data.refuse_jsonpath_assign(catcher)
            path = catcher.get("ResultPath", "$")
            return stepfunctions._apply_result_path_raw(path, value, error_output), catcher["Next"]
        output = error_output
        if "Output" in catcher:
            output = data.evaluate(catcher["Output"], value, context, error=error_output)
        data.assign(catcher, value, context, error=error_output)
        return output, catcher["Next"]
    raise error


def _inner(context: dict) -> dict:
    """A branch reads the outer variables, and keeps its own to itself."""
    return {**context, "variables": dict(context["variables"]), "State": dict(context["State"])}


def _holds(rule: dict, value: Any, context: dict) -> bool:
    condition = data.evaluate(rule.get("Condition"), value, context)
    if not isinstance(condition, bool):
        raise StateError("States.QueryEvaluationError",
                         "The JSONata expression specified for the field 'Condition' returned an unexpected result "
                         f"type. Expected 'boolean', but was '{stepfunctions._json_type(condition)}'")
    return condition


def _wait_seconds(state: dict, value: Any, context: dict) -> float:
    jsonata = data.uses_jsonata(state, context)
    if "Seconds" in state or "SecondsPath" in state:
        if jsonata:
            return stepfunctions._jsonata_wait_seconds(state, value, context)
        return data.number(state, "Seconds", value, context)
    if jsonata:
        timestamp = stepfunctions._jsonata_wait_timestamp(state, value, context)
    else:
        path = state.get("TimestampPath")
        timestamp = state["Timestamp"] if path is None else stepfunctions._resolve_path(path, value)
    target = stepfunctions._parse_ts(timestamp)
    if target is None:
        raise StateError(RUNTIME, f"The Timestamp is not an ISO-8601 date-time: {timestamp}")
    return (target - stepfunctions._parse_ts(now_iso())).total_seconds()


def _items(state: dict, value: Any, context: dict) -> list[Any]:
    if data.uses_jsonata(state, context):
        if "Items" in state:
            return stepfunctions._jsonata_state_field(state, "Items", "array", value, context)
        found = value
    else:
        effective = stepfunctions._apply_input_path(state, value, context)
        found = stepfunctions._resolve_path_or_ctx(state.get("ItemsPath", "$"), effective, context)
    if not isinstance(found, list):
        raise StateError(RUNTIME, f"The items of a Map must be an array, got {stepfunctions._json_type(found)}")
    return found


def _item_input(state: dict, selector: Any, item: Any, value: Any, context: dict) -> Any:
    if not selector:
        return item
    if data.uses_jsonata(state, context):
        return data.evaluate(selector, value, context)
    effective = stepfunctions._apply_input_path(state, value, context)
    return stepfunctions._resolve_params_obj(selector, effective, context)


def _next(state: dict) -> str | None:
    return None if state.get("End") else state.get("Next")
