#!/usr/bin/env python3
"""G3: the same work done by DuckDB (and, beside it, by Polars) against the whole local import.

Same work: every row checked with a code and a message, E.164, repeats within the file, three keys matched against the
directory, contact ids, an upsert into contacts that are kept, changes, both result files in file order, counts, a commit.
The answers are compared row by row: outcome, codes, account, contact id. The load of the directory is counted on no side.
"""

import base64
import csv
import json
import multiprocessing
import pathlib
import shutil

import bench

PEERS = pathlib.Path(__file__).parent


def main():
    parser = bench.arguments(__doc__)
    parser.add_argument("--update", action="store_true", help="import the list a second time: every contact is known")
    options = parser.parse_args()
    python = bench.peers("duckdb", "polars", "polars-hash")
    with bench.Bench(options) as run:
        contacts, accounts = run.input("contacts", options.rows), run.input("accounts", options.accounts)
        home = run.home("home")
        stores = {}
        for peer, store in (("duckdb", "peer.duckdb"), ("polars", "peer.polars")):
            stores[peer] = run.folder / store
            bench.quiet([python, PEERS / f"g3_{peer}.py", stores[peer], "-", accounts])
        if options.update:
            bench.Run(run.import_of(home, contacts))
            for peer, store in stores.items():
                bench.Run([python, PEERS / f"g3_{peer}.py", store, contacts, run.folder / "first"])
        answered = run.folder / "answered"

        def ours():
            copy = run.fresh(home)
            measured = bench.Run(run.import_of(copy, contacts))
            bench.answered(measured, options.rows, update=options.update)
            if not answered.exists():
                shutil.copytree(json.loads(measured.out)["results"], answered)
            shutil.rmtree(copy)
            return measured

        def peer(name):
            compared = []

            def theirs():
                store, out = run.fresh(stores[name], f"fresh-{name}"), run.folder / f"out-{name}"
                measured = bench.Run([python, PEERS / f"g3_{name}.py", store, contacts, out])
                assert measured.code == 0, measured.out
                if not compared:
                    compared.append(apart(compare, answered, out))
                return measured

            return theirs

        sides = {"rollcall": ours, "duckdb": peer("duckdb"), "polars": peer("polars")}
        medians = bench.alternate(options.rounds, sides)
    ours, duckdb, polars = medians.values()
    bench.say("row by row the same outcome, codes, account and contact id on all sides; the directory's load on none")
    bench.say(f"rows/s: {options.rows / ours.wall:,.0f}, duckdb {options.rows / duckdb.wall:,.0f}, polars {options.rows / polars.wall:,.0f}")
    bench.say(f"polars: wall {polars.wall / ours.wall:.2f}, cpu {polars.cpu / ours.cpu:.2f}, memory {polars.peak / ours.peak:.2f}")
    bench.say(f"G3 in cpu seconds: {duckdb.cpu / ours.cpu:.2f}")
    bench.say(f"G3 memory ratio (goal 12, bar 10): {duckdb.peak / ours.peak:.2f}")
    bench.say(f"G3 ratio (goal 6, bar 3.5): {duckdb.wall / ours.wall:.2f}")


def answers(folder):
    """Gives each row's answer: outcome, errors, account, contact id."""
    found = {}
    for name in ("succeeded.csv", "failed.csv"):
        with open(folder / name, encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                found[int(row["rollcall_row"])] = (
                    row["rollcall_outcome"],
                    row.get("rollcall_errors", ""),
                    row.get("rollcall_account_id", ""),
                    contact_id(row.get("rollcall_contact_id", "")),
                )
    return found


def contact_id(text):
    """Gives an id in hexadecimal, which is how the peers write it."""
    return base64.b32decode(text.upper() + "======").hex() if len(text) == 26 else text


def apart(function, *arguments):
    """Calls a function in a process of its own: the system counts the memory of this one as that of each it starts."""
    process = multiprocessing.get_context("fork").Process(target=function, args=arguments)
    process.start()
    process.join()
    assert process.exitcode == 0, "the answers differ: see above"
    return True


def compare(ours, theirs):
    """Fails at the first row that is answered otherwise."""
    ours, theirs = answers(ours), answers(theirs)
    assert ours.keys() == theirs.keys(), f"{len(ours)} rows here, {len(theirs)} there"
    for row, answer in ours.items():
        assert answer == theirs[row], f"row {row}: {answer} here, {theirs[row]} there"


if __name__ == "__main__":
    main()
