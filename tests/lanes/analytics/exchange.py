"""The site: how it is started, how its tools are called, and what its stand-in Exchange holds."""

import base64
import json
import subprocess
import time
import urllib.parse
import urllib.request
from decimal import Decimal


class Site:
    """Both programs before a stand-in Exchange; they end with the block."""

    def __init__(self, program, *arguments):
        self.process = subprocess.Popen([program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("the site did not start")
        self.at = json.loads(line)
        self.calls = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(20)

    def call(self, tool, **arguments):
        """One call of a tool, as it came."""
        self.calls += 1
        body = {"jsonrpc": "2.0", "id": self.calls, "method": "tools/call",
                "params": {"name": tool, "arguments": arguments}}
        headers = {"authorization": f"Bearer {self.at['token']}", "content-type": "application/json",
                   "accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18"}
        request = urllib.request.Request(f"{self.at['origin']}/mcp", json.dumps(body).encode(), headers)
        began = time.monotonic()
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read().decode()
        return Called(text, time.monotonic() - began)

    def rows(self, **filters):
        """Every Observation that the Exchange itself gives for these filters, in order of time."""
        rows, page = [], 1
        while True:
            query = urllib.parse.urlencode({**filters, "_sort": "date", "_count": 1000, "_page": page})
            request = urllib.request.Request(
                f"{self.at['exchange']}/FHIR/R5/Observation?{query}",
                headers={"authorization": f"Bearer {self.at['exchange_token']}"})
            with urllib.request.urlopen(request, timeout=60) as answer:
                bundle = json.load(answer)
            rows += [entry["resource"] for entry in bundle["entry"]]
            if not any(link["relation"] == "next" for link in bundle["link"]):
                assert len(rows) == bundle["total"], "the Exchange gave less than it has"
                return rows
            page += 1


class Called:
    """What a call gave. Numbers are kept to the digit in which they were printed."""

    def __init__(self, text, seconds):
        if not text.lstrip().startswith("{"):
            events = [line[5:] for line in text.splitlines() if line.startswith("data:")]
            text = next(event for event in events if '"result"' in event or '"error"' in event)
        message = json.loads(text, parse_float=Decimal)
        if "result" not in message or message["result"].get("isError"):
            raise AssertionError(f"the call failed: {text[:400]}")
        result = message["result"]
        self.seconds = seconds
        self.text = result["content"][0]["text"]
        self.answer = json.loads(self.text, parse_float=Decimal)
        self.says_the_same_twice = result["structuredContent"] == self.answer
        self.pngs = [base64.b64decode(part["data"]) for part in result["content"] if part["type"] == "image"]
        self.svgs = [part["resource"]["text"] for part in result["content"] if part["type"] == "resource"]
