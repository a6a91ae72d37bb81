"""Metric alarms as CloudWatch evaluates them: dimensions, periods, missing data, M out of N, and metric math."""
