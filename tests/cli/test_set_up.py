"""The scripts behind `make demo` and `make test` on machines that lack something: a sentence, no half of an installation.

Programs that would change this machine are replaced by files in a folder that is the whole PATH."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What install_packages.sh may use of a machine without changing it.
HARMLESS = ("sh", "dirname", "sed", "printf", "tr", "grep")
INSTALLED = "#!/bin/sh\necho installed\n"
MISSING = "#!/bin/sh\nexit 1\n"
SAYS_WHAT = '#!/bin/sh\necho "$(basename "$0") was called" >&2\nexit 1\n'


@pytest.fixture
def machine(tmp_path):
    """Runs install_packages.sh with the programs given and nothing else."""
    for name in HARMLESS:
        (tmp_path / name).symlink_to(shutil.which(name))

    def run(**programs):
        for name, script in programs.items():
            program = tmp_path / name.replace("_", "-")
            program.write_text(script)
            program.chmod(0o755)
        command = [shutil.which("sh"), ROOT / "scripts" / "install_packages.sh", "build"]
        return subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True)

    return run


def test_a_system_without_apt(machine):
    finished = machine()
    assert finished.returncode == 1
    assert finished.stdout == ""
    assert finished.stderr == ("headrace: this system has no apt-get; install what scripts/packages/*.txt lists under its names here, "
                               "then run the cmake presets\n")


def test_a_user_who_may_not_install(machine):
    finished = machine(apt_get=SAYS_WHAT, apt_cache=INSTALLED, dpkg_query=MISSING, id="#!/bin/sh\necho 1000\n")
    assert finished.returncode == 1
    assert finished.stdout == ""
    sentence, _, packages = finished.stderr.partition("As root: apt-get install --no-upgrade ")
    assert sentence == "headrace: packages are missing and this is neither root nor is there sudo. "
    assert {"cmake", "ninja-build", "libpq-dev"} <= set(packages.split())


def test_nothing_is_said_nor_done_where_everything_is_there(machine):
    finished = machine(apt_get=SAYS_WHAT, dpkg_query=INSTALLED)
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "", "")


def test_a_package_index_that_cannot_be_reached(tmp_path):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("a-package-that-nobody-has==1.0\n")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    finished = subprocess.run([ROOT / "scripts" / "install_python.sh", tmp_path / "venv", requirements], capture_output=True, text=True,
                              env={**os.environ, "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"})
    assert finished.returncode == 1
    assert finished.stderr.splitlines()[-1] == f"headrace: pip could not install {requirements}; is PyPI reachable?"
    assert not list((tmp_path / "venv").glob(".installed-*")), "the next try would leave it alone"
