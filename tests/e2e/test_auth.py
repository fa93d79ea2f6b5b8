"""The same with the roles' policies enforced, and what they keep out."""

import json

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from emulator import REGION
from stack import start, template
from test_faults import people
from test_journey import PROSPECTS, set_up


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    yield from start(tmp_path_factory, "guarded", auth=True)


def test_the_functions_may_do_what_they_do(guarded):
    set_up(guarded, "journey")
    guarded.drop("journey", "prospects", "list.csv", PROSPECTS.encode())
    (summary,) = guarded.wait_for("journey", "list.csv")
    assert summary["status"] == "completed_with_errors"
    guarded.put("sources/journey/list.csv", people(3, "guarded-mail.com"))
    payload = {"rollcall": "migrate", "program": "journey", "profile": "prospects", "source": "sources/journey/"}
    answer = guarded.client("lambda").invoke(
        FunctionName=guarded.outputs["SplitterName"], Payload=json.dumps(payload).encode()
    )
    assert "FunctionError" not in answer, answer["Payload"].read()
    guarded.wait(lambda: len(guarded.summaries("journey")) >= 3, lambda: guarded.keys("imports/journey/"))
    guarded.wait_until_quiet()
    assert len(guarded.letters_to("journey")) == 2 and guarded.unfinished() == []


def test_an_object_without_permission_is_a_failed_import(guarded):
    guarded.program("locked")
    key = "inbox/locked/prospects/locked.csv"
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject*",
            "Resource": f"arn:aws:s3:::{guarded.bucket}/{key}"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    guarded.s3.put_bucket_policy(Bucket=guarded.bucket, Policy=policy)
    try:
        guarded.drop("locked", "prospects", "locked.csv", people(3, "locked-mail.com"))
        # What the emulator's EventBridge dispatches has no on-failure destination; as an event of one's own it has.
        detail = {"bucket": {"name": guarded.bucket}, "object": {"key": key, "size": 10, "etag": "none"}}
        event = {"source": "aws.s3", "detail-type": "Object Created", "time": "2026-01-01T00:00:00Z", "detail": detail}
        guarded.client("lambda").invoke(
            FunctionName=guarded.outputs["SplitterName"], InvocationType="Event", Payload=json.dumps(event).encode()
        )
        (summary,) = guarded.wait_for("locked", "locked.csv")
    finally:
        guarded.s3.delete_bucket_policy(Bucket=guarded.bucket)
    assert summary["status"] == "failed", summary
    guarded.wait_until_quiet()
    assert len(guarded.letters_to("locked")) == 1 and guarded.unfinished() == []


# ------------------------------------------------------------------ people
@pytest.fixture(scope="module")
def people_of_acme(guarded):
    outputs = guarded.deploy("people", template("people.yaml"),
                             {"Program": "acme", "CustomProfiles": "trade-fairs,webinars"}, ["CAPABILITY_IAM"])
    guarded.put("imports/acme/1/summary.json", b"{}")
    return outputs


def person(stack, policies, role):
    """A client of somebody who has this policy and no other."""
    iam, name = stack.client("iam"), role.lower()
    iam.create_user(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn=policies[f"{role}PolicyArn"])
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return boto3.client(
        "s3", endpoint_url=stack.emulator.url, region_name=REGION, aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"], config=Config(s3={"addressing_style": "path"}),
    )


# Objects that start nothing, so that no function answers.
LISTS = [f"inbox/acme/{place}/list.csv.part" for place in (
    "prospects", "partners", "mailing", "leads", "accounts", "prospects/dry-run", "trade-fairs", "webinars")]
FOLDERS = [f"inbox/acme/directory/{kind}/list.csv.part" for kind in ("groups", "suppressions")]
MIGRATED = ["sources/acme/partners/list.csv.part"]
OPERATED = [*(f"inbox/acme/{what}/list.csv.part" for what in ("approve", "cancel", "undo")), "inbox/acme/pause", "inbox/acme/resume"]
OTHERS = ["inbox/other/prospects/list.csv.part", "inbox/acme2/prospects/list.csv.part", "imports/acme/1/summary.json",
          "settings/acme.toml", "settings/profiles/prospects.toml", "sources/other/list.csv.part",
          "inbox/_marketplace/directory/accounts/list.csv.part"]
ALL = LISTS + FOLDERS + MIGRATED + OPERATED + OTHERS


@pytest.mark.parametrize(("role", "written"), [
    ("DropsProgram", LISTS + FOLDERS + MIGRATED + OPERATED),
    ("DropsLists", LISTS),
    ("Operates", OPERATED),
    ("ReadsResults", []),
])
def test_people_write_what_their_role_says(guarded, people_of_acme, role, written):
    client = person(guarded, people_of_acme, role)
    allowed = []
    for key in ALL:
        try:
            client.put_object(Bucket=guarded.bucket, Key=key, Body=b"x")
            allowed.append(key)
        except ClientError as error:
            assert "AccessDenied" in str(error)
    assert allowed == written
    # Nobody who writes reads.
    if written:
        with pytest.raises(ClientError, match="AccessDenied"):
            client.get_object(Bucket=guarded.bucket, Key=written[0])
    else:
        reads_results(guarded, client)


def reads_results(stack, client):
    names = ["succeeded.csv", "failed.csv", "changes.csv", "removed.csv", "failed.xlsx", "report.html", "summary.json",
             "upload.json"]
    hidden = ["plan.json", "chunks/0", "chunks/0.given-up", "gate.json", "options.toml"]
    for name in names + hidden:
        stack.put(f"imports/acme/2/{name}", b"x")
    stack.put("imports/other/2/succeeded.csv", b"x")
    for name in names:
        client.get_object(Bucket=stack.bucket, Key=f"imports/acme/2/{name}")
    for key in [*(f"imports/acme/2/{name}" for name in hidden), "imports/other/2/succeeded.csv"]:
        with pytest.raises(ClientError, match="AccessDenied"):
            client.get_object(Bucket=stack.bucket, Key=key)
    assert client.list_objects_v2(Bucket=stack.bucket, Prefix="imports/acme/2/")["KeyCount"] == len(names + hidden)
    with pytest.raises(ClientError, match="AccessDenied"):
        client.list_objects_v2(Bucket=stack.bucket, Prefix="imports/")


def test_with_a_key_people_may_use_it_through_s3_and_not_otherwise():
    resources = template("people.yaml")["Resources"]
    used = {}
    for name, policy in resources.items():
        (statement,) = (entry["Fn::If"][1] for entry in policy["Properties"]["PolicyDocument"]["Statement"] if "Fn::If" in entry)
        assert statement["Resource"] == {"Ref": "KmsKeyArn"} and "kms:ViaService" in str(statement["Condition"])
        actions = statement["Action"]
        used[name] = {actions} if isinstance(actions, str) else set(actions)
    writes = {"kms:Decrypt", "kms:GenerateDataKey"}
    assert used == {"DropsProgram": writes, "DropsLists": writes, "Operates": {"kms:GenerateDataKey"}, "ReadsResults": {"kms:Decrypt"}}
