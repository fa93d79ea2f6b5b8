"""The stack: the real template with the functions as they were built, and what a test asks of it."""

import csv
import io
import json
import os
import re
import subprocess
import time
import zipfile
from pathlib import Path

import boto3
import yaml
from boto3.dynamodb.conditions import Key
from botocore.config import Config
from emulator import REGION, Emulator

ROOT = Path(__file__).resolve().parents[2]
# Where `run` had cargo build them.
BUILT = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "debug"
PACKAGES = BUILT.parent / "e2e-packages"
FUNCTIONS = {"Splitter": "rollcall-splitter", "Worker": "rollcall-worker", "Finalizer": "rollcall-finalizer",
             "Console": "rollcall-console", "Webhook": "rollcall-webhook"}
SENDER = "rollcall@sender.example"
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


class Tagged(yaml.SafeLoader):
    """Keeps `!Ref` and the like as `{tag: value}`."""


# The quick pace, adjusted to the emulator. Functions and emulator share a few cores that may be busy with other work:
# an invocation gets more time, and fewer of them run at once. At a time limit of a few seconds a function is stopped
# between an e-mail and the note that it was sent, and then a second e-mail is correct. A queue hides a message for
# little longer than the time limit (on AWS six times that, for throttled polls), so what fails is repeated soon.
QUICK = {
    "WorkerSeconds": 25, "WorkerLease": "28", "ChunkVisibility": 30, "ChunkReceives": 3,
    "FinalizerSeconds": 25, "FinalizerLease": "28", "FinalizeVisibility": 30, "FinalizeReceives": 3,
    "DeadReceives": 6, "SweepAfter": "100",
}
# Each invocation that runs at the same time is a process here.
CONCURRENCY, MESSAGES = 4, 2
PARAMETERS = {"Sender": SENDER, "SenderIdentity": SENDER}


def package():
    """Packs the functions, once for a run: without debug information, which is most of them."""
    PACKAGES.mkdir(exist_ok=True)
    for binary in FUNCTIONS.values():
        bootstrap, archive = PACKAGES / binary, PACKAGES / f"{binary}.zip"
        subprocess.run(["strip", "-o", bootstrap, BUILT / binary], check=True)
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
            entry = zipfile.ZipInfo("bootstrap")
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o755 << 16
            packed.writestr(entry, bootstrap.read_bytes())


def _construct(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "Ref":
        return {"Ref": value}
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {f"Fn::{suffix}": value}


Tagged.add_multi_constructor("!", _construct)


def template(name="template.yaml"):
    return yaml.load((ROOT / "infra" / name).read_text(), Tagged)


def _fit_to_emulator(resources):
    """What the emulator does not know."""
    for name in [name for name, entry in resources.items() if "Metrics" in entry["Properties"]]:
        # It has no alarms on sums of metrics; a test evaluates them.
        resources.pop(name)
    for function in FUNCTIONS:
        properties = resources[function]["Properties"]
        # It has no CodeDeploy, and does not tell the transform what the parameters are.
        properties.pop("DeploymentPreference")
        # Where an event goes that fails it asks the function and not the alias.
        resources[f"{function}Unqualified"] = {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": {
            "FunctionName": {"Ref": function}, "Qualifier": "$LATEST", **_invoked(properties.get("EventInvokeConfig", {}))}}
        for event in properties.get("Events", {}).values():
            # It takes a parameter here for text, and then polls no queue.
            if event["Type"] == "SQS":
                event["Properties"]["ScalingConfig"]["MaximumConcurrency"] = CONCURRENCY


def _invoked(config):
    failed = config.get("DestinationConfig", {}).get("OnFailure")
    destination = {"DestinationConfig": {"OnFailure": {"Destination": failed["Destination"]}}} if failed else {}
    return {**config, **destination}


