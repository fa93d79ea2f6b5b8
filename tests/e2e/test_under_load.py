"""Cancel, pause and resumption, and ten files at once, by the functions."""

import json

from test_faults import people, rows_add_up


def paused(stack, program, rows):
    """Drops a file of a paused program; the import, once it waits with its plan written."""
    stack.program(program)
    stack.put(f"inbox/{program}/pause", b"")
    stack.wait(lambda: stack.keys(f"imports/{program}/"), lambda: stack.keys("imports/"))
    stack.drop(program, "prospects", "list.csv", people(rows, f"{program}-mail.com"))

    def sealed():
        plans = [key.split("/")[2] for key in stack.keys(f"imports/{program}/") if key.endswith("/plan.json")]
        return [one for one in plans if any("chunks" in item for item in stack.import_items(one) if item["sk"] == "import")]

    (import_id,) = stack.wait(sealed, lambda: stack.keys(f"imports/{program}/"))
    return import_id


def contacts_of(stack, program):
    return [item for item in stack.contacts() if item["pk"].startswith(f"{program}#")]


def test_a_paused_program_waits_and_goes_on(stack):
    import_id = paused(stack, "paused", 5000)
    # Others do not wait, and the sweep abandons nothing.
    stack.program("beside")
    stack.drop("beside", "prospects", "list.csv", people(10, "beside-mail.com"))
    assert stack.wait_for("beside", "list.csv")[0]["status"] == "completed"
    stack.client("lambda").invoke(FunctionName=stack.outputs["FinalizerName"], Payload=b'{"rollcall": "sweep"}')
    stack.wait_until_quiet()
    assert stack.summaries("paused") == [] and contacts_of(stack, "paused") == []

    stack.put("inbox/paused/resume", b"")
    (summary,) = stack.wait_for("paused", "list.csv")
    assert summary["import_id"] == import_id and summary["status"] == "completed"
    assert summary["rows"]["created"] == len(contacts_of(stack, "paused")) == 5000
    stack.wait_until_quiet()
    assert len(stack.letters_to("paused")) == 1


def test_a_cancelled_import_answers_for_every_row(stack):
    """Its plan is written and its chunks are not sent; asked twice."""
    import_id = paused(stack, "halted", 5000)
    for _ in range(2):
        stack.put(f"inbox/halted/cancel/{import_id}", b"")
    stack.wait(lambda: any(key.endswith("/cancelled") for key in stack.keys("imports/halted/")), lambda: stack.keys("imports/halted/"))
    stack.put("inbox/halted/resume", b"")
    (summary,) = stack.wait_for("halted", "list.csv")
    assert summary["status"] == "cancelled" and rows_add_up(summary)
    assert summary["rows"]["unprocessed"] == 5000 and contacts_of(stack, "halted") == []
    stack.wait_until_quiet()
    assert len(stack.letters_to("halted")) == 1 and stack.unfinished() == []

    # Dropped again as it is, the file of failed rows gives everything.
    stack.drop("halted", "prospects", "again.csv", stack.result(summary, "failed.csv"))
    (again,) = stack.wait_for("halted", "again.csv")
    assert again["status"] == "completed" and again["rows"]["created"] == 5000


def test_ten_files_at_once_are_as_ten_in_a_row(stack):
    """All name the same people: the newest import wins, and each sees what the one before wrote."""
    stack.program("ten")
    for number in range(10):
        rows = "".join(f"N{number} of {row},n{row}@ten-mail.com\n" for row in range(50))
        stack.drop("ten", "prospects", f"list-{number}.csv", f"name,email\n{rows}".encode())
    summaries = [stack.wait_for("ten", f"list-{number}.csv")[0] for number in range(10)]
    assert {summary["status"] for summary in summaries} == {"completed"}
    first, *others = sorted(summaries, key=lambda summary: summary["import_id"])
    assert first["rows"]["created"] == 50
    assert [summary["rows"]["updated"] for summary in others] == [50] * 9
    newest = others[-1]["file"].removeprefix("list-").removesuffix(".csv")
    names = sorted(json.loads(item["record"])["fields"]["name"] for item in contacts_of(stack, "ten"))
    assert names == sorted(f"N{newest} of {row}" for row in range(50))
    stack.wait_until_quiet()
    assert len(stack.letters_to("ten")) == 10
