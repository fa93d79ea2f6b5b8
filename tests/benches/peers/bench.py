"""What the benches against other programs share: inputs, homes, peers, and the measuring of whole processes."""

import argparse
import csv
import hashlib
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv

ROOT = pathlib.Path(__file__).resolve().parents[3]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
CACHE = ROOT / "target" / "bench"
PEERS = ROOT / ".tools" / "peers"
MIB = 1024 * 1024
ROWS = 1_000_000
# Pinned, so that a ratio of last month is a ratio against the same program.
VERSIONS = {
    "duckdb": "2.0.0",
    "django": "5.2.19",
    "django-import-export": "4.4.3",
    "email-validator": "2.4.0",
    "phonenumbers": "9.0.43",
    "polars": "2.1.0",
    "polars-hash": "0.9.3",
}


def arguments(about, rows=ROWS, rounds=5):
    """Gives the parser of the flags that every bench takes."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("--rollcall", type=pathlib.Path, help="a release binary that is there; built otherwise")
    parser.add_argument("--list", type=pathlib.Path, help="the example `list`, built; built otherwise")
    parser.add_argument("--rows", type=int, default=rows, help="rows of the list (%(default)s)")
    parser.add_argument("--accounts", type=int, default=ROWS, help="rows of the directory (%(default)s)")
    parser.add_argument("--rounds", type=int, default=rounds, help="rounds that count (%(default)s)")
    return parser


class Bench:
    """One run of a bench: the programs, the inputs, and a folder that is gone afterwards."""

    def __init__(self, options):
        # A bench that is told to end still takes its gigabytes away.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
        self.options = options
        CACHE.mkdir(parents=True, exist_ok=True)
        self.rollcall = options.rollcall and options.rollcall.resolve()
        if not self.rollcall:
            cargo("-p", "rollcall")
            self.rollcall = TARGET / "release" / "rollcall"
        self.place = tempfile.TemporaryDirectory(prefix="run-", dir=CACHE)
        self.folder = pathlib.Path(self.place.name)
        say(f"rollcall {version(self.rollcall, '--version')}, {os.cpu_count()} cores, {load()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.place.cleanup()

    def input(self, what, rows):
        """Gives the list (`contacts`) or the directory (`accounts`) of so many rows, made once."""
        path = self.input_path(what, rows)
        if not path.exists():
            if not self.options.list:
                cargo("-p", "rollcall-tests", "--example", "list")
            maker = self.options.list or TARGET / "release" / "examples" / "list"
            part = path.with_suffix(".part")
            with part.open("wb") as out:
                subprocess.run([maker, what, str(rows)], stdout=out, check=True)
            part.rename(path)
        return path

    def input_path(self, what, rows):
        """Says where an input is kept: another generator, another name."""
        seed = hashlib.sha256((ROOT / "tests/src/list.rs").read_bytes()).hexdigest()[:8]
        return CACHE / f"{what}-{rows}-{seed}.csv"

    def home(self, name, directory=True):
        """Makes a home with a program, and with the directory loaded."""
        home = self.folder / name
        quiet([self.rollcall, "--home", home, "program", "set", "acme", "--region", "BR"])
        if directory:
            quiet(self.directory_load(home))
        return home

    def directory_load(self, home):
        """Gives the command that loads the directory."""
        accounts = self.input("accounts", self.options.accounts)
        return [self.rollcall, "--home", home, "directory", "load", "accounts", accounts]

    def import_of(self, home, path):
        """Gives the command that is measured."""
        command = [self.rollcall, "--home", home, "import", path, "--program", "acme"]
        return [*command, "--profile", "prospects", "--json"]

    def fresh(self, home, name="fresh"):
        """Copies a home; nothing of the copy is left to be written when this returns."""
        copy = self.folder / name
        shutil.rmtree(copy, ignore_errors=True)
        subprocess.run(["cp", "-a", "--reflink=auto", home, copy], check=True)
        os.sync()
        return copy


class Run:
    """What a whole process took: seconds, processor seconds, peaks in MiB."""

    def __init__(self, command, watch=False):
        os.sync()
        start = time.perf_counter()
        with tempfile.TemporaryFile() as out:
            process = subprocess.Popen([str(word) for word in command], stdout=out, stderr=sys.stderr)
            watcher = Watcher(process.pid) if watch else None
            try:
                _, status, used = os.wait4(process.pid, 0)
            except BaseException:
                process.kill()
                raise
            self.wall = time.perf_counter() - start
            process.returncode = self.code = os.waitstatus_to_exitcode(status)
            out.seek(0)
            self.out = out.read().decode()
        self.cpu = used.ru_utime + used.ru_stime
        self.peak = used.ru_maxrss / 1024
        self.anonymous = watcher.stop() if watcher else 0.0


class Watcher(threading.Thread):
    """Watches the memory of a process that no file stands behind."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.status, self.over, self.peak = f"/proc/{pid}/status", threading.Event(), 0
        self.start()

    def run(self):
        while not self.over.wait(0.005):
            try:
                with open(self.status, encoding="ascii", errors="replace") as status:
                    lines = [line.split() for line in status if line.startswith("RssAnon:")]
            except OSError:
                return
            self.peak = max([self.peak, *(int(words[1]) for words in lines)])

    def stop(self):
        """Gives the peak in MiB."""
        self.over.set()
        self.join()
        return self.peak / 1024


