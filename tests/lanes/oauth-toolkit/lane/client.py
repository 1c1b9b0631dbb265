"""An MCP client: registers, sends a person through the login, redeems, refreshes, calls a tool."""

import base64
import hashlib
import json
import urllib.parse

from lane.person import fresh
from lane.wire import Request, send

# The first asks the backend with the person's token, the second needs nothing of it.
TOOLS = {"list_studies": {}, "get_omh_schema": {"name": "blood-pressure"}}
CALLBACK = "http://127.0.0.1:33418/callback"


def challenge(verifier):
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class Refused(Exception):
    """A step of a login that was not answered as a login needs it."""


def expect(answer, status, step):
    if answer.outcome != status:
        raise Refused(f"{step}: {answer!r}")
    return answer


class Client:
    def __init__(self, origin):
        self.origin, self.verifier = origin, fresh()
        metadata = json.dumps({"client_name": "Lane", "redirect_uris": [CALLBACK]})
        headers = {"Content-Type": "application/json"}
        answer = expect(send(f"{origin}/register", body=metadata, headers=headers), 201, "register")
        self.id = answer.json["client_id"]

    def code(self, person):
        """A code of the gateway, good for a minute."""
        query = {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": CALLBACK,
            "state": fresh(),
            "code_challenge": challenge(self.verifier),
            "code_challenge_method": "S256",
            "resource": f"{self.origin}/mcp",
        }
        return person.code(f"{self.origin}/authorize?{urllib.parse.urlencode(query)}")

    def redemption(self, code):
        return Request(f"{self.origin}/token", form={
            "grant_type": "authorization_code",
            "client_id": self.id,
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": self.verifier,
        })

    def refreshing(self, token):
        form = {"grant_type": "refresh_token", "client_id": self.id, "refresh_token": token}
        return Request(f"{self.origin}/token", form=form)

    def redeem(self, code):
        return self.redemption(code).fire()

    def refresh(self, token):
        return self.refreshing(token).fire()

    def revoke(self, token):
        return send(f"{self.origin}/revoke", form={"token": token, "client_id": self.id})

    def log_in(self, person):
        return expect(self.redeem(self.code(person)), 200, "token").json

    def call(self, access_token, tool):
        """Calls one of the tools in TOOLS."""
        call = {"name": tool, "arguments": TOOLS[tool]}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call})
        return send(f"{self.origin}/mcp", body=body, headers={
            "Authorization": f"Bearer {access_token}",
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2025-06-18",
        })
