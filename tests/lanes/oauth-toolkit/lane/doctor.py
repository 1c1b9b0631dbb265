"""What `fhir-mcp-gateway doctor` says of the real toolkit: all well, a wrong secret, a redirect nobody registered."""

import json
import os
import subprocess

from lane.check import check, equal
from lane.programs import BINARIES, OWN, SECRETS

# What this lane's backend has; FHIR and a version are none of the toolkit's.
SOUND = (
    "configuration", "backend_dns", "backend_connect", "discovery", "jwks", "client_secret", "introspection",
    "redirect_uri", "userinfo", "revocation", "clock", "core_connect", "core_hop",
)


def examine(world, config, secret):
    ring = {f"KEY_{number}": key for number, _, key in world.ring}
    secrets = ring | {"HOP_KEY": world.hop_key, "CLIENT_SECRET": secret}
    command = [BINARIES / "fhir-mcp-gateway", "doctor", "--json", "--config", config]
    answer = subprocess.run(
        command, env={"PATH": os.environ["PATH"]} | secrets, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=180, check=False,
    )
    check("doctor: no secret is shown", secret not in answer.stdout + answer.stderr)
    rows = {row["check"]: row["result"] for row in json.loads(answer.stdout)["checks"]}
    return answer.returncode, rows


def run(world):
    with world.gateway(application=OWN) as gateway:
        config = gateway.config
        sound = config.read_text(encoding="ascii")
        _, rows = examine(world, config, SECRETS[OWN])
        equal("doctor: a sound backend", {name: rows.get(name) for name in SOUND}, dict.fromkeys(SOUND, "ok"))
        code, rows = examine(world, config, "not-the-secret")
        equal("doctor: a wrong secret", (code, rows["client_secret"], rows["introspection"]), (1, "fail", "fail"))
        equal("doctor: a wrong secret says nothing of the redirect", rows["redirect_uri"], "ok")
        config.write_text(sound.replace(gateway.origin, "https://gateway.example.org"), encoding="ascii")
        code, rows = examine(world, config, SECRETS[OWN])
        equal("doctor: a redirect that nobody registered", (code, rows["redirect_uri"]), (1, "fail"))
        config.write_text(sound.replace("scope: openid email", "scope: openid patient"), encoding="ascii")
        _, rows = examine(world, config, SECRETS[OWN])
        equal("doctor: a scope that the application may not have", rows["redirect_uri"], "fail")
