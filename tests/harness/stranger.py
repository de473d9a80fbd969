"""The program run as somebody else: who owns nothing here and, counted alone, runs nothing else.

Root becomes another user. Any other user stays who he is, and is counted anew in a user namespace of his own (user_namespaces(7)):
since Linux 5.14 each has its own count of what a user runs, which is what RLIMIT_NPROC bounds.
"""

import os
import resource
import subprocess
from collections.abc import Callable

import pytest

from harness import mount

STRANGER = 54321  # Owns nothing, and runs nothing but what a test starts.

NEEDS = ("this test limits the threads of a process that is counted alone: it needs root, or a machine whose users may have "
         "namespaces of their own, as harness/mount.py says")


def own(path) -> None:
    """Gives `path` to whom start() runs the program as."""
    if os.geteuid() == 0:
        os.chown(path, STRANGER, STRANGER)


def start(headrace, *arguments, **popen) -> subprocess.Popen:
    """As Headrace.start(). Where root built in a folder that only root may enter, nobody else can run the program: that, and
    nothing else, skips the test."""
    identity = {"user": STRANGER, "group": STRANGER, "extra_groups": []} if os.geteuid() == 0 else {}
    try:
        return headrace.start(*arguments, **identity, **popen)
    except PermissionError as error:
        if not identity or error.filename != str(headrace.program):
            raise
        pytest.skip(f"{headrace.program}: only root may enter its folder, so nobody else can run it")


def limit_threads(most: int) -> Callable[[], None]:
    """A preexec_fn: the process may have `most` threads."""
    is_root = os.geteuid() == 0  # Here: there it is somebody else already.

    def limit() -> None:
        if not is_root:
            mount.enter_user_namespace()
        resource.setrlimit(resource.RLIMIT_NPROC, (most, most))

    return limit


def start_with_threads(headrace, most: int | None, *arguments) -> subprocess.Popen:
    """start(), with `most` threads if it is given; fails the test where nobody can be counted alone."""
    if most is None:
        return start(headrace, *arguments)
    try:
        return start(headrace, *arguments, preexec_fn=limit_threads(most))
    except subprocess.SubprocessError as error:
        raise pytest.fail.Exception(f"{NEEDS}; {error}", pytrace=False) from None
