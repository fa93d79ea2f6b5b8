"""A second copy in the same account, on a bucket that was there before; and an upgrade while it works."""

import pytest
from stack import Stack
from test_faults import people, rows_add_up


@pytest.fixture(scope="module")
def second(stack):
    stack.make_bucket("theirs")
    stack.s3.put_bucket_versioning(Bucket="theirs", VersioningConfiguration={"Status": "Enabled"})
    stack.s3.put_bucket_notification_configuration(
        Bucket="theirs", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    return Stack(stack.emulator, name="second", ExistingBucket="theirs")


def test_copies_do_not_meet(stack, second):
    assert second.bucket == "theirs" and not set(second.outputs.values()) & set(stack.outputs.values())
    for copy, count in ((stack, 3), (second, 5)):
        copy.program("both")
        copy.drop("both", "prospects", "list.csv", people(count, "both-mail.com"))
    for copy, count in ((stack, 3), (second, 5)):
        (summary,) = copy.wait_for("both", "list.csv")
        assert summary["rows"]["created"] == count
        assert len([item for item in copy.contacts() if item["pk"].startswith("both#")]) == count


def test_an_upgrade_with_an_import_in_flight(second):
    second.program("flying")
    second.drop("flying", "prospects", "list.csv", people(30_000, "flying-mail.com"))
    second.upgrade(LogDays="30", WorkingPaperDays="20")
    (summary,) = second.wait_for("flying", "list.csv")
    assert summary["status"] == "completed" and rows_add_up(summary)
    assert summary["rows"]["created"] == 30_000
    second.wait_until_quiet()
    assert len(second.letters_to("flying")) == 1 and second.unfinished() == []
