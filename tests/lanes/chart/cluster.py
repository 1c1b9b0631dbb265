"""What the chart looks up in a cluster: a stand-in for its API holds Secrets, and helm asks it."""

import base64
import copy
import http.server
import json
import threading

from rendering import CHART, LEAST, by_kind, examples, helm, named, template
from report import check

RELEASE = "gateway-fhir-mcp-gateway"
SECRETS = "/api/v1/namespaces/fhir/secrets"
# What else the API knows, so that helm finds a kind's place.
KINDS = {
    "v1": ("Secret", "ConfigMap", "Service", "ServiceAccount", "Pod"),
    "apps/v1": ("Deployment",),
    "policy/v1": ("PodDisruptionBudget",),
    "networking.k8s.io/v1": ("NetworkPolicy", "Ingress"),
    "gateway.networking.k8s.io/v1": ("HTTPRoute", "BackendTLSPolicy"),
}


def listed(version):
    """The kinds of one version of an API, as discovery tells them."""
    def plural(kind):
        return kind.lower()[:-1] + "ies" if kind.endswith("y") else kind.lower() + ("es" if kind.endswith("s") else "s")
    resources = [
        {"name": plural(kind), "singularName": kind.lower(), "namespaced": True, "kind": kind, "verbs": ["get", "list", "create"]}
        for kind in KINDS[version]]
    return {"kind": "APIResourceList", "groupVersion": version, "resources": resources}


def groups():
    """The groups of the API, as discovery tells them."""
    found = []
    for version in KINDS:
        if "/" in version:
            group, number = version.split("/")
            one = {"groupVersion": version, "version": number}
            found.append({"name": group, "versions": [one], "preferredVersion": one})
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}


class Cluster:
    """Answers what `lookup` asks for: Secrets of the namespace `fhir`, by name or all."""

    def __init__(self):
        self.secrets = {}
        outer = self

        class Answers(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                code, body = outer.answer(self.path.split("?")[0])
                text = json.dumps(body).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path):
        fixed = {
            "/version": {"major": "1", "minor": "34", "gitVersion": "v1.34.0"},
            "/api": {"kind": "APIVersions", "versions": ["v1"]},
            "/apis": groups(),
            **{(f"/apis/{version}" if "/" in version else f"/api/{version}"): listed(version) for version in KINDS},
            SECRETS: {"kind": "SecretList", "apiVersion": "v1", "metadata": {}, "items": list(self.secrets.values())},
        }
        if path in fixed:
            return 200, fixed[path]
        if found := self.secrets.get(path.removeprefix(SECRETS + "/")):
            return 200, found
        return 404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}

    def keep(self, objects):
        """Takes the rendered Secrets, as an API server keeps them."""
        for one in by_kind(objects, "Secret"):
            kept = copy.deepcopy(one)
            kept.setdefault("data", {})
            kept["data"] |= {key: encoded(text) for key, text in kept.pop("stringData", {}).items()}
            self.secrets[one["metadata"]["name"]] = kept

    def bring(self, name, **data):
        self.secrets[name] = {
            "kind": "Secret", "apiVersion": "v1", "metadata": {"name": name, "namespace": "fhir"},
            "data": {key.replace("__", "."): encoded(text) for key, text in data.items()}}

    @property
    def flags(self):
        return ["--dry-run=server", "--kube-apiserver", f"http://127.0.0.1:{self.server.server_address[1]}"]

    def template(self, values, files=()):
        return template(values, files, self.flags)

    def install(self, values):
        """`helm install` as far as a dry run goes: exit code, what it says to whoever installs, and mistakes."""
        code, out, said = helm(
            "install", "gateway", str(CHART), "--namespace", "fhir", "--disable-openapi-validation", *self.flags, values=values)
        return code, out.partition("\nNOTES:\n")[2], said


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def secrets(objects):
    return {one["metadata"]["name"]: one.get("data") or one["stringData"] for one in by_kind(objects, "Secret")}


def pod_templates(objects):
    return {one["metadata"]["name"]: one["spec"]["template"] for one in by_kind(objects, "Deployment")}


def run():
    kept()
    replaced()
    named_secrets()


