"""The local AWS target: MiniStack, unmodified, plus a SageMaker that really runs jobs."""
