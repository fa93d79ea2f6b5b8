"""The contracts of the ports, on the adapters of AWS; and the unit tests of the AWS crates."""

import os
import subprocess

from emulator import REGION
from stack import ROOT


def test_the_adapters_keep_the_contracts(stack):
    environment = {
        **os.environ, "AWS_ENDPOINT_URL": stack.emulator.url, "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
    }
    # The packages of `run`: the same features, so that the SDKs are not compiled anew.
    packages = ["aws", "splitter", "worker", "finalizer", "tests-aws"]
    chosen = [part for package in packages for part in ("-p", f"rollcall-{package}")] + ["-p", "rollcall"]
    command = ["cargo", "test", "--quiet", "--profile", "e2e", *chosen, "--lib", "--bins", "--test", "contracts"]
    command += ["--", "--include-ignored"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
