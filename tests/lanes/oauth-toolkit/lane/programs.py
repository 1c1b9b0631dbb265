"""Starts and stops what takes part: PostgreSQL, the toolkit under gunicorn, core, gateways."""

import base64
import http.client
import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from lane.check import until

LANE = Path(__file__).parents[1]
BINARIES = Path(os.environ.get("BINARIES", "."))
POSTGRES = Path(os.environ.get("POSTGRES", "."))
WORKERS = int(os.environ.get("WORKERS", "8"))  # processes of the backend; each serves one request at a time
START = 30  # seconds

# The deadlines of the gateway as it is delivered, and some for a machine that is busy with other things.
DEFAULT, PATIENT = (5, 2), (30, 10)
OWN, QUICK, OTHER = "fhir-mcp-gateway", "quick-gateway", "notebooks"
SECRETS = {name: f"{name}-secret" for name in (OWN, QUICK, OTHER)}


def port():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


def key():
    return base64.b64encode(secrets.token_bytes(32)).decode()


def answers(port_number, path):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port_number, timeout=5)
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False


class Program:
    """A program of ours, which ends with the lane. It has nothing of the caller's environment but PATH."""

    def __init__(self, command, log, environment=None):
        surroundings = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"} | (environment or {})
        self.log = log
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                [str(part) for part in command], env=surroundings, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, cwd=LANE,
            )

    def is_up(self, holds):
        """Waits until `holds()`; a program that ended instead says why."""
        if not until(lambda: self.process.poll() is not None or holds(), START) or self.process.poll() is not None:
            self.stop()
            raise RuntimeError(f"did not start:\n{self.log.read_text(errors='replace')[-2000:]}")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class Postgres:
    """A cluster of its own behind a socket in a folder; PostgreSQL refuses to run as root."""

    def __init__(self, folder):
        self.folder, self.socket = folder / "cluster", folder / "socket"
        self.owner = pwd.getpwnam("postgres") if os.getuid() == 0 else None
        for path in (self.folder, self.socket):
            path.mkdir()
            if self.owner:
                shutil.chown(path, self.owner.pw_uid, self.owner.pw_gid)
        self.run("initdb", "--auth=trust", "--username=exchange", "--no-sync", "-D", self.folder)
        settings = "max_connections=200\nlisten_addresses=''\nfsync=off\n"
        settings += f"unix_socket_directories='{self.socket}'\n"
        with open(self.folder / "postgresql.conf", "a", encoding="ascii") as file:
            file.write(settings)
        self.run("pg_ctl", "start", "--wait", "-D", self.folder, "-l", self.folder / "log")
        self.run("createdb", "--host", self.socket, "--username=exchange", "exchange")

    def run(self, program, *arguments):
        user = {"user": self.owner.pw_uid, "group": self.owner.pw_gid} if self.owner else {}
        subprocess.run(
            [POSTGRES / program, *arguments], check=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, cwd="/", extra_groups=[] if user else None, **user,
        )

    def stop(self):
        self.run("pg_ctl", "stop", "--mode=immediate", "-D", self.folder)


class Backend:
    """django-oauth-toolkit with several workers, a ledger of what was asked, and faults on demand."""

    def __init__(self, folder, postgres, seed):
        self.port = port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.folder, self.ledger, self.faults = folder, folder / "ledger", folder / "faults"
        self.faults.mkdir()
        self.ledger.touch()
        rsa = folder / "id-token-key.pem"
        subprocess.run(["openssl", "genrsa", "-out", rsa, "2048"], check=True, capture_output=True)
        self.environment = {
            "DJANGO_SETTINGS_MODULE": "exchange.settings",
            "PYTHONPATH": str(LANE),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SECRET_KEY": secrets.token_hex(32),
            "DATABASE_SOCKET": str(postgres.socket),
            "ID_TOKEN_KEY": str(rsa),
            "LEDGER": str(self.ledger),
            "FAULTS": str(self.faults),
        }
        self.django("migrate", "--verbosity=0")
        self.django("seed", given=json.dumps(seed))
        self.program = None
        self.start()

    def django(self, *arguments, given=None):
        command = [sys.executable, "-m", "django", *arguments]
        surroundings = self.environment | {"PATH": os.environ["PATH"]}
        subprocess.run(command, env=surroundings, input=given, text=True, check=True, cwd=LANE)

    def start(self):
        gunicorn = ["-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}", "--workers", WORKERS, "--preload"]
        command = [sys.executable, *gunicorn, "--log-level=warning", "django.core.wsgi:get_wsgi_application()"]
        self.program = Program(command, self.folder / "gunicorn.log", self.environment)
        self.program.is_up(lambda: answers(self.port, "/"))

    def stop(self):
        return self.program.stop()

    def asked(self, line):
        """How often a request such as `POST /o/token/` came in so far."""
        return self.ledger.read_text(encoding="ascii").splitlines().count(line)

    def fail(self, endpoint, how):
        (self.faults / endpoint).write_text(how, encoding="ascii")

    def mend(self, endpoint):
        (self.faults / endpoint).unlink()


