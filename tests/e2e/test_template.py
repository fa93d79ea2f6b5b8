"""What must hold of the template, read from the template itself."""

import json
import re
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

from evaluate import Evaluated
from stack import ROOT, template

TEMPLATE = template()
RESOURCES = TEMPLATE["Resources"]
FUNCTIONS = {name: entry for name, entry in RESOURCES.items() if entry["Type"] == "AWS::Serverless::Function"}
QUEUES = {name: entry for name, entry in RESOURCES.items() if entry["Type"] == "AWS::SQS::Queue"}
PACES = TEMPLATE["Mappings"]["Pace"]


def resolved(value, pace):
    """A value at one pace."""
    if isinstance(value, dict) and "Fn::FindInMap" in value:
        mapping, first, second = value["Fn::FindInMap"]
        first = pace if first == {"Ref": "Pace"} else first
        return TEMPLATE["Mappings"][mapping][first][second]
    return value


def name_of(reference):
    if "Ref" in reference:
        return reference["Ref"]
    return reference["Fn::GetAtt"][0]


def queue_events():
    for name, function in FUNCTIONS.items():
        for event in function["Properties"].get("Events", {}).values():
            if event["Type"] == "SQS":
                yield name, function["Properties"], event["Properties"]


def test_a_message_stays_hidden_for_six_times_the_time_limit():
    for pace in PACES:
        for _, function, event in queue_events():
            queue = QUEUES[name_of(event["Queue"])]["Properties"]
            hidden = int(resolved(queue["VisibilityTimeout"], pace))
            assert hidden >= 6 * int(resolved(function["Timeout"], pace)), (pace, event)


def test_leases_outlast_the_function_and_not_the_visibility():
    for pace, values in PACES.items():
        assert int(values["WorkerSeconds"]) < int(values["WorkerLease"]) < int(values["ChunkVisibility"]), pace
        assert int(values["FinalizerSeconds"]) < int(values["FinalizerLease"]) < int(values["FinalizeVisibility"])
        assert int(values["SweepAfter"]) > int(values["ChunkVisibility"]) * int(values["ChunkReceives"])
        assert int(values["DeadReceives"]) > int(values["ChunkReceives"]) + 1
    assert int(PACES["standard"]["WorkerSeconds"]) <= 60


def test_only_failed_messages_come_back_and_concurrency_is_bounded():
    for _, _, event in queue_events():
        assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert event["ScalingConfig"]["MaximumConcurrency"]


def test_every_queue_has_dead_letters_but_the_last_and_that_one_an_alarm():
    targets = {name_of(queue["Properties"]["RedrivePolicy"]["deadLetterTargetArn"])
               for queue in QUEUES.values() if "RedrivePolicy" in queue["Properties"]}
    assert {name for name, queue in QUEUES.items() if "RedrivePolicy" not in queue["Properties"]} == {"ParkedQueue"}
    assert "ParkedQueue" in targets
    assert any("ParkedQueue" in str(entry) for entry in RESOURCES.values() if entry["Type"].endswith("::Alarm"))


def test_parts_of_an_interrupted_assembly_are_removed_after_a_day():
    rules = {rule["Id"]: rule for rule in RESOURCES["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"] if "Id" in rule}
    aborted = {rule.get("Prefix", ""): rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
               for rule in rules.values() if "AbortIncompleteMultipartUpload" in rule}
    # Uploads of people, into the inbox, may take longer.
    assert aborted == {"imports/": 1, "": 7}


def test_an_import_is_told_as_finished_by_its_own_summary_alone():
    key = RESOURCES["FinishedRule"]["Properties"]["EventPattern"]["detail"]["object"]["key"]
    told = [name for name in ("imports/acme/1/summary.json", "inbox/acme/prospects/summary.json", "imports/acme/1/report.html",
                              "sources/imports/acme/summary.json")
            if any(fnmatchcase(name, pattern["wildcard"]) for pattern in key)]
    assert told == ["imports/acme/1/summary.json"]


def test_a_message_of_the_finalizer_that_failed_comes_again_soon():
    """Its visibility is an hour and a half."""
    shown = [statement["Resource"] for statement in statements() if "sqs:ChangeMessageVisibility" in statement["Action"]]
    assert sorted(name_of(resource) for resource in shown) == ["ChunkQueue", "FinalizeQueue"]


