#!/usr/bin/env python3
"""G2: the whole local import against `sqlite3 .import` of the same file, which loads and does nothing else.

The directory is loaded before; each round imports into a fresh copy of that home. Copying is not timed.
"""

import shutil
import sys

import bench


def main():
    options = bench.arguments(__doc__).parse_args()
    sqlite = shutil.which("sqlite3")
    if not sqlite:
        sys.exit("sqlite3 is not installed: it is what this compares with (Debian: apt install sqlite3)")
    with bench.Bench(options) as run:
        bench.say(f"peer: sqlite3 {bench.version(sqlite, '--version')[:26]}")
        contacts = run.input("contacts", options.rows)
        home = run.home("home")
        totals = []

        def ours():
            copy = run.fresh(home)
            measured = bench.Run(run.import_of(copy, contacts))
            totals.append(bench.answered(measured, options.rows))
            assert totals[0] == totals[-1], f"not the same totals: {totals[0]} {totals[-1]}"
            if len(totals) == 1:
                in_files(copy, totals[0])
            shutil.rmtree(copy)
            return measured

        def theirs():
            database = run.folder / "peer.sqlite"
            database.unlink(missing_ok=True)
            measured = bench.Run([sqlite, database, f".import --csv {contacts} t"])
            assert measured.code == 0, measured.code
            return measured

        medians = bench.alternate(options.rounds, {"rollcall import": ours, "sqlite3 .import": theirs})
    ours, theirs = medians.values()
    bench.say(f"rows: {totals[0]}")
    bench.say(f"rows/s: {options.rows / ours.wall:,.0f}, sqlite3 {options.rows / theirs.wall:,.0f}")
    bench.say(f"G2 in cpu seconds: {ours.cpu / theirs.cpu:.2f}")
    bench.say(f"G2 ratio (goal 1.0, bar 1.4): {ours.wall / theirs.wall:.2f}")


def in_files(home, totals):
    """Fails where a row is in neither result file, or in both."""
    (results,) = (home / "bucket/imports/acme").iterdir()
    failed = bench.records(results / "failed.csv")
    assert failed == totals["rejected"], f"{failed} rows in failed.csv"
    assert bench.records(results / "succeeded.csv") == totals["read"] - failed


if __name__ == "__main__":
    main()
