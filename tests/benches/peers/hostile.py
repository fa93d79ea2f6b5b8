#!/usr/bin/env python3
"""Files that are made to cost much, through the program: seconds and peak memory of each, beside a clean file.

No file of 10 MB may take a hundred times as long as a clean one of its size, and none more memory than a quarter of
what the template gives a function.
"""

import json
import pathlib
import shutil
import subprocess

import bench

BYTES = 10_000_000
# MiB, beyond 48 bytes for each distinct identity.
LIMIT, IDENTITY = 256, 48
TIMES = 100


def main():
    parser = bench.arguments(__doc__, rounds=1)
    parser.add_argument("--bytes", type=int, default=BYTES, help="bytes of each file (%(default)s)")
    parser.add_argument("--files", type=pathlib.Path, help="the example `hostile`, built; built otherwise")
    options = parser.parse_args()
    if not options.files:
        bench.cargo("-p", "rollcall-tests", "--example", "hostile")
    maker = options.files or bench.TARGET / "release" / "examples" / "hostile"
    slowest, largest = 0.0, 0.0
    with bench.Bench(options) as run:
        home = run.home("home", directory=False)
        made = subprocess.run([maker, run.folder / "files", str(options.bytes)], stdout=subprocess.PIPE, check=True)
        clean = None
        for line in made.stdout.decode().splitlines():
            profile, path = line.split("\t")
            path = pathlib.Path(path)
            copy = run.fresh(home)
            command = [run.rollcall, "--home", copy, "import", path, "--program", "acme", "--profile", profile]
            measured = bench.Run([*command, "--json"], watch=True)
            assert measured.code in (0, 1, 2), f"{path.stem}: exit code {measured.code}"
            rows = json.loads(measured.out).get("rows") or {}
            others = sum(count for outcome, count in rows.items() if outcome != "read")
            assert rows.get("read", 0) == others, f"{path.stem}: totals do not add up: {rows}"
            clean = clean or measured
            # A file that is packed is as large as it is sent.
            share = max(path.stat().st_size / options.bytes, 0.2)
            times = measured.wall / (clean.wall * share)
            slowest, largest = max(slowest, times), max(largest, beyond(measured, rows))
            told = f"{times:6.1f} times, {beyond(measured, rows):6.0f} MiB beyond identities"
            bench.say(f"{path.stem:<44} exit {measured.code} {bench.told(measured)}  {told}")
            shutil.rmtree(copy)
            path.unlink()
    bench.say(f"most memory beyond identities (limit {LIMIT}): {largest:.0f} MiB")
    bench.say(f"times a clean file's seconds (limit {TIMES}): {slowest:.1f}")


def beyond(measured, rows):
    """MiB that no file stands behind, less what each row's identity may cost."""
    return measured.anonymous - rows.get("read", 0) * IDENTITY / bench.MIB


if __name__ == "__main__":
    main()
