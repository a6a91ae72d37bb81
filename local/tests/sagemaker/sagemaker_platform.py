"""What the tests of SageMaker share: a bucket, roles, archives of code, and waiting for jobs and endpoints."""

import io
import json
import os
import tarfile
import time
import uuid

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
PATIENCE_SECONDS = 300


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def archive(**files: str) -> bytes:
    """A tar.gz of text files; two underscores in a name stand for a dot, three for a slash."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as opened:
        for name, text in files.items():
            info = tarfile.TarInfo(name.replace("___", "/").replace("__", "."))
            info.size = len(text.encode())
            opened.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


def processes_with(text: str) -> list[int]:
    """Processes whose command line or environment holds a text."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for file in ("cmdline", "environ"):
            try:
                with open(f"/proc/{pid}/{file}", "rb") as content:
                    if text.encode() in content.read():
                        found.append(int(pid))
            except OSError:
                continue
    return found


class Platform:
    def __init__(self, target) -> None:
        self.target = target
        self.s3 = target.client("s3")
        self.sagemaker = target.client("sagemaker")
        self.runtime = target.client("sagemaker-runtime")
        self.logs = target.client("logs")
        self.cloudwatch = target.client("cloudwatch")
        self.bucket = unique("bucket")
        self.s3.create_bucket(Bucket=self.bucket)
        actions = ["s3:*", "logs:*", "cloudwatch:DescribeAlarms"]
        self.role = self.make_role({"Effect": "Allow", "Action": actions, "Resource": "*"})

    def make_role(self, *statements: dict) -> str:
        iam = self.target.client("iam")
        name = unique("role")
        trust = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "sagemaker.amazonaws.com"}}]}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        if statements:
            policy = {"Version": "2012-10-17", "Statement": list(statements)}
            iam.put_role_policy(RoleName=name, PolicyName="policy", PolicyDocument=json.dumps(policy))
        return arn

    def put(self, key: str, content: bytes | str) -> str:
        body = content if isinstance(content, bytes) else content.encode()
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def read(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def keys(self, prefix: str) -> list[str]:
        return [item["Key"] for item in self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])]

    # ---- training

    def start_job(self, script: str, channels: dict[str, str] | None = None, hyperparameters: dict | None = None,
                  files: dict[str, str] | None = None, **parameters) -> str:
        name = unique("job")
        source = self.put(f"code/{name}.tar.gz", archive(train__py=script, **(files or {})))
        request = {
            "TrainingJobName": name,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "RoleArn": self.role,
            "InputDataConfig": [
                {"ChannelName": channel, "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}}
                for channel, uri in (channels or {}).items()
            ],
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/jobs"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            "HyperParameters": {"sagemaker_program": "train.py", "sagemaker_submit_directory": source,
                                **(hyperparameters or {})},
            **parameters,
        }
        if not request["InputDataConfig"]:
            del request["InputDataConfig"]
        self.sagemaker.create_training_job(**request)
        return name

    def job(self, name: str) -> dict:
        return self.sagemaker.describe_training_job(TrainingJobName=name)

    def wait_for_job(self, name: str) -> dict:
        final = ("Completed", "Failed", "Stopped")
        return self._wait(lambda: self.job(name), lambda job: job["TrainingJobStatus"] in final)

    def wait_for_line(self, job: str, text: str) -> None:
        self._wait(lambda: self.log(job), lambda lines: any(text in line for line in lines))

    def log(self, job: str, group: str = "/aws/sagemaker/TrainingJobs") -> list[str]:
        try:
            events = self.logs.filter_log_events(logGroupName=group, logStreamNamePrefix=job, limit=10_000)["events"]
        except self.logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in events]

    def model_files(self, job: dict) -> dict[str, bytes]:
        with tarfile.open(fileobj=io.BytesIO(self.read(job["ModelArtifacts"]["S3ModelArtifacts"]))) as opened:
            return {member.name: opened.extractfile(member).read() for member in opened if member.isfile()}

    # ---- serving

    def make_model(self, inference: str, **files: str) -> str:
        name = unique("model")
        data = self.put(f"models/{name}.tar.gz", archive(code___inference__py=inference, **files))
        self.sagemaker.create_model(ModelName=name, ExecutionRoleArn=self.role,
                                    PrimaryContainer={"Image": IMAGE, "ModelDataUrl": data})
        return name

    def make_config(self, *models: str, **parameters) -> str:
        """One variant for each model, named after its place: variant-1, ..."""
        name = unique("config")
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[
            {"VariantName": f"variant-{number}", "ModelName": model, "InstanceType": "ml.m5.large",
             "InitialInstanceCount": 1} for number, model in enumerate(models, 1)], **parameters)
        return name

    def make_endpoint(self, config: str) -> str:
        name = unique("endpoint")
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
        return name

    def endpoint(self, name: str) -> dict:
        return self.sagemaker.describe_endpoint(EndpointName=name)

    def wait_for_endpoint(self, name: str) -> dict:
        return self._wait(lambda: self.endpoint(name), lambda found: found["EndpointStatus"] in ("InService", "Failed"))

    def wait_until_gone(self, name: str) -> None:
        self._wait(lambda: self.sagemaker.list_endpoints(NameContains=name)["Endpoints"], lambda found: not found)

    def invoke(self, endpoint: str, body: str = "1,2\n3,4", **parameters) -> str:
        request = {"ContentType": "text/csv", "Accept": "application/json", **parameters}
        return self.runtime.invoke_endpoint(EndpointName=endpoint, Body=body, **request)["Body"].read().decode()

    @staticmethod
    def _wait(look, done):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not done(found := look()):
            assert time.monotonic() < deadline, f"waited too long; the last look: {found}"
            time.sleep(0.1)
        return found
