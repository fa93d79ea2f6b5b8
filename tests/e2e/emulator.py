"""The emulator: started for one test run, on loopback, and stopped with it."""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from counter import Counter

REGION = "eu-west-1"


PR_SET_PDEATHSIG = 1


def _end_with_parent():
    """Asks Linux to end this process with the one that started it, even where that is killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Emulator:
    def __init__(self, folder, auth=False, count=False):
        self.port, self.auth = free_port(), auth
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = Path(folder) / "emulator.log"
        # The functions' calls to DynamoDB go through a proxy where a test counts or disturbs them.
        self.counter = Counter(self.url) if count else None
        environment = {
            **os.environ,
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ENDPOINT_URL_DYNAMODB": self.counter.url if count else self.url,
            "AWS_ENDPOINT_URL_SESV2": self.counter.url if count else self.url,
            "MINISTACK_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
        }
        if auth:
            environment["AUTH"] = "true"
        self.process = subprocess.Popen(
            [str(Path(sys.executable).with_name("ministack"))],
            env=environment,
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )
        self._wait_until_ready()

    def _wait_until_ready(self):
        for _ in range(240):
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/_ministack/ready", timeout=2):
                    return
            except OSError:
                time.sleep(0.25)
        raise RuntimeError("the emulator did not start:\n" + self.log.read_text()[-4000:])

    def letters(self):
        with urllib.request.urlopen(f"{self.url}/_ministack/ses/messages", timeout=10) as answer:
            accounts = json.load(answer)["messages"]
        return [letter for letters in accounts.values() for letter in letters]

    def processes(self, name):
        """Ids of the functions' processes that this emulator started, by the text of their environment."""
        children, found = _children(), []
        waiting = [self.process.pid]
        while waiting:
            for child in children.get(waiting.pop(), []):
                waiting.append(child)
                if name in _environment(child):
                    found.append(child)
        return found

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)


def _children():
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError, ValueError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    return children


def _environment(process):
    try:
        return Path(f"/proc/{process}/environ").read_text(errors="replace")
    except OSError:
        return ""
