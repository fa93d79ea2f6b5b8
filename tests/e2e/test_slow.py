"""What fails for good is answered for; begun with the session, for it takes as long as queues hide a message."""

import time

import pytest
from test_faults import people, rows_add_up

ROWS = 3000
POISON = '{"v": 0, "what": "else"}'
KEY = "_marketplace#accounts#key#e:n1500@poison-mail.com"


def begin_to_fail(stack):
    stack.sqs.send_message(QueueUrl=stack.outputs["ChunkQueueUrl"], MessageBody=POISON)
    stack.program("poison")
    # An entry of the directory that cannot be read breaks the one chunk that asks for it.
    directory = stack.tables.Table(stack.outputs["DirectoryTableName"])
    directory.put_item(Item={"pk": KEY, "c:X": "not JSON", "inline": 1})
    stack.drop("poison", "prospects", "list.csv", people(ROWS, "poison-mail.com"))


@pytest.mark.last
def test_a_chunk_that_always_fails_is_answered_for(slow):
    (summary,) = slow.wait_for("poison", "list.csv")
    assert summary["status"] == "incomplete" and rows_add_up(summary)
    assert (summary["rows"]["created"], summary["rows"]["unprocessed"]) == (1000, 2000)
    failed = slow.rows(summary, "failed.csv")
    assert {row["rollcall_outcome"] for row in failed} == {"unprocessed"}
    assert [int(row["rollcall_row"]) for row in failed] == list(range(1, 2001))
    end = time.monotonic() + slow.patience
    while slow.unfinished():
        assert time.monotonic() < end
        time.sleep(0.5)
    assert len(slow.letters_to("poison")) == 1

    # Dropped again as it is, it gives the rest.
    directory = slow.tables.Table(slow.outputs["DirectoryTableName"])
    directory.delete_item(Key={"pk": KEY})
    slow.drop("poison", "prospects", "again.csv", slow.result(summary, "failed.csv"))
    (again,) = slow.wait_for("poison", "again.csv")
    assert again["rows"]["created"] == 2000


@pytest.mark.last
def test_a_message_that_is_none_is_parked_and_harms_nobody(slow):
    slow.program("parked")
    slow.drop("parked", "prospects", "list.csv", people(10, "parked-mail.com"))
    (summary,) = slow.wait_for("parked", "list.csv")
    assert summary["status"] == "completed"
    end = time.monotonic() + slow.patience
    while not slow.waiting()["Parked"]:
        assert time.monotonic() < end, slow.waiting()
        time.sleep(1)
    parked = slow.sqs.receive_message(QueueUrl=slow.outputs["ParkedQueueUrl"], WaitTimeSeconds=1)["Messages"]
    assert [message["Body"] for message in parked] == [POISON]
