"""What the repository says of the chart is so: metrics that exist, anchors that exist, and a table of values that is up to date."""

import json
import re

import yaml

import values_table
from rendering import CHART, REPOSITORY
from report import check

METRIC = re.compile(r"\b(?:gateway|mcp)_[a-z_]+\b")
OPERATIONS = REPOSITORY / "docs" / "operations.md"
DASHBOARD = CHART / "dashboards" / "fhir-mcp-gateway.json"


def documented():
    """The metrics of the table in docs/operations.md."""
    rows = re.findall(r"^\| `((?:gateway|mcp)_[a-z_]+)` \|", OPERATIONS.read_text(), re.MULTILINE)
    return set(rows)


def family(name):
    """A histogram's series are its own name with an ending."""
    return re.sub(r"_(bucket|sum|count)$", "", name)


def queries():
    """Every query of the dashboard."""
    board = json.loads(DASHBOARD.read_text())
    notes = [one["expr"] for one in board["annotations"]["list"]]
    return notes + [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]


def anchors():
    headings = re.findall(r"^#+ (.+)$", OPERATIONS.read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def sample(file):
    """The fields that a sample configuration shows, those in comments too; not the rows of the policy's tables."""
    text = (REPOSITORY / "config" / file).read_text()
    lines = [re.sub(r"^(\s*)#", r"\1", line) for line in text.splitlines()]
    keys = {key for line in lines for key in re.findall(r"(?:^|[{,-])\s*([a-z][a-z_]+):(?:\s|$)", line)}
    policy = (yaml.safe_load(text) or {}).get("policy", {})
    return keys - set(policy.get("tools", {}))


def keys_of(schema):
    for key, below in schema.get("properties", {}).items():
        yield key
        yield from keys_of(below)
    if isinstance(schema.get("items"), dict):
        yield from keys_of(schema["items"])


def run():
    known = documented()
    rules = (CHART / "rules" / "alerts.yaml").read_text()
    used = {family(name) for text in queries() + [rules] for name in METRIC.findall(re.sub(r"\{[^}]*\}", "", text))}
    used -= {"mcp_tool"}
    check("every metric in dashboard and alerts is one that the programs have", used <= known, used - known)
    check("every metric that the programs have is in dashboard or alerts", known <= used, known - used)
    links = set(re.findall(r"docs/operations\.md#([a-z0-9-]+)", rules))
    check("every runbook link leads to a heading", links and links <= anchors(), links - anchors())
    schema = json.loads((CHART / "values.schema.json").read_text())
    open_ones = [place for place in objects_of(schema) if place[1].get("additionalProperties", True) is True]
    closed = {place for place, _ in open_ones}
    check("what the schema leaves open is Kubernetes' own", closed <= OPEN, closed - OPEN)
    for file, program in (("gateway.yaml", "gateway"), ("mcp-core.yaml", "core")):
        config = set(keys_of(schema["properties"][program]["properties"]["config"]))
        shown = sample(file)
        check(f"every field of {file} has its place in the values", shown <= config | WRITTEN, shown - config - WRITTEN)
        check(f"no value is for a field that {file} does not have", config <= shown, config - shown)
    table = values_table.table()
    check("the table of values in the chart's README is up to date: tests/lanes/chart/values_table.py --write", table in values_table.README.read_text())


# Fields that the chart writes from other values.
WRITTEN = {
    "server", "public_url", "listeners", "address", "tls", "certificate", "key", "certificates", "minimum_version",
    "client_certificates", "authority", "revocations", "required", "admin", "keys", "ring", "hop", "id", "state", "core", "name",
    "base_url", "client_id", "client_secret", "shared", "url", "username", "password", "replicas", "deadline", "prefix",
    "telemetry", "otlp", "endpoint", "headers", "value", "file", "env", "policy", "audit", "deny", "sessions", "limits", "clients", "backend",
    "listen", "listen_tls", "hop_key", "profiles",
}
# Where the schema hands on what Kubernetes checks.
OPEN = {
    "global", "nodeAffinity", "podAffinity", "podAntiAffinity", "tolerations", "topologySpreadConstraints", "filters", "matches",
    "configMap", "secret", "emptyDir", "persistentVolumeClaim", "projected", "csi", "ephemeral",
}


def objects_of(schema, place="root"):
    """Every schema of an object, with the name of the field that it is for."""
    if not isinstance(schema, dict):
        return
    kinds = schema.get("type")
    if kinds == "object":
        yield place, schema
    for field, below in {**schema.get("properties", {}), **schema.get("$defs", {})}.items():
        yield from objects_of(below, field)
    yield from objects_of(schema.get("items"), place)
    for below in schema.get("oneOf", []):
        yield from objects_of(below, place)
