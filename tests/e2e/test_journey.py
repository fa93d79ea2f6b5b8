"""Files that go all the way: from a drop to contacts, result files and a letter."""

import json
import subprocess

ACCOUNTS = """account_id,name,email,website,phone,document,region,activity,created_at,partner_of
A1,Alpha Media,ann@alpha-media.com,https://alpha-media.com,,,,5,2020-01-01,
A2,Beta Blog,bob@beta-blog.com,https://beta-blog.com,,,,3,2021-01-01,other
A3,Gamma One,one@gamma-shop.com,https://gamma-shop.com,,,,1,2019-01-01,
A4,Gamma Two,two@gamma-shop.com,https://gamma-shop.com,,,,9,2022-01-01,
"""
GROUPS = """name,workflow,accept,invite
VIP,welcome,on_sign_up,marketplace
Press,,,
"""
PROSPECTS = """name,email,website,group
Ann,ann@alpha-media.com,,VIP
Bob,bob@beta-blog.com,,VIP
Carla,carla@gamma-shop.com,https://gamma-shop.com,Press
Dora,dora@nowhere-else.com,,
Dora again,dora@nowhere-else.com,,VIP
Dora third,dora@nowhere-else.com,,VIP
Bad,not-an-address,,
Lost,lost@nowhere-else.com,,Nobody
;,,,
"Eve ""E."", née Ç",eve@nowhere-else.com,,
=run(),fay@nowhere-else.com,,
"""


def set_up(stack, program):
    stack.program(program)
    stack.drop("_marketplace", "directory/accounts", f"{program}.csv", ACCOUNTS.encode())
    stack.drop(program, "directory/groups", "groups.csv", GROUPS.encode())
    assert stack.wait_for("_marketplace", f"{program}.csv")[0]["status"] == "completed"
    assert stack.wait_for(program, "groups.csv")[0]["status"] == "completed"


def embedded(rollcall, folder, program, file, body):
    """The same on the embedded host; the bytes of both result files."""
    home = folder / "home"

    def run(*arguments):
        done = subprocess.run(
            [rollcall, "--home", str(home), *map(str, arguments)], capture_output=True, text=True, check=False
        )
        assert done.returncode in (0, 1), done.stderr
        return done.stdout

    for name, text in (("accounts.csv", ACCOUNTS), ("groups.csv", GROUPS), (file, body)):
        (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    run("program", "set", program, "--title", program, "--notify", f"{program}@notify.example")
    run("directory", "load", "accounts", folder / "accounts.csv")
    run("directory", "load", "groups", folder / "groups.csv", "--program", program)
    answer = json.loads(run("import", folder / file, "--program", program, "--profile", "prospects", "--json"))
    results = folder.__class__(answer["results"])
    return answer, (results / "succeeded.csv").read_bytes(), (results / "failed.csv").read_bytes()


def test_a_file_goes_all_the_way_and_is_the_embedded_hosts(stack, rollcall, tmp_path):
    set_up(stack, "journey")
    name = "fév + 50% «á».csv"
    stack.drop("journey", "prospects", "dry " + name, PROSPECTS.encode(), dry_run=True)
    (dry,) = stack.wait_for("journey", "dry " + name)
    assert dry["dry_run"] and not [c for c in stack.contacts() if c["pk"].startswith("journey#")]

    stack.drop("journey", "prospects", name, PROSPECTS.encode())
    (summary,) = stack.wait_for("journey", name)
    assert summary["status"] == "completed_with_errors"
    rows = summary["rows"]
    assert rows["read"] == sum(count for outcome, count in rows.items() if outcome != "read")
    for file in ("succeeded.csv", "failed.csv"):
        assert stack.result(dry, file) == stack.result(summary, file)

    answer, succeeded, failed = embedded(rollcall, tmp_path, "journey", "list.csv", PROSPECTS)
    assert answer["rows"] == rows
    assert stack.result(summary, "succeeded.csv") == succeeded
    assert stack.result(summary, "failed.csv") == failed

    contacts = [item for item in stack.contacts() if item["pk"].startswith("journey#")]
    assert len(contacts) == rows["created"]
    stack.wait_until_quiet()
    assert len(stack.letters_to("journey")) == 2
    assert stack.unfinished() == []


def test_several_at_once_and_the_same_event_twice(stack):
    stack.program("crowd")
    for number in range(6):
        body = "name,email\n" + "".join(f"N{row},n{number}-{row}@crowd-mail.com\n" for row in range(1500))
        stack.drop("crowd", "prospects", f"list-{number}.csv", body.encode())
    summaries = [stack.wait_for("crowd", f"list-{number}.csv")[0] for number in range(6)]
    assert {summary["status"] for summary in summaries} == {"completed"}
    assert all(summary["rows"]["created"] == 1500 for summary in summaries)

    before = stack.s3.head_object(Bucket=stack.bucket, Key="inbox/crowd/prospects/list-0.csv")
    event = {
        "source": "aws.s3", "detail-type": "Object Created", "time": "2026-01-01T00:00:00Z",
        "detail": {"bucket": {"name": stack.bucket}, "object": {
            "key": "inbox/crowd/prospects/list-0.csv", "size": before["ContentLength"],
            "etag": before["ETag"].strip('"'), "version-id": before.get("VersionId", "")}},
    }
    for _ in range(2):
        answer = stack.client("lambda").invoke(
            FunctionName=stack.outputs["SplitterName"], Payload=json.dumps(event).encode()
        )
        assert "FunctionError" not in answer, answer["Payload"].read()
    stack.wait_until_quiet()
    assert len(stack.letters_to("crowd")) == 6
    assert len(stack.summaries("crowd")) == 6
    assert len([item for item in stack.contacts() if item["pk"].startswith("crowd#")]) == 9000


def test_refused_unknown_and_unasked(stack):
    stack.program("bad")
    stack.drop("bad", "prospects", "no-columns.csv", b"colour,size\nred,1\n")
    stack.drop("bad", "unheard-of", "list.csv", b"name,email\nA,a@b-mail.com\n")
    stack.drop("nobody", "prospects", "list.csv", b"name,email\nA,a@b-mail.com\n")
    stack.drop("bad", "prospects", "~$lock.csv", b"x")
    (columns,) = stack.wait_for("bad", "no-columns.csv")
    (profile,) = stack.wait_for("bad", "list.csv")
    (program,) = stack.wait_for("nobody", "list.csv")
    codes = [[error["code"] for error in summary["errors"]] for summary in (columns, profile, program)]
    assert [summary["status"] for summary in (columns, profile, program)] == ["refused"] * 3
    assert "column_missing" in codes[0] and codes[1] == ["profile_unknown"] and codes[2] == ["program_unknown"]
    stack.wait_until_quiet()
    assert len(stack.summaries("bad")) == 2 and len(stack.letters_to("bad")) == 2


def test_options_come_as_metadata_or_beside_the_file(stack):
    stack.program("options")
    body = b"name;email\nA;a@option-mail.com\nB;b@option-mail.com\n"
    stack.drop("options", "prospects", "meta.csv", body, Metadata={"rollcall-rows": "1", "rollcall-dry_run": "true"})
    stack.put("inbox/options/prospects/side.csv.options.toml", b'rows = "2"\n')
    stack.drop("options", "prospects", "side.csv", body)
    (meta,) = stack.wait_for("options", "meta.csv")
    (side,) = stack.wait_for("options", "side.csv")
    assert meta["dry_run"] and (meta["rows"]["created"], meta["rows"]["skipped"]) == (1, 1)
    assert not side["dry_run"] and (side["rows"]["created"], side["rows"]["skipped"]) == (1, 1)
