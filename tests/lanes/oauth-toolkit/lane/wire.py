"""HTTP requests that follow no redirect, are never repeated, and know no cookie."""

import http.client
import json
import threading
import urllib.parse

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Answer:
    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.text = response.read().decode("utf-8", "replace")
        try:
            self.json = json.loads(self.text)
        except ValueError:
            self.json = None

    @property
    def error(self):
        return self.json.get("error") if isinstance(self.json, dict) else None

    @property
    def outcome(self):
        """The status; a tool's own refusal, which is a 200 as well, is told from a result."""
        result = self.json.get("result") if isinstance(self.json, dict) else None
        return "tool error" if isinstance(result, dict) and result.get("isError") else self.status

    def __repr__(self):
        """Never a token: an error is short and says what it is, anything else is only counted."""
        return f"{self.status} {self.error or f'{len(self.text)} characters'}"


class Request:
    """A connection that is open already, so that many of them can fire at the same moment."""

    def __init__(self, url, form=None, body=None, headers=()):
        parts = urllib.parse.urlsplit(url)
        self.headers = {"Connection": "close"} | (FORM if form is not None else {}) | dict(headers)
        self.method = "GET" if form is None and body is None else "POST"
        self.body = body if form is None else urllib.parse.urlencode(form)
        self.target = parts.path + (f"?{parts.query}" if parts.query else "")
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        self.connection.connect()

    def fire(self):
        try:
            self.connection.request(self.method, self.target, self.body, self.headers)
            return Answer(self.connection.getresponse())
        finally:
            self.connection.close()


def send(url, form=None, body=None, headers=()):
    return Request(url, form, body, headers).fire()


def together(requests):
    """The answers to requests that are sent at the same moment."""
    barrier, answers = threading.Barrier(len(requests)), [None] * len(requests)

    def run(index, request):
        barrier.wait()
        answers[index] = request.fire()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(requests)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
