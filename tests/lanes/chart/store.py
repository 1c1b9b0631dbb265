"""The chart's Valkey, as a real server with the rendered configuration: its one user may count, and nothing else."""

import socket

from rendering import named
from report import check


def start(started, objects, work, port):
    """Starts `redis-server` (what Debian has of it) on loopback under the rendered file; gives the password."""
    secret = named(objects, "Secret", "gateway-fhir-mcp-gateway-valkey")["stringData"]
    text = secret["valkey.conf"]
    assert "port 6379\n" in text and "dir /tmp\n" in text
    folder = work / "store"
    folder.mkdir(parents=True)
    (folder / "valkey.conf").write_text(
        text.replace("port 6379\n", f"port {port}\nbind 127.0.0.1\n").replace("dir /tmp\n", f"dir {folder}\n"))
    return started.start(folder / "log", "redis-server", str(folder / "valkey.conf")), secret["password"]


def said(port, *commands):
    """The answers to some commands, a line each."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        file = connection.makefile("r", encoding="utf-8", newline="\r\n")
        for command in commands:
            connection.sendall(command.encode() + b"\r\n")
        return [file.readline().strip() for _ in commands]


def guarded(port, password):
    check("the store answers nobody without the password", said(port, "PING")[0].startswith("-NOAUTH"))
    login = f"AUTH fhir-mcp-gateway {password}"
    check("nor to the default user", said(port, f"AUTH {password}")[0].startswith("-"))
    answers = said(port, login, "SET fhir-mcp-gateway:probe 1", "SET other 1", "KEYS *", "CONFIG GET dir", "FLUSHALL", "SAVE")
    check("the gateway's user may count below its prefix", answers[:2] == ["+OK", "+OK"], answers)
    check("and may do nothing else", all(one.startswith("-NOPERM") for one in answers[2:]), answers)
