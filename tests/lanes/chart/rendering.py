"""What real helm makes of the chart."""

import os
import pathlib
import subprocess

import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
CHART = REPOSITORY / "charts" / "fhir-mcp-gateway"
KUBERNETES = "1.34.0"
LEAST = {"publicUrl": "https://gateway.example.org", "backend.url": "https://jhe.example.org"}
# Secrets and ConfigMaps that the operator brings, by the example that names them.
BROUGHT = {
    "jupyterhealth": {"jhe-mcp"},
    "openshift": {"gateway-public-tls"},
    "external-redis": {
        "gateway-client", "gateway-keys", "gateway-hop", "gateway-public-tls", "gateway-inside-tls",
        "gateway-core-tls", "gateway-limits", "hospital-authority",
    },
}


def helm(*arguments, values=None, release="gateway"):
    """Runs `helm`: exit code, standard output, standard error."""
    sets = [part for key, value in (values or {}).items() for part in ("--set", f"{key}={value}")]
    command = [os.environ["HELM"], *arguments, *sets]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout, ended.stderr


def template(values=None, files=(), flags=(), release="gateway"):
    """`helm template` in the namespace `fhir`: exit code, objects, what it said."""
    named = [part for file in files for part in ("--values", str(file))]
    code, out, said = helm(
        "template", release, str(CHART), "--namespace", "fhir", "--kube-version", KUBERNETES,
        *named, *flags, values=values,
    )
    objects = [one for one in yaml.safe_load_all(out) if one] if code == 0 else []
    return code, objects, said


def examples():
    """The examples by name."""
    return {path.stem: path for path in sorted((CHART / "examples").glob("*.yaml"))}


def example(name):
    """The objects of an example. JupyterHealth's client id stands in a Secret, which only a cluster can show."""
    values = {"backend.clientId": "jhe-mcp"} if name == "jupyterhealth" else {}
    code, objects, said = template(values, [examples()[name]])
    assert code == 0, said
    return objects


def by_kind(objects, *kinds):
    """Those objects that are of one of these kinds."""
    return [one for one in objects if one["kind"] in kinds]


def named(objects, kind, name):
    """The object of this kind and name."""
    return next(one for one in objects if one["kind"] == kind and one["metadata"]["name"] == name)


def pods(objects):
    """Name and pod template (metadata and spec) of everything that runs."""
    for one in objects:
        if one["kind"] == "Deployment":
            yield one["metadata"]["name"], one["spec"]["template"]
        elif one["kind"] == "Pod":
            yield one["metadata"]["name"], one
