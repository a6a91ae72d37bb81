"""A SageMaker that really runs: jobs and endpoints are processes, the API is botocore's service model."""
