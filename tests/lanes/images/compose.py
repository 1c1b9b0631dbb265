"""deploy/compose.yaml as Docker's own parser reads it: hardened, closed, and with the time that an end takes."""

import json
import os
import pathlib
import subprocess

import yaml

from image import PROGRAMS, REPOSITORY, VERSION
from report import check

FILE = REPOSITORY / "deploy" / "compose.yaml"
GRACE = {"gateway": 5 + 65 + 5, "core": 5 + 25 + 10}


def parsed(file):
    """What Docker's parser makes of a compose file, or why it does not."""
    run = subprocess.run([os.environ["COMPOSE"], "-format", "json", file.name], cwd=file.parent, capture_output=True, text=True)
    return (json.loads(run.stdout), "") if run.returncode == 0 else (None, run.stderr.strip())


def seconds(duration):
    minutes, _, rest = duration.rpartition("m")
    return int(minutes or 0) * 60 + int(float(rest.removesuffix("s") or 0))


def run(work):
    """The services of both programs, as the parser gives them."""
    described, why = parsed(FILE)
    check("Docker's parser takes deploy/compose.yaml", described is not None, why)
    broken = work / "broken" / "compose.yaml"
    broken.parent.mkdir()
    broken.write_text(FILE.read_text().replace("read_only: true", "read_olny: true"))
    check("and refuses a key that is misspelt", parsed(broken)[0] is None)
    found = described["services"]
    for name, program in zip(("gateway", "core"), PROGRAMS):
        hardened(name, found[name])
        service = found[name]
        check(f"compose: {name} is our image, built by deploy/Dockerfile where there is none",
              (service["image"], service["build"]["target"]) == (f"{program}:{VERSION}", name), service["image"])
        check(f"compose: {name} has the time to end that its deadlines add up to", seconds(service["stop_grace_period"]) == GRACE[name],
              service["stop_grace_period"])
        files = [one["source"] for one in service["volumes"] if not pathlib.Path(one["source"]).is_relative_to(FILE.parent)]
        check(f"compose: {name} is given nothing from outside deploy/", not files, files)
        open_ = [one["target"] for one in service["volumes"] if not one.get("read_only")]
        check(f"compose: {name} may write to {'the audit trail' if name == 'gateway' else 'nothing'}",
              open_ == (["/var/log/fhir-mcp"] if name == "gateway" else []), open_)
    published = {name: [(one["published"], one["target"]) for one in service.get("ports", [])] for name, service in found.items()}
    wanted = {"gateway": [("443", 8443)], "core": []}
    check("compose: the gateway's TLS port is published and nothing else, no admin listener in particular",
          all(published[name] == wanted[name] for name in wanted), published)
    networks = {name: set(service["networks"]) for name, service in found.items()}
    check("compose: core shares its network with the gateway alone", networks["core"] & networks["gateway"] == {"hop"}, networks)
    store()
    return found


def store():
    """The store is a service of a profile, which the parser leaves out."""
    services = yaml.safe_load(FILE.read_text())["services"]
    hardened("valkey", services["valkey"])
    check("compose: the store is there when it is asked for, and publishes nothing",
          services["valkey"]["profiles"] == ["shared-limits"] and "ports" not in services["valkey"])


def hardened(name, service):
    """What every service must have."""
    closed = service["read_only"] is True and service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"]
    check(f"compose: {name} has a read-only root, no capabilities and no way to new ones", closed, service)
    uid, gid = service["user"].split(":")
    check(f"compose: {name} runs as a number that is not root", uid.isdigit() and gid.isdigit() and int(uid) > 0, service["user"])
    check(f"compose: {name} comes back by itself, and is bounded in memory and processes",
          service["restart"] == "unless-stopped" and int(service["pids_limit"]) > 0 and service["mem_limit"])
