"""Whom the programs trust: the authorities that lie in the image, or those that an operator lays over them."""

import http.server
import ssl
import subprocess
import threading

from container import WORK, Container
from image import PROGRAMS
from report import check
from running import STRANGER, lay_down, mounts

HOST, PORT = "fhir.example.test", 8444
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
GATEWAY, CORE = PROGRAMS


class Backend(http.server.BaseHTTPRequestHandler):
    """Answers that nothing is here, and counts who asked."""

    asked = 0

    def do_GET(self):
        type(self).asked += 1
        self.send_error(404)

    def log_message(self, *_):
        """Says nothing."""


class Quiet(http.server.ThreadingHTTPServer):
    """Callers who hang up are what this is about."""

    def handle_error(self, *_):
        """Says nothing."""


def backend():
    """A server with a certificate of an authority of our own; that authority's certificate."""
    folder = WORK / "authority"
    folder.mkdir()
    ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    made = [
        ["openssl", "req", "-x509", *ec, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=an authority"],
        ["openssl", "req", *ec, "-keyout", "tls.key", "-out", "tls.csr", "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"],
        ["openssl", "x509", "-req", "-in", "tls.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-copy_extensions", "copy",
         "-out", "tls.crt"],
    ]
    for step in made:
        subprocess.run(step, cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    server = Quiet(("127.0.0.1", PORT), Backend)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return folder / "ca.crt"


def run(images, services):
    authority = backend()
    hosts = f"127.0.0.1 localhost core {HOST}\n"
    question = ["check", "--backend", f"https://{HOST}:{PORT}/fhir"]
    code, _, err = Container(images[CORE], CORE, STRANGER, hosts=hosts).run(*question)
    check("core asks no backend whose authority is not in the image", code == 1 and Backend.asked == 0, err)
    code, _, err = Container(images[CORE], CORE, STRANGER, [(authority, BUNDLE, False)], hosts=hosts).run(*question)
    check("core asks it once its authority is laid over those of the image, and finds it by /etc/hosts", Backend.asked > 0, err)

    empty = WORK / "empty"
    empty.touch()
    folder = lay_down(images, (STRANGER[0] + 1, 0), 0o440)
    user = (STRANGER[0] + 1, 0)
    bare = Container(images[GATEWAY], GATEWAY, user, [*mounts(services["gateway"], folder), (empty, BUNDLE, False)], hosts=hosts)
    code, _, err = bare.run(*services["gateway"]["command"])
    check("without any authority the gateway does not start, which is why they are in the image", code == 1, f"{code}: {err}")
