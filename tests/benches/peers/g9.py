#!/usr/bin/env python3
"""G9: the functions as they are shipped: size of the zip, start to first poll, resident memory then.

Builds them with `infra/build` (minutes, the first time) unless `--built` says that they are there. Each is started as
Lambda starts it, with an environment like the template's, against a runtime API on loopback that never hands out an
event. The template's memory and processor share do not hold here: a function's start on AWS is slower by what they take.
"""

import argparse
import http.server
import json
import os
import pathlib
import socket
import statistics
import subprocess
import threading
import time
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
PACKAGES = ROOT / "target" / "lambda-packages"
FUNCTIONS = ("splitter", "worker", "finalizer")
LIMITS = {"zip": (4, 8, "MB"), "memory": (20, 40, "MiB"), "start": (15, 50, "ms")}
# Values that are read and never used, for no event comes.
ENVIRONMENT = {
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_LAMBDA_FUNCTION_VERSION": "1",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
    "AWS_LAMBDA_LOG_GROUP_NAME": "bench",
    "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
    "ROLLCALL_BUCKET": "bench",
    "ROLLCALL_DIRECTORY_TABLE": "bench",
    "ROLLCALL_CONTACTS_TABLE": "bench",
    "ROLLCALL_IMPORTS_TABLE": "bench",
    "ROLLCALL_CHUNK_QUEUE_URL": "http://127.0.0.1/chunks",
    "ROLLCALL_FINALIZE_QUEUE_URL": "http://127.0.0.1/finalize",
    "ROLLCALL_SENDER": "bench@sender.example",
    "ROLLCALL_CHUNK_ROWS": "2000",
    "ROLLCALL_CHUNK_BYTES": "600000",
    "ROLLCALL_LEASE_SECONDS": "75",
    "ROLLCALL_DEAD_RECEIVES": "5",
    "ROLLCALL_SWEEP_AFTER_SECONDS": "2100",
    "ROLLCALL_COMPARE_AFTER_SECONDS": "3600",
    "ROLLCALL_IMPORT_DAYS": "400",
    "ROLLCALL_DRY_RUNS_PER_DAY": "0",
    "ROLLCALL_CONFIGURATION_SET": "bench",
    "ROLLCALL_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:bench",
    "ROLLCALL_FAILED_EVENT_QUEUE_URL": "http://127.0.0.1/failed",
    "ROLLCALL_WEBHOOK_QUEUE_URL": "http://127.0.0.1/webhook",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--built", action="store_true", help="take what `infra/build` built last")
    parser.add_argument("--rounds", type=int, default=20, help="starts of each function that count (%(default)s)")
    options = parser.parse_args()
    if not options.built:
        subprocess.run([ROOT / "infra" / "build"], check=True)
    secrets = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Secrets)
    threading.Thread(target=secrets.serve_forever, daemon=True).start()
    ENVIRONMENT["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{secrets.server_address[1]}"
    worst = dict.fromkeys(LIMITS, 0.0)
    for function in FUNCTIONS:
        bootstrap = PACKAGES / f"rollcall-{function}" / "bootstrap"
        starts = [start(bootstrap, function) for _ in range(options.rounds + 1)][1:]
        figures = {
            "zip": zipped(bootstrap) / 1e6,
            "memory": statistics.median(memory for _, memory in starts) / 1024,
            "start": statistics.median(seconds for seconds, _ in starts) * 1000,
        }
        binary = bootstrap.stat().st_size / 1e6
        told = ", ".join(f"{what} {figures[what]:.1f} {unit}" for what, (_, _, unit) in LIMITS.items())
        print(f"{function}: {told} (unpacked {binary:.1f} MB)", flush=True)
        worst = {what: max(worst[what], figures[what]) for what in worst}
    for what, (goal, bar, unit) in LIMITS.items():
        print(f"G9 {what} (goal {goal}, bar {bar}): {worst[what]:.1f} {unit}")


def zipped(bootstrap):
    """The size of the zip that `aws cloudformation package` and `sam` make of the function."""
    archive = bootstrap.with_name("g9.zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(bootstrap, "bootstrap")
    size = archive.stat().st_size
    archive.unlink()
    return size


class Secrets(http.server.BaseHTTPRequestHandler):
    """Answers with a secret: the worker asks for it before its first poll."""

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        answer = json.dumps({"ARN": "bench", "Name": "bench", "SecretString": "0123456789abcdef" * 4}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/x-amz-json-1.1")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def start(bootstrap, function):
    """Seconds from start to first poll, and resident KiB then."""
    with socket.create_server(("127.0.0.1", 0)) as runtime:
        runtime.settimeout(30)
        environment = {
            **ENVIRONMENT,
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_FUNCTION_NAME": function,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime.getsockname()[1]}",
        }
        begun = time.perf_counter()
        with subprocess.Popen([bootstrap], env=environment, stdout=subprocess.DEVNULL) as process:
            try:
                poll, _ = runtime.accept()
                with poll:
                    request = poll.recv(4096)
                    seconds = time.perf_counter() - begun
                    assert request.startswith(b"GET /2018-06-01/runtime/invocation/next"), request
                    return seconds, resident(process.pid)
            finally:
                process.kill()


def resident(process):
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])


if __name__ == "__main__":
    main()
