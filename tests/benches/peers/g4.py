#!/usr/bin/env python3
"""G4: rows a second of the whole local import against django-import-export, row by row and in bulk.

The peer imports the first rows of the same list (`--peer-rows`), for the whole would take it hours; it cleans e-mail and
phone, matches nothing, and its start is not counted. Our rate is that of the whole process at all rows, and beside it at
the peer's few, where start and end are most of the time.
"""

import json
import pathlib
import shutil

import bench

DJANGO = pathlib.Path(__file__).with_name("g4_django.py")


def main():
    parser = bench.arguments(__doc__, rounds=3)
    parser.add_argument("--peer-rows", type=int, default=5_000, help="rows that the peer imports (%(default)s)")
    options = parser.parse_args()
    python = bench.peers("django", "django-import-export", "email-validator", "phonenumbers")
    with bench.Bench(options) as run:
        contacts, few = (run.input("contacts", rows) for rows in (options.rows, options.peer_rows))
        home = run.home("home")

        def ours(path, rows):
            copy = run.fresh(home)
            measured = bench.Run(run.import_of(copy, path))
            bench.answered(measured, rows)
            shutil.rmtree(copy)
            return measured

        def theirs(how):
            database = run.folder / "peer.sqlite"
            database.unlink(missing_ok=True)
            measured = bench.Run([python, DJANGO, how, few, database])
            said = json.loads(measured.out)
            assert measured.code == 0 and 0 < said["bad"] < said["rows"] / 20, f"{said}"
            assert said["kept"] + said["bad"] == said["rows"] == options.peer_rows, f"{said}"
            measured.wall = said["seconds"]
            return measured

        sides = {
            "rollcall": lambda: ours(contacts, options.rows),
            "django-import-export real": lambda: theirs("real"),
            "rollcall, the peer's rows": lambda: ours(few, options.peer_rows),
            "django-import-export bulk": lambda: theirs("bulk"),
        }
        ours_all, real, ours_few, bulk = bench.alternate(options.rounds, sides).values()
    cpu = ours_all.cpu / options.rows * options.peer_rows
    bench.say(f"G4 in cpu seconds, the peer's start counted: real {real.cpu / cpu:.0f}, bulk {bulk.cpu / cpu:.0f}")
    whole, small = options.rows / ours_all.wall, options.peer_rows / ours_few.wall
    real, bulk = options.peer_rows / real.wall, options.peer_rows / bulk.wall
    bench.say(f"rows/s: {whole:,.0f} ({small:,.0f} at {options.peer_rows} rows), real {real:,.0f}, bulk {bulk:,.0f}")
    bench.say(f"G4 at {options.peer_rows} rows on both sides: real {small / real:.0f}, bulk {small / bulk:.0f}")
    bench.say(f"G4 bulk ratio (goal 400, bar 150): {whole / bulk:.0f}")
    bench.say(f"G4 ratio (goal 800, bar 300): {whole / real:.0f}")


if __name__ == "__main__":
    main()
