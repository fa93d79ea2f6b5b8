#!/usr/bin/env python3
"""G6: peak memory of the whole local import at 10,000,000 rows beside 1,000,000 rows.

The peak of the process counts the pages of the mapped directory and contacts, which the system takes back at need;
beyond them is what no file stands behind (RssAnon, looked at every 5 ms). A distinct identity may take 48 bytes there.
"""

import shutil
import sys

import bench

IDENTITY = 48
# Bytes of disk a row, all copies together: the input, the bucket's copy, the fragments, the results, the contacts.
ROW = 2_600


def main():
    parser = bench.arguments(__doc__, rows=10 * bench.ROWS, rounds=1)
    parser.add_argument("--beside", type=int, default=bench.ROWS, help="rows of the small list (%(default)s)")
    options = parser.parse_args()
    bench.CACHE.mkdir(parents=True, exist_ok=True)
    free, wanted = shutil.disk_usage(bench.CACHE).free, (options.rows + options.beside) * ROW
    if free < wanted:
        sys.exit(f"wants {wanted // bench.MIB} MiB of disk, {free // bench.MIB} MiB are free: --rows takes fewer")
    with bench.Bench(options) as run:
        home = run.home("home")
        identities = {}

        def side(rows):
            contacts = run.input("contacts", rows)
            copy = run.fresh(home)
            measured = bench.Run(run.import_of(copy, contacts), watch=True)
            identities[rows] = bench.answered(measured, rows)["created"]
            shutil.rmtree(copy)
            return measured

        sides = {f"{rows} rows": lambda rows=rows: side(rows) for rows in (options.beside, options.rows)}
        try:
            small, large = bench.alternate(options.rounds, sides, warm_up=False).values()
        finally:
            if options.rows > bench.ROWS:
                run.input("contacts", options.rows).unlink()
    (few, small_beyond), (many, large_beyond) = (
        (rows, measured.anonymous - identities[rows] * IDENTITY / bench.MIB)
        for rows, measured in ((options.beside, small), (options.rows, large))
    )
    for rows, measured, beyond in ((few, small, small_beyond), (many, large, large_beyond)):
        bench.say(
            f"{rows} rows: peak {measured.peak:.0f} MiB, of it with no file behind {measured.anonymous:.0f} MiB,"
            f" less {IDENTITY} bytes for each of {identities[rows]} identities {beyond:.0f} MiB"
        )
    bench.say(f"G6 with no file behind, ratio: {large.anonymous / small.anonymous:.2f}")
    bench.say(f"G6 beyond the mapped directory and the identities (goal 64 MiB, bar 128 MiB): {large_beyond:.0f} MiB")
    bench.say(f"G6 ratio (goal 1.05, bar 1.2): {large.peak / small.peak:.2f}")


if __name__ == "__main__":
    main()
