"""deploy/fly: the two files for Fly.io against the configurations that they name. Fly itself is not asked."""

import tomllib

import yaml

import compose
from image import REPOSITORY
from report import check

FOLDER = REPOSITORY / "deploy" / "fly"


def port(address):
    return int(address.rsplit(":", 1)[1])


def run():
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
