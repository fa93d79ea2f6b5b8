"""What a request about an import does: approve a dry run, undo an import, undo a replace; with the permissions of the template alone."""

import time

import pytest
from stack import start
from test_journey import PROSPECTS, set_up


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    yield from start(tmp_path_factory, "undone", auth=True)


def items(stack, program):
    """The contacts of a program, without what only the store needs: the row, and copies of earlier records."""
    table = stack.tables.Table(stack.outputs["ContactsTableName"])
    found, more = [], {}
    while True:
        page = table.scan(ConsistentRead=True, **more)
        found += page["Items"]
        if "LastEvaluatedKey" not in page:
            break
        more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    kept = ("pk", "sk", "record", "import", "group")
    mine = [item for item in found if item["pk"].startswith(f"{program}#") and item["sk"] != "pool"]
    return sorted((tuple(str(item.get(name)) for name in kept) for item in mine))


def undo(stack, program, summary, dry_run=False):
    folder = "undo/dry-run" if dry_run else "undo"
    stack.put(f"inbox/{program}/{folder}/{summary['import_id']}", b"undo\n")

    def found():
        undone = [one for one in stack.summaries(program)
                  if one.get("undoes") == summary["import_id"] and one["dry_run"] == dry_run]
        return undone or None

    return stack.wait(found, lambda: stack.keys(f"imports/{program}/"))[0]


def test_an_import_is_approved_and_undone(guarded):
    set_up(guarded, "undone")
    guarded.drop("undone", "prospects", "before.csv", b"name,email,group,note\nAnn,ann@alpha-media.com,Press,old\n")
    guarded.wait_for("undone", "before.csv")
    before = items(guarded, "undone")
    time.sleep(1.1)
    guarded.drop("undone", "prospects", "list.csv", PROSPECTS.encode(), dry_run=True)
    (dry,) = guarded.wait_for("undone", "list.csv")
    time.sleep(1.1)
    guarded.put(f"inbox/undone/approve/{dry['import_id']}", b"approve\n")
    approved = [one for one in guarded.wait_for("undone", "list.csv", 2) if one.get("approves")][0]
    assert guarded.result(approved, "succeeded.csv") == guarded.result(dry, "succeeded.csv")
    assert items(guarded, "undone") != before

    trial = undo(guarded, "undone", approved, dry_run=True)
    assert items(guarded, "undone") != before
    undone = undo(guarded, "undone", approved)
    assert guarded.result(trial, "undone.csv") == guarded.result(undone, "undone.csv")
    rows = undone["rows"]
    assert rows["read"] == rows["removed"] + rows["restored"] and rows["kept"] == 0 and rows["restored"] == 1
    assert items(guarded, "undone") == before

    # Asked for again it is the same undo; a directory load cannot be undone.
    guarded.put(f"inbox/undone/undo/{approved['import_id']}", b"again\n")
    (load,) = guarded.wait_for("undone", "groups.csv")
    refused = undo(guarded, "undone", load)
    assert refused["status"] == "refused" and refused["errors"][0]["code"] == "undo_impossible"
    guarded.wait_until_quiet()
    assert len([one for one in guarded.summaries("undone") if one.get("undoes") == approved["import_id"]]) == 2
    assert guarded.unfinished() == []


def test_what_a_replace_removed_comes_back(guarded):
    guarded.program("called", region="BR")

    def phones(*people):
        return "".join(["name;phone_1\n", *(f"N{person};+55119612345{person:02}\n" for person in people)]).encode()

    guarded.drop("called", "mailing", "first.csv", phones(*range(1, 30)))
    guarded.wait_for("called", "first.csv")
    before = items(guarded, "called")
    time.sleep(1.1)
    extra = {"Metadata": {"rollcall-replace": "true"}}
    guarded.drop("called", "mailing", "second.csv", phones(5, 6, 77), **extra)
    (replaced,) = guarded.wait_for("called", "second.csv")
    assert replaced["removed"] == 27
    removed = guarded.rows_of(replaced, "removed.csv", ";")
    assert len(removed) == 27 and removed == sorted(removed, key=lambda row: row["rollcall_contact_id"])
    guarded.drop("called", "mailing", "third.csv", phones(5, 6), Metadata={**extra["Metadata"], "rollcall-max-removed": "0"})
    (refused,) = guarded.wait_for("called", "third.csv")
    assert refused["status"] == "refused" and refused["errors"][0]["code"] == "too_many_removed"
    undone = undo(guarded, "called", replaced)
    assert undone["rows"] == {"read": 30, "removed": 1, "restored": 29, "kept": 0}
    assert items(guarded, "called") == before
    guarded.wait_until_quiet()