def test_everything_is_encrypted_and_kept():
    for queue in QUEUES.values():
        assert {"SqsManagedSseEnabled", "KmsMasterKeyId"} <= set(queue["Properties"])
    for entry in RESOURCES.values():
        if entry["Type"] in ("AWS::DynamoDB::Table", "AWS::S3::Bucket"):
            assert entry["DeletionPolicy"] == "Retain"
        if entry["Type"] == "AWS::DynamoDB::Table":
            properties = entry["Properties"]
            assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
            assert properties["SSESpecification"]["SSEEnabled"] and properties["BillingMode"] == "PAY_PER_REQUEST"
    assert "aws:SecureTransport" in str(RESOURCES["BucketPolicy"])


# ------------------------------------------------------------------ permissions
# A call of an SDK's client, and what it asks for.
ACTIONS = {
    "batch_get_item": {"dynamodb:BatchGetItem"},
    "batch_write_item": {"dynamodb:BatchWriteItem"},
    "change_message_visibility": {"sqs:ChangeMessageVisibility"},
    "complete_multipart_upload": {"s3:PutObject"},
    "copy_object": {"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"},
    "create_multipart_upload": {"s3:PutObject"},
    "delete_item": {"dynamodb:DeleteItem"},
    "delete_object": {"s3:DeleteObject"},
    "get_item": {"dynamodb:GetItem"},
    "get_queue_attributes": {"sqs:GetQueueAttributes"},
    "get_object": {"s3:GetObject", "s3:GetObjectVersion"},
    "head_object": {"s3:GetObject", "s3:GetObjectVersion"},
    "get_secret_value": {"secretsmanager:GetSecretValue"},
    "list_objects_v2": {"s3:ListBucket"},
    "put_object": {"s3:PutObject", "s3:PutObjectTagging"},
    "query": {"dynamodb:Query"},
    "send_email": {"ses:SendEmail"},
    "send_message": {"sqs:SendMessage"},
    # A transaction asks for what its parts ask for.
    "transact_write_items": {"dynamodb:PutItem", "dynamodb:UpdateItem"},
    "update_item": {"dynamodb:UpdateItem"},
    "upload_part": {"s3:PutObject"},
}
# What Lambda itself does in the function's name, and what S3 wants for saying "absent" instead of "forbidden".
OF_THE_PLATFORM = {
    "logs:CreateLogStream", "logs:PutLogEvents", "kms:Decrypt", "kms:GenerateDataKey",
    "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "s3:ListBucket",
    "xray:PutTelemetryRecords", "xray:PutTraceSegments",
}


def calls():
    sources = (ROOT / "shared" / "aws" / "src").rglob("*.rs")
    text = "\n".join(path.read_text() for path in sources)
    # `config` is what a client was made with: no call.
    return set(re.findall(r"(?:client|unretried)\s*\.([a-z0-9_]+)\(\)", text)) - {"clone", "config"}


def granted():
    actions = set()
    for statement in statements():
        wanted = statement["Action"]
        actions |= set([wanted] if isinstance(wanted, str) else wanted)
    return actions


def statements():
    for role in RESOURCES.values():
        if role["Type"] != "AWS::IAM::Role":
            continue
        # That of CodeDeploy has a policy of AWS.
        for policy in role["Properties"].get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                yield statement["Fn::If"][1] if "Fn::If" in statement else statement


def test_the_permissions_are_the_calls():
    unknown = calls() - set(ACTIONS)
    assert not unknown, f"say what these ask for: {unknown}"
    asked = set().union(*(ACTIONS[call] for call in calls()))
    assert granted() - OF_THE_PLATFORM == asked - {"s3:ListBucket", "sqs:GetQueueAttributes"}


def test_no_permission_is_for_everything():
    for statement in statements():
        assert "*" not in str(statement["Action"])
        if statement["Sid"] == "Trace":
            # X-Ray knows no resources.
            continue
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        for resource in resources:
            assert resource != "*" and "function:*" not in str(resource) and ":table/*" not in str(resource)
    for function in FUNCTIONS.values():
        assert "Role" in function["Properties"] and "Policies" not in function["Properties"]


