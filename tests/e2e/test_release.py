"""The release: what is packed, that it is the same each time, and what is refused."""

import hashlib
import shutil
import subprocess
import tomllib
import types
import zipfile

import pytest
from stack import BUILT, FUNCTIONS, ROOT, template


def release(folder, built, output, *more):
    command = [ROOT / "infra" / "release", "--built", built, "--output", folder / output, *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Programs of this machine in the functions' place: a release of the functions themselves takes a minute."""
    folder = tmp_path_factory.mktemp("built")
    for name in FUNCTIONS.values():
        shutil.copy("/bin/true", folder / name)
    return folder


def test_the_functions_start_on_the_runtime():
    """As they were built here: the highest version of glibc that they need, and what they link."""
    script = ROOT / "infra" / "release"
    module = types.ModuleType("release")
    module.__file__ = str(script)
    exec(compile(script.read_text(), script, "exec"), module.__dict__)
    for name in FUNCTIONS.values():
        assert module.check(name, (BUILT / name).read_bytes(), "x86_64") <= "2.34"


def test_a_release_is_the_same_bytes_each_time(tmp_path, small):
    first, second = (release(tmp_path, small, name) for name in ("one", "two"))
    assert first.returncode == 0, first.stderr
    assert second.returncode == 0, second.stderr
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert len(files) == len(FUNCTIONS) + 4
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


def test_a_release_has_all_that_a_deployment_needs(tmp_path, small):
    release(tmp_path, small, "out")
    checked = subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=tmp_path / "out", capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout
    text = (tmp_path / "out" / "template.yaml").read_text()
    for function, binary in FUNCTIONS.items():
        (archive,) = (tmp_path / "out").glob(f"{binary}-*-x86_64.zip")
        assert f"CodeUri: {archive.name}\n" in text, function
        with zipfile.ZipFile(archive) as packed:
            (entry,) = packed.infolist()
            assert entry.filename == "bootstrap" and entry.external_attr >> 16 == 0o100755
            assert hashlib.sha256(packed.read(entry)).digest() == hashlib.sha256((small / binary).read_bytes()).digest()


@pytest.mark.parametrize(("swap", "why"), [
    (lambda binary: binary.replace(b"\0GLIBC_2.34\0", b"\0GLIBC_2.38\0"), "needs glibc 2.38; the runtime has 2.34"),
    (lambda binary: binary.replace(b"\0libc.so.6\0", b"\0libq.so.6\0"), "links libq.so.6"),
    (lambda binary: binary[:18] + b"\xb7\0" + binary[20:], "was not built for x86_64"),
    (lambda _: b"#!/bin/sh\n", "not a 64-bit program"),
])
def test_what_would_not_start_is_refused(tmp_path, small, swap, why):
    built = tmp_path / "built"
    built.mkdir()
    for name in FUNCTIONS.values():
        (built / name).write_bytes(swap((small / name).read_bytes()))
    refused = release(tmp_path, built, "out")
    assert refused.returncode != 0 and why in refused.stderr


def test_sam_builds_each_function_from_its_own_crate():
    for function, binary in FUNCTIONS.items():
        entry = template()["Resources"][function]
        assert entry["Metadata"] == {"BuildMethod": "rust-cargolambda", "BuildProperties": {"Binary": binary}}
        manifest = tomllib.loads((ROOT / "infra" / entry["Properties"]["CodeUri"] / "Cargo.toml").read_text())
        assert manifest["package"]["name"] == binary and manifest["bin"][0]["name"] == binary
    config = tomllib.loads((ROOT / "infra" / "samconfig.toml").read_text())["default"]
    given = {pair.split("=")[0] for pair in config["deploy"]["parameters"]["parameter_overrides"]}
    parameters = template()["Parameters"]
    assert given == {name for name, entry in parameters.items() if "Default" not in entry}