def _fit_to_enforcement(resources):
    """What the emulator's enforcement asks for and AWS does not."""
    # It speaks plain HTTP, and the bucket's policy says TLS only.
    resources.pop("BucketPolicy")
    # Of SESv2 it does not see the identity and asks for everything; AWS asks for the identity.
    for statement in resources["FinalizerRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]:
        if statement.get("Action") == "ses:SendEmail":
            statement["Resource"] = "*"


def clients(url, region):
    def client(service):
        return boto3.client(
            service,
            endpoint_url=url,
            region_name=region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 3}, s3={"addressing_style": "path"}),
        )

    return client


def start(tmp_path_factory, name, auth=False, count=False, **parameters):
    """An emulator with a stack, for as long as a fixture lives. `variables`: more of the functions' environment."""
    emulator = Emulator(tmp_path_factory.mktemp(name), auth=auth, count=count)
    try:
        yield Stack(emulator, **parameters)
    finally:
        emulator.stop()


class Stack:
    def __init__(self, emulator, pace="quick", name="rollcall", variables=None, **parameters):
        self.emulator, self.name = emulator, name
        self.variables = variables or {}
        self.parameters = {**PARAMETERS, "Pace": pace, **parameters}
        self.client = clients(emulator.url, REGION)
        self.s3 = self.client("s3")
        self.sqs = self.client("sqs")
        self.tables = boto3.resource(
            "dynamodb",
            endpoint_url=emulator.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        self.client("ses").verify_email_identity(EmailAddress=SENDER)
        self.outputs = self.deploy(name, self._packaged(), self.parameters, CAPABILITIES)
        self.bucket = self.outputs["BucketName"]

    def _packaged(self):
        """The template with the functions as they were built."""
        body = template()
        if self.parameters["Pace"] == "quick":
            body["Mappings"]["Pace"]["quick"].update(QUICK)
            body["Mappings"]["Chunks"]["Batch"]["Messages"] = MESSAGES
        _fit_to_emulator(body["Resources"])
        body["Globals"]["Function"]["Environment"]["Variables"].update(self.variables)
        if self.emulator.auth:
            _fit_to_enforcement(body["Resources"])
        code = f"{self.name}-code"
        self.make_bucket(code)
        for function, binary in FUNCTIONS.items():
            archive = PACKAGES / f"{binary}.zip"
            self.s3.upload_file(str(archive), code, archive.name)
            body["Resources"][function]["Properties"]["CodeUri"] = {"Bucket": code, "Key": archive.name}
        self.body = body
        return body

    def deploy(self, name, body, parameters, capabilities):
        """Deploys a template as a new stack; its outputs."""
        return self._bring(name, self.client("cloudformation").create_stack, body, parameters, capabilities)

    def upgrade(self, **parameters):
        """Deploys the same once more, as an upgrade does."""
        parameters = {**self.parameters, **parameters}
        self._bring(self.name, self.client("cloudformation").update_stack, self.body, parameters, CAPABILITIES)

    def _bring(self, name, bring, body, parameters, capabilities):
        cloudformation = self.client("cloudformation")
        # A template that a call carries itself may have 51,200 bytes.
        place = f"{self.name}-code"
        self.s3.put_object(Bucket=place, Key=f"{name}.json", Body=json.dumps(body, default=str).encode())
        bring(
            StackName=name,
            TemplateURL=f"{self.emulator.url}/{place}/{name}.json",
            Capabilities=capabilities,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )
        for _ in range(120):
            stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
            if not stack["StackStatus"].endswith("IN_PROGRESS"):
                break
            time.sleep(0.5)
        if stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
            raise RuntimeError("\n".join(str(event.get("ResourceStatusReason")) for event in events))
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def parameter(self, name):
        """The value that a parameter was deployed with."""
        return self.parameters.get(name, self.body["Parameters"][name].get("Default"))

    def make_bucket(self, name):
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})

    # ------------------------------------------------------------------ doing
    def put(self, key, body, **extra):
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, **extra)

    def program(self, name, **settings):
        settings = {"title": name, "notify": [f"{name}@notify.example"], "sender": SENDER, **settings}
        lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
        self.put(f"settings/{name}.toml", "\n".join(lines).encode())

    def drop(self, program, profile, file, body, dry_run=False, **extra):
        folder = f"inbox/{program}/{profile}/dry-run/" if dry_run else f"inbox/{program}/{profile}/"
        self.put(folder + file, body, **extra)

    # ------------------------------------------------------------------ looking
    def get(self, key):
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def keys(self, prefix):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def summaries(self, program):
        found = [key for key in self.keys(f"imports/{program}/") if key.endswith("/summary.json")]
        return [json.loads(self.get(key)) for key in found]

    @property
    def patience(self):
        """Seconds after which an import has ended, whatever failed, by the numbers that are deployed: a chunk's message
        fails as often as it may, then its dead letter does, then the sweep sees to it twice. At the standard pace that
        is hours, so there one delivery may fail. Only a test that fails waits for so long."""
        pace = self.body["Mappings"]["Pace"][self.parameters["Pace"]]
        if self.parameters["Pace"] == "standard":
            return pace["ChunkVisibility"] + pace["WorkerSeconds"] + pace["FinalizerSeconds"]
        fails = pace["ChunkVisibility"] * pace["ChunkReceives"] + pace["FinalizeVisibility"] * pace["DeadReceives"]
        return fails + 2 * (int(pace["SweepAfter"]) + self.sweep_seconds)

    @property
    def sweep_seconds(self):
        """Seconds between two sweeps."""
        number, unit = re.fullmatch(r"rate\((\d+) (minute|hour)s?\)", self.body["Mappings"]["Pace"][self.parameters["Pace"]]["SweepRate"]).groups()
        return int(number) * {"minute": 60, "hour": 3600}[unit]

    def wait(self, done, what, pause=0.3):
        """Waits until `done` gives something true, and returns it."""
        end = time.monotonic() + self.patience
        while not (found := done()):
            assert time.monotonic() < end, f"not after {self.patience} s: {what()}"
            time.sleep(pause)
        return found

    def wait_for(self, program, file, count=1):
        """The summaries of a file, once there are as many."""

        def found():
            of_file = [summary for summary in self.summaries(program) if summary["file"] == file]
            return of_file if len(of_file) >= count else None

        return self.wait(found, lambda: (file, self.keys(f"imports/{program}/")))

    def result(self, summary, name):
        return self.get(f"imports/{summary['program']}/{summary['import_id']}/{name}")

    def rows(self, summary, name):
        return self.rows_of(summary, name, ",")

    def rows_of(self, summary, name, delimiter):
        text = self.result(summary, name).decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))

    def contacts(self):
        table = self.tables.Table(self.outputs["ContactsTableName"])
        items, start = [], {}
        while True:
            page = table.scan(**start)
            items += page["Items"]
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        return [item for item in items if "record" in item]

    def import_items(self, import_id):
        table = self.tables.Table(self.outputs["ImportsTableName"])
        return table.query(KeyConditionExpression=Key("pk").eq(import_id), ConsistentRead=True)["Items"]

    def unfinished(self):
        return [item["sk"] for item in self.import_items("unfinished")]

    def letters_to(self, program):
        address = f"{program}@notify.example"
        # As a whole: one address may be the end of another.
        return [letter for letter in self.emulator.letters() if json.dumps(address) in json.dumps(letter)]

    def waiting(self):
        """Messages in all queues, those under way included."""
        counts = {}
        for name in ("Chunk", "Finalize", "DeadChunk", "FailedEvent", "Parked"):
            attributes = self.sqs.get_queue_attributes(
                QueueUrl=self.outputs[f"{name}QueueUrl"],
                AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
            )["Attributes"]
            counts[name] = sum(int(value) for value in attributes.values())
        return counts

    def wait_until_quiet(self):
        self.wait(lambda: not any(self.waiting().values()), self.waiting)
