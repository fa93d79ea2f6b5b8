"""Calls and units of fresh rows, counted (G7, G8 of the goals), and a file of 100,000 rows."""

import os
import time

import pytest
from stack import start
from test_faults import people, rows_add_up

# In the code that is checked each time; minutes by hand.
THROTTLED_SECONDS = int(os.environ.get("ROLLCALL_E2E_THROTTLED_SECONDS", "8"))
PRICE = {"write": 0.625, "read": 0.125}


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    yield from start(tmp_path_factory, "counted", count=True, pace="standard")


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    # For minutes of throttling by hand the retries of the real pace are needed.
    pace = "quick" if THROTTLED_SECONDS < 60 else "standard"
    yield from start(tmp_path_factory, "busy", count=True, pace=pace)


def test_calls_and_units_of_fresh_rows(counted):
    counted.program("counted")
    counted.drop("counted", "prospects", "list.csv", people(20_000, "counted-mail.com"))
    (summary,) = counted.wait_for("counted", "list.csv")
    assert summary["rows"]["created"] == 20_000
    counted.wait_until_quiet()
    counter = counted.emulator.counter
    calls = {name: count / 20 for name, count in sorted(counter.calls.items())}
    per_thousand = sum(calls.values())
    units = {name: count / 20_000 for name, count in counter.units.items()}
    cost = sum(PRICE[name] * count for name, count in units.items())
    floor = PRICE["read"] * (0.5 + 0.5) + PRICE["write"]
    print(f"\ncalls per 1,000 rows: {calls}, in all {per_thousand:.1f}; minimum 60")
    print(f"units per row: {units}; $ per 1,000,000 rows: {cost:.4f}; floor {floor:.4f}")
    print(f"G7 {per_thousand / 60:.3f}  G8 {cost / floor:.3f}")
    assert per_thousand / 60 <= 1.3 and cost / floor <= 1.1


def test_a_table_that_leaves_work_undone_or_throttles(busy):
    """Batches come back half done, and the pace hardly falls; then nothing is taken for a while, and the queue brings the
    chunk again as soon as the table takes."""
    busy.program("busy")
    counter = busy.emulator.counter
    counter.leave_undone = True
    try:
        busy.drop("busy", "prospects", "half.csv", people(3000, "busy-mail.com"))
        began = time.monotonic()
        (half,) = busy.wait_for("busy", "half.csv")
        print(f"\n3,000 rows, half of each batch refused: {time.monotonic() - began:.0f} s")
        # Half of the batches a second time, some of them a fifth time: not a pace that falls with each.
        assert time.monotonic() - began < 90
    finally:
        counter.leave_undone = False
    assert half["status"] == "completed" and half["rows"]["created"] == 3000
    assert counter.left_undone > 0
    assert len([item for item in busy.contacts() if item["pk"].startswith("busy#")]) == 3000

    counter.throttle = True
    try:
        busy.drop("busy", "prospects", "later.csv", people(1000, "busy-mail.com", first=3000))
        time.sleep(THROTTLED_SECONDS)
        assert not [summary for summary in busy.summaries("busy") if summary["file"] == "later.csv"]
    finally:
        counter.throttle = False
    assert counter.throttled > 0
    began = time.monotonic()
    (later,) = busy.wait_for("busy", "later.csv")
    print(f"after {THROTTLED_SECONDS} s without a write: {time.monotonic() - began:.0f} s")
    assert later["status"] == "completed" and later["rows"]["created"] == 1000 and rows_add_up(later)
    busy.wait_until_quiet()
    assert len(busy.letters_to("busy")) == 2


def test_an_email_that_is_throttled_is_sent_once_and_soon(busy):
    """A finalizer tries for some seconds; then its message comes again after half a minute, not after its visibility."""
    busy.program("throttled")
    counter = busy.emulator.counter
    counter.mails_to_throttle = 6
    began = time.monotonic()
    busy.drop("throttled", "prospects", "list.csv", people(10, "throttled-mail.com"))
    (summary,) = busy.wait_for("throttled", "list.csv")
    busy.wait(lambda: busy.letters_to("throttled"), busy.waiting)
    assert counter.mails_throttled == 6 and summary["rows"]["created"] == 10
    print(f"\n6 throttled e-mails: {time.monotonic() - began:.0f} s")
    busy.wait_until_quiet()
    assert len(busy.letters_to("throttled")) == 1


@pytest.fixture
def roomy(tmp_path_factory):
    """With the real time limits: on a busy machine the quick ones would be those of the machine."""
    yield from start(tmp_path_factory, "roomy", pace="standard")


def test_a_hundred_thousand_rows(roomy):
    roomy.program("large")
    roomy.drop("large", "prospects", "list.csv", people(100_000, "large-mail.com"))
    (summary,) = roomy.wait_for("large", "list.csv")
    assert summary["status"] == "completed" and rows_add_up(summary)
    assert summary["rows"]["created"] == 100_000
    roomy.wait_until_quiet()
    assert len(roomy.letters_to("large")) == 1
    assert len(roomy.rows(summary, "succeeded.csv")) == 100_000