def alternate(rounds, sides, warm_up=True):
    """Runs A B A B after one round that does not count; `sides` gives each name a function that returns a `Run`."""
    runs = {name: [] for name in sides}
    for number in range(0 if warm_up else 1, rounds + 1):
        for name, side in sides.items():
            run = side()
            say(f"{f'round {number}' if number else 'warm-up':>8}  {name:<28} {told(run)}  {load()}")
            if number:
                runs[name].append(run)
    medians = {name: median(all_runs) for name, all_runs in runs.items()}
    for name, middle in medians.items():
        say(f"{'median':>8}  {name:<28} {told(middle)}")
    return medians


def median(runs):
    """Gives the median of each figure."""
    middle = object.__new__(Run)
    for figure in ("wall", "cpu", "peak", "anonymous"):
        setattr(middle, figure, statistics.median(getattr(run, figure) for run in runs))
    return middle


def told(run):
    """Gives the figures of a run as text."""
    return f"{run.wall:7.2f} s  {run.cpu:7.2f} cpu s  {run.peak:6.0f} MiB"


def answered(run, rows, update=False):
    """Fails where an import did not answer for every row; gives its totals."""
    assert run.code == 1, f"exit code of an import with bad rows: {run.code}"
    totals = json.loads(run.out)["rows"]
    read = totals["read"]
    others = sum(count for outcome, count in totals.items() if outcome != "read")
    assert read == others == rows, f"totals do not add up: {totals}"
    taken = totals["unchanged"] if update else totals["created"]
    assert taken and totals["rejected"] and not totals["unprocessed"], f"{totals}"
    return totals


def records(path):
    """Counts the records of a CSV file with a header."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def peers(*names):
    """Installs peers, ready-made only; gives their interpreter."""
    python = PEERS / "bin" / "python"
    if not python.exists():
        venv.create(PEERS, with_pip=True)
    wanted = [f"{name}=={VERSIONS[name]}" for name in names]
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--only-binary=:all:", *wanted], check=True)
    say(f"peers: {', '.join(wanted)}, Python {version(python, '--version').removeprefix('Python ')}")
    return python


def cargo(*what):
    """Builds."""
    subprocess.run(["cargo", "build", "--release", "--locked", *what], cwd=ROOT, check=True)


def quiet(command):
    """Runs what is not measured."""
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


def version(program, flag):
    """Gives what a program says of its version."""
    return subprocess.run([program, flag], capture_output=True, text=True, check=True).stdout.split("\n")[0]


def load():
    """Gives how busy the machine is."""
    return f"load {os.getloadavg()[0]:.1f}"


def say(line):
    """Prints at once."""
    print(line, flush=True)
