"""Both programs from their images: as compose.yaml says, with what docs/install.md has an operator lay down; then as somebody whom
the images do not know, with names as a cluster resolves them."""

import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import time

import yaml

import names
from compose import seconds
from container import WORK, Container, Service
from image import PROGRAMS, REPOSITORY, VERSION
from report import check

GATEWAY, CORE = PROGRAMS
ADMIN = {GATEWAY: 9100, CORE: 9102}
HOST = "gateway.example.org"
# OpenShift gives a pod a number from a range of its namespace, and the group 0.
STRANGER = (1_000_650_000, 0)
HOSTS = "127.0.0.1 localhost core\n"


def lay_down(images, owner, mode):
    """deploy/compose in a folder of our own, with keys, certificate and trail as docs/install.md says."""
    folder = WORK / f"compose-{owner[0]}"
    shutil.copytree(REPOSITORY / "deploy" / "compose", folder)
    keygen = Container(images[GATEWAY], GATEWAY, owner)
    for key in ("secrets/gateway/ring-k1", "secrets/gateway/audit", "secrets/gateway/limits", "secrets/hop/hop"):
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        code, key_, _ = keygen.run("keygen")
        assert code == 0
        (folder / key).write_text(key_)
    (folder / "secrets/gateway/client-secret").write_text("a-secret-of-the-backend")
    (folder / "secrets/gateway/limits-password").write_text("a-password-of-the-store")
    for empty in ("tls", "audit"):
        (folder / empty).mkdir()
    certificate(folder / "tls" / "tls.crt", folder / "tls" / "tls.key", HOST)
    for one in [folder, *folder.rglob("*")]:
        os.chown(one, *owner)
        if one.is_file() and ("secrets" in one.parts or "tls" in one.parts):
            one.chmod(mode)
    return folder


def certificate(path, key, host):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-keyout", key, "-out", path,
         "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}", "-addext", "basicConstraints=critical,CA:FALSE"],
        check=True, capture_output=True)


def mounts(service, folder):
    """The mounts that compose.yaml gives a service, from this folder."""
    for one in service["volumes"]:
        source = folder / pathlib.Path(one["source"]).relative_to(REPOSITORY / "deploy" / "compose")
        yield source, one["target"], not one.get("read_only")


def run(images, services, revision):
    said(images, revision)
    service = services["gateway"]
    user = tuple(int(part) for part in service["user"].split(":"))
    serve(images, services, user, 0o600, {"hosts": HOSTS}, "by compose.yaml", revision)
    server = names.Names("core")
    serve(images, services, STRANGER, 0o440, {"resolver": names.RESOLVER}, "as a stranger", revision)
    check("as a stranger: core was found under the search domain that resolv.conf names", server.known in server.asked, sorted(server.asked))


def said(images, revision):
    for program, image in images.items():
        code, out, err = Container(image, program, STRANGER).run("--version")
        lines = out.splitlines()
        wanted = [f"{program} {VERSION}", f"revision {revision}", "target x86_64-unknown-linux-musl"]
        check(f"{program}: --version says version, revision, target and compiler",
              code == 0 and lines[:3] == wanted and lines[3].startswith("rustc "), out + err)


def serve(images, services, user, mode, resolution, how, revision):
    """Checks both configurations, serves, asks, ends."""
    folder = lay_down(images, user, mode)
    running = {}
    for name, program in zip(("core", "gateway"), (CORE, GATEWAY)):
        service = services[name]
        container = Container(images[program], program, user, mounts(service, folder), **resolution)
        try:
            (container.root / "new").touch()
            check(f"{how}: {name}'s root cannot be written, by root even", False)
        except OSError as error:
            check(f"{how}: {name}'s root cannot be written, by root even", error.errno == 30, error)
        code, out, err = container.run("check", service["command"][-1])
        check(f"{how}: {name}'s `check` is content with its configuration", code == 0 and out, err)
        running[name] = Service(container, service["command"], ADMIN[program])
        told(running[name], name, user, how)
    asked(running, folder, how, revision)
    ended(running, services, how)
    trail = Container(images[GATEWAY], GATEWAY, user, mounts(services["gateway"], folder))
    code, out, err = trail.run("verify-audit", "--key", "/etc/fhir-mcp/keys/audit", "/var/log/fhir-mcp/audit.jsonl")
    check(f"{how}: the audit trail of that run holds", code == 0, out + err)


def told(service, name, user, how):
    if service.seconds is None:
        check(f"{how}: {name} gets ready", False, service.log.read_text()[-500:])
        return
    time.sleep(1)
    resident = int(service.status("VmRSS")[0]) / 1024
    check(f"{how}: {name} is ready after {service.seconds * 1000:.0f} ms, and rests at {resident:.1f} MiB", service.seconds < 5 and resident < 64)
    check(f"{how}: {name} runs as {user[0]}:{user[1]}, in no other group", set(service.status("Uid")) == {str(user[0])}
          and set(service.status("Gid")) == {str(user[1])} and not service.status("Groups"))
    rights = {int(service.status(field)[0], 16) for field in ("CapPrm", "CapEff", "CapAmb")}
    check(f"{how}: {name} has no capability and gets none", rights == {0} and service.status("NoNewPrivs") == ["1"])
    check(f"{how}: {name} is alive", service.ask("/live") == "live")


def asked(running, folder, how, revision):
    for name, family in (("gateway", "gateway_build_info"), ("core", "mcp_build_info")):
        line = f'{family}{{revision="{revision}",version="{VERSION}"}} 1'
        metrics = running[name].ask("/metrics").splitlines()
        check(f"{how}: {family} names the revision", line in metrics, [one for one in metrics if family in one])
        check(f"{how}: {name}'s /status names it too", yaml.safe_load(running[name].ask("/status") or "{}").get("revision") == revision)
    check(f"{how}: the gateway has found core's address", yaml.safe_load(running["gateway"].ask("/status") or "{}").get("core_resolved") is True)
    answer = call(folder / "tls" / "tls.crt")
    check(f"{how}: a call without a token is refused over TLS", answer.startswith("HTTP/1.1 401 ") and "www-authenticate: bearer" in answer.lower(), answer[:200])


def call(trusted):
    """A call of an MCP client that is not logged in; the head of the answer."""
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
    head = (f"POST /mcp HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: application/json\r\naccept: application/json, text/event-stream\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n")
    context = ssl.create_default_context(cafile=trusted)
    try:
        with socket.create_connection(("127.0.0.1", 8443), timeout=10) as plain:
            with context.wrap_socket(plain, server_hostname=HOST) as stream:
                stream.sendall(head.encode() + body)
                return b"".join(iter(lambda: stream.recv(4096), b"")).decode()
    except OSError as error:
        return str(error)


def ended(running, services, how):
    for name, service in reversed(running.items()):
        begun = time.monotonic()
        code = service.end(seconds(services[name]["stop_grace_period"]))
        took = time.monotonic() - begun
        check(f"{how}: {name} ends by itself on SIGTERM, after {took:.1f} s", code == 0, f"{code}: {service.log.read_text()[-300:]}")
