#!/usr/bin/env python3
"""G3: DuckDB's load, checks, join and files against the whole local import.

The load of the directory is counted on neither side: DuckDB opens a database that has it, we a home that has it. With
`--directory` it is counted on both. E-mail, phone and website are checked by expressions; DuckDB says no reason, makes
no E.164 and keeps no contact.
"""

import json
import pathlib
import shlex
import shutil

import bench

DUCKDB = pathlib.Path(__file__).with_name("g3_duckdb.py")


def main():
    parser = bench.arguments(__doc__)
    parser.add_argument("--directory", action="store_true", help="count the load of the directory, on both sides")
    options = parser.parse_args()
    python = bench.peers("duckdb")
    with bench.Bench(options) as run:
        contacts, accounts = run.input("contacts", options.rows), run.input("accounts", options.accounts)
        home = run.home("home", directory=not options.directory)
        known, verdicts = accounts, []
        if not options.directory:
            known = run.folder / "accounts.duckdb"
            bench.quiet([python, DUCKDB, known, "-", accounts])

        def ours():
            copy = run.fresh(home)
            command = run.import_of(copy, contacts)
            if options.directory:
                command = ["sh", "-c", f"{shell(run.directory_load(copy))} >/dev/null && {shell(command)}"]
            measured = bench.Run(command)
            totals = bench.answered(measured, options.rows)
            verdicts.append({"succeeded": totals["created"], "failed": totals["rejected"]})
            shutil.rmtree(copy)
            return measured

        def theirs():
            measured = bench.Run([python, DUCKDB, known, contacts, run.folder])
            verdict = json.loads(measured.out)
            assert measured.code == 0 and verdict == verdicts[-1], f"not the same verdicts: {verdict} {verdicts[-1]}"
            return measured

        medians = bench.alternate(options.rounds, {"rollcall": ours, "duckdb": theirs})
    ours, theirs = medians.values()
    bench.say(f"the directory's load is counted on {'both sides' if options.directory else 'neither side'}")
    bench.say(f"rows/s: {options.rows / ours.wall:,.0f}, duckdb {options.rows / theirs.wall:,.0f}")
    bench.say(f"G3 in cpu seconds: {theirs.cpu / ours.cpu:.2f}")
    bench.say(f"G3 memory ratio (goal 8, bar 4): {theirs.peak / ours.peak:.2f}")
    bench.say(f"G3 ratio (goal 6, bar 2): {theirs.wall / ours.wall:.2f}")


def shell(command):
    """Gives a command as a shell reads it."""
    return shlex.join(str(word) for word in command)


if __name__ == "__main__":
    main()