def test_the_functions_get_exactly_what_they_read():
    common = set(TEMPLATE["Globals"]["Function"]["Environment"]["Variables"])
    for name, function in FUNCTIONS.items():
        own = set(function["Properties"]["Environment"]["Variables"])
        source = (ROOT / "functions" / name.lower() / "src" / "main.rs").read_text()
        read = set(re.findall(r"(?:text|number|optional)\(\"(ROLLCALL_[A-Z_]+)\"\)", source))
        # The metrics name the stack that they are of. The webhook has nothing to do with the state of imports.
        unread = {"ROLLCALL_STACK"} | ({"ROLLCALL_IMPORTS_TABLE", "ROLLCALL_IMPORT_DAYS"} if name == "Webhook" else set())
        assert (common | own) - unread == read, name


# ------------------------------------------------------------------ the console
def test_nothing_reaches_the_console_without_a_token():
    routes = [entry["Properties"] for entry in RESOURCES.values() if entry["Type"] == "AWS::ApiGatewayV2::Route"]
    assert routes and all(route["AuthorizationType"] == "JWT" for route in routes)
    assert "FunctionUrlConfig" not in RESOURCES["Console"]["Properties"] and "Events" not in RESOURCES["Console"]["Properties"]
    (permission,) = [entry["Properties"] for entry in RESOURCES.values() if entry["Type"] == "AWS::Lambda::Permission"]
    assert "${ConsoleApi}" in str(permission["SourceArn"]) and "AuthType" not in str(permission)


def test_users_do_not_say_which_programs_they_have():
    client, users = RESOURCES["ConsoleClient"]["Properties"], RESOURCES["ConsoleUsers"]["Properties"]
    (attribute,) = users["Schema"]
    name = f"custom:{attribute['Name']}"
    assert name in client["ReadAttributes"] and name not in client["WriteAttributes"]
    assert users["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    claim = RESOURCES["Console"]["Properties"]["Environment"]["Variables"]["ROLLCALL_PROGRAMS_CLAIM"]
    assert claim == {"Fn::If": ["MakesUsers", name, "rollcall_programs"]}


def test_the_console_can_be_left_out():
    made = Evaluated(MakeConsole="false").resources()
    assert not [name for name in made if name.startswith("Console")]
    outputs = [name for name, entry in TEMPLATE["Outputs"].items() if "Console" in str(entry["Value"])]
    assert all("Condition" in TEMPLATE["Outputs"][name] for name in outputs)
    of_others = Evaluated(ConsoleIssuer="https://issuer.example", ConsoleAudience="lists").resources()
    assert not [name for name, entry in of_others.items() if entry["Type"].startswith("AWS::Cognito")]
    token = of_others["ConsoleAuthorizer"]["Properties"]["JwtConfiguration"]
    assert token == {"Issuer": "https://issuer.example", "Audience": ["lists"]}


# ------------------------------------------------------------------ a migration
def test_a_migrations_schedules_say_what_the_splitter_reads():
    migration = template("migration.yaml")
    values = {"Program": "acme", "Profile": "partners", "Source": "sources/acme/", "ExpectedWithinHours": "24"}
    told = []
    for schedule in ("Look", "Expect"):
        target = migration["Resources"][schedule]["Properties"]["Target"]
        text = re.sub(r"\$\{(\w+)\}", lambda match: values[match.group(1)], target["Input"]["Fn::Sub"])
        told.append(json.loads(text))
        assert target["Arn"] == {"Fn::ImportValue": {"Fn::Sub": "${Installation}-SplitterArn"}}
    assert told[0] == {"rollcall": "migrate", "program": "acme", "profile": "partners", "source": "sources/acme/"}
    assert told[1] == {**told[0], "expected": {"by": "<aws.scheduler.scheduled-time>", "within_hours": 24}}
    assert TEMPLATE["Outputs"]["SplitterArn"]["Export"]["Name"] == {"Fn::Sub": "${AWS::StackName}-SplitterArn"}


def test_a_migration_may_call_the_splitter_and_nothing_else():
    (policy,) = template("migration.yaml")["Resources"]["Role"]["Properties"]["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "lambda:InvokeFunction"
    assert statement["Resource"] == {"Fn::ImportValue": {"Fn::Sub": "${Installation}-SplitterArn"}}


def test_the_linter_has_nothing_to_say():
    linter = Path(sys.executable).with_name("cfn-lint")
    templates = [ROOT / "infra" / name for name in ("template.yaml", "migration.yaml", "people.yaml")]
    done = subprocess.run([linter, *templates], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_what_checkov_finds_has_its_reason():
    checkov = ROOT / "target" / "checkov-venv" / "bin" / "checkov"
    command = [checkov, "--config-file", ROOT / "infra" / "checkov.yaml", "-d", ROOT / "infra"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
