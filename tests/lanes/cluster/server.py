"""A real API server of Kubernetes over a real etcd, on loopback, and one who may do everything there."""

import json
import os
import pathlib
import secrets
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import yaml

PATIENCE = 120


class Answer:
    """What the server said: status, body, and its warnings."""

    def __init__(self, status, headers, body):
        self.status = status
        self.warnings = headers.get_all("Warning") or []
        self.body = json.loads(body)

    @property
    def said(self):
        return self.body.get("message", "")


def ports(count):
    """Free ports that stay apart."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    found = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return found


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Server:
    """Runs as long as the block does."""

    def __init__(self):
        self.work = pathlib.Path(os.environ["WORK"])
        self.token = secrets.token_hex(16)
        self.running = []
        self.kinds = {}

    def __enter__(self):
        self.etcd, peer, self.port = ports(3)
        here = self.work
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", here / "server.key", "-out", here / "server.crt")
        openssl("genrsa", "-out", here / "accounts.key", "2048")
        (here / "tokens.csv").write_text(f"{self.token},somebody,somebody,system:masters\n")
        os.chmod(here / "tokens.csv", 0o600)
        self.start(
            "etcd", os.environ["ETCD"], f"--data-dir={here / 'etcd'}", "--unsafe-no-fsync", "--log-level=warn",
            f"--listen-client-urls=http://127.0.0.1:{self.etcd}", f"--advertise-client-urls=http://127.0.0.1:{self.etcd}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}")
        self.start(
            "kube-apiserver", os.environ["APISERVER"], f"--etcd-servers=http://127.0.0.1:{self.etcd}",
            "--bind-address=127.0.0.1", "--endpoint-reconciler-type=none", f"--secure-port={self.port}", "--service-cluster-ip-range=10.0.0.0/16",
            f"--tls-cert-file={here / 'server.crt'}", f"--tls-private-key-file={here / 'server.key'}",
            "--authorization-mode=RBAC", f"--token-auth-file={here / 'tokens.csv'}",
            "--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={here / 'accounts.key'}",
            f"--service-account-signing-key-file={here / 'accounts.key'}")
        self.trust = ssl.create_default_context(cafile=here / "server.crt")
        self.configure()
        return self

    def __exit__(self, *_):
        # A server that is asked to end waits for its watchers first.
        for one in self.running:
            one.kill()
        for one in self.running:
            one.wait()

    def start(self, name, *command):
        with open(self.work / f"{name}.log", "wb") as log:
            self.running.append(subprocess.Popen(command, stdout=log, stderr=log))

    def log(self, name):
        return (self.work / f"{name}.log").read_text()[-3000:]

    def configure(self):
        """How helm finds the server: KUBECONFIG."""
        pathlib.Path(os.environ["KUBECONFIG"]).write_text(yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "it",
            "clusters": [{"name": "it", "cluster": {"server": f"https://127.0.0.1:{self.port}", "certificate-authority": str(self.work / "server.crt")}}],
            "users": [{"name": "somebody", "user": {"token": self.token}}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "somebody"}}]}))
        os.chmod(os.environ["KUBECONFIG"], 0o600)

    def ask(self, method, path, body=None):
        """One request to the API."""
        form = "application/merge-patch+json" if method == "PATCH" else "application/json"
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.port}{path}", method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": form})
        try:
            with urllib.request.urlopen(request, timeout=60, context=self.trust) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as refused:
            return Answer(refused.code, refused.headers, refused.read())

    def ready(self):
        """Whether it came to answer, and has made its own namespace."""
        return self.until(lambda: self.ask("GET", "/api/v1/namespaces/kube-system").status == 200)

    def until(self, question):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and all(one.poll() is None for one in self.running):
            try:
                if answer := question():
                    return answer
            except (OSError, ValueError):
                pass
            time.sleep(0.2)
        return None

    def place(self, one, namespace):
        """Where objects of this kind are: the path of the collection."""
        version, kind = one["apiVersion"], one["kind"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if version not in self.kinds:
            self.kinds[version] = {made["kind"]: made for made in self.ask("GET", root).body["resources"] if "/" not in made["name"]}
        made = self.kinds[version][kind]
        return f"{root}/namespaces/{namespace}/{made['name']}" if made["namespaced"] else f"{root}/{made['name']}"

    def create(self, one, namespace="", dry=False):
        """Creates an object; dry, as far as storing it. A field that does not exist is a mistake."""
        query = "?fieldValidation=Strict" + ("&dryRun=All" if dry else "")
        return self.ask("POST", self.place(one, namespace) + query, one)

    def stored(self, one, namespace):
        """What is stored under this object's kind and name."""
        return self.ask("GET", f"{self.place(one, namespace)}/{urllib.parse.quote(one['metadata']['name'])}")

    def listed(self, version, kind, namespace):
        """All objects of a kind."""
        return self.ask("GET", self.place({"apiVersion": version, "kind": kind}, namespace)).body["items"]
