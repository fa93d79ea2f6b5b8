"""One emulator and one stack for all tests; each test has programs of its own."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from emulator import REGION, Emulator  # noqa: E402
from stack import ROOT, Stack  # noqa: E402


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stack")
    emulator = Emulator(folder, auth=os.environ.get("ROLLCALL_E2E_AUTH") == "1")
    try:
        yield Stack(emulator, REGION, folder)
    finally:
        emulator.stop()


@pytest.fixture(scope="session")
def rollcall():
    """The embedded host."""
    return os.environ.get("ROLLCALL_BIN", str(ROOT / "target" / "e2e" / "rollcall"))
