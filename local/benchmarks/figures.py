"""Runs of a measurement, and how they are reported: the median, and the spread around it."""

import statistics


def line(what: str, values: list[float], unit: str) -> str:
    return f"{what}: median {statistics.median(values):.2f} {unit} (min {min(values):.2f}, max {max(values):.2f}, {len(values)} runs)"
