"""A TCP relay on loopback that takes each connection where the test says, and does to what passes what a network may do.

    with Relay(lambda: ("127.0.0.1", port)) as relay:
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{relay.port}/shop")
        relay.trouble = Cut(after=100_000)
"""

import contextlib
import socket
import threading

PIECE = 65536
PIECE_IN_TROUBLE = 4096  # So that trouble comes in the middle of a message.


class Relay:
    """`choose` is called for each connection and gives host and port. It may wait: connections behind that one are taken meanwhile.

    `trouble` is called before a piece is passed on, on the thread of its connection and direction, with the bytes that have come that way,
    the piece included, and the sockets that it came from and goes to. It may wait, or end them."""

    def __init__(self, choose, port=0):
        self.choose = choose
        self.port = port  # 0: a free one.
        self.trouble = None
        self._listener = socket.socket()
        self._threads = []
        self._open = []

    def __enter__(self):
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", self.port))
        self._listener.listen()
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(self, *_):
        shut(self._listener)
        for end in list(self._open):
            shut(end)
        for thread in list(self._threads):
            thread.join()
        for end in [self._listener, *self._open]:
            end.close()

    def _start(self, work, *arguments):
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        with contextlib.suppress(OSError):  # The listener was shut.
            while True:
                client, _ = self._listener.accept()
                self._open.append(client)
                self._start(self._connect, client)

    def _connect(self, client):
        server = socket.create_connection(self.choose())
        self._open.append(server)
        self._start(self._pump, server, client)
        self._pump(client, server)

    def _pump(self, source, sink):
        carried = 0
        with contextlib.suppress(OSError):
            while data := source.recv(PIECE_IN_TROUBLE if self.trouble else PIECE):
                carried += len(data)
                if trouble := self.trouble:
                    trouble(carried, source, sink)
                sink.sendall(data)
        shut(sink)


def shut(end):
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


class Cut:
    """Ends the first connection by which `after` bytes have come, in the middle of them."""

    def __init__(self, after):
        self.after = after
        self.was_made = False
        self._lock = threading.Lock()

    def __call__(self, carried, source, sink):
        with self._lock:
            is_the_one = carried >= self.after and not self.was_made
            self.was_made |= is_the_one
        if is_the_one:
            shut(source)
            shut(sink)


class Stall:
    """From the first connection on by which `after` bytes have come nothing passes any more, on any of them, as long as this is open."""

    def __init__(self, after):
        self.after = after
        self.began = threading.Event()
        self._lifted = threading.Event()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._lifted.set()

    def __call__(self, carried, source, sink):
        if carried >= self.after:
            self.began.set()
        if self.began.is_set():
            self._lifted.wait()


class Slow:
    """Each direction of a connection carries at most a piece in so many seconds."""

    def __init__(self, seconds):
        self.seconds = seconds
        self._never = threading.Event()

    def __call__(self, carried, source, sink):
        self._never.wait(self.seconds)
