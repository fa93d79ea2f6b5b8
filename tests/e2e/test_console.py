"""The console through its HTTP API, with tokens of its own users and the roles' policies enforced: from an upload to an
undone import."""

import json
import time
import urllib.error
import urllib.request
from types import SimpleNamespace

import pytest
from stack import start
from test_faults import people, rows_add_up

PASSWORD = "Correct-Horse-9"


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    yield from start(tmp_path_factory, "console", auth=True)


class Kept(urllib.request.HTTPRedirectHandler):
    """Does not follow: where a file is, is what a test looks at."""

    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(Kept)


def send(method, url, body=None, headers=None):
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with OPENER.open(request, timeout=60) as answer:
            return SimpleNamespace(status=answer.status, headers=answer.headers, body=answer.read())
    except urllib.error.HTTPError as error:
        return SimpleNamespace(status=error.code, headers=error.headers, body=error.read())


class User:
    """Somebody with a token, or with none."""

    def __init__(self, stack, name=None, programs=None):
        api = stack.outputs["ConsoleUrl"].split("//", 1)[1].split(".", 1)[0]
        self.url = f"{stack.emulator.url}/_aws/execute-api/{api}/$default"
        self.headers = {"Authorization": f"Bearer {token(stack, name, programs)}"} if name else {}

    def send(self, method, path, given=None, **headers):
        body = None if given is None else json.dumps(given).encode()
        kind = {} if given is None else {"Content-Type": "application/json"}
        return send(method, self.url + path, body, {**self.headers, **kind, **headers})

    def ask(self, method, path, given=None, wanted=200, **headers):
        answer = self.send(method, path, given, **headers)
        assert answer.status == wanted, (method, path, answer.status, answer.body[:600])
        return json.loads(answer.body) if answer.body else None

    def upload(self, program, profile, file, body):
        """An upload as a browser sends it: the bytes go to the bucket."""
        begun = self.ask("POST", f"/api/programs/{program}/uploads", {"file": file, "profile": profile, "size": len(body)}, 201)
        put = send("PUT", begun["put"]["url"], body, begun["put"]["headers"])
        assert put.status == 200, put.body
        return begun

    def over(self, stack, program, import_id):
        """The state of an import, once it is over."""
        path = f"/api/programs/{program}/imports/{import_id}"

        def state():
            found = self.ask("GET", path)
            return found if found["phase"] == "over" else None

        return stack.wait(state, lambda: self.ask("GET", path))


def token(stack, name, programs):
    cognito, pool = stack.client("cognito-idp"), stack.outputs["ConsoleUsersId"]
    attributes = [{"Name": "email", "Value": name}]
    attributes += [{"Name": "custom:rollcall_programs", "Value": programs}] if programs is not None else []
    cognito.admin_create_user(UserPoolId=pool, Username=name, UserAttributes=attributes, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=name, Password=PASSWORD, Permanent=True)
    signed_in = cognito.initiate_auth(ClientId=stack.outputs["ConsoleClientId"], AuthFlow="USER_PASSWORD_AUTH",
                                      AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD})
    return signed_in["AuthenticationResult"]["IdToken"]


@pytest.fixture(scope="module")
def ann(console):
    console.program("fair", locale="en")
    console.program("other")
    return User(console, "ann@users.example", "fair, missing")


FILE = b"name,email,note\nAda,ada@fair-mail.com,one\nBob,nothing,two\nCy,cy@fair-mail.com,three\n"


