"""A TCP relay on loopback that takes each connection where the test says: an address behind which there is more than one server.

    with Relay(lambda: ("127.0.0.1", port)) as relay:
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{relay.port}/shop")
"""

import contextlib
import socket
import threading


class Relay:
    """`choose` is called for each connection and gives host and port. It may wait: connections behind that one are taken meanwhile."""

    def __init__(self, choose, port=0):
        self.choose = choose
        self.port = port  # 0: a free one.
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
        self._shut(self._listener)
        for end in list(self._open):
            self._shut(end)
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
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        self._shut(sink)

    @staticmethod
    def _shut(end):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
