"""Whatever breaks, an import ends, truthfully, with one letter, and every row is in exactly one result file."""

import json
import os
import signal
import time

ROWS = 3000


def people(count, domain, first=0):
    rows = "".join(f"N{row},n{row}@{domain}\n" for row in range(first, first + count))
    return ("name,email\n" + rows).encode()


def rows_add_up(summary):
    rows = summary["rows"]
    return rows["read"] == sum(count for outcome, count in rows.items() if outcome != "read")


def test_workers_killed_mid_chunk(stack):
    stack.program("killed")
    stack.drop("killed", "prospects", "list.csv", people(40_000, "killed-mail.com"))
    killed, end = set(), time.monotonic() + 20
    while len(killed) < 3 and time.monotonic() < end:
        for process in stack.emulator.processes(stack.outputs["WorkerName"]):
            if process not in killed and len(killed) < 3 and len(stack.contacts()) > 0:
                os.kill(process, signal.SIGKILL)
                killed.add(process)
        time.sleep(0.02)
    assert killed
    (summary,) = stack.wait_for("killed", "list.csv", 300)
    assert summary["status"] == "completed" and summary["rows"]["created"] == 40_000
    assert len(stack.rows(summary, "succeeded.csv")) == 40_000
    assert len([item for item in stack.contacts() if item["pk"].startswith("killed#")]) == 40_000
    stack.wait_until_quiet(120)
    assert len(stack.letters_to("killed")) == 1


def test_a_chunk_that_always_fails_is_answered_for(stack):
    stack.program("poison")
    # An entry of the directory that cannot be read breaks the one chunk that asks for it.
    directory = stack.tables.Table(stack.outputs["DirectoryTableName"])
    key = "_marketplace#accounts#key#e:n1500@poison-mail.com"
    directory.put_item(Item={"pk": key, "c:X": "not JSON", "inline": 1})
    stack.drop("poison", "prospects", "list.csv", people(ROWS, "poison-mail.com"))
    (summary,) = stack.wait_for("poison", "list.csv", 300)
    assert summary["status"] == "incomplete" and rows_add_up(summary)
    assert (summary["rows"]["created"], summary["rows"]["unprocessed"]) == (1000, 2000)
    failed = stack.rows(summary, "failed.csv")
    assert {row["rollcall_outcome"] for row in failed} == {"unprocessed"}
    assert [int(row["rollcall_row"]) for row in failed] == list(range(1, 2001))
    stack.wait_until_quiet(120)
    assert len(stack.letters_to("poison")) == 1 and stack.unfinished() == []

    # Dropped again as it is, it gives the rest.
    directory.delete_item(Key={"pk": key})
    stack.drop("poison", "prospects", "again.csv", stack.result(summary, "failed.csv"))
    (again,) = stack.wait_for("poison", "again.csv")
    assert again["rows"]["created"] == 2000


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
    stack.wait_until_quiet(120)
    assert len(stack.letters_to("broken")) == 1


def test_a_message_that_is_none_is_parked_and_harms_nobody(stack):
    stack.program("parked")
    stack.sqs.send_message(QueueUrl=stack.outputs["ChunkQueueUrl"], MessageBody='{"v": 0, "what": "else"}')
    stack.drop("parked", "prospects", "list.csv", people(10, "parked-mail.com"))
    (summary,) = stack.wait_for("parked", "list.csv")
    assert summary["status"] == "completed"
    queue = stack.outputs["ParkedQueueUrl"]
    end = time.monotonic() + 420
    while not stack.waiting()["Parked"]:
        assert time.monotonic() < end, stack.waiting()
        time.sleep(1)
    parked = stack.sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)["Messages"]
    assert [message["Body"] for message in parked] == ['{"v": 0, "what": "else"}']
    stack.sqs.purge_queue(QueueUrl=queue)


def test_lost_messages_are_swept_up(stack):
    """An import whose messages are all lost: the sweep sends again what is missing, or says so."""
    stack.program("lost")
    stack.drop("lost", "prospects", "list.csv", people(10, "lost-mail.com"))
    (summary,) = stack.wait_for("lost", "list.csv")
    stack.wait_until_quiet(60)
    table = stack.tables.Table(stack.outputs["ImportsTableName"])
    # As if the machine had stopped right after the splitter noted the import.
    import_id = summary["import_id"]
    for item in stack.import_items(import_id):
        if item["sk"] != "import":
            table.delete_item(Key={"pk": import_id, "sk": item["sk"]})
    noted = next(item for item in stack.import_items(import_id) if item["sk"] == "import")
    for name in ("status", "chunks", "remaining"):
        noted.pop(name, None)
    noted["noted"] = json.dumps({**json.loads(noted["noted"]), "started_at": "2026-01-01T00:00:00Z"})
    table.put_item(Item=noted)
    table.put_item(Item={"pk": "unfinished", "sk": import_id})
    for key in stack.keys(f"imports/lost/{import_id}/"):
        stack.s3.delete_object(Bucket=stack.bucket, Key=key)
    stack.client("lambda").invoke(FunctionName=stack.outputs["FinalizerName"], Payload=b'{"rollcall": "sweep"}')
    (summary,) = stack.wait_for("lost", "list.csv")
    assert summary["status"] == "completed" and rows_add_up(summary)
    stack.wait_until_quiet(60)
    assert stack.unfinished() == []
