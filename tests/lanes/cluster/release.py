"""A release of the chart in a namespace of its own: what the operator brings, what real helm does, and what is stored then."""

import copy

import yaml

from rendering import BROUGHT, CHART, by_kind, helm

NAME = "gateway-fhir-mcp-gateway"
RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
# Whatever a chart's value may ask for in a Secret or ConfigMap of the operator's.
KEYS = (
    "tls.crt", "tls.key", "ca.crt", "hop", "audit", "limits", "ring-k1", "ring-k2", "password",
    "JHE_CLIENT_ID", "JHE_CLIENT_SECRET", "MCP_BROKER_KEY",
)


def namespace(server, name):
    """A namespace where Pod Security is restricted, with the account that a controller would make."""
    made = [
        server.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": RESTRICTED}}),
        server.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}, name)]
    assert all(one.status == 201 for one in made), [one.said for one in made]
    return name


def bring(server, example, namespace):
    """The Secrets and ConfigMaps that the example names."""
    for name in BROUGHT.get(example, ()):
        one = {"apiVersion": "v1", "metadata": {"name": name}}
        if name.endswith("authority"):
            one |= {"kind": "ConfigMap", "data": {"ca.crt": "x"}}
        else:
            one |= {"kind": "Secret", "stringData": dict.fromkeys(KEYS, "of-the-operator")}
            one |= {"type": "kubernetes.io/tls"} if name.endswith("tls") else {}
        made = server.create(one, namespace)
        assert made.status == 201, made.said


class Release:
    """The release `gateway` of the chart in one namespace."""

    def __init__(self, server, namespace, files=()):
        self.server = server
        self.namespace = namespace
        self.files = [part for file in files for part in ("--values", str(file))]

    def helm(self, verb, *arguments, values=None):
        """Whether it went well, and what helm said beside its answer: mistakes and the server's warnings."""
        code, _, said = helm(verb, "gateway", *arguments, "--namespace", self.namespace, values=values)
        return code == 0, said

    def install(self, values=None):
        return self.helm("install", str(CHART), *self.files, values=values)

    def upgrade(self, values=None):
        return self.helm("upgrade", str(CHART), "--history-max", "0", *self.files, values=values)

    def manifest(self):
        """The objects as helm sent them, those of hooks included."""
        objects = []
        for what in ("manifest", "hooks"):
            code, out, said = helm("get", what, "gateway", "--namespace", self.namespace)
            assert code == 0, said
            objects += [one for one in yaml.safe_load_all(out) if one]
        return objects

    def stored(self, kind, version="v1"):
        """All objects of a kind in the namespace, by name."""
        return {one["metadata"]["name"]: one for one in self.server.listed(version, kind, self.namespace)}

    def secrets(self):
        """What the Secrets hold, by name, helm's own left out."""
        return {name: one.get("data", {}) for name, one in self.stored("Secret").items() if not one["type"].startswith("helm.sh/")}

    def patch(self, version, kind, name, change):
        """A change by somebody other than helm."""
        made = self.server.ask("PATCH", f"{self.server.place({'apiVersion': version, 'kind': kind}, self.namespace)}/{name}", change)
        assert made.status == 200, made.said

    def configured(self):
        """What the ConfigMaps hold, by name."""
        return {name: one.get("data", {}) for name, one in self.stored("ConfigMap").items()}

    def pod_templates(self):
        return {name: one["spec"]["template"] for name, one in self.stored("Deployment", "apps/v1").items()}

    def configuration(self):
        """gateway.yaml as it is stored."""
        return yaml.safe_load(self.configured()[NAME]["gateway.yaml"])


def pods(objects):
    """Each pod that the objects would bring about."""
    for one in by_kind(objects, "Deployment"):
        made = copy.deepcopy(one["spec"]["template"])
        made["metadata"].setdefault("name", one["metadata"]["name"])
        yield {"apiVersion": "v1", "kind": "Pod"} | made
    for one in by_kind(objects, "Pod"):
        yield copy.deepcopy(one)


def lost(sent, stored, place=""):
    """What was sent and is not stored as it was sent. Whatever the server adds is its own."""
    if sent in ({}, []) and not stored:
        return []
    if isinstance(sent, dict):
        if not isinstance(stored, dict):
            return [place]
        return [what for key, value in sent.items() if value is not None for what in lost(value, stored.get(key), f"{place}.{key}")]
    if isinstance(sent, list):
        if not isinstance(stored, list) or len(sent) != len(stored):
            return [place]
        return [what for at, (one, other) in enumerate(zip(sent, stored)) for what in lost(one, other, f"{place}[{at}]")]
    return [] if sent == stored else [f"{place}: {sent!r} became {stored!r}"]