def test_a_journey(console, ann):
    begun = ann.upload("fair", "prospects", "list.csv", FILE)
    upload = f"/api/programs/fair/uploads/{begun['upload_id']}"
    preview = ann.ask("POST", f"{upload}/preview", {})
    assert [row["status"] for row in preview["rows"]] == ["", "error", ""]
    assert console.keys("inbox/fair/") == [] and console.summaries("fair") == []

    row = ann.ask("PUT", f"{upload}/cells", {"row": 2, "field": "email", "value": "bob@fair-mail.com"})["row"]
    assert row["status"] == ""

    given = {"upload_id": begun["upload_id"], "dry_run": True, "options": {"notify": "fair@notify.example"}}
    dry_run = ann.ask("POST", "/api/programs/fair/imports", given, 202, **{"Idempotency-Key": "first"})["import_id"]
    again = ann.ask("POST", "/api/programs/fair/imports", given, 202, **{"Idempotency-Key": "first"})["import_id"]
    assert again == dry_run
    ann.ask("POST", "/api/programs/fair/imports", {**given, "dry_run": False}, 422, **{"Idempotency-Key": "first"})
    # Known at once, before its event is handled.
    assert ann.ask("GET", f"/api/programs/fair/imports/{dry_run}")["import_id"] == dry_run
    state = ann.over(console, "fair", dry_run)
    assert state["status"] == "completed" and state["rows"]["created"] == 3 and state["dry_run"] is True
    assert console.contacts() == []

    approve = f"/api/programs/fair/imports/{dry_run}/approve"
    approved = ann.ask("POST", approve, None, 202)["import_id"]
    assert ann.ask("POST", approve, None, 202)["import_id"] == approved != dry_run
    state = ann.over(console, "fair", approved)
    assert state["status"] == "completed" and state["approves"] == dry_run

    for file, text in (("succeeded.csv", b"ada@fair-mail.com"), ("report.html", b"<html"), ("summary.json", approved.encode())):
        answer = ann.send("GET", f"/api/programs/fair/imports/{approved}/results/{file}")
        assert answer.status == 303, (file, answer.body)
        assert "X-Amz-Expires=300" in answer.headers["Location"]
        assert text in send("GET", answer.headers["Location"]).body

    listed = ann.ask("GET", "/api/programs/fair/imports?limit=1")
    assert [one["import_id"] for one in listed["imports"]] == [approved]
    listed = ann.ask("GET", f"/api/programs/fair/imports?limit=1&cursor={listed['next']}")
    assert [one["import_id"] for one in listed["imports"]] == [dry_run] and listed["next"] is None

    contacts = ann.ask("GET", "/api/programs/fair/contacts?search=cy@fair-mail.com")["contacts"]
    assert [contact["name"] for contact in contacts] == ["Cy"]
    assert ann.ask("GET", f"/api/programs/fair/contacts/{contacts[0]['contact_id']}")["email"] == "cy@fair-mail.com"
    erased = ann.ask("DELETE", f"/api/programs/fair/contacts/{contacts[0]['contact_id']}?everywhere=true")
    assert erased["erased"] is True and erased["suppressed"] == 1
    assert b"cy@fair-mail.com" not in console.get(f"imports/fair/{approved}/succeeded.csv")

    undone = ann.ask("POST", f"/api/programs/fair/imports/{approved}/undo", {"dry_run": False}, 202)["import_id"]
    state = ann.over(console, "fair", undone)
    assert state["undoes"] == approved and state["rows"]["removed"] == 2
    assert ann.ask("GET", "/api/programs/fair/contacts")["contacts"] == []
    assert ann.ask("POST", f"/api/programs/fair/imports/{approved}/undo", {"dry_run": False}, 202)["import_id"] == undone


def test_a_mapping_is_saved(ann):
    path = "/api/programs/fair/mappings/prospects/0123456789abcdef"
    ann.ask("GET", path, None, 404)
    ann.ask("PUT", path, {"options": {"map": {"Mail": "email"}}}, 204)
    assert ann.ask("GET", path)["options"] == {"map.Mail": "email"}


def test_files_of_one_name_are_imports_of_their_own(console, ann):
    """Each with its own options: those of one are not those of another."""
    ids = []
    for rows in ("1", "2"):
        begun = ann.upload("fair", "prospects", "same.csv", people(3, f"same-{rows}.com"))
        ids.append(ann.ask("POST", "/api/programs/fair/imports", {
            "upload_id": begun["upload_id"], "dry_run": True, "options": {"rows": rows}}, 202)["import_id"])
    states = [ann.over(console, "fair", one) for one in ids]
    assert [state["file"] for state in states] == ["same.csv", "same (2).csv"]
    assert [(state["rows"]["created"], state["rows"]["skipped"]) for state in states] == [(1, 2), (1, 2)]
    succeeded = [console.rows(state, "succeeded.csv") for state in states]
    assert [rows[0]["rollcall_row"] for rows in succeeded] == ["1", "2"]


