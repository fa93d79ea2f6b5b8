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
                run.input_path("contacts", options.rows).unlink(missing_ok=True)
    allowed = {rows: count * IDENTITY / bench.MIB for rows, count in identities.items()}
    beyond = {}
    for rows, measured in ((options.beside, small), (options.rows, large)):
        beyond[rows] = measured.anonymous - allowed[rows]
        bench.say(
            f"{rows} rows: peak {measured.peak:.0f} MiB; with no file behind {measured.anonymous:.0f} MiB,"
            f" less {IDENTITY} bytes for each of {identities[rows]} identities {beyond[rows]:.0f} MiB"
        )
    less = (large.peak - allowed[options.rows]) / (small.peak - allowed[options.beside])
    bench.say(f"G6 ratio with no file behind: {large.anonymous / small.anonymous:.2f}")
    bench.say(f"G6 ratio less {IDENTITY} bytes an identity on both sides: {less:.2f}")
    worst = max(beyond.values())
    bench.say(f"G6 beyond mapped files and identities, the worse (goal 64 MiB, bar 128 MiB): {worst:.0f} MiB")
    bench.say(f"G6 ratio (goal 1.05, bar 1.2): {large.peak / small.peak:.2f}")


if __name__ == "__main__":
    main()
