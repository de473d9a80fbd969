"""An HTTP/1.1 proxy on loopback between the program and a stand-in of one of Google's services: it writes down what passes, and makes faults.

    with ApiProxy(bigquery.uri()) as proxy:
        proxy.fault(answer(503), when=posts("/jobs$"), times=2)
        held = proxy.hold(when=gets("/jobs/"))
        run = headrace.start("run", env={"BIGQUERY_EMULATOR_HOST": proxy.uri})
        held.wait_for_request()
        held.release()
        assert proxy.count("/jobs$", "POST") == 3

Faults and what they are for are in api_faults.py, what is written down in api_log.py.

                     ┌ Exchange, on a thread of its connection ──────┐
    client ─ Handler ┤ log ─ rules in order ─ ask ┐                  ├ the stand-in, on a new connection per request
                     └────────────────────── send ┘                  ┘

Both stand-ins make the URL that they hand out for an upload (`Location`) of the request's `Host`. That of the client is passed on, so the
upload comes through here, and nothing in an answer is rewritten. Two things of fake-gcs-server go by its public host instead: the links in the
description of one object (`GET …/o/NAME`), which lead past the proxy, and URLs without `/storage/v1`, which are not found through it.

Bodies are passed on both ways as they come, whatever their size.
"""

import contextlib
import re
import socket
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler

from servers import api_log
from servers.api_exchange import ClientGone, Exchange, NoAnswer
from servers.api_faults import Hold, Rule, Slow, Wait, every
from servers.api_log import Request
from servers.relay import shut


class ApiProxy:
    """A proxy for one server, which need not run all the time: without it connections are closed unanswered. Thread-safe.

    At the end what was wrong in predicates and faults is raised. What is held then is not passed on."""

    def __init__(self, server_uri: str):
        self.server = urllib.parse.urlsplit(server_uri).netloc
        self.uri = None
        self._listener = socket.socket()
        self._lock = threading.Lock()
        self._requests = []  # Guarded by _lock, as are those below.
        self._rules = []
        self._problems = []
        self._threads = []
        self._open = set()
        self._is_over = False

    def __enter__(self):
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(128)
        self.uri = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._start(self._accept)
        return self

    def __exit__(self, kind, *_):
        shut(self._listener)
        self._threads[0].join()  # From here on there are no new connections.
        for rule in self._rules:
            if isinstance(rule.fault, Wait):
                rule.fault.end()
        with self._lock:
            self._is_over = True
            for end in self._open:
                shut(end)
        for thread in self._threads[1:]:
            thread.join()
        self._listener.close()
        if self._problems and kind is None:
            raise self._problems[0]

    # Faults.

    def fault(self, fault, when=every, nth=1, times=1) -> Rule:
        """From the `nth` request on for which `when` holds, counted from now, `fault` is done to so many of them; None: to all.
        Of several faults for a request those of `hold` and `hook` are done, up to the first other one, in the order they were asked for."""
        rule = Rule(fault, when, nth, times)
        with self._lock:
            self._rules = [*self._rules, rule]
        return rule

    def hold(self, when=every, nth=1, times=1) -> Hold:
        """Requests wait until the test releases them."""
        return self.fault(Hold(), when, nth, times).fault

    def slow(self, when=every, nth=1, times=1, piece=16) -> Slow:
        """Answers come as the test lets their pieces go."""
        return self.fault(Slow(piece), when, nth, times).fault

    # What has passed.

    @property
    def requests(self) -> list[Request]:
        """All so far, in the order they came."""
        with self._lock:
            return list(self._requests)

    def forget(self):
        """The requests so far are in no log or count any more."""
        with self._lock:
            self._requests.clear()

    def count(self, path="", method=None) -> int:
        """Requests so far whose path has this pattern in it."""
        return sum(method in (None, request.method) and re.search(path, request.path) is not None for request in self.requests)

    def transcript(self, names: dict | None = None, when=every) -> str:
        """Text for a golden file; see api_log.transcript. Requests of several threads come in any order: `when` takes those of one kind."""
        here = {urllib.parse.urlsplit(self.uri).netloc: "PROXY", self.server: "SERVER"}
        return api_log.transcript([request for request in self.requests if when(request)], {**here, **(names or {})})

    # Of the connections.

    def arrived(self, request: Request) -> list[Rule]:
        """Writes it down; returns the rules that are for it."""
        with self._lock:
            self._requests.append(request)
            rules = self._rules
        return [rule for rule in rules if rule.sees(request)]

    def problem(self, error: Exception):
        with self._lock:
            self._problems.append(error)

    @contextlib.contextmanager
    def known(self, end):
        """A socket that is shut when the proxy ends, and closed behind this."""
        with self._lock:
            self._open.add(end)
            if self._is_over:
                shut(end)
        try:
            yield end
        finally:
            with self._lock:
                self._open.discard(end)
            end.close()

    def _start(self, work, *arguments):
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        with contextlib.suppress(OSError):  # The listener was shut.
            while True:
                client, _ = self._listener.accept()
                with self._lock:
                    self._open.add(client)  # Before the thread runs, so that the end of the proxy finds it.
                self._start(self._talk, client)

    def _talk(self, client):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.known(client), contextlib.suppress(OSError):  # The client has gone between two requests.
            Handler(client, None, self)


class Handler(BaseHTTPRequestHandler):
    """One connection of a client, kept as long as it is asked."""

    protocol_version = "HTTP/1.1"

    def serve(self):
        try:
            exchange = Exchange(self.server, self)
        except ClientGone:
            self.close_connection = True
            return
        try:
            exchange.run()
        except NoAnswer:
            exchange.cut("broken off by the server" if exchange.request.status else "the server has not answered")
        except ClientGone:
            exchange.cut("" if exchange.request.status else "the client has gone")
        except Exception as error:  # Of a predicate or a fault, which is the test's.
            self.server.problem(error)
            exchange.cut("the fault has failed")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = serve

    def log_message(self, *_):
        """Nothing on stderr: the proxy has a log of its own."""