def test_an_import_is_cancelled(console, ann):
    begun = ann.upload("fair", "prospects", "long.csv", people(6_000, "long-mail.com"))
    import_id = ann.ask("POST", "/api/programs/fair/imports", {"upload_id": begun["upload_id"], "options": {}}, 202)["import_id"]
    ann.ask("POST", f"/api/programs/fair/imports/{import_id}/cancel", None, 202)
    state = ann.over(console, "fair", import_id)
    assert state["status"] in ("cancelled", "completed")
    assert rows_add_up(json.loads(console.get(f"imports/fair/{import_id}/summary.json")))
    ann.ask("POST", f"/api/programs/fair/imports/{import_id}/cancel", None, 409)


def test_another_s_program_and_none_are_the_same_answer(console, ann):
    assert [one["program"] for one in ann.ask("GET", "/api/programs")["programs"]] == ["fair"]
    answers = [ann.send("GET", f"/api/programs/{name}/imports") for name in ("other", "missing", "nowhere")]
    assert {(answer.status, answer.body) for answer in answers} == {(404, answers[0].body)}
    nobody = User(console, "nobody@users.example")
    assert nobody.ask("GET", "/api/programs")["programs"] == []
    assert nobody.send("GET", "/api/programs/fair/imports").body == answers[0].body
    owner = User(console, "owner@users.example", "other")
    import_id = ann.ask("GET", "/api/programs/fair/imports")["imports"][0]["import_id"]
    owner.ask("GET", f"/api/programs/other/imports/{import_id}", None, 404)


def test_without_a_token_nothing_is_answered(console, ann):
    for path in ("/", "/api/programs", "/api/openapi.json", "/assets/desk.css"):
        assert User(console).send("GET", path).status == 401
    forged = User(console)
    head, body, _ = ann.headers["Authorization"].split(".")
    forged.headers = {"Authorization": f"{head}.{body}.AAAA"}
    assert forged.send("GET", "/api/programs").status == 401
    assert ann.send("POST", "/api/programs/fair/uploads", {"file": "a.csv", "profile": "prospects"}, **{"Sec-Fetch-Site": "cross-site"}).status == 403


def test_the_pages_are_the_desks(console, ann):
    page = ann.send("GET", "/p/fair/new")
    assert page.status == 200 and b"<form" in page.body
    policy = page.headers["Content-Security-Policy"]
    # Files go to the bucket, and nothing goes anywhere else.
    assert policy.endswith(f"connect-src 'self' {console.emulator.url}")
    template = ann.send("GET", "/api/profiles/accounts/template?format=xlsx")
    assert template.status == 200 and template.body.startswith(b"PK")
    imports = ann.ask("GET", "/api/programs/fair/imports")["imports"]
    ann.ask("GET", f"/api/programs/fair/imports/{imports[0]['import_id']}/events", None, 404)


def test_a_link_takes_what_it_was_made_for(console, ann):
    begun = ann.ask("POST", "/api/programs/fair/uploads", {"file": "list.csv", "profile": "prospects", "size": 10}, 201)
    other = begun["put"]["url"].replace(begun["upload_id"], "a" * 26)
    assert send("PUT", other, b"0123456789", begun["put"]["headers"]).status == 403
    ann.ask("POST", f"/api/programs/fair/uploads/{begun['upload_id']}/preview", {}, 409)
    large = ann.send("POST", "/api/programs/fair/uploads", {"file": "list.csv", "profile": "prospects", "size": 6 << 30})
    assert large.status == 413 and b"5 GiB" in large.body


def test_a_file_waits_for_its_event_and_is_imported_once(console, ann):
    """As if the function had ended after the claim: the same key goes on, and starts one import."""
    begun = ann.upload("fair", "prospects", "claimed.csv", people(2, "claimed-mail.com"))
    given = {"upload_id": begun["upload_id"], "dry_run": True, "options": {}}
    key = {"Idempotency-Key": f"claimed-{time.time()}"}
    first = ann.ask("POST", "/api/programs/fair/imports", given, 202, **key)["import_id"]
    (claim,) = [name for name in console.keys("uploads/fair/requests/") if json.loads(console.get(name))["import_id"] == first]
    held = json.loads(console.get(claim))
    console.put(claim, json.dumps({**held, "import_id": None}).encode())
    assert ann.ask("POST", "/api/programs/fair/imports", given, 202, **key)["import_id"] == first
    ann.over(console, "fair", first)
    assert len([one for one in console.summaries("fair") if one["file"] == "claimed.csv"]) == 1
