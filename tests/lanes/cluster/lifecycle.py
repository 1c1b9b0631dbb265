"""What becomes of keys and pods when a release is upgraded, rolled back, removed and installed again."""

import base64

from rendering import LEAST
from release import NAME, Release, namespace
from report import check

VALUES = LEAST | {"valkey.enabled": "true"}
K1, K2 = {"keys.ring[0].id": "k1", "keys.ring[0].state": "active"}, {"keys.ring[1].id": "k2", "keys.ring[1].state": "verify"}
NEXT = {"keys.ring[0].id": "k1", "keys.ring[0].state": "verify", "keys.ring[1].id": "k2", "keys.ring[1].state": "active"}
KEPT = {f"{NAME}-{what}" for what in ("keys", "hop", "client")}


def run(server):
    release = Release(server, namespace(server, "life"))
    good, said = release.install(VALUES)
    check("life: installed", good, said)
    if good:
        first = release.secrets()
        upgraded(release)
        renewed(release)
        rotated(release)
        changed(release)
        rolled_back(release, first)
        removed(release)
    forgotten(Release(server, namespace(server, "forgotten")))
    scaled(Release(server, namespace(server, "scaled")))


def upgraded(release):
    keys, pods = release.secrets(), release.pod_templates()
    # As the gateway reads them: base64 in the file, which a Secret holds in base64.
    long = [len(base64.b64decode(base64.b64decode(keys[f"{NAME}-keys"][key]))) for key in ("audit", "ring-k1", "limits")]
    check("a first installation generates keys of 32 bytes", long == [32, 32, 32], long)
    good, said = release.upgrade(VALUES)
    check("an upgrade without a change keeps every Secret, and replaces no pod", good and release.secrets() == keys and release.pod_templates() == pods, said)


def renewed(release):
    """A generated certificate a third of whose time is left is replaced by an upgrade, as if it were the operator's own."""
    before, pods, tls = release.secrets(), release.pod_templates(), f"{NAME}-tls"
    release.patch("v1", "Secret", tls, {"metadata": {"annotations": {"fhir-mcp-gateway/renew-after": "1"}}})
    good, said = release.upgrade(VALUES)
    differ = {name for name, data in release.secrets().items() if data != before[name]}
    check("a generated certificate is renewed in time, alone, and no pod is replaced", good and differ == {tls} and release.pod_templates() == pods, said or differ)


def rotated(release):
    """The ring as docs/operations.md rotates it: the new key is added, then made active, then the old one is retired."""
    before, pods = release.secrets(), release.pod_templates()
    good, said = release.upgrade(VALUES | K1 | K2)
    added = release.secrets()
    new = set(added[f"{NAME}-keys"]) - set(before[f"{NAME}-keys"])
    same = {key: value for key, value in added[f"{NAME}-keys"].items() if key != "ring-k2"} == before[f"{NAME}-keys"]
    others = {name: data for name, data in added.items() if name != f"{NAME}-keys"} == {name: data for name, data in before.items() if name != f"{NAME}-keys"}
    check("a key that is added to the ring is generated beside those there", good and new == {"ring-k2"} and same and others, said or new)
    good, said = release.upgrade(VALUES | NEXT)
    ring = {one["id"]: one["state"] for one in release.configuration()["keys"]["ring"]}
    check("it is made active, the same key", good and ring == {"k1": "verify", "k2": "active"} and release.secrets() == added, said or ring)
    good, said = release.upgrade(VALUES | {"keys.ring[0].id": "k2", "keys.ring[0].state": "active"})
    left = release.secrets()[f"{NAME}-keys"]
    retired = {key: value for key, value in added[f"{NAME}-keys"].items() if key != "ring-k1"}
    check("the old one is retired, and is gone from the Secret", good and left == retired, said or sorted(left))
    check("and the whole rotation replaced no pod", release.pod_templates() == pods)


def changed(release):
    """A change of gateway.yaml is taken up by those that serve; one that only a restart can take up replaces their pods alone."""
    ring = {"keys.ring[0].id": "k2", "keys.ring[0].state": "active"}
    for name, values, wanted in (
        ("the deny list", {"gateway.config.deny.subjects[0]": "s7"}, set()),
        ("the limits", {"gateway.config.limits.calls_per_minute": "30"}, set()),
        ("a profile", {"core.profiles.own\\.yaml": "x"}, set()),
        ("the audit trail", {"gateway.config.audit.when_unwritable": "continue"}, {NAME}),
        ("mcp-core.yaml", {"core.config.answers.smallest_cell": "7"}, {f"{NAME}-core"}),
    ):
        pods, configured = release.pod_templates(), release.configured()
        good, said = release.upgrade(VALUES | ring | values)
        replaced = {one for one, template in release.pod_templates().items() if template != pods[one]}
        good = good and release.configured() != configured
        check(f"a change of {name} is stored, and replaces the pods of {sorted(wanted) or 'nobody'}", good and replaced == wanted, said or replaced)
        release.upgrade(VALUES | ring)


def rolled_back(release, first):
    """A rollback is helm's: it brings back what the earlier revision sent, Secrets included, and asks nobody for what is there."""
    good, said = release.helm("rollback", "1")
    ring = [one["id"] for one in release.configuration()["keys"]["ring"]]
    check("a rollback brings back the first configuration", good and ring == ["k1"], said or ring)
    left = release.secrets()
    check("with the keys that it had, those that were retired included; a key that came later is gone", left == first, sorted(left[f"{NAME}-keys"]))


def removed(release):
    before = release.secrets()
    good, said = release.helm("uninstall")
    left = release.secrets()
    check("a release that is removed leaves its keys and the client's secret, as they were", good and left == {name: before[name] for name in KEPT}, said or sorted(left))
    kinds = {"v1": ("Service", "ServiceAccount", "ConfigMap"), "apps/v1": ("Deployment",), "networking.k8s.io/v1": ("NetworkPolicy",), "policy/v1": ("PodDisruptionBudget",)}
    rest = [f"{kind} {name}" for version, those in kinds.items() for kind in those for name in release.stored(kind, version) if name not in ("default", "kube-root-ca.crt")]
    check("and nothing else", not rest, rest)
    good, said = release.install(VALUES)
    again = {name: data for name, data in release.secrets().items() if name in KEPT}
    check("installed again, it takes up the keys that were left", good and again == left, said)


def forgotten(release):
    values = VALUES | {"keys.keep": "false"}
    there, said = release.install(values)
    good, said = release.helm("uninstall") if there else (False, said)
    check("with keys.keep: false nothing is left", good and not release.secrets(), said or sorted(release.secrets()))


def scaled(release):
    """What an autoscaler has decided is not undone by an upgrade."""
    values = VALUES | {"gateway.autoscaling.enabled": "true"}
    release.install(values)
    release.patch("apps/v1", "Deployment", NAME, {"spec": {"replicas": 5}})
    good, said = release.upgrade(values | {"gateway.config.deny.subjects[0]": "s7"})
    left = release.stored("Deployment", "apps/v1")[NAME]["spec"]["replicas"]
    check("an upgrade leaves the number of pods to the autoscaler", good and left == 5, said or left)
