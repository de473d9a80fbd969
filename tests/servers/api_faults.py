"""Which requests a proxy in front of one of Google's APIs (api_proxy.py) does something to, and what.

A fault is called with an Exchange on the thread of its connection, which waits for it. What neither answers, nor cuts, nor goes on is
an error of the fault.
"""

import contextlib
import gzip
import json
import queue
import re
import threading

from harness.gate import until
from servers.api_log import Request

REASONS = {400: "invalid", 401: "authError", 403: "forbidden", 404: "notFound", 409: "duplicate", 412: "conditionNotMet",
           429: "rateLimitExceeded", 500: "internalError"}


# Which requests.


def matches(method=None, path="", where=None):
    """Requests of the method, if one is given, whose path has the pattern `path` somewhere in it and for which `where` holds."""
    return lambda request: bool(method in (None, request.method) and re.search(path, request.path) and (where is None or where(request)))


def gets(path="", where=None):
    return matches("GET", path, where)


def posts(path="", where=None):
    return matches("POST", path, where)


def puts(path="", where=None):
    return matches("PUT", path, where)


def patches(path="", where=None):
    return matches("PATCH", path, where)


def deletes(path="", where=None):
    return matches("DELETE", path, where)


def every(_request):
    return True


class Rule:
    """A fault, and for which requests it is: those that `when` holds for, from the `nth` on, so many `times`; None for always."""

    def __init__(self, fault, when, nth, times):
        self.fault = fault
        self.used = 0  # How often it has come to it.
        self._when = when
        self._nth = nth
        self._times = times
        self._seen = 0
        self._lock = threading.Lock()

    def sees(self, request: Request) -> bool:
        """Called once for each request, whatever other rules do to it: is it one of those?"""
        if not self._when(request):
            return False
        with self._lock:
            self._seen += 1
            return self._seen >= self._nth

    def take(self) -> bool:
        with self._lock:
            if self._times is not None and self.used >= self._times:
                return False
            self.used += 1
            return True


# What is done to them.


def error_of(status, reason, message):
    error = {"domain": "global", "reason": reason, "message": message}
    return {"error": {"code": status, "message": message, "errors": [error], "status": reason}}


def answer(status, reason=None, message="made by a test", headers=None, body=None):
    """The server is not asked: the answer is this. `body`: bytes, or a document; by default an error as Google's services write it."""
    if body is None:
        body = error_of(status, reason or REASONS.get(status, "backendError"), message) if status >= 400 else b""
    if not isinstance(body, bytes):
        headers = {"Content-Type": "application/json; charset=UTF-8", **(headers or {})}
        body = json.dumps(body).encode()
    return lambda exchange: exchange.reply(status, dict(headers or {}), body)


def cut_request(exchange):
    """The connection is closed before anything is passed on."""
    exchange.cut("cut before the server saw it")


def lost_answer(exchange):
    """The server does what it is asked; the connection is closed in the place of its answer.

    libcurl then sends the request again by itself if the connection was one that it had kept, and tells nobody. After `truncated` it does not."""
    known = exchange.ask()
    known.read()
    exchange.cut(f"{known.status} lost")


def truncated(exchange):
    """The head of the answer comes and half of its body, then the connection is closed. The head of an empty body promises one byte."""
    known = exchange.ask()
    if exchange.is_without_body(known):
        raise ValueError(f"nothing that could be cut short: {exchange.request}")
    body = known.read()
    exchange.send(known, [body[:len(body) // 2]], len(body) or 1, "truncated")
    exchange.cut("truncated")


def rewritten(change):
    """The server's answer is changed: `change` gets the document and returns another, or changes that one and returns None."""
    def fault(exchange):
        known = exchange.ask()
        body = known.read()
        document = json.loads(gzip.decompress(body) if known.headers.get("Content-Encoding") == "gzip" else body)
        other = change(document)
        del known.headers["Content-Encoding"]
        text = json.dumps(document if other is None else other).encode()
        exchange.send(known, [text], len(text), "rewritten")
    return fault


def failed_job(reason, message="made by a test"):
    """The answer is a job that has failed, such as for `backendError`, whatever has become of it."""
    error = {"reason": reason, "message": message}
    return rewritten(lambda job: job.update(status={"state": "DONE", "errorResult": error, "errors": [error]}))


def hook(function):
    """Calls it with the Request before that is passed on: a process that it kills has sent everything and gets no answer."""
    def fault(exchange):
        function(exchange.request)
        exchange.go_on()
    return fault


class Wait:
    """A fault at which requests wait for the test. Thread-safe."""

    def __init__(self):
        self._arrived = queue.Queue()
        self._lifted = threading.Event()
        self._is_over = False

    def wait_for_request(self, run=None) -> Request:
        """The next request that has come to wait here. `run`: the process that sends it, which fails the test if it ends before."""

        def arrived():
            with contextlib.suppress(queue.Empty):
                return self._arrived.get(timeout=0.1)
            assert run is None or run.poll() is None, f"it ended before its request came\n{''.join(filter(None, run.communicate()))}"

        return until(arrived, "a request")

    def release(self):
        """Lets those go on that wait, and all to come."""
        self._lifted.set()

    def end(self):
        """Of the proxy: those that wait are not passed on any more."""
        self._is_over = not self._lifted.is_set()
        self._lifted.set()


class Hold(Wait):
    """Holds requests before anything of them is passed on. Who sent one may be gone when it is released; it is passed on all the same."""

    def __call__(self, exchange):
        self._arrived.put(exchange.request)
        self._lifted.wait()
        if self._is_over:
            exchange.cut("held until the end")
        else:
            exchange.go_on()


class Slow(Wait):
    """The server's answers come in pieces of so many bytes, each when the test lets it; `release` lets all."""

    def __init__(self, piece=16):
        super().__init__()
        self._piece = piece
        self._allowed = threading.Semaphore(0)

    def let(self, pieces=1):
        self._allowed.release(pieces)

    def release(self):
        super().release()
        self.let()

    def end(self):
        super().end()
        self.let()

    def __call__(self, exchange):
        known = exchange.ask()
        body = known.read()
        self._arrived.put(exchange.request)
        exchange.send(known, self._pieces(body), len(body), "slow")

    def _pieces(self, body):
        for begin in range(0, len(body), self._piece):
            self._allowed.acquire()
            if self._lifted.is_set():
                self.let()  # For the next one.
            yield body[begin:begin + self._piece]
