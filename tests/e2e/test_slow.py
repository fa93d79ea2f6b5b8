"""Messages that always fail: their rows are answered for. It takes as long as queues hide a message."""

import pytest
from stack import start
from test_faults import people, rows_add_up

ROWS = 3000
POISON = '{"v": 0, "what": "else"}'
KEY = "_marketplace#accounts#key#e:n1500@poison-mail.com"


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    for stack in start(tmp_path_factory, "slow"):
        begin_to_fail(stack)
        yield stack


def begin_to_fail(stack):
    stack.sqs.send_message(QueueUrl=stack.outputs["ChunkQueueUrl"], MessageBody=POISON)
    stack.program("poison")
    # An entry of the directory that cannot be read breaks the one chunk that asks for it.
    directory = stack.tables.Table(stack.outputs["DirectoryTableName"])
    directory.put_item(Item={"pk": KEY, "c:X": "not JSON", "inline": 1})
    stack.drop("poison", "prospects", "list.csv", people(ROWS, "poison-mail.com"))


def test_a_chunk_that_always_fails_is_answered_for(slow):
    (summary,) = slow.wait_for("poison", "list.csv")
    assert summary["status"] == "incomplete" and rows_add_up(summary)
    assert (summary["rows"]["created"], summary["rows"]["unprocessed"]) == (1000, 2000)
    failed = slow.rows(summary, "failed.csv")
    assert {row["rollcall_outcome"] for row in failed} == {"unprocessed"}
    assert [int(row["rollcall_row"]) for row in failed] == list(range(1, 2001))
    slow.wait(lambda: not slow.unfinished(), slow.unfinished)
    assert len(slow.letters_to("poison")) == 1

    # Dropped again as it is, it gives the rest.
    directory = slow.tables.Table(slow.outputs["DirectoryTableName"])
    directory.delete_item(Key={"pk": KEY})
    slow.drop("poison", "prospects", "again.csv", slow.result(summary, "failed.csv"))
    (again,) = slow.wait_for("poison", "again.csv")
    assert again["rows"]["created"] == 2000


def test_a_message_that_is_none_is_parked_and_harms_nobody(slow):
    slow.program("parked")
    slow.drop("parked", "prospects", "list.csv", people(10, "parked-mail.com"))
    (summary,) = slow.wait_for("parked", "list.csv")
    assert summary["status"] == "completed"
    slow.wait(lambda: slow.waiting()["Parked"], slow.waiting)
    parked = slow.sqs.receive_message(QueueUrl=slow.outputs["ParkedQueueUrl"], WaitTimeSeconds=1)["Messages"]
    assert [message["Body"] for message in parked] == [POISON]
