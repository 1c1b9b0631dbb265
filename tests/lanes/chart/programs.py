"""The rendered configuration before the programs' own `check`, its mounts laid out in a folder as a kubelet does."""

import base64
import os
import pathlib
import subprocess
import tempfile

from rendering import by_kind, named, template
from report import check

# What an operator brings is made up here: keys, a password, and certificates of a release of our own.
PREFIX = "/etc/fhir-mcp"


def key():
    return base64.b64encode(os.urandom(32))


def brought_secret(objects):
    """What stands in a Secret of the operator, by the key that is asked for. A further certificate is for the name of its folder."""
    made = {}
    public = configuration(objects, "gateway.yaml")["server"]["public_url"]

    def content(name, folder):
        if name in ("tls.crt", "tls.key", "ca.crt"):
            further = folder.parent.name == "certificates"
            return base64.b64decode(certificate(f"https://{folder.name}.example.org" if further else public)[name])
        if name.startswith("ring-") or name in ("hop", "audit", "limits"):
            return made.setdefault(name, key())
        return b"a-secret-that-somebody-brought"
    return content


CERTIFICATES = {}


def certificate(public):
    """A certificate that the chart generates, for this public URL."""
    if public not in CERTIFICATES:
        _, made, said = template({"publicUrl": public, "backend.url": "https://jhe.example.org"})
        assert made, said
        CERTIFICATES[public] = named(made, "Secret", "gateway-fhir-mcp-gateway-tls")["data"]
    return CERTIFICATES[public]


def configuration(objects, file):
    import yaml
    return yaml.safe_load(next(one["data"][file] for one in by_kind(objects, "ConfigMap") if file in (one["data"] or {})))


def laid_out(objects, component, folder):
    """Writes what the component's pod would see below `folder`, with the swapped symlink of a mounted volume."""
    deployment = next(
        one for one in by_kind(objects, "Deployment")
        if one["metadata"]["labels"]["app.kubernetes.io/component"] == component)
    pod = deployment["spec"]["template"]["spec"]
    brought = brought_secret(objects)
    for mount in pod["containers"][0]["volumeMounts"]:
        volume = next(one for one in pod["volumes"] if one["name"] == mount["name"])
        source = volume.get("secret") or volume["configMap"]
        target = folder / mount["mountPath"].lstrip("/")
        files = content(objects, source, lambda key, to=target: brought(key, to), "secret" in volume)
        (target / "..now").mkdir(parents=True)
        (target / "..data").symlink_to("..now")
        for name, text in files.items():
            (target / "..now" / name).write_bytes(text.replace(PREFIX.encode(), str(folder).encode() + PREFIX.encode()))
            (target / name).symlink_to(f"..data/{name}")
    return folder / PREFIX.lstrip("/")


def content(objects, source, brought, is_secret):
    name = source.get("secretName") or source.get("name")
    kind = "Secret" if is_secret else "ConfigMap"
    found = [one for one in by_kind(objects, kind) if one["metadata"]["name"] == name]
    items = {item["key"]: item["path"] for item in source.get("items", [])}
    if not found:
        ring = configuration(objects, "gateway.yaml")["keys"]["ring"]
        wanted = items or {k: k for k in ["audit", "limits", *(f"ring-{one['id']}" for one in ring)]}
        return {path: brought(key) for key, path in wanted.items()}
    data = {k: base64.b64decode(v) if is_secret else v.encode() for k, v in (found[0].get("data") or {}).items()}
    data |= {k: v.encode() for k, v in found[0].get("stringData", {}).items()}
    return {items.get(k, k): v for k, v in data.items() if not items or k in items}


def checked(name, objects):
    """Both programs take what was rendered, and say in force what the values said."""
    work = pathlib.Path(tempfile.mkdtemp(dir=os.environ["WORK"]))
    for component, program, file in (("gateway", "GATEWAY", "gateway.yaml"), ("core", "CORE", "mcp-core.yaml")):
        below = laid_out(objects, component, work / component)
        environment = {**os.environ, "OTLP_AUTHORIZATION": "Bearer made-up-for-this"}
        ended = subprocess.run(
            [os.environ[program], "check", str(below / "config" / file)],
            capture_output=True, text=True, check=False, env=environment)
        check(f"{name}: {file} passes the program's own check", ended.returncode == 0, ended.stdout + ended.stderr)
