"""A proxy that counts the calls to DynamoDB and the units that they cost, and makes it as busy as it can be."""

import http.client
import http.server
import json
import math
import threading
from collections import Counter as Counts
from urllib.parse import urlsplit


class Counter:
    def __init__(self, target):
        self.calls, self.items, self.units = Counts(), Counts(), Counts()
        self.lock = threading.Lock()
        # Half of each batch is left undone; or every call for contacts is throttled.
        self.leave_undone, self.throttle = False, False
        self.left_undone, self.throttled = 0, 0
        # So many e-mails are yet to be throttled; so many were.
        self.mails_to_throttle, self.mails_throttled = 0, 0
        counter, to = self, urlsplit(target)

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # An answer is two small writes: without this they wait for each other.
            disable_nagle_algorithm = True
            connection_to_emulator = None

            def forward(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                call = self.headers.get("X-Amz-Target", "")
                if counter.throttle and call.startswith("DynamoDB") and b"-Contacts" in body:
                    return self.refuse()
                if self.path.startswith("/v2/email/outbound-emails") and counter.throttles_mail():
                    return self.refuse_mail()
                body, undone = counter.halve(call, body) if counter.leave_undone else (body, None)
                answer, data = self.ask(body)
                if undone and answer.status == 200:
                    data = json.dumps({**json.loads(data), **undone}).encode()
                counter.count(self.headers.get("X-Amz-Target", ""), body, data)
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("transfer-encoding", "connection", "content-length", "x-amz-crc32"):
                        self.send_header(name, value)
                length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(data))
                self.send_header("Content-Length", length or "0")
                self.end_headers()
                self.wfile.write(data)

            def ask(self, body):
                """Asks the emulator, on the connection of this client; on a new one where that was closed."""
                for fresh in (False, True):
                    if fresh or self.connection_to_emulator is None:
                        self.connection_to_emulator = http.client.HTTPConnection(to.hostname, to.port, timeout=60)
                    connection = self.connection_to_emulator
                    try:
                        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                        for name, value in self.headers.items():
                            if name.lower() == "content-length":
                                value = str(len(body))
                            if name.lower() != "connection":
                                connection.putheader(name, value)
                        connection.endheaders(body)
                        answer = connection.getresponse()
                        return answer, answer.read()
                    except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                        # Closed while it was idle. A write is not sent twice once an answer has begun.
                        if fresh:
                            raise
                raise AssertionError("unreachable")

            def refuse(self):
                with counter.lock:
                    counter.throttled += 1
                error = "com.amazonaws.dynamodb.v20120810#ThrottlingException"
                data = json.dumps({"__type": error, "message": "slow down"}).encode()
                self.send_response(400)
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def refuse_mail(self):
                data = b'{"message": "Maximum sending rate exceeded."}'
                self.send_response(429)
                self.send_header("Content-Type", "application/json")
                self.send_header("X-Amzn-ErrorType", "TooManyRequestsException")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = forward

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def clear(self):
        with self.lock:
            self.calls.clear(), self.items.clear(), self.units.clear()

    def throttles_mail(self):
        with self.lock:
            if not self.mails_to_throttle:
                return False
            self.mails_to_throttle -= 1
            self.mails_throttled += 1
            return True

    def halve(self, target, body):
        """Takes half of a batch off, where it has several parts; what the answer must say of the other half."""
        call = target.split(".")[-1]
        if call not in ("BatchGetItem", "BatchWriteItem"):
            return body, None
        asked = json.loads(body)
        ((table, wanted),) = asked["RequestItems"].items()
        parts = wanted["Keys"] if call == "BatchGetItem" else wanted
        half = len(parts) // 2
        if not half:
            return body, None
        with self.lock:
            self.left_undone += half
        now, later = parts[half:], parts[:half]
        if call == "BatchGetItem":
            asked["RequestItems"] = {table: {**wanted, "Keys": now}}
            return json.dumps(asked).encode(), {"UnprocessedKeys": {table: {**wanted, "Keys": later}}}
        asked["RequestItems"] = {table: now}
        return json.dumps(asked).encode(), {"UnprocessedItems": {table: later}}

    def count(self, target, body, answer):
        if not target.startswith("DynamoDB"):
            return
        call, asked = target.split(".")[1], json.loads(body)
        with self.lock:
            if call in ("BatchGetItem", "BatchWriteItem"):
                for table, wanted in asked["RequestItems"].items():
                    self._count_batch(call, table, wanted, json.loads(answer))
            else:
                self.calls[call] += 1
                reads = call in ("GetItem", "Query")
                each = 2 if call == "TransactWriteItems" else 1
                self.units["read" if reads else "write"] += each * len(asked.get("TransactItems", [1]))

    def _count_batch(self, call, table, wanted, answer):
        where = f"{call} {table.split('-')[1]}"
        self.calls[where] += 1
        if call == "BatchWriteItem":
            self.items[where] += len(wanted)
            self.units["write"] += sum(math.ceil(_size(put["PutRequest"]["Item"]) / 1024) for put in wanted)
            return
        self.items[where] += len(wanted["Keys"])
        found = answer["Responses"].get(table, [])
        blocks = sum(math.ceil(_size(item) / 4096) for item in found) + len(wanted["Keys"]) - len(found)
        self.units["read"] += blocks * (1 if wanted.get("ConsistentRead") else 0.5)


def _size(item):
    return sum(len(name.encode()) + len(str(next(iter(value.values()))).encode()) for name, value in item.items())
