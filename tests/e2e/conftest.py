"""One emulator and one stack for most tests, each with programs of its own; one for what takes minutes to fail."""

import os
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from emulator import REGION, Emulator  # noqa: E402
from stack import BUILT, Stack  # noqa: E402
from test_slow import begin_to_fail  # noqa: E402


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stack")
    emulator = Emulator(folder)
    try:
        yield Stack(emulator, REGION, folder)
    finally:
        emulator.stop()


@pytest.fixture(scope="session", autouse=True)
def slow(tmp_path_factory, request):
    """A stack on which messages begin to fail at once, for the tests that look at them last."""
    if not any("slow" in item.fixturenames and item.get_closest_marker("last") for item in request.session.items):
        yield None
        return
    folder = tmp_path_factory.mktemp("slow")
    emulator = Emulator(folder)
    try:
        stack = Stack(emulator, REGION, folder)
        begin_to_fail(stack)
        yield stack
    finally:
        emulator.stop()


def pytest_configure(config):
    # Told to end, a run takes its emulators with it.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("told to end", returncode=143))
    config.addinivalue_line("markers", "last: looks at what began when the session did")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


@pytest.fixture(scope="session")
def rollcall():
    """The embedded host."""
    return os.environ.get("ROLLCALL_BIN", str(BUILT / "rollcall"))
