"""Every profile, with a directory of every kind: the same bytes as on the embedded host."""

import json
import subprocess
import time

from stack import ROOT

SAMPLES = ROOT / "functions" / "local" / "samples"
KINDS = ["accounts", "groups", "tags", "agents", "owners", "companies", "cadences"]
SETTINGS = {"region": "BR", "locale": "pt", "time_zone": "America/Sao_Paulo"}
MAILING = "Telefone 1;Nome\n+55 11 91234-567{};Um\n+55 11 91234-568{};Dois\n"


class Embedded:
    def __init__(self, binary, folder):
        self.binary, self.home, self.folder = binary, folder / "home", folder

    def run(self, *arguments):
        command = [self.binary, "--home", str(self.home), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stderr
        return done.stdout

    def load(self, kind, file, program):
        self.run("directory", "load", kind, file, "--program", program)

    def imported(self, program, profile, file, body, options):
        path = self.folder / file
        path.write_bytes(body)
        given = [part for name, value in options.items() for part in ("--set", f"{name}={value}")]
        answer = self.run("import", path, "--program", program, "--profile", profile, "--json", *given)
        return json.loads(answer)


def same(stack, embedded, program, profile, file, body, **options):
    """Imports on both; what must be the same is."""
    stack.drop(program, profile, file, body, Metadata={f"rollcall-{name}": value for name, value in options.items()})
    (summary,) = stack.wait_for(program, file)
    expected = embedded.imported(program, profile, file, body, options)
    results = embedded.folder.__class__(expected.pop("results"))
    for name in ("succeeded.csv", "failed.csv"):
        assert stack.result(summary, name) == (results / name).read_bytes(), (profile, name)
    own = ("import_id", "started_at", "finished_at")
    assert {**summary, **dict.fromkeys(own)} == {**expected, **dict.fromkeys(own)}
    return summary


def test_every_profile_is_the_embedded_hosts(stack, rollcall, tmp_path):
    embedded = Embedded(rollcall, tmp_path)
    stack.program("samples", **SETTINGS)
    embedded.run("program", "set", "samples", "--title", "samples", "--notify", "samples@notify.example",
                 "--region", "BR", "--locale", "pt", "--time-zone", "America/Sao_Paulo")
    for kind in KINDS:
        file = SAMPLES / "directory" / f"{kind}.csv"
        owner = "_marketplace" if kind == "accounts" else "samples"
        stack.drop(owner, f"directory/{kind}", f"samples-{kind}.csv", file.read_bytes())
        embedded.load(kind, file, "samples")
    for kind in KINDS:
        owner = "_marketplace" if kind == "accounts" else "samples"
        assert stack.wait_for(owner, f"samples-{kind}.csv")[0]["status"] == "completed", kind
    for profile in ("prospects", "partners", "mailing", "leads", "accounts"):
        options = {"validate_agent": "true"} if profile == "mailing" else {}
        summary = same(stack, embedded, "samples", profile, f"{profile}.csv",
                       (SAMPLES / f"{profile}.csv").read_bytes(), **options)
        assert summary["rows"]["created"] > 0, profile

    workbook = tmp_path / "template.xlsx"
    embedded.run("profiles", "template", "accounts", "--format", "xlsx", "--output", workbook)
    summary = same(stack, embedded, "samples", "accounts", "accounts.xlsx", workbook.read_bytes())
    assert summary["rows"]["read"] > 0


def test_a_list_takes_the_place_of_the_one_before(stack, rollcall, tmp_path):
    embedded = Embedded(rollcall, tmp_path)
    stack.program("calls", **SETTINGS)
    embedded.run("program", "set", "calls", "--title", "calls", "--notify", "calls@notify.example",
                 "--region", "BR", "--locale", "pt", "--time-zone", "America/Sao_Paulo")
    first, second = MAILING.format(0, 0).encode(), MAILING.format(0, 1).encode()

    def rows(file, body, **options):
        # A bucket tells seconds, and the newest import wins.
        time.sleep(1.1)
        told = same(stack, embedded, "calls", "mailing", file, body, **options)["rows"]
        return told["created"], told["updated"], told["unchanged"]

    assert rows("first.csv", first) == (2, 0, 0)
    # A dry run replaces nothing.
    assert rows("dry.csv", second, replace="true", dry_run="true") == (1, 0, 1)
    assert rows("again.csv", first) == (0, 0, 2)
    assert rows("second.csv", second, replace="true") == (1, 0, 1)
    # Who is not in the second list is not there any more.
    assert rows("third.csv", first) == (1, 0, 1)
