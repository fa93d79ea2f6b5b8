#!/usr/bin/env python3
"""Scale on one machine: one to three workers, one to ten million rows, ten updates of one list, a directory of ten million.

Prints a table in Markdown. `--only` takes some of the lines: workers rows updates directory.
"""

import shutil

import bench

LARGE = 10 * bench.ROWS
UPDATES = 10


def main():
    parser = bench.arguments(__doc__, rounds=1)
    parser.add_argument("--only", nargs="+", default=["workers", "updates", "rows", "directory"])
    options = parser.parse_args()
    with bench.Bench(options) as run:
        table = Table()
        home = run.home("home")
        if "workers" in options.only:
            workers(run, home, table)
        if "updates" in options.only:
            updates(run, home, table)
        if "rows" in options.only:
            table.add(f"{LARGE:,} rows", LARGE, imported(run, home, LARGE))
            run.input_path("contacts", LARGE).unlink(missing_ok=True)
        if "directory" in options.only:
            directory(run, home, table)
        table.print()


def workers(run, home, table):
    """The same list with one, two and three workers."""
    for count in (1, 2, 3):
        measured = imported(run, home, bench.ROWS, "--workers", count)
        table.add(f"{bench.ROWS:,} rows, workers: {count}", bench.ROWS, measured)


def updates(run, home, table):
    """The list again and again into one home: what is kept must not make it slower."""
    copy, path = run.fresh(home), run.input("contacts", bench.ROWS)
    for number in range(UPDATES + 1):
        measured = bench.Run(run.import_of(copy, path), watch=True)
        bench.answered(measured, bench.ROWS, update=number > 0)
        if number in (0, 1, UPDATES):
            what = f"the list again, time {number}" if number else "the list, before it comes again"
            size = (copy / "rollcall.sqlite").stat().st_size // bench.MIB
            table.add(f"{what}; database {size} MiB", bench.ROWS, measured)
        shutil.rmtree(copy / "bucket" / "imports")
    shutil.rmtree(copy)


def directory(run, home, table):
    """A directory ten times as large, and the list against it."""
    shutil.rmtree(home)
    run.options.accounts = LARGE
    run.input("accounts", LARGE)
    large = run.home("large", directory=False)
    measured = bench.Run(run.directory_load(large), watch=True)
    assert measured.code == 0, measured.out
    table.add(f"a directory of {LARGE:,}, loaded", LARGE, measured)
    run.input_path("accounts", LARGE).unlink(missing_ok=True)
    path = run.input("contacts", bench.ROWS)
    measured = bench.Run(run.import_of(large, path), watch=True)
    bench.answered(measured, bench.ROWS)
    table.add(f"{bench.ROWS:,} rows beside it", bench.ROWS, measured)


def imported(run, home, rows, *more):
    """A list into a fresh copy of the home."""
    copy = run.fresh(home)
    measured = bench.Run([*run.import_of(copy, run.input("contacts", rows)), *more], watch=True)
    bench.answered(measured, rows)
    shutil.rmtree(copy)
    return measured


class Table:
    """Lines in Markdown."""

    def __init__(self):
        self.lines = ["| what | seconds | processor seconds | rows a second | MiB at most | of it without a file |"]
        self.lines.append("| --- | --- | --- | --- | --- | --- |")

    def add(self, what, rows, run):
        rate = f"{rows / run.wall:,.0f}"
        line = f"| {what} | {run.wall:.1f} | {run.cpu:.1f} | {rate} | {run.peak:.0f} | {run.anonymous:.0f} |"
        bench.say(line)
        self.lines.append(line)

    def print(self):
        bench.say("\n" + "\n".join(self.lines))


if __name__ == "__main__":
    main()
