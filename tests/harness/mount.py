"""Filesystems that a test mounts, by mount(2): also for a user who is not root, in namespaces of the test process.

Within a user namespace of its own (user_namespaces(7)) a process may mount what only it and its children see. It stays who it
was there, and what it starts has none of its rights. mount(8) is of no use: it wants to be run by root. A process enters while it
has one thread, that is, before it imports pyarrow.
"""

import contextlib
import ctypes
import os

import pytest

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
MS_RDONLY = 1
MS_REMOUNT = 32
MS_BIND = 4096

NEEDS = ("this test mounts a small filesystem: it needs root, or a machine whose users may have namespaces of their own "
         "(sysctl user.max_user_namespaces above 0, and where there is one kernel.apparmor_restrict_unprivileged_userns=0; "
         "not in most containers)")

_libc = ctypes.CDLL(None, use_errno=True)
_refusal: OSError | None = None


class MountError(Exception):
    """What is missing; the text is for people."""


def _check(result: int, what: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def enter_user_namespace(others: int = 0) -> None:
    """The process goes into a user namespace of its own, and those that `others` (CLONE_NEW…) name; it stays who it was there."""
    user, group = os.geteuid(), os.getegid()
    _check(_libc.unshare(CLONE_NEWUSER | others), "unshare")
    _write("/proc/self/setgroups", "deny")  # Else a user may not map his group.
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")


def prepare() -> None:
    """Lets this process mount, where the machine allows it; else the first mount says what it needs.

    Root has no need, and in a namespace of one user could not become the user that runs a test server."""
    global _refusal
    if os.geteuid() == 0:
        return
    try:
        enter_user_namespace(CLONE_NEWNS)
    except OSError as error:
        _refusal = error


def _mount(source: str, target, kind: str | None, flags: int, data: str | None) -> None:
    encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    try:
        _check(_libc.mount(*encoded[:3], ctypes.c_ulong(flags), encoded[3]), f"mount {target}")
    except PermissionError as error:
        raise MountError(f"{NEEDS}; {_refusal or error}") from None


def mount_memory(target, size: str) -> None:
    """A filesystem in memory that holds `size` (`2m`) and no more."""
    _mount("headrace-test", target, "tmpfs", 0, f"size={size}")


def remount_memory(target, *, read_only: bool = False, size: str | None = None) -> None:
    _mount("headrace-test", target, None, MS_REMOUNT | (MS_RDONLY if read_only else 0), size and f"size={size}")


def bind_read_only(source, target) -> None:
    """`target` shows the files of `source` and lets nobody write."""
    _mount(source, target, None, MS_BIND, None)
    _mount(source, target, None, MS_REMOUNT | MS_BIND | MS_RDONLY, None)


def unmount(target) -> None:
    _check(_libc.umount2(os.fsencode(target), 0), f"umount {target}")


class Disk:
    """A small filesystem of the test's own."""

    def __init__(self, folder, size: str):
        self.folder = folder
        folder.mkdir()
        try:
            mount_memory(folder, size)
        except MountError as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None

    def fill(self, free: int):
        """Leaves `free` bytes; the file that takes up the rest."""
        filler = self.folder / "filler"
        with open(filler, "wb", buffering=0) as out:
            with contextlib.suppress(OSError):
                while True:
                    out.write(bytes(4096))
            out.truncate(max(0, out.tell() - free))
        return filler

    def grow(self) -> None:
        remount_memory(self.folder, size="64m")

    def let_nobody_write(self) -> None:
        remount_memory(self.folder, read_only=True)

    def let_write(self) -> None:
        remount_memory(self.folder)

    @contextlib.contextmanager
    def seen_read_only(self):
        """Another folder that shows the same files and lets nobody write."""
        folder = self.folder.with_name("seen")
        folder.mkdir()
        bind_read_only(self.folder, folder)
        try:
            yield folder
        finally:
            unmount(folder)

    def unmount(self) -> None:
        unmount(self.folder)
