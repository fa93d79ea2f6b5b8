"""A scheduled migration from its own template: new files are imported once each, one that does not come is told."""

import json
import time

from stack import template
from test_faults import people, rows_add_up


def look(stack, **expected):
    payload = {"rollcall": "migrate", "program": "moving", "profile": "prospects", "source": "sources/moving/"}
    payload |= {"expected": expected} if expected else {}
    answer = stack.client("lambda").invoke(
        FunctionName=stack.outputs["SplitterName"], Payload=json.dumps(payload).encode()
    )
    assert "FunctionError" not in answer, answer["Payload"].read()


def test_files_of_a_migration_are_imported_once_each(stack):
    stack.program("moving")
    for number in range(3):
        stack.put(f"sources/moving/2026/part {number}.csv", people(20, "moving-mail.com", first=20 * number))
    stack.put("sources/moving/.hidden", b"x")
    stack.put("sources/elsewhere/list.csv", people(5, "moving-mail.com"))
    body = template("migration.yaml")
    parameters = {"Program": "moving", "Profile": "prospects", "Source": "sources/moving/", "Rate": "rate(1 minute)",
                  "ExpectedBy": "cron(0 8 ? * MON-FRI *)"}
    stack.deploy("migration", body, parameters, ["CAPABILITY_IAM"])
    for number in range(3):
        (summary,) = stack.wait_for("moving", f"part {number}.csv")
        assert summary["rows"]["created"] == 20 and rows_add_up(summary)

    # Two looks at the same time, and more that find nothing new.
    stack.put("sources/moving/2026/late.csv", people(20, "moving-mail.com", first=100))
    for _ in range(3):
        look(stack)
    (late,) = stack.wait_for("moving", "late.csv")
    assert late["rows"]["created"] == 20
    stack.wait_until_quiet()
    assert len(stack.summaries("moving")) == 4 and len(stack.letters_to("moving")) == 4


def test_a_file_that_does_not_come_is_a_letter_and_one_that_came_is_none(stack):
    stack.program("moving")
    stack.put("sources/moving/2026/list.csv", people(1, "moved-mail.com"))
    (came,) = [item for item in stack.s3.list_objects_v2(Bucket=stack.bucket, Prefix="sources/moving/2026/list.csv")["Contents"]]
    day = 86_400
    before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(came["LastModified"].timestamp() + day - 60))
    after = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(came["LastModified"].timestamp() + day + 600))
    look(stack, by=before, within_hours=24)
    stack.wait_for("moving", "list.csv")
    stack.wait_until_quiet()
    letters = len(stack.letters_to("moving"))
    for _ in range(2):
        look(stack, by=after, within_hours=24)
    (missing,) = stack.wait_for("moving", f"expected by {after}")
    assert missing["status"] == "failed" and "sources/moving/" in missing["error"]
    stack.wait_until_quiet()
    assert len(stack.letters_to("moving")) == letters + 1
    assert stack.unfinished() == []
