"""The runbook, acted out: its commands run against the emulator as they stand there."""

import json
import os
import re
import shutil
import subprocess

import pytest
from stack import ROOT
from test_faults import people

RUNBOOK = (ROOT / "infra" / "RUNBOOK.md").read_text()
pytestmark = pytest.mark.skipif(not shutil.which("aws"), reason="the AWS CLI is not installed")
# What the emulator does not have; the commands are read only.
NOT_EMULATED = {"get-account-settings"}
VERSION = subprocess.run(["aws", "--version"], capture_output=True, text=True, check=False).stdout if shutil.which("aws") else ""
# The first version of the CLI has other options, and asks the queues of AWS itself.
needs_version_2 = pytest.mark.skipif(not VERSION.startswith("aws-cli/2"), reason="needs version 2 of the AWS CLI")


def sections():
    """The commands of each section."""
    found = {}
    for part in re.split(r"^## ", RUNBOOK, flags=re.M)[1:]:
        title, body = part.split("\n", 1)
        found[title.strip()] = re.findall(r"```sh\n(.*?)```", body, re.S)
    return found


SECTIONS = sections()
NAMES = re.search(r"```sh\n(export STACK=.*?)```", RUNBOOK, re.S).group(1)


class Operator:
    """Somebody with a shell."""

    def __init__(self, stack, program, import_id):
        self.environment = {
            **os.environ, "AWS_ENDPOINT_URL": stack.emulator.url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "eu-west-1", "AWS_PAGER": "",
        }
        names = NAMES.replace("STACK=rollcall", f"STACK={stack.name}").replace("PROGRAM=acme", f"PROGRAM={program}")
        self.before = f"set -euo pipefail\n{names}\nexport IMPORT={import_id}\n"

    def run(self, command):
        done = subprocess.run(["bash", "-c", self.before + command], env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stderr)
        return done.stdout

    def section(self, title):
        return [self.run(emulated(command)) for command in SECTIONS[title]]


def emulated(command):
    """Without the lines that the emulator does not have."""
    return "".join(line for line in command.splitlines(keepends=True) if not any(name in line for name in NOT_EMULATED))


@pytest.fixture
def operator(stack):
    def of(program, import_id=""):
        return Operator(stack, program, import_id)

    return of


def an_import(stack, program, rows=10):
    stack.program(program)
    stack.drop(program, "prospects", "list.csv", people(rows, f"{program}-mail.com"))
    (summary,) = stack.wait_for(program, "list.csv")
    return summary


def test_every_section_has_a_reason_to_be_read():
    """Cancel, undo, pause, redrive, throttling, e-mail, usage and cost are answered."""
    for title in ("First look", "Cancel", "Undo", "Pause", "Redrive", "Throttling", "E-mail", "Tenant usage and cost", "Migrations"):
        assert title in SECTIONS, title


def test_a_first_look(stack, operator):
    summary = an_import(stack, "looked-at")
    unfinished, one = operator("looked-at", summary["import_id"]).section("First look")
    assert summary["import_id"] not in unfinished
    assert '"status": {' in one and "summary.json" in one


def test_an_import_that_failed_says_why(stack, operator):
    stack.program("why")
    event = {"source": "aws.s3", "detail-type": "Object Created", "time": "2026-01-01T00:00:00Z", "detail": {
        "bucket": {"name": stack.bucket}, "object": {"key": "inbox/why/prospects/gone.csv", "size": 10, "etag": "none"}}}
    stack.client("lambda").invoke(FunctionName=stack.outputs["SplitterName"], Payload=json.dumps(event).encode())
    (summary,) = stack.wait_for("why", "gone.csv")
    (said,) = operator("why", summary["import_id"]).section("An import failed")
    assert json.loads(said)["error"]


def test_failed_rows_are_dropped_again(stack, operator):
    stack.program("again")
    stack.drop("again", "prospects", "list.csv", b"name,email\nA,a@again-mail.com\nB,nothing\n")
    (summary,) = stack.wait_for("again", "list.csv")
    operator("again", summary["import_id"]).section("An import is incomplete")
    (repeated,) = stack.wait_for("again", f"{summary['import_id']}-again.csv")
    assert repeated["rows"]["read"] == 1 and repeated["rows"]["rejected"] == 1


@needs_version_2
def test_sweeping_comparing_and_looking_by_hand(stack, operator):
    summary = an_import(stack, "by-hand")
    shell = operator("by-hand", summary["import_id"])
    (swept,) = shell.section("An import hangs")
    assert '"StatusCode": 200' in swept and "errorType" not in swept
    compared = shell.section("Events fail")
    assert '"lost"' in compared[0] and "EventBridgeConfiguration" in compared[1]
    stack.put("sources/by-hand/list.csv", people(2, "by-hand-mail.com"))
    command = SECTIONS["Migrations"][0].replace('\\"partners\\"', '\\"prospects\\"')
    assert "errorType" not in shell.run(command)
    stack.wait(lambda: len(stack.summaries("by-hand")) == 2, lambda: stack.keys("imports/by-hand/"))


def test_the_rules_are_seen(stack, operator):
    listed = operator("none").section("The sweep is silent")
    assert "ENABLED" in listed[0] and "rate(" in listed[0]


def test_cancelling_and_pausing(stack, operator):
    summary = an_import(stack, "stopped")
    shell = operator("stopped", summary["import_id"])
    shell.section("Cancel")
    stack.wait_until_quiet()
    # It was over: nothing changes.
    assert json.loads(stack.result(summary, "summary.json"))["status"] == "completed"
    mappings = shell.section("Pause")
    assert "Enabled" in mappings[-1]


@needs_version_2
def test_a_parked_message_is_read_and_moved_back(stack, operator):
    body = '{"v": 0, "what": "parked by a test"}'
    stack.sqs.send_message(QueueUrl=stack.outputs["ParkedQueueUrl"], MessageBody=body)
    read, _ = operator("none").section("Redrive")
    assert "parked by a test" in read
    stack.wait(lambda: stack.waiting()["DeadChunk"] or not stack.waiting()["Parked"], stack.waiting)


def test_the_rest_can_be_run(stack, operator):
    shell = operator("none")
    assert "SplitterLog" in shell.section("Logs")[0]
    shell.section("E-mail")


def test_queries_read_what_the_functions_log():
    source = (ROOT / "shared" / "aws" / "src" / "metrics.rs").read_text()
    for query in re.findall(r"filter ispresent.*", RUNBOOK):
        for name in re.findall(r"(?:sum|max|ispresent)\((\w+)\)|by (\w+)", query):
            assert f'"{"".join(name)}"' in source, name
