"""Whatever breaks, an import ends, truthfully, with one letter, and every row is in exactly one result file."""

import json
from urllib.parse import quote_plus


def people(count, domain, first=0):
    rows = "".join(f"N{row},n{row}@{domain}\n" for row in range(first, first + count))
    return ("name,email\n" + rows).encode()


def rows_add_up(summary):
    rows = summary["rows"]
    return rows["read"] == sum(count for outcome, count in rows.items() if outcome != "read")


def test_an_object_that_is_gone_is_a_failed_import(stack):
    stack.program("gone")
    event = {
        "source": "aws.s3", "detail-type": "Object Created", "time": "2026-01-01T00:00:00Z",
        "detail": {"bucket": {"name": stack.bucket}, "object": {
            "key": "inbox/gone/prospects/gone.csv", "size": 10, "etag": "none"}},
    }
    stack.client("lambda").invoke(FunctionName=stack.outputs["SplitterName"], Payload=json.dumps(event).encode())
    (summary,) = stack.wait_for("gone", "gone.csv")
    assert summary["status"] == "failed" and "gone" in summary["error"]
    stack.wait_until_quiet()
    assert len(stack.letters_to("gone")) == 1


def test_an_event_that_fails_for_good_is_a_failed_import(stack):
    """Lambda's record of an event that the splitter could not follow, as its on-failure destination gets it."""
    stack.program("broken")
    stack.put("quiet/list.csv", people(3, "broken-mail.com"))
    record = {
        "version": "1.0", "timestamp": "2026-01-01T00:00:00Z",
        "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
        "requestPayload": {
            "source": "aws.s3", "detail-type": "Object Created", "time": "2026-01-01T00:00:00Z",
            "detail": {"bucket": {"name": stack.bucket}, "object": {
                "key": "inbox/broken/prospects/list.csv", "size": 10, "etag": "none"}},
        },
        "responsePayload": {"errorType": "Permanent", "errorMessage": "reading an object: AccessDenied"},
    }
    for _ in range(2):
        stack.sqs.send_message(QueueUrl=stack.outputs["FailedEventQueueUrl"], MessageBody=json.dumps(record))
    (summary,) = stack.wait_for("broken", "list.csv")
    assert summary["status"] == "failed" and "AccessDenied" in summary["error"]
    stack.wait_until_quiet()
    assert len(stack.letters_to("broken")) == 1


def test_lost_messages_are_swept_up(stack):
    """An import whose messages are all lost: the sweep sends again what is missing, or says so."""
    stack.program("lost")
    stack.drop("lost", "prospects", "list.csv", people(10, "lost-mail.com"))
    (summary,) = stack.wait_for("lost", "list.csv")
    stack.wait_until_quiet()
    table = stack.tables.Table(stack.outputs["ImportsTableName"])
    # As if the machine had stopped right after the splitter noted the import.
    import_id = summary["import_id"]
    for item in stack.import_items(import_id):
        if item["sk"] != "import":
            table.delete_item(Key={"pk": import_id, "sk": item["sk"]})
    noted = next(item for item in stack.import_items(import_id) if item["sk"] == "import")
    for name in ("status", "chunks", "remaining", "moved_at", "turn_at", "swept_at"):
        noted.pop(name, None)
    noted["noted"] = json.dumps({**json.loads(noted["noted"]), "started_at": "2026-01-01T00:00:00Z"})
    table.put_item(Item=noted)
    table.put_item(Item={"pk": "unfinished", "sk": import_id})
    for key in stack.keys(f"imports/lost/{import_id}/"):
        stack.s3.delete_object(Bucket=stack.bucket, Key=key)
    stack.client("lambda").invoke(FunctionName=stack.outputs["FinalizerName"], Payload=b'{"rollcall": "sweep"}')
    (summary,) = stack.wait_for("lost", "list.csv")
    assert summary["status"] == "completed" and rows_add_up(summary)
    stack.wait_until_quiet()
    assert stack.unfinished() == []


def invoke_splitter(stack, event):
    answer = stack.client("lambda").invoke(
        FunctionName=stack.outputs["SplitterName"], Payload=json.dumps(event).encode()
    )
    assert "FunctionError" not in answer, answer["Payload"].read()


def test_a_notification_of_s3_with_encoded_keys(stack):
    """Several records in one event, keys as S3 encodes them; the event that S3 sends to try the way out."""
    stack.program("notified")
    names = ["a b+c.csv", "cédula 50%.csv"]
    for number, name in enumerate(names):
        stack.put(f"inbox/notified/prospects/{name}", people(2, f"notified{number}-mail.com"))
    keys = [f"inbox/notified/prospects/{name}" for name in [*names, "gone.csv"]] + ["elsewhere/list.csv"]
    record = lambda key: {  # noqa: E731
        "eventName": "ObjectCreated:Put", "eventTime": "2026-01-01T00:00:00Z",
        "s3": {"bucket": {"name": stack.bucket}, "object": {"key": quote_plus(key, safe="/"), "size": 1, "eTag": "t"}},
    }
    invoke_splitter(stack, {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": stack.bucket})
    invoke_splitter(stack, {"Records": [record(key) for key in keys]})
    for name in names:
        (summary,) = stack.wait_for("notified", name)
        assert summary["rows"]["created"] == 2, name
    (gone,) = stack.wait_for("notified", "gone.csv")
    assert gone["status"] == "failed"
    stack.wait_until_quiet()
    assert len(stack.letters_to("notified")) == 3


def test_an_object_that_is_overwritten_is_two_imports(stack):
    stack.program("twice")
    key = "inbox/twice/prospects/list.csv"
    first = stack.put(key, people(4000, "twice-mail.com"))["VersionId"]
    stack.put(key, people(3000, "twice-mail.com", first=4000))
    # The emulator's event does not name the version, as that of AWS does.
    invoke_splitter(stack, {
        "source": "aws.s3", "detail-type": "Object Created", "time": "2026-01-01T00:00:00Z",
        "detail": {"bucket": {"name": stack.bucket}, "object": {"key": key, "size": 1, "version-id": first}},
    })
    summaries = stack.wait_for("twice", "list.csv", count=2)
    assert sorted(summary["rows"]["created"] for summary in summaries) == [3000, 4000]
    assert {summary["status"] for summary in summaries} == {"completed"}


def test_a_sender_that_the_mail_service_refuses(stack):
    """The import ends all the same; operators are told."""
    stack.program("unsent", sender="nobody@unverified.example")
    stack.drop("unsent", "prospects", "list.csv", people(3, "unsent-mail.com"))
    (summary,) = stack.wait_for("unsent", "list.csv")
    assert summary["status"] == "completed"
    stack.wait_until_quiet()
    assert stack.letters_to("unsent") == [] and stack.unfinished() == []
    assert "letter refused" in stack.emulator.log.read_text()


def test_logs_hold_no_cell_and_no_address(stack):
    """Whatever the tests before logged."""
    stack.program("hushed")
    body = b"name,email\nSecretname,secretcell@hushed-mail.com\nSecretname,not-secretcell\n"
    stack.drop("hushed", "prospects", "list.csv", body)
    (summary,) = stack.wait_for("hushed", "list.csv")
    stack.wait_until_quiet()
    of_functions = [line for line in stack.emulator.log.read_text().splitlines() if "Lambda runtime invoke" in line]
    assert any(summary["import_id"] in line for line in of_functions)
    for secret in ("Secretname", "secretcell", "@notify.example"):
        assert not [line for line in of_functions if secret in line]
