#!/usr/bin/env python3
"""G12: the console's first preview of a file of 100 MB, beside reading that file once; and the JavaScript that it sends.

A list from a fixed seed is uploaded to `rollcall serve` over HTTP. Then the page that checks it is fetched, as a browser does
after an upload: columns, samples, a preview of a thousand rows, counts of five thousand. The peer is `cat FILE > /dev/null`. Before each
of both the file leaves the page cache, so that both read the disk; the times with a file in memory are printed too. Each round is a
pair, one right after the other, and the figure is the median of the rounds' ratios: what else the machine does meets both.
"""

import argparse
import http.client
import os
import pathlib
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
CACHE = ROOT / "target" / "bench"
MEGABYTES = 100
SCRIPT_LIMIT = 40 * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rollcall", type=pathlib.Path, help="a release binary that is there; built otherwise")
    parser.add_argument("--rounds", type=int, default=31, help="rounds that count (%(default)s)")
    options = parser.parse_args()
    rollcall = options.rollcall
    if not rollcall:
        subprocess.run(["cargo", "build", "--quiet", "--release", "-p", "rollcall"], cwd=ROOT, check=True)
        rollcall = ROOT / "target" / "release" / "rollcall"
    CACHE.mkdir(parents=True, exist_ok=True)
    source = CACHE / f"g12-{MEGABYTES}mb.csv"
    write_list(source)
    with tempfile.TemporaryDirectory(prefix="run-", dir=CACHE) as place:
        home = pathlib.Path(place) / "home"
        subprocess.run(
            [rollcall, "--home", home, "program", "set", "acme", "--region", "BR"], check=True, stdout=subprocess.DEVNULL
        )
        serve = subprocess.Popen(
            [rollcall, "--home", home, "serve", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True
        )
        try:
            figures = measure(Console(serve.stdout.readline()), home, source, options.rounds)
        finally:
            serve.kill()
            serve.wait()
    cold, warm, scripts = figures
    for name, pairs in (("in memory", warm), ("from disk", cold)):
        preview, reading = (statistics.median(seconds) * 1000 for seconds in zip(*pairs))
        print(f"{name}: preview {preview:.0f} ms, reading {reading:.0f} ms, {spread(pairs)}")
    print(f"JavaScript: {scripts / 1024:.1f} KB sent (40)")
    print(f"G12 preview : reading once {statistics.median(ratios(cold)):.2f} (1.5)")
    return 0 if scripts <= SCRIPT_LIMIT else 1


def ratios(pairs):
    return [preview / reading for preview, reading in pairs]


def spread(pairs):
    """Half of the ratios are between these."""
    first, middle, third = statistics.quantiles(ratios(pairs), n=4)
    return f"ratio {middle:.2f} ({first:.2f} to {third:.2f})"


def write_list(path):
    """A list of about 100 MB, the same each time."""
    if path.exists() and path.stat().st_size >= MEGABYTES * 1_000_000:
        return
    dice = random.Random(12)
    with open(path, "w", encoding="utf-8", newline="") as out:
        out.write("Name,E-mail,Phone,Website,Country,Note\r\n")
        row = 0
        while out.tell() < MEGABYTES * 1_000_000:
            for _ in range(10_000):
                row += 1
                phone = f"+55 11 9{dice.randrange(10**8):08}"
                note = " ".join(dice.choice(("fair", "call", "March", "São Paulo", "later")) for _ in range(4))
                out.write(f"Person {row},p{row}@list-{row % 97}.example,{phone},www.site-{row}.example,BR,{note}\r\n")


class Console:
    """A session with the console."""

    def __init__(self, line):
        self.host, token = re.search(r"http://([^/]+)/\?token=(\S+)", line).groups()
        self.cookie = self.send("GET", f"/?token={token}")[1]["set-cookie"].split(";")[0]

    def send(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(self.host, timeout=600)
        headers = {"cookie": getattr(self, "cookie", ""), **(headers or {})}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status >= 400:
            sys.exit(f"{method} {path}: {answer.status} {content[:300]}")
        return content, {name.lower(): value for name, value in answer.getheaders()}


def measure(console, home, source, rounds):
    """Pairs of seconds, of the preview and of reading, from disk and in memory; bytes of all scripts."""
    said = f'{{"file":"list.csv","profile":"prospects","size":{source.stat().st_size}}}'
    begun = console.send("POST", "/api/programs/acme/uploads", said, {"content-type": "application/json"})[0].decode()
    upload, url = re.search(r'"upload_id":"(\w+)"', begun).group(1), re.search(r'"url":"([^"]+)"', begun).group(1)
    with open(source, "rb") as file:
        console.send("PUT", url, file, {"content-length": str(source.stat().st_size)})
    uploaded = home / "bucket" / "uploads" / "acme" / upload / "file"

    def preview():
        page = console.send("GET", f"/p/acme/new/{upload}")[0].decode()
        assert "p1@list-1.example" in page, "the page shows the first row"

    def read():
        subprocess.run(["cat", uploaded], stdout=subprocess.DEVNULL, check=True)

    found = []
    for is_cold in (True, False):
        pairs = []
        for number in range(rounds + 1):
            # Each goes first as often as the other.
            works = (preview, read) if number % 2 else (read, preview)
            seconds = {}
            for work in works:
                if is_cold:
                    forget(uploaded)
                began = time.perf_counter()
                work()
                seconds[work] = time.perf_counter() - began
            if number:
                pairs.append((seconds[preview], seconds[read]))
        found.append(pairs)
    page = console.send("GET", "/p/acme/new")[0].decode()
    scripts, wanted = {}, re.findall(r'src="(/assets/[\w.]+\.js)"', page)
    while wanted:
        path = wanted.pop()
        if path not in scripts:
            scripts[path] = console.send("GET", path)[0].decode()
            wanted += re.findall(r'from "(/assets/[\w.]+\.js)"', scripts[path])
    return *found, sum(len(text.encode()) for text in scripts.values())


def forget(path):
    """Takes a file out of the page cache."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


if __name__ == "__main__":
    sys.exit(main())
