"""The contracts of the ports, on the adapters of AWS."""

import os
import subprocess

from emulator import REGION
from stack import ROOT


def test_the_adapters_keep_the_contracts(stack):
    environment = {
        **os.environ, "AWS_ENDPOINT_URL": stack.emulator.url, "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
    }
    # The whole workspace, as in `run`: with the same features nothing is compiled anew.
    command = ["cargo", "test", "--quiet", "--workspace", "--test", "contracts", "--", "--ignored"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
