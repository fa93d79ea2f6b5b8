#!/usr/bin/env python3
"""The floor of a machine below an import: its file copied, and as many bytes written as it writes, with nothing else done.

Each round imports into a fresh copy of a home, then runs `cp` of the list, and `dd` of zeros as many as the import
gave to the disk, once by direct I/O and once through the page cache, both until they are durable.
"""

import shutil
import subprocess
import sys
import time

import bench

BLOCK = "1M"


def main():
    options = bench.arguments(__doc__).parse_args()
    with bench.Bench(options) as run:
        contacts, home = run.input("contacts", options.rows), run.home("home")
        written = measure_written(run, home, contacts)
        bench.say(f"an import gives the disk {written:,} MiB; the list has {contacts.stat().st_size // bench.MIB} MiB")
        target = run.folder / "floor"

        def ours():
            copy = run.fresh(home)
            measured = bench.Run(run.import_of(copy, contacts))
            bench.answered(measured, options.rows)
            shutil.rmtree(copy)
            return measured

        def side(*command):
            def peer():
                target.unlink(missing_ok=True)
                measured = bench.Run(command)
                assert measured.code == 0, measured.code
                return measured

            return peer

        dd = ["dd", "if=/dev/zero", f"of={target}", f"bs={BLOCK}", f"count={written}", "status=none"]
        medians = bench.alternate(options.rounds, {
            "rollcall import": ours,
            "cp of the list": side("cp", contacts, target),
            "dd, direct": side(*dd, "oflag=direct", "conv=fsync"),
            "dd, page cache": side(*dd, "conv=fsync"),
        })
    ours = medians.pop("rollcall import")
    for name, median in medians.items():
        bench.say(f"{name}: {median.wall / ours.wall:.2f} of the import's wall time, {median.cpu / ours.cpu:.2f} of its "
                  "processor time")


def measure_written(run, home, contacts):
    """Gives the MiB that an import gives to the disk, as the kernel counts them."""
    copy = run.fresh(home)
    command = [str(word) for word in run.import_of(copy, contacts)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=sys.stderr)
    written = 0
    while process.poll() is None:
        try:
            with open(f"/proc/{process.pid}/io", encoding="ascii") as counters:
                fields = dict(line.split(": ") for line in counters)
        except OSError:
            break
        written = max(written, int(fields.get("write_bytes", 0)))
        time.sleep(0.01)
    process.wait()
    shutil.rmtree(copy)
    return written // bench.MIB


if __name__ == "__main__":
    main()
