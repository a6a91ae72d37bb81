"""The errors that SageMaker's API answers with."""

from __future__ import annotations


class ApiError(Exception):
    """An error of the AWS API: `code` is what a client sees as the error's name."""

    def __init__(self, code: str, message: str, status: int = 400, extra: dict | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.extra = extra or {}


def invalid(message: str) -> ApiError:
    return ApiError("ValidationException", message)


def resource_in_use(message: str) -> ApiError:
    return ApiError("ResourceInUse", message)


def resource_not_found(message: str) -> ApiError:
    return ApiError("ResourceNotFound", message)


def conflict(message: str) -> ApiError:
    return ApiError("ConflictException", message)


def not_implemented(operation: str) -> ApiError:
    return ApiError(
        "UnknownOperationException",
        f"sagemaker:{operation} is not implemented by the local target; it works on AWS only",
    )


class JobFailure(Exception):
    """Why a job or a container failed, in the words that become its FailureReason."""
