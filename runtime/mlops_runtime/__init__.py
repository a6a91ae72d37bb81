"""What runs inside a user's training job: secrets, the training contract, metrics and the inference code.

Python 3.8 and later, and nothing but the standard library: it has to import in every image. boto3, which every
SageMaker image ships, is imported only when a secret must be resolved.
"""
