"""The same with the roles' policies enforced, and what they keep out."""

import json
import re

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from emulator import REGION
from stack import ROOT, start
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


def test_a_team_may_drop_for_its_own_program_only(guarded):
    """The policy is the one in infra/README.md."""
    text = (ROOT / "infra" / "README.md").read_text()
    policy = re.search(r"## Permissions for a team that drops files.*?```json\n(.*?)```", text, re.S).group(1)
    iam = guarded.client("iam")
    iam.create_user(UserName="team")
    iam.put_user_policy(UserName="team", PolicyName="drop", PolicyDocument=policy.replace("BUCKET", guarded.bucket))
    key = iam.create_access_key(UserName="team")["AccessKey"]
    team = boto3.client(
        "s3", endpoint_url=guarded.emulator.url, region_name=REGION, aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"], config=Config(s3={"addressing_style": "path"}),
    )
    team.put_object(Bucket=guarded.bucket, Key="inbox/acme/prospects/list.csv.part", Body=b"x")
    for refused in ("inbox/other/prospects/list.csv.part", "imports/acme/x", "settings/acme.toml"):
        with pytest.raises(ClientError, match="AccessDenied"):
            team.put_object(Bucket=guarded.bucket, Key=refused, Body=b"x")
    with pytest.raises(ClientError, match="AccessDenied"):
        team.get_object(Bucket=guarded.bucket, Key="settings/journey.toml")
