"""What the throw-away servers of the tests have in common.

Each is one process with a new folder under /tmp, on free loopback ports. Its pid is recorded, readiness is waited for,
and only that pid is ever ended.
"""

import argparse
import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

START_SECONDS = 60
STOP_SECONDS = 60
LISTENS = "0A"  # The state of a socket in /proc/net/tcp, of the kernel's include/net/tcp_states.h.


class ServerError(Exception):
    """A server that cannot be found, started or stopped; the text is for people."""


def tools_folder():
    """Where servers that the distribution does not have are installed: outside the build tree, readable by the user that runs them."""
    if "HEADRACE_TOOLS" in os.environ:
        return Path(os.environ["HEADRACE_TOOLS"])
    return Path("/var/cache/headrace") if os.geteuid() == 0 else Path.home() / ".cache/headrace"


def unprivileged_user():
    """For servers that refuse to run as root: the user to become, or None when this is not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise ServerError("neither a user 'postgres' nor 'nobody' exists to run the server as")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds, what):
    """Polls `condition` until it holds; an error that says `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ServerError(what)
        time.sleep(0.02)


def listens(pid, port):
    """Is it this process that listens on the port, and nobody beside it, as SO_REUSEPORT would allow?"""
    sockets = [f"socket:[{inode}]" for inode in _listeners(port)]
    return bool(sockets) and set(_open_files(pid)).issuperset(sockets)


def _open_files(pid):
    with contextlib.suppress(OSError):  # The process has ended.
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):  # It has closed this one meanwhile.
                yield os.readlink(entry)


def _listeners(port):
    """The inodes of the sockets that listen on the port, under whatever address."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(FileNotFoundError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTENS and int(fields[1].rsplit(":", 1)[1], 16) == port:
                    yield fields[9]


class Server:
    """One server process. Not thread-safe. What is of each kind: `title`, `_fill_folder`, `_command`, `_ready`."""

    title = "the server"  # For messages.
    kind = "server"       # In the name of its folder.

    def __init__(self, user=None):
        self.folder = None
        self.port = None
        self.pid = None
        self._user = user  # Who runs it: an entry of pwd, or None for the caller.
        self._process = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_):
        self.remove()

    @property
    def log(self):
        return self.folder / "log"

    def log_tail(self, size=2000):
        """The end of what the server has written; for messages."""
        return self.log.read_text(errors="replace")[-size:] if self.folder and self.log.exists() else ""

    def start(self):
        """Starts the server, on the same ports and data when it ran before; returns when it takes connections."""
        if self.folder is None:
            self._make_folder()
        fresh = self.port is None
        for _ in range(5):
            if fresh:
                self._choose_ports()
            if self._try_start():
                return
            if not fresh:
                break  # clients know these ports: others would not do
        raise ServerError(f"{self.title} did not start:\n{self.log_tail()}")

    def stop(self):
        self._end(signal.SIGTERM)

    def kill(self):
        self._end(signal.SIGKILL)

    def restart(self):
        self.stop()
        self.start()

    def remove(self):
        """Ends the server if it runs, at once, and removes its folder."""
        if self.folder is None:
            return
        self._end_at_once()
        if self.folder.exists():  # Who empties /tmp takes it with the rest.
            shutil.rmtree(self.folder)
        self.folder = None

    def state(self):
        """What another process needs to stop this server."""
        return {"folder": str(self.folder), "port": self.port, "pid": self.pid}

    def adopt(self, state):
        """Takes over the server that another process has started."""
        self.folder, self.port, self.pid = Path(state["folder"]), state["port"], state["pid"]

    def _fill_folder(self):
        """Makes what the server needs in its new folder."""

    def _choose_ports(self):
        self.port = free_port()

    def _command(self):
        raise NotImplementedError

    def _environment(self):
        """What the shell of the developer has set must not decide a test."""
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(self.folder)}

    def _ready(self):
        """Does the server take connections, and is it ours that answers?"""
        return listens(self.pid, self.port)

    def _is_ours(self):
        """A recorded pid may belong to someone else by now: only a process that was started in our folder is ours."""
        return os.readlink(f"/proc/{self.pid}/cwd") == str(self.folder)

    def _end_at_once(self):
        self.kill()

    def _own(self, *paths):
        """Makes them the property of the user that runs the server."""
        if self._user is not None:
            for path in paths:
                os.chown(path, self._user.pw_uid, self._user.pw_gid)

    def _as_user(self):
        """Arguments for subprocess that drop root's rights."""
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def _make_folder(self):
        # /tmp and not the build tree: the server's user must reach it, and a socket's path may have 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix=f"headrace-{self.kind}-", dir="/tmp"))
        os.chmod(self.folder, 0o755)  # Sockets and logs are for every user here.
        self._own(self.folder)
        self._fill_folder()

    def _try_start(self):
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                start_new_session=True, env=self._environment(), **self._as_user())
        self.pid = self._process.pid
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                self.pid = None
                return False
            if self._ready():
                return True
            time.sleep(0.02)
        self._end_at_once()
        return False

    def _runs(self):
        if self.pid is None:
            return False
        if self._process is not None:
            return self._process.poll() is None
        with contextlib.suppress(OSError):
            return self._is_ours()
        return False

    def _end(self, number):
        if self._runs():
            os.kill(self.pid, number)
            wait_until(lambda: not self._runs(), STOP_SECONDS, f"{self.title}, pid {self.pid}, does not end")
        self.pid = None
        self._process = None


def command_line(description, make, add_options):
    """The subcommands `start` and `stop` of a server's script. `make` builds the server from the parsed arguments of `start`, or from the
    state of a running one; `add_options` gives `start` what else it takes."""
    top = argparse.ArgumentParser(description=description)
    commands = top.add_subparsers(dest="command", required=True)

    def stop(arguments):
        if arguments.state.exists():
            state = json.loads(arguments.state.read_text())
            server = make(argparse.Namespace(**state))
            server.adopt(state)
            server.remove()
            arguments.state.unlink()

    def start(arguments):
        stop(arguments)  # One of a test run that was cut off.
        server = make(arguments)
        try:
            server.start()
        except BaseException:
            server.remove()
            raise
        arguments.state.parent.mkdir(parents=True, exist_ok=True)
        arguments.state.write_text(json.dumps(server.state()))
        arguments.uri_file.write_text(server.uri())
        print(f"{server.title} at {server.uri()}, pid {server.pid}")

    starter = commands.add_parser("start", help="start a server and leave it running")
    starter.add_argument("--state", type=Path, required=True, help="file to write what `stop` needs to")
    starter.add_argument("--uri-file", type=Path, required=True, help="file to write the server's URI to")
    add_options(starter)
    starter.set_defaults(call=start)
    stopper = commands.add_parser("stop", help="end a server that `start` left running")
    stopper.add_argument("--state", type=Path, required=True)
    stopper.set_defaults(call=stop)
    return top, commands


def run(top, quiet=()):
    """Runs the parsed command; the exit status. Commands in `quiet` say by it alone that there is no such server."""
    arguments = top.parse_args()
    try:
        arguments.call(arguments)
    except ServerError as error:
        if arguments.command not in quiet:
            print(f"headrace: {error}", file=sys.stderr)
        return 1
    return 0
