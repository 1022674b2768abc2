"""Two code hosts on this machine that behave as their documentation says, and fail when told to."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TOKEN = "t0ken-that-must-not-be-seen"
REPOSITORY = "owner/name"
HEAD = "abcdef0123" * 4
OTHER = "9876543210" * 4
BOT = "github-actions[bot]"
LIMITS = {"github": 65_536, "gitlab": 1_000_000}


@dataclass(kw_only=True)
class Fault:
    """What the next request of this kind meets: an answer, or a connection that is dropped."""

    method: str
    path: str = ""
    status: int = 0
    headers: dict = field(default_factory=dict)
    body: object = None
    drop: str = ""  # "before" or "after" the request is carried out


@dataclass(kw_only=True)
class Hosted:
    """What a host holds, and what it was asked."""

    kind: str
    login: str = BOT
    is_app: bool = False
    notes: list = field(default_factory=list)
    changes: dict = field(default_factory=lambda: {7: {"head": HEAD, "open": True}})
    faults: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    limit: int = 0
    numbers: int = 100
    before_post: object = None
    hides_new: bool = False  # lists lag behind

    def add(self, body, author=None, *, change=7, system=False):
        self.numbers += 1
        author = self.login if author is None else author
        note = {"id": self.numbers, "author": author, "body": body, "change": change, "system": system}
        self.notes.append(note)
        return note

    def bodies(self, change=7):
        return [note["body"] for note in self.notes if note["change"] == change]

    def writes(self):
        return [method for method, path in self.asked if method != "GET" and "graphql" not in path]

    def fault(self, method, path=""):
        for fault in self.faults:
            if fault.method == method and fault.path in path:
                self.faults.remove(fault)
                return fault
        return None

    def note(self, number):
        return next((note for note in self.notes if note["id"] == number), None)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in one packet: two would wait for each other
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.serve("GET")

    def do_POST(self):
        self.serve("POST")

    def do_PATCH(self):
        self.serve("PATCH")

    def do_PUT(self):
        self.serve("PUT")

    def do_DELETE(self):
        self.serve("DELETE")

    def serve(self, method):
        hosted = self.server.hosted
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        length = int(self.headers.get("Content-Length") or 0)
        sent = json.loads(self.rfile.read(length) or "{}") if length else {}
        hosted.asked.append((method, parts.path))
        fault = hosted.fault(method, parts.path)
        if fault is not None and fault.drop == "before":
            self.drop()
            return
        if fault is not None and fault.status:
            self.answer(fault.status, fault.body, fault.headers)
            return
        known = {f"token {TOKEN}", f"Bearer {TOKEN}"}
        if self.headers.get("Authorization") not in known and self.headers.get("Private-Token") != TOKEN:
            self.answer(401, {"message": "Bad credentials"})
            return
        status, body, headers = ROUTES[hosted.kind](self, method, parts.path, query, sent)
        if fault is not None and fault.drop == "after":
            self.drop()
            return
        self.answer(status, body, headers)

    def drop(self):
        self.close_connection = True
        self.connection.shutdown(2)

    def answer(self, status, body, headers=None):
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    @property
    def root(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def page(self, path, query, items):
        """Return one page, and the link to the next as both hosts give it."""
        size, number = min(int(query.get("per_page", 30)), 100), int(query.get("page", 1))
        shown = items[(number - 1) * size : number * size]
        headers = {}
        if number * size < len(items):
            rest = "&".join(f"{key}={value}" for key, value in query.items() if key != "page")
            headers["Link"] = f'<{self.root}{path}?{rest}&page={number + 1}>; rel="next"'
        return 200, shown, headers


def answered(status, body):
    return status, body, {}


NOT_FOUND = answered(404, {"message": "Not Found"})


def github(handler, method, path, query, sent):
    hosted, api = handler.server.hosted, f"{handler.root}/api/v3"
    repository = f"/api/v3/repos/{REPOSITORY}"
    if path == "/api/graphql":
        return answered(200, {"data": {"viewer": {"login": hosted.login}}})
    if path == "/api/v3/user":
        denied = {"message": "Resource not accessible by integration"}
        return answered(403, denied) if hosted.is_app else answered(200, {"login": hosted.login, "id": 1})
    if path == repository:
        return answered(200, {"full_name": REPOSITORY, "id": 5, "url": f"{api}/repos/{REPOSITORY}"})
    if path == f"{repository}/pulls":
        return handler.page(path, query, [github_pull(api, hosted, n) for n in opened(hosted)])
    if found := re.fullmatch(rf"{repository}/pulls/(\d+)", path):
        number = int(found[1])
        return answered(200, github_pull(api, hosted, number)) if number in hosted.changes else NOT_FOUND
    if found := re.fullmatch(rf"{repository}/issues/(\d+)/comments", path):
        if method == "POST":
            return written(hosted, int(found[1]), sent["body"], lambda note: github_note(api, note))
        own = [github_note(api, note) for note in listed(hosted, int(found[1]))]
        return handler.page(path, query, own)
    found = re.fullmatch(rf"{repository}/issues/comments/(\d+)", path)
    return changed(hosted, method, found and int(found[1]), sent, lambda note: github_note(api, note))


def listed(hosted, change):
    return [] if hosted.hides_new else [note for note in hosted.notes if note["change"] == change]


def opened(hosted):
    return [number for number, change in hosted.changes.items() if change["open"]]


def github_pull(api, hosted, number):
    change, base = hosted.changes[number], f"{api}/repos/{REPOSITORY}"
    return {
        "number": number,
        "id": number,
        "url": f"{base}/pulls/{number}",
        "issue_url": f"{base}/issues/{number}",
        "state": "open" if change["open"] else "closed",
        "head": {"sha": change["head"], "ref": "feature", "label": "fork:feature"},
    }


def github_note(api, note):
    author = {"login": note["author"], "id": 1} if note["author"] else None
    url = f"{api}/repos/{REPOSITORY}/issues/comments/{note['id']}"
    return {"id": note["id"], "url": url, "body": note["body"], "user": author}


def gitlab(handler, method, path, query, sent):
    hosted = handler.server.hosted
    project = "/api/v4/projects/owner%2Fname/merge_requests"
    if path == "/api/v4/user":
        return answered(200, {"id": 1, "username": hosted.login})
    if path == project:
        return handler.page(path, query, [gitlab_change(hosted, n) for n in opened(hosted)])
    if found := re.fullmatch(rf"{project}/(\d+)", path):
        number = int(found[1])
        return answered(200, gitlab_change(hosted, number)) if number in hosted.changes else NOT_FOUND
    if found := re.fullmatch(rf"{project}/(\d+)/notes", path):
        if method == "POST":
            return written(hosted, int(found[1]), sent["body"], gitlab_note)
        own = [gitlab_note(note) for note in listed(hosted, int(found[1]))]
        return handler.page(path, query, own)
    found = re.fullmatch(rf"{project}/\d+/notes/(\d+)", path)
    return changed(hosted, method, found and int(found[1]), sent, gitlab_note)


def gitlab_change(hosted, number):
    change = hosted.changes[number]
    state = "opened" if change["open"] else "merged"
    return {"iid": number, "id": 1000 + number, "sha": change["head"], "state": state}


def gitlab_note(note):
    author = {"id": 1, "username": note["author"]} if note["author"] else None
    return {"id": note["id"], "body": note["body"], "author": author, "system": note["system"]}


def written(hosted, change, body, shown):
    if change not in hosted.changes:
        return NOT_FOUND
    if hosted.before_post is not None:
        race, hosted.before_post = hosted.before_post, None
        race(hosted)
    return refused(hosted, body) or answered(201, shown(hosted.add(body, change=change)))


def changed(hosted, method, number, sent, shown):
    note = hosted.note(number) if number else None
    if note is None:
        return NOT_FOUND
    if method == "DELETE":
        hosted.notes.remove(note)
        return answered(204, None)
    if problem := refused(hosted, sent["body"]):
        return problem
    note["body"] = sent["body"]
    return answered(200, shown(note))


def refused(hosted, body):
    limit = hosted.limit or LIMITS[hosted.kind]
    if len(body) <= limit:
        return None
    if hosted.kind == "gitlab":
        return answered(400, {"message": {"note": [f"is too long (maximum is {limit} characters)"]}})
    said = f"Body is too long (maximum is {limit} characters)"
    error = {"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": said}
    return answered(422, {"message": "Validation Failed", "errors": [error]})


ROUTES = {"github": github, "gitlab": gitlab}


class Server:
    """A fake host that listens on the loopback address until it is closed."""

    def __init__(self, kind):
        self.hosted = Hosted(kind=kind)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.hosted = self.hosted
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class ScriptedClock:
    """A clock that jumps where a real one waits."""

    def __init__(self, now=1_000_000.0):
        self.time = now
        self.slept = []

    def now(self):
        return self.time

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.time += seconds
