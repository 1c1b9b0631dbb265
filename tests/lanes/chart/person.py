"""A stand-in backend, and a person who logs in there through the served gateway and calls a tool: what the metrics that
need a login come from. The protocol itself is proven elsewhere."""

import base64
import hashlib
import html
import http.client
import http.server
import json
import re
import ssl
import threading
import time
import urllib.parse

PUBLIC = "https://gateway.example.org"
RETURN = "http://127.0.0.1/callback"
VERIFIER = "lane-" * 12


class Backend:
    """Knows one person, and answers every question about data with 500."""

    def __init__(self):
        class Answers(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.do_GET()

            def do_GET(self):
                found = answers().get(urllib.parse.urlsplit(self.path).path)
                text = json.dumps(found or {"detail": "broken"}).encode()
                self.send_response(200 if found else 500)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def answers():
    hour = int(time.time()) + 3600
    return {
        "/o/token/": {"access_token": "token-of-the-backend", "token_type": "Bearer", "expires_in": 3600, "scope": "openid email"},
        "/o/userinfo/": {"sub": "10001", "email": "person@example.org"},
        "/o/introspect/": {"active": True, "client_id": "fhir-mcp-gateway", "scope": "openid email", "exp": hour, "username": "person"},
    }


class Person:
    """Speaks to the gateway on loopback under its public name."""

    def __init__(self, port):
        self.port, self.token = port, None

    def send(self, method, path, body=None, **headers):
        """Status, headers and text of an answer."""
        context = ssl._create_unverified_context()  # a made-up backend's secrets alone; helm's test verifies
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=20)
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        connection.request(method, path, body, {"Host": "gateway.example.org"} | named)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, text

    def log_in(self):
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        asked = {"client_name": "Lane", "redirect_uris": [RETURN], "token_endpoint_auth_method": "none"}
        client = json.loads(self.send("POST", "/register", json.dumps(asked), Content_Type="application/json")[2])["client_id"]
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
        query = {
            "response_type": "code", "client_id": client, "redirect_uri": RETURN, "state": "s", "resource": f"{PUBLIC}/mcp",
            "code_challenge": challenge, "code_challenge_method": "S256"}
        _, shown, page = self.send("GET", "/authorize?" + urllib.parse.urlencode(query))
        request = html.unescape(re.search(r'name="request" value="([^"]*)"', page)[1])
        cookies = self.cookies(shown)
        approved = urllib.parse.urlencode({"request": request, "decision": "approve"})
        _, sent, page = self.send("POST", "/authorize", approved, Origin=PUBLIC, Cookie=cookies, **form)
        there = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(sent["Location"]).query))
        back = urllib.parse.urlencode({"code": "code-of-the-backend", "state": there["state"]})
        _, sent, page = self.send("GET", f"/oauth/callback?{back}", Cookie=self.cookies(sent) or cookies)
        code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(sent["Location"]).query))["code"]
        grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": RETURN, "client_id": client, "code_verifier": VERIFIER}
        self.token = json.loads(self.send("POST", "/token", urllib.parse.urlencode(grant), **form)[2])["access_token"]

    @staticmethod
    def cookies(headers):
        return "; ".join(one.split(";")[0] for one in headers.get_all("Set-Cookie") or [])

    def call(self, tool):
        """The status of a tool call."""
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": {}}}
        return self.send(
            "POST", "/mcp", json.dumps(message), Authorization=f"Bearer {self.token}", Content_Type="application/json",
            Accept="application/json, text/event-stream", MCP_Protocol_Version="2025-06-18")[0]