class Core:
    def __init__(self, folder, hop_key):
        self.port, admin = port(), port()
        config = folder / "mcp-core.yaml"
        listeners = f'listen: "127.0.0.1:{self.port}"\nadmin: "127.0.0.1:{admin}"\n'
        config.write_text(f"{listeners}hop_key: {{env: HOP_KEY}}\n", encoding="ascii")
        command = [BINARIES / "fhir-mcp-core", "serve", "--config", config]
        self.program = Program(command, folder / "core.log", {"HOP_KEY": hop_key})
        self.program.is_up(lambda: answers(admin, "/ready"))

    def stop(self):
        return self.program.stop()


class Gateway:
    """One process of the gateway. `ring` holds (id, state, key); `believed` is how long an introspection
    is; `public` is the port by which the world knows it, where that is not its own; `deadlines` are those of
    the token endpoint and of introspection, in seconds."""

    started = 0

    def __init__(self, world, ring, application=QUICK, public=None, believed="60s", denied="[]",
                 deadlines=PATIENT):
        Gateway.started += 1
        self.port, self.admin = port() if public else world.port, port()
        self.origin = f"http://127.0.0.1:{public or self.port}"
        environment = {f"KEY_{number}": secret for number, _, secret in ring}
        environment |= {"HOP_KEY": world.hop_key, "CLIENT_SECRET": SECRETS[application]}
        name = f"gateway-{Gateway.started}"
        self.config = world.folder / f"{name}.yaml"
        self.config.write_text(self.yaml(world, ring, application, believed, denied, deadlines), encoding="ascii")
        command = [BINARIES / "fhir-mcp-gateway", "serve", "--config", self.config]
        self.program = Program(command, world.folder / f"{name}.log", environment)
        self.program.is_up(lambda: answers(self.admin, "/ready"))

    def yaml(self, world, ring, application, believed, denied, deadlines):
        keys = ", ".join(f"{{id: {n}, state: {state}, key: {{env: KEY_{n}}}}}" for n, state, _ in ring)
        return f"""server:
  public_url: {self.origin}
  listeners: [{{address: "127.0.0.1:{self.port}"}}]
  admin: "127.0.0.1:{self.admin}"
  deadlines: {{close_delay: 200ms}}
  caps: {{connections_per_address: 10000}}
keys:
  ring: [{keys}]
  hop: {{env: HOP_KEY}}
core: {{address: "127.0.0.1:{world.core.port}"}}
backend:
  name: toolkit
  profile: jhe
  base_url: {world.backend.base}
  client_id: {application}
  client_secret: {{env: CLIENT_SECRET}}
  scope: openid email
  audience: {{own_client: true}}
  deadline: {deadlines[0]}s
  introspection: {{lifetime: {believed}, deadline: {deadlines[1]}s}}
deny: {{subjects: {denied}}}
limits:
  calls_per_minute: 60000
  burst: 10000
  concurrent_calls: 1000
  client_calls_per_minute: 1000000
  client_burst: 100000
  registrations_per_minute: 1000000
  per_address: {{register: 1000000, authorize: 1000000, token: 1000000}}
"""

    def stop(self):
        return self.program.stop()
