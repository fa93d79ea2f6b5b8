"""A file whose event was lost is imported: from the dead letters of the event rule, or by comparing the inbox."""

import json
import time

from test_faults import people, rows_add_up


def forget(stack, summary):
    """As if the event had never come: no state, no papers."""
    table = stack.tables.Table(stack.outputs["ImportsTableName"])
    for item in stack.import_items(summary["import_id"]):
        table.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})
    for key in stack.keys(f"imports/{summary['program']}/{summary['import_id']}/"):
        stack.s3.delete_object(Bucket=stack.bucket, Key=key)


def imported_and_forgotten(stack, program):
    stack.program(program)
    stack.drop(program, "prospects", "list.csv", people(20, f"{program}-mail.com"))
    (summary,) = stack.wait_for(program, "list.csv")
    stack.wait_until_quiet()
    forget(stack, summary)
    return summary["import_id"]


def test_an_event_that_was_not_delivered_is_imported(stack):
    import_id = imported_and_forgotten(stack, "undelivered")
    # As EventBridge puts it into the queue.
    event = {"version": "0", "source": "aws.s3", "detail-type": "Object Created", "time": "2026-01-01T00:00:00Z", "detail": {
        "bucket": {"name": stack.bucket}, "object": {"key": "inbox/undelivered/prospects/list.csv", "size": 10, "etag": "none"}}}
    for _ in range(2):
        stack.sqs.send_message(QueueUrl=stack.outputs["FailedEventQueueUrl"], MessageBody=json.dumps(event))
    (summary,) = stack.wait_for("undelivered", "list.csv")
    assert summary["import_id"] == import_id and rows_add_up(summary)
    # It is the same import once more, so its own contacts are new to it.
    assert summary["rows"]["created"] == 20
    stack.wait_until_quiet()
    # One when it was imported first, and one now.
    assert len(stack.letters_to("undelivered")) == 2


def test_a_file_without_an_import_is_found(stack):
    import_id = imported_and_forgotten(stack, "forgotten")
    time.sleep(1.5)
    answer = stack.client("lambda").invoke(FunctionName=stack.outputs["FinalizerName"], Payload=b'{"rollcall": "compare"}')
    assert json.load(answer["Payload"])["lost"] >= 1
    (summary,) = stack.wait_for("forgotten", "list.csv")
    assert summary["import_id"] == import_id and summary["status"] == "completed"
    assert "dropped without an import" in stack.emulator.log.read_text(errors="replace")
    stack.wait_until_quiet()
    answer = stack.client("lambda").invoke(FunctionName=stack.outputs["FinalizerName"], Payload=b'{"rollcall": "compare"}')
    assert import_id not in str(answer)


def test_dry_runs_are_counted_and_limited(stack):
    """With the table's own counter: the limit is what the day already has, so the next one is refused."""
    stack.program("metered")
    stack.drop("metered", "prospects", "first.csv", people(3, "metered-mail.com"), dry_run=True)
    (first,) = stack.wait_for("metered", "first.csv")
    assert first["status"] == "completed"
    table = stack.tables.Table(stack.outputs["ImportsTableName"])
    (counted,) = [item for item in stack.import_items("dry-runs#metered") if "runs" in item]
    assert counted["runs"] == 1 and counted["expires"] > time.time()
    table.update_item(Key={"pk": counted["pk"], "sk": counted["sk"]}, UpdateExpression="SET runs = :many",
                      ExpressionAttributeValues={":many": int(stack.parameter("DryRunsPerDay"))})
    stack.drop("metered", "prospects", "second.csv", people(3, "metered-mail.com"), dry_run=True)
    (second,) = stack.wait_for("metered", "second.csv")
    assert second["status"] == "refused" and [error["code"] for error in second["errors"]] == ["quota_exceeded"]
    stack.drop("metered", "prospects", "third.csv", people(3, "metered-mail.com"))
    (third,) = stack.wait_for("metered", "third.csv")
    assert third["rows"]["created"] == 3


def test_the_state_of_an_import_expires(stack):
    stack.program("expiring")
    stack.drop("expiring", "prospects", "list.csv", people(3, "expiring-mail.com"))
    (summary,) = stack.wait_for("expiring", "list.csv")
    stack.wait_until_quiet()
    days = int(stack.parameter("ImportDays"))
    for item in stack.import_items(summary["import_id"]):
        assert abs(int(item["expires"]) - time.time() - days * 86_400) < 3600, item["sk"]
    # The emulator does not take this from a template.
    ttl = stack.body["Resources"]["ImportsTable"]["Properties"]["TimeToLiveSpecification"]
    assert ttl == {"AttributeName": "expires", "Enabled": True}


def test_the_state_of_a_migration_stays(stack):
    """Its file may stay for ever, and must not be imported again."""
    stack.program("staying")
    stack.put("sources/staying/list.csv", people(3, "staying-mail.com"))
    payload = {"rollcall": "migrate", "program": "staying", "profile": "prospects", "source": "sources/staying/"}
    stack.client("lambda").invoke(FunctionName=stack.outputs["SplitterArn"], Payload=json.dumps(payload).encode())
    (summary,) = stack.wait_for("staying", "list.csv")
    stack.wait_until_quiet()
    (item,) = [item for item in stack.import_items(summary["import_id"]) if item["sk"] == "import"]
    assert "expires" not in item
