"""The stand-in Exchange of the stories answers as the toolkit does: the same requests to both, row by row."""

import base64
import subprocess
import urllib.parse

from lane.check import equal
from lane.client import challenge, expect
from lane.person import Person, fresh
from lane.programs import BINARIES, OTHER, OWN, SECRETS
from lane.wire import send
from lane.world import CODES, MARY



class Exchange:
    """Either of them, as a client of its own meets it."""

    def __init__(self, base):
        self.base, self.person = base, Person(MARY)

    def post(self, endpoint, form, headers=()):
        return send(f"{self.base}/o/{endpoint}/", form=form, headers=headers)

    def code(self, application, scope="openid email"):
        verifier = fresh()
        query = {
            "response_type": "code", "client_id": application, "redirect_uri": CODES, "scope": scope,
            "state": fresh(), "nonce": fresh(),
            "code_challenge": challenge(verifier), "code_challenge_method": "S256",
        }
        code = self.person.code(f"{self.base}/o/authorize/?{urllib.parse.urlencode(query)}")
        return {"grant_type": "authorization_code", "code": code, "redirect_uri": CODES, "code_verifier": verifier}

    def token(self, application, form):
        return self.post("token", form | {"client_id": application, "client_secret": SECRETS[application]})

    def tokens(self, application=OWN, scope="openid email"):
        return expect(self.token(application, self.code(application, scope)), 200, "token").json

    def introspect(self, token, application=OWN, secret=None):
        return self.post("introspect", {"token": token}, basic(application, secret or SECRETS[application]))

    def refresh(self, token, application=OWN):
        return self.token(application, {"grant_type": "refresh_token", "refresh_token": token})

    def revoke(self, token):
        return self.post("revoke_token", {"token": token, "client_id": OWN, "client_secret": SECRETS[OWN]})

    def userinfo(self, token):
        return send(f"{self.base}/o/userinfo/", headers={"Authorization": f"Bearer {token}"})


def basic(name, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def introspections(exchange):
    tokens, foreign, gone = exchange.tokens(), exchange.tokens(OTHER), exchange.tokens()
    exchange.revoke(gone["refresh_token"])
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    yield "introspection: live", exchange.introspect(tokens["access_token"])
    yield "introspection: of another client", exchange.introspect(foreign["access_token"])
    yield "introspection: openid alone", exchange.introspect(exchange.tokens(scope="openid")["access_token"])
    yield "introspection: unknown", exchange.introspect("unknown")
    yield "introspection: a refresh token", exchange.introspect(tokens["refresh_token"])
    yield "introspection: an id token", exchange.introspect(tokens["id_token"])
    yield "introspection: revoked", exchange.introspect(gone["access_token"])
    yield "introspection: wrong secret", exchange.introspect(tokens["access_token"], secret="wrong")
    yield "introspection: unknown client", exchange.introspect(tokens["access_token"], "nobody", "wrong")
    yield "introspection: no client", exchange.post("introspect", {"token": tokens["access_token"]})
    yield "introspection: a bearer for a client", exchange.post("introspect", {"token": tokens["access_token"]}, bearer)
    yield "introspection: no token", exchange.post("introspect", {}, basic(OWN, SECRETS[OWN]))


def redemptions(exchange):
    form = exchange.code(OWN)
    yield "token: wrong verifier", exchange.token(OWN, form | {"code_verifier": fresh()})
    yield "token: no verifier", exchange.token(OWN, {name: form[name] for name in form if name != "code_verifier"})
    yield "token: another redirect", exchange.token(OWN, form | {"redirect_uri": f"{CODES}/other"})
    yield "token: another client's code", exchange.token(OTHER, form)
    yield "token: wrong secret", exchange.post("token", form | {"client_id": OWN, "client_secret": "wrong"})
    yield "token: after all that, the code", exchange.token(OWN, form)
    yield "token: the code again", exchange.token(OWN, form)
    yield "token: unknown code", exchange.token(OWN, form | {"code": "unknown"})
    yield "token: unknown grant", exchange.token(OWN, {"grant_type": "magic"})
    yield "token: openid alone", exchange.token(OWN, exchange.code(OWN, "openid"))


def refreshes(exchange):
    tokens = exchange.tokens()
    old, spent = tokens["access_token"], tokens["refresh_token"]
    yield "refresh: another client's", exchange.refresh(spent, OTHER)
    answer = exchange.refresh(spent)
    yield "refresh: live", answer
    yield "refresh: used", exchange.refresh(spent)
    yield "refresh: unknown", exchange.refresh("unknown")
    yield "refresh: the access token before it", exchange.introspect(old)
    new = answer.json or {}
    yield "refresh: the access token after it", exchange.introspect(new.get("access_token"))
    yield "userinfo: live", exchange.userinfo(new.get("access_token"))
    yield "userinfo: unknown", exchange.userinfo("unknown")
    yield "revoke: live", exchange.revoke(new.get("refresh_token"))
    yield "revoke: again", exchange.revoke(new.get("refresh_token"))
    yield "revoke: wrong secret", exchange.post("revoke_token", {"token": "t", "client_id": OWN, "client_secret": "x"})
    yield "revoke: the access token that went with it", exchange.introspect(new.get("access_token"))


def shape(answer):
    """What a program can tell answers apart by, without what differs from run to run."""
    kept = ("active", "error", "error_description", "scope", "client_id", "username", "token_type")
    body = answer.json if isinstance(answer.json, dict) else {}
    return {
        "status": answer.status,
        "keys": sorted(body),
        "values": {name: body[name] for name in kept if name in body},
        "empty": not answer.text,
        "challenge": answer.headers.get("WWW-Authenticate"),
        "cache": answer.headers.get("Cache-Control"),
        "type": (answer.headers.get("Content-Type") or "").split(";")[0],
    }


def run(world):
    program = [BINARIES / "stand_in"]
    stand_in = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        real, ours = Exchange(world.backend.base), Exchange(stand_in.stdout.readline().strip())
        for rows in (introspections, redemptions, refreshes):
            for (name, one), (_, other) in zip(rows(real), rows(ours), strict=True):
                equal(f"agreement: {name}", shape(other), shape(one))
    finally:
        stand_in.stdin.close()
        stand_in.wait(10)
