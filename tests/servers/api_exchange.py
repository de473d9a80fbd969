"""One request that comes to a proxy (api_proxy.py), and what is done to bring it to the server and the answer back."""

import contextlib
import http.client
import itertools
from dataclasses import dataclass

from servers.api_log import Request
from servers.relay import shut

PIECE = 65536
KEPT = 65536            # Of a body.
KEPT_OF_JSON = 1 << 25  # A job that names 10,000 files is a megabyte.
OF_ONE_CONNECTION = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect", "content-length"}


class NoAnswer(Exception):
    """There is no server, or it went before it had answered all."""


class ClientGone(Exception):
    """The client has ended its connection before all was said."""


class Body:
    """The body of a client's request: an iterator of its pieces as they come. `size` is of those so far. Raises ClientGone."""

    def __init__(self, stream, headers):
        self.is_chunked = headers.get("Transfer-Encoding", "").lower() == "chunked"
        self.size = 0
        self._stream = stream
        self._pieces = self._chunks() if self.is_chunked else self._next(int(headers.get("Content-Length", 0)))

    def __iter__(self):
        return self

    def __next__(self) -> bytes:
        piece = next(self._pieces)
        self.size += len(piece)
        return piece

    def begin(self, size) -> bytes:
        """At least so many bytes, if there are as many."""
        begin = bytearray()
        while len(begin) < size and (piece := next(self, b"")):
            begin += piece
        return bytes(begin)

    def _next(self, size):
        while size > 0:
            piece = self._read(self._stream.read1, min(size, PIECE))
            size -= len(piece)
            yield piece

    def _chunks(self):
        while size := int(self._line().partition(b";")[0], 16):
            yield from self._next(size)
            self._line()
        while self._line().strip():
            pass  # Trailers.

    def _line(self):
        return self._read(self._stream.readline, PIECE)

    @staticmethod
    def _read(read, size):
        try:
            read_so = read(size)
        except OSError as error:
            raise ClientGone from error
        if not read_so:
            raise ClientGone
        return read_so


@dataclass
class Answer:
    """Of the server, with a body that is read once, or without one, of the proxy. Raises NoAnswer."""

    status: int
    reason: str
    headers: http.client.HTTPMessage
    known: http.client.HTTPResponse | None = None

    @property
    def length(self) -> int | None:
        """Of the body that is still to be read; None where only its end will tell."""
        return self.known.length

    def pieces(self):
        while piece := self._read():
            yield piece

    def read(self) -> bytes:
        return b"".join(self.pieces())

    def _read(self):
        try:
            piece = self.known.read1(PIECE)
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer from error
        if not piece and self.known.length:
            raise NoAnswer
        return piece


class Exchange:
    """One request and its answer, on the thread of its connection. A fault calls `go_on`, `reply` or `cut`, or `ask` and then `send` or `cut`.

    `proxy` is asked for what is shared: the address of the server, the log, the sockets to end. `handler` speaks to the client."""

    def __init__(self, proxy, handler):
        self._proxy = proxy
        self._handler = handler
        self._body = Body(handler.rfile, handler.headers)
        self._upstream = contextlib.ExitStack()
        self._rules = iter(())
        is_json = handler.headers.get_content_type() == "application/json"
        self._begin = self._body.begin(KEPT_OF_JSON if is_json else KEPT)
        self.request = Request(handler.command, handler.requestline.split()[1], handler.headers,
                               self._begin if is_json else self._begin[:KEPT], self._body.size)

    def run(self):
        with self._upstream:
            self._rules = iter(self._proxy.arrived(self.request))
            self.go_on()
        if self.request.status is None and not self._handler.close_connection:
            raise ValueError(f"the fault has neither answered nor cut: {self.request}")

    def go_on(self):
        """Does what the next fault does, or passes request and answer on."""
        for rule in self._rules:
            if rule.take():
                rule.fault(self)
                return
        answer = self.ask()
        self.send(answer, answer.pieces(), answer.length)

    def ask(self) -> Answer:
        """Passes the request on; its answer, of which the body is still to be read."""
        connection = http.client.HTTPConnection(self._proxy.server)
        try:
            connection.connect()
        except OSError as error:
            raise NoAnswer from error
        self._upstream.enter_context(self._proxy.known(connection.sock))
        with contextlib.suppress(OSError):  # A server that refuses a body may answer before it has read it.
            self._pass_on(connection)
        self._drain()
        try:
            known = self._upstream.enter_context(connection.getresponse())
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer from error
        return Answer(known.status, known.reason, known.headers, known)

    def reply(self, status: int, headers: dict, body: bytes):
        """Answers in the place of the server."""
        self._drain()
        message = http.client.HTTPMessage()
        for name, value in headers.items():
            message[name] = value
        self.send(Answer(status, http.client.responses.get(status, ""), message), [body], len(body), "by the proxy")

    def send(self, answer: Answer, pieces, length: int | None, note=""):
        """Gives the client the answer with the body `pieces`, of which the head says that it has this length; None: it is chunked."""
        self.request.status, self.request.note = answer.status, note
        self._send_head(answer, length)
        if self.is_without_body(answer):
            return
        for piece in pieces:
            self.write(chunk(piece) if length is None else piece)
        if length is None:
            self.write(chunk(b""))

    def write(self, data: bytes):
        """Sends the client these bytes as they are."""
        self._to_client(self._handler.wfile.write, data)

    def is_without_body(self, answer: Answer) -> bool:
        """Whatever its head says."""
        return self.request.method == "HEAD" or answer.status in (204, 304)

    def cut(self, note: str):
        """Ends the connection to the client."""
        self.request.note = note or self.request.note
        self.request.size = self._body.size
        self._handler.close_connection = True
        shut(self._handler.connection)

    def _pass_on(self, connection):
        connection.putrequest(self.request.method, self.request.target, skip_host=True, skip_accept_encoding=True)
        for name, value in passed_on(self.request.headers):
            connection.putheader(name, value)
        if self._body.is_chunked:
            connection.putheader("Transfer-Encoding", "chunked")
        elif "Content-Length" in self.request.headers:
            connection.putheader("Content-Length", self.request.headers["Content-Length"])
        connection.endheaders()
        for piece in filter(None, itertools.chain([self._begin], self._body)):
            connection.send(chunk(piece) if self._body.is_chunked else piece)
        if self._body.is_chunked:
            connection.send(chunk(b""))

    def _drain(self):
        """Reads what there is still of the body."""
        for _ in self._body:
            pass
        self.request.size = self._body.size

    def _send_head(self, answer, length):
        handler = self._handler
        handler.send_response_only(answer.status, answer.reason)
        for name, value in passed_on(answer.headers):
            handler.send_header(name, value)
        if self.is_without_body(answer):
            length = answer.headers.get("Content-Length")  # Of what a GET would bring.
        elif length is None:
            handler.send_header("Transfer-Encoding", "chunked")
        if length is not None:
            handler.send_header("Content-Length", length)
        self._to_client(handler.end_headers)

    @staticmethod
    def _to_client(write, *data):
        try:
            write(*data)
        except OSError as error:
            raise ClientGone from error


def passed_on(headers):
    return [(name, value) for name, value in headers.items() if name.lower() not in OF_ONE_CONNECTION]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)
