"""Calls and units of fresh rows, counted (G7, G8 of the goals), and a file of 100,000 rows."""

from emulator import REGION, Emulator
from stack import Stack
from test_faults import people, rows_add_up

PRICE = {"write": 0.625, "read": 0.125}


def test_calls_and_units_of_fresh_rows(tmp_path):
    emulator = Emulator(tmp_path, count=True)
    try:
        stack = Stack(emulator, REGION, tmp_path, pace="standard")
        stack.program("counted")
        stack.drop("counted", "prospects", "list.csv", people(20_000, "counted-mail.com"))
        (summary,) = stack.wait_for("counted", "list.csv", 180)
        assert summary["rows"]["created"] == 20_000
        stack.wait_until_quiet()
        counter = emulator.counter
        calls = {name: count / 20 for name, count in sorted(counter.calls.items())}
        per_thousand = sum(calls.values())
        units = {name: count / 20_000 for name, count in counter.units.items()}
        cost = sum(PRICE[name] * count for name, count in units.items())
        floor = PRICE["read"] * (0.5 + 0.5) + PRICE["write"]
        print(f"\ncalls per 1,000 rows: {calls}, in all {per_thousand:.1f}; minimum 60")
        print(f"units per row: {units}; $ per 1,000,000 rows: {cost:.4f}; floor {floor:.4f}")
        print(f"G7 {per_thousand / 60:.3f}  G8 {cost / floor:.3f}")
        assert per_thousand / 60 <= 1.3 and cost / floor <= 1.1
    finally:
        emulator.stop()


def test_a_hundred_thousand_rows(stack):
    stack.program("large")
    stack.drop("large", "prospects", "list.csv", people(100_000, "large-mail.com"))
    (summary,) = stack.wait_for("large", "list.csv", 300)
    assert summary["status"] == "completed" and rows_add_up(summary)
    assert summary["rows"]["created"] == 100_000
    stack.wait_until_quiet()
    assert len(stack.letters_to("large")) == 1
    assert len(stack.rows(summary, "succeeded.csv")) == 100_000
