"""deploy/fly: the two files for Fly.io against the configurations that they name. Fly itself is not asked."""

import tomllib

import yaml

import compose
import running
from container import WORK, Container
from image import PROGRAMS, REPOSITORY
from report import check

FOLDER = REPOSITORY / "deploy" / "fly"


def port(address):
    return int(address.rsplit(":", 1)[1])


def run(images):
    gateway, core = (tomllib.loads((FOLDER / name).read_text()) for name in ("fly.toml", "core.toml"))
    configured, serving = (yaml.safe_load((FOLDER / name).read_text()) for name in ("gateway.yaml", "mcp-core.yaml"))
    for name, app, admin in (("gateway", gateway, configured["server"]["admin"]), ("core", core, serving["admin"])):
        local = {one["guest_path"]: one.get("local_path") for one in app["files"]}
        command = app["experimental"]["cmd"]
        check(f"fly: {name} serves by a configuration that is laid there from this folder",
              command[:2] == ["serve", "--config"] and (FOLDER / local[command[2]]).is_file(), command)
        check(f"fly: {name} is told SIGTERM and has the time that its deadlines add up to",
              (app["kill_signal"], app["kill_timeout"]) == ("SIGTERM", compose.GRACE[name]))
        asked = {app["checks"]["ready"]["port"], app["metrics"]["port"]}
        check(f"fly: {name} is asked for /ready and /metrics where its admin listener is", asked == {port(admin)}, asked)
    (service,) = gateway["services"]
    (listener,) = configured["server"]["listeners"]
    check("fly: connections come through to the gateway's TLS listener as they are",
          service["internal_port"] == port(listener["address"]) and [one.get("handlers", []) for one in service["ports"]] == [[]])
    laid = {one["guest_path"] for one in gateway["files"]}
    check("fly: certificate and key are laid where the gateway looks", {listener["tls"]["certificate"], listener["tls"]["key"]} <= laid, laid)
    check("fly: core has no way in from outside", "services" not in core and "http_service" not in core)
    check("fly: the gateway calls core by its name on the private network",
          configured["core"]["address"] == f"{core['app']}.internal:{port(serving['listen'])}")
    taken(images, gateway, core)


def taken(images, gateway, core):
    """Both configurations before the programs' own `check`, with secrets as Fly hands them over."""
    tls = WORK / "fly"
    tls.mkdir()
    running.certificate(tls / "tls.crt", tls / "tls.key", running.HOST)
    (tls / "tls.key").chmod(0o444)
    user = running.STRANGER
    secrets = {"JHE_CLIENT_SECRET": "a-secret-of-the-backend"}
    for name in ("RING_K1", "HOP_KEY", "AUDIT_KEY"):
        secrets[name] = Container(images[PROGRAMS[0]], PROGRAMS[0], user).run("keygen")[1].strip()
    mounts = [(FOLDER, "/etc/fhir-mcp/config", False), (tls, "/etc/fhir-mcp/tls", False)]
    for program, app in zip(PROGRAMS, (gateway, core)):
        container = Container(images[program], program, user, mounts)
        code, out, err = container.run("check", app["experimental"]["cmd"][2], environment=secrets)
        check(f"fly: {program}'s `check` is content with its configuration", code == 0 and out, err)
        code, _, _ = container.run("check", app["experimental"]["cmd"][2])
        check("fly: and not without Fly's secrets", code != 0)
