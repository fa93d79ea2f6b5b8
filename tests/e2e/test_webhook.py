"""The webhook: a real receiver that refuses at first, with the roles' policies enforced."""

import base64
import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from stack import start
from test_faults import people


class Receiver:
    """A server that answers what it is told to, and keeps what came."""

    def __init__(self):
        self.requests, self.answers = [], []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.server.server_port}"

    def of(self, import_id):
        return [request for request in self.requests if request[1]["webhook-id"] == import_id]


@pytest.fixture(scope="module")
def receiver():
    made = Receiver()
    yield made
    made.server.shutdown()


@pytest.fixture(scope="module")
def told(tmp_path_factory, receiver):
    # A debug build sends there what goes to any host.
    yield from start(tmp_path_factory, "webhook", auth=True, variables={"ROLLCALL_TEST_WEBHOOK_TO": receiver.address})


def waiting(stack):
    attributes = stack.sqs.get_queue_attributes(QueueUrl=stack.outputs["WebhookQueueUrl"], AttributeNames=["All"])["Attributes"]
    return sum(int(value) for name, value in attributes.items() if name.startswith("ApproximateNumberOfMessages"))


def test_a_server_that_refuses_is_told_again(told, receiver):
    told.program("hooked", webhook_url="https://hooks.partner.com/rollcall?team=1")
    receiver.answers = [500]
    told.drop("hooked", "prospects", "secret-name.csv", people(3, "hooked-mail.com"))
    (summary,) = told.wait_for("hooked", "secret-name.csv")
    import_id = summary["import_id"]
    told.wait(lambda: len(receiver.of(import_id)) >= 2, lambda: receiver.requests)
    requests = receiver.of(import_id)
    secret = told.client("secretsmanager").get_secret_value(SecretId=told.outputs["SecretArn"])["SecretString"]
    key = hmac.digest(secret.encode(), b"webhook\x1fhooked", hashlib.sha256)
    for path, headers, body in requests:
        assert path == "/rollcall?team=1" and headers["content-type"] == "application/json"
        signed = f"{import_id}.{headers['webhook-timestamp']}.".encode() + body
        assert headers["webhook-signature"] == "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        said = json.loads(body)
        assert said["type"] == "import.over" and said["data"]["rows"]["created"] == 3
        # Ids and counts only.
        assert b"@" not in body and b"secret-name" not in body
    assert len({body for _, _, body in requests}) == 1
    # Ten seconds lie between the first two attempts.
    first, second = (int(headers["webhook-timestamp"]) for _, headers, _ in requests[:2])
    assert second - first >= 9
    told.wait(lambda: waiting(told) == 0, lambda: waiting(told))
    assert told.client("sqs").get_queue_attributes(
        QueueUrl=told.outputs["ParkedQueueUrl"], AttributeNames=["All"])["Attributes"]["ApproximateNumberOfMessages"] == "0"


def test_a_program_without_a_server_is_not_told(told, receiver):
    told.program("unhooked")
    told.drop("unhooked", "prospects", "list.csv", people(2, "unhooked-mail.com"))
    (summary,) = told.wait_for("unhooked", "list.csv")
    told.wait_until_quiet()
    assert receiver.of(summary["import_id"]) == [] and waiting(told) == 0


def test_a_message_that_is_not_due_is_sent_on(told, receiver):
    """Hours before it is due: no attempt is made, and the message is still there, later."""
    announcement = {"import_id": "20260101T000000000Z-aaaaaaaaaa", "program": "hooked", "body": "{}"}
    message = {"v": 1, "announcement": announcement, "announced_at": "2026-01-01T00:00:00Z", "made": 9, "next_at": "2099-01-01T00:00:00Z"}
    told.sqs.send_message(QueueUrl=told.outputs["WebhookQueueUrl"], MessageBody=json.dumps(message))

    def delayed():
        attributes = told.sqs.get_queue_attributes(QueueUrl=told.outputs["WebhookQueueUrl"], AttributeNames=["All"])["Attributes"]
        return int(attributes["ApproximateNumberOfMessagesDelayed"])

    told.wait(lambda: delayed() == 1, lambda: waiting(told))
    assert receiver.of(announcement["import_id"]) == []
