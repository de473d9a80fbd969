"""What a proxy in front of one of Google's APIs was asked (api_proxy.py), and how it reads in a golden file."""

import json
import re
import urllib.parse
from dataclasses import dataclass, field
from http.client import HTTPMessage

SHOWN_HEADERS = ("Authorization", "Content-Range", "If-Match", "Range", "X-Goog-User-Project", "X-Upload-Content-Length", "X-Upload-Content-Type")


@dataclass
class Request:
    """One request. It is in the log once its head and what is kept of its body have come; the proxy fills in the rest until it is over."""

    method: str
    target: str
    headers: HTTPMessage = field(repr=False)  # As sent, with what is secret.
    body: bytes = field(repr=False, default=b"")  # The whole of one that is JSON, the first 64 KiB of others.
    size: int = 0  # The bytes of the body that were read from the client.
    status: int | None = None  # Of the answer, known before the client sees it; None where there is none, or none yet.
    note: str = ""  # What the proxy has done to it.

    @property
    def path(self) -> str:
        """As it was sent, percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """The last value of each name."""
        return dict(self.parameters())

    def parameters(self) -> list[tuple[str, str]]:
        """The query, sorted."""
        return sorted(urllib.parse.parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    def json(self):
        """The document that the body is, or begins with as one of several parts (multipart/related); None where there is none."""
        kind = self.headers.get_content_type()
        text = first_part(self.body, self.headers.get_param("boundary")) if kind.startswith("multipart/") else self.body
        try:
            return json.loads(text)
        except ValueError:
            return None


def first_part(body: bytes, boundary: str) -> bytes:
    part = body.partition(f"--{boundary}\r\n".encode())[2].partition(f"\r\n--{boundary}".encode())[0]
    return part.partition(b"\r\n\r\n")[2]


def transcript(requests: list[Request], names: dict | None = None) -> str:
    """The requests in the order that they came, with their answers' statuses. A GET that follows on one like it, answered alike, is left out:
    how often is asked whether a job is done is a matter of speed. `names` replaces texts, or what patterns of `re` match, by words.
    URLs' upload ids, which are as good as passwords, are numbered."""
    shown = []
    for request in requests:
        text = render(request)
        if request.method != "GET" or shown[-1:] != [text]:
            shown.append(text)
    return replaced("\n".join(shown), {**upload_ids(requests), **(names or {})})


def render(request: Request) -> str:
    query = "&".join(f"{name}={value}" for name, value in request.parameters())
    lines = [f"{request.method} {request.path}{'?' if query else ''}{query}"]
    lines += [f"{name}: {shown_value(name, request.headers[name])}" for name in SHOWN_HEADERS if name in request.headers]
    lines += rendered_body(request)
    lines.append(f"-> {request.status or 'no answer'}{', ' if request.note else ''}{request.note}")
    return "\n".join(lines) + "\n"


def shown_value(name: str, value: str) -> str:
    return f"{value.partition(' ')[0]} …" if name == "Authorization" else value


def rendered_body(request: Request) -> list[str]:
    if request.size == 0:
        return []
    document = request.json()
    kind = request.headers.get_content_type() if "Content-Type" in request.headers else "unnamed"
    is_all = document is not None and kind == "application/json"
    return ([] if document is None else json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False).splitlines()) + (
        [] if is_all else [f"({request.size} bytes of {kind})"])


def upload_ids(requests: list[Request]) -> dict[str, str]:
    found = dict.fromkeys(request.query["upload_id"] for request in requests if "upload_id" in request.query)
    return {text: f"UPLOAD {number}" for number, text in enumerate(found, 1)}


def replaced(text: str, names: dict) -> str:
    """Longer texts first, so that one within another is no matter; patterns last."""
    literal = sorted((name for name in names if isinstance(name, str)), key=len, reverse=True)
    for name in literal:
        text = text.replace(name, names[name])
    for name in names:
        if isinstance(name, re.Pattern):
            text = name.sub(names[name], text)
    return text
