"""Functions that are killed at work: the import ends as if nothing had happened, with one e-mail."""

import contextlib
import os
import signal
import time

import pytest
from stack import start
from test_faults import people


@pytest.fixture(scope="module")
def fragile(tmp_path_factory):
    yield from start(tmp_path_factory, "fragile")


def kill(stack, program, function, at_most, ready):
    """Kills processes of a function while the program's import is under way; how many."""
    killed, end = set(), time.monotonic() + stack.patience
    while len(killed) < at_most and time.monotonic() < end and not stack.summaries(program):
        if ready():
            for process in stack.emulator.processes(stack.outputs[f"{function}Name"]):
                if process not in killed and len(killed) < at_most and kill_at_work(stack, program, process):
                    killed.add(process)
        time.sleep(0.01)
    return len(killed)


def kill_at_work(stack, program, process):
    """Stops a process first: what is looked at then does not change until the process is killed, or goes on."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGSTOP)
        at_work = not stack.summaries(program)
        os.kill(process, signal.SIGKILL if at_work else signal.SIGCONT)
        return at_work
    return False


def drop(stack, program, count):
    stack.program(program)
    stack.drop(program, "prospects", "list.csv", people(count, f"{program}-mail.com"))
    return program


def ends_as_if_nothing_had_happened(stack, program, count):
    (summary,) = stack.wait_for(program, "list.csv")
    assert summary["status"] == "completed" and summary["rows"]["created"] == count
    assert len(stack.rows(summary, "succeeded.csv")) == count
    assert len([item for item in stack.contacts() if item["pk"].startswith(f"{program}#")]) == count
    stack.wait_until_quiet()
    assert len(stack.letters_to(program)) == 1


def kill_a_finalizer(stack, count):
    """Drops files until a finalizer is killed: it may be done with one before it is found."""
    for attempt in range(8):
        program = drop(stack, f"killed-finalizer-{attempt}", count)

        def all_are_worked(program=program):
            ids = {key.split("/")[2] for key in stack.keys(f"imports/{program}/")}
            return any(item.get("remaining") == 0 for import_id in ids for item in stack.import_items(import_id))

        if kill(stack, program, "Finalizer", 1, all_are_worked):
            return program
    raise AssertionError("no finalizer was killed at work")


def test_functions_killed_at_work(fragile):
    """Workers amid chunks, a splitter when it has begun, a finalizer before it has answered. All wait together: for second
    deliveries and, as the emulator delivers an event once where AWS tries it again, for the sweep."""
    splitter = drop(fragile, "killed-splitter", 40_000)
    assert kill(fragile, splitter, "Splitter", 1, lambda: fragile.unfinished())

    worker = drop(fragile, "killed-worker", 40_000)
    assert kill(fragile, worker, "Worker", 3, lambda: any("/chunks/" in key for key in fragile.keys(f"imports/{worker}/")))

    finalizer = kill_a_finalizer(fragile, 20_000)

    for program, count in ((worker, 40_000), (finalizer, 20_000), (splitter, 40_000)):
        ends_as_if_nothing_had_happened(fragile, program, count)