def kept():
    cluster = Cluster()
    values = LEAST | {"valkey.enabled": "true"}
    _, first, said = cluster.template(values)
    check("a first installation generates its keys", set(secrets(first)) == {f"{RELEASE}-{x}" for x in ("keys", "hop", "client", "tls", "core-tls", "valkey")}, said)
    _, other, _ = cluster.template(values)
    check("another cluster gets other keys", all(secrets(first)[name] != secrets(other)[name] for name in secrets(first)))
    cluster.keep(first)
    _, second, said = cluster.template(values)
    check("an upgrade keeps every generated secret", secrets(first) == secrets(second), said)
    check("and replaces no pod", pod_templates(first) == pod_templates(second))
    ring = {"keys.ring[0].id": "k1", "keys.ring[0].state": "verify", "keys.ring[1].id": "k2", "keys.ring[1].state": "active"}
    _, rotated, said = cluster.template(values | ring)
    before, after = (secrets(one)[f"{RELEASE}-keys"] for one in (first, rotated))
    check("a rotation by values adds a key and keeps the others", before.items() < after.items() and set(after) - set(before) == {"ring-k2"}, said)
    check("and replaces no pod either", pod_templates(first) == pod_templates(rotated))
    _, moved, _ = cluster.template(values | {"publicUrl": "https://other.example.org"})
    tls = f"{RELEASE}-tls"
    check("another public name has another certificate and the same keys", secrets(moved)[tls] != secrets(first)[tls] and secrets(moved)[f"{RELEASE}-keys"] == before)
    cluster.secrets[tls]["metadata"]["annotations"]["fhir-mcp-gateway/renew-after"] = "1"
    _, renewed, _ = cluster.template(values)
    check("a generated certificate is renewed when a third of its time is left", secrets(renewed)[tls] != secrets(first)[tls])


def replaced():
    """Which changes replace which pods."""
    cluster = Cluster()
    _, first, _ = cluster.template(LEAST)
    cluster.keep(first)
    cluster.bring("a", tls__crt="x", tls__key="x")
    gateway, core = RELEASE, f"{RELEASE}-core"
    changes = {
        "the deny list": ({"gateway.config.deny.subjects[0]": "s7"}, set()),
        "the policy": ({"gateway.config.policy.tools.list_studies": "any"}, set()),
        "a profile": ({"core.profiles.own\\.yaml": "x"}, set()),
        "what the audit does on a full disk": ({"gateway.config.audit.when_unwritable": "continue"}, {gateway}),
        "the certificates for further names": ({"tls.further[0].name": "a", "tls.further[0].secretName": "a"}, {gateway}),
        "the collector": ({"telemetry.endpoint": "http://collector.observability.svc:4318/v1/traces"}, {gateway, core}),
        "mcp-core.yaml": ({"core.config.answers.smallest_cell": "7"}, {core}),
    }
    for name, (values, pods) in changes.items():
        _, second, said = cluster.template(LEAST | values)
        old, new = pod_templates(first), pod_templates(second)
        changed = {one for one in old if new.get(one) != old[one]}
        differs = by_kind(first, "ConfigMap") != by_kind(second, "ConfigMap")
        check(f"a change of {name} replaces {' and '.join(sorted(pods)) or 'no pod'}", changed == pods and differs, said or changed)


def named_secrets():
    cluster = Cluster()
    further = {"tls.further[0].name": "inside", "tls.further[0].secretName": "inside"}
    values = LEAST | further | {"tls.mode": "secret", "tls.secretName": "public", "keys.existingHopSecret": "hop"}
    code, _, said = cluster.template(values)
    for words in ("tls.further[0].secretName: there is no Secret inside", "tls.secretName: there is no Secret public in the namespace fhir", "keys.existingHopSecret: there is no Secret hop"):
        check(f"refused: {words}", code != 0 and words in said, said)
    cluster.bring("public", tls__crt="x", tls__key="x")
    cluster.bring("inside", tls__crt="x", tls__key="x")
    cluster.bring("hop", other="x")
    code, _, said = cluster.template(values)
    words = "keys.existingHopSecret: the Secret hop has no key hop"
    check(f"refused: {words}", code != 0 and words in said and "public" not in said, said)
    cluster.bring("hop", hop="x")
    code, _, said = cluster.template(values)
    check("taken: the Secrets that are named are there", code == 0, said)
    cluster.bring("jhe-mcp", JHE_CLIENT_ID="id-from-the-secret", JHE_CLIENT_SECRET="s", MCP_BROKER_KEY="b")
    code, objects, said = cluster.template({}, [examples()["jupyterhealth"]])
    text = named(objects, "ConfigMap", RELEASE)["data"]["gateway.yaml"] if code == 0 else ""
    check("JupyterHealth's Secret is enough: the client id is read from it", "client_id: id-from-the-secret" in text, said)
