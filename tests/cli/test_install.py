"""What `cmake --install` leaves is whole: it needs nothing of the tree that it was built in."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_an_installed_program_finds_its_libraries(headrace, tmp_path):
    prefix = tmp_path / "prefix"
    build = headrace.program.parent
    subprocess.run(["cmake", "--install", build, "--prefix", prefix], check=True, capture_output=True)
    program = prefix / "bin" / "headrace"
    version = subprocess.run([program, "version"], env={}, cwd="/", check=True, capture_output=True, text=True).stdout
    assert version == headrace("version", expect=0).stdout
    libraries = subprocess.run(["ldd", program], env={}, check=True, capture_output=True, text=True).stdout
    arrow, = re.findall(r"libarrow\.so\S* => (\S+)", libraries)
    assert "not found" not in libraries
    assert not arrow.startswith(str(build.parent)), f"{arrow} goes with the build tree"


def test_a_package_is_staged_below_destdir_once():
    """cmake takes DESTDIR from the environment, into which make puts what stands on its command line."""
    said = subprocess.run(["make", "-n", "install", "DESTDIR=/stage", "PREFIX=/usr"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert 'DESTDIR="/stage" cmake --install build/release --prefix "/usr"' in said
