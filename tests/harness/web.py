"""HTTP as it is, without a client library: every status is an answer."""

import http.client
import json
import urllib.parse
from dataclasses import dataclass

SECONDS = 120


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self):
        return json.loads(self.body)

    @property
    def reason(self) -> str:
        """Of an error, the word that Google's services have for it."""
        return self.json()["error"]["errors"][0]["reason"]


def call(method: str, url: str, body: bytes | dict | None = None, headers: dict | None = None, **query) -> Answer:
    """One request on a connection of its own. A dict is sent as JSON; `query` is added to the URL."""
    parts = urllib.parse.urlsplit(url)
    text = "&".join(filter(None, [parts.query, urllib.parse.urlencode(query)]))
    headers = dict(headers or {})
    if isinstance(body, dict):
        body = json.dumps(body).encode()
        headers.setdefault("Content-Type", "application/json; charset=UTF-8")
    connection = http.client.HTTPConnection(parts.netloc, timeout=SECONDS)
    try:
        connection.request(method, parts.path + ("?" + text if text else ""), body, headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def multipart(description: dict, data: bytes) -> dict:
    """`body` and `headers` of an upload of `data` with its description in one request (multipart/related)."""
    boundary = "part-of-a-test"
    body = (f"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{json.dumps(description)}\r\n"
            f"--{boundary}\r\nContent-Type: application/octet-stream\r\n\r\n").encode() + data + f"\r\n--{boundary}--\r\n".encode()
    return {"body": body, "headers": {"Content-Type": f"multipart/related; boundary={boundary}"}}
