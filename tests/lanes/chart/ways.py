"""Which ways out the network policies leave to the two programs."""

from rendering import LEAST, example, named, template
from report import check

RELEASE = "gateway-fhir-mcp-gateway"


def ways(objects, program):
    """Each way out as text: where to, and on which ports ("any" where none is named)."""
    name = RELEASE if program == "gateway" else f"{RELEASE}-{program}"
    found = set()
    for rule in named(objects, "NetworkPolicy", name)["spec"].get("egress", []):
        ports = ",".join(sorted({str(port["port"]) for port in rule.get("ports", [])})) or "any"
        found |= {f"{place(peer)} {ports}" for peer in rule["to"]}
    return found


def place(peer):
    if "ipBlock" in peer:
        return peer["ipBlock"]["cidr"]
    if "namespaceSelector" in peer:
        return next(iter(peer["namespaceSelector"]["matchLabels"].values()))
    return peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"]


def with_values(values):
    code, objects, said = template(LEAST | values)
    assert code == 0, said
    return objects


DNS = {"kube-system 53", "169.254.20.10/32 53"}
ANYWHERE = {"0.0.0.0/0 443", "::/0 443"}
CASES = {
    "the least": (lambda: with_values({}), DNS | ANYWHERE | {"core 8402"}, DNS | ANYWHERE),
    "a backend on a port of its own": (
        lambda: with_values({"backend.url": "https://jhe.example.org:8443"}),
        DNS | {"core 8402", "0.0.0.0/0 8443", "::/0 8443"}, DNS | {"0.0.0.0/0 8443", "::/0 8443"}),
    "a token endpoint elsewhere": (
        lambda: with_values({"gateway.config.backend.endpoints.token": "https://a.example.org:444/t", "gateway.config.backend.endpoints.authorize": "https://a.example.org:445/a"}),
        DNS | {"core 8402", "0.0.0.0/0 443,444", "::/0 443,444"}, DNS | {"0.0.0.0/0 443,444", "::/0 443,444"}),
    "client documents, and a backend on another port": (
        lambda: with_values({"backend.url": "https://jhe.example.org:8443", "gateway.config.clients.document_hosts[0]": "claude.ai"}),
        DNS | ANYWHERE | {"core 8402", "0.0.0.0/0 8443", "::/0 8443"}, DNS | {"0.0.0.0/0 8443", "::/0 8443"}),
    "JupyterHealth in the cluster": (
        lambda: example("jupyterhealth"), DNS | {"core 8402", "valkey 6379", "jupyterhealth any"}, DNS | {"jupyterhealth any"}),
    "OpenShift": (
        lambda: example("openshift"), {"openshift-dns 5353", "core 8402", "valkey 6379"} | ANYWHERE, {"openshift-dns 5353"} | ANYWHERE),
    "addresses that are named": (
        lambda: example("external-redis"),
        DNS | {"core 8402", "198.51.100.0/24 443", "203.0.113.10/32 6380", "observability any"}, DNS | {"198.51.100.0/24 443", "observability any"}),
}


def run():
    for name, (objects, gateway, core) in CASES.items():
        made = objects()
        for program, wanted in (("gateway", gateway), ("core", core)):
            found = ways(made, program)
            check(f"{name}: {program} may go where it must and nowhere else", found == wanted, found ^ wanted)
    check("the store may go nowhere", ways(example("openshift"), "valkey") == set())
