"""Each rule of policy.py and wiring.py is broken once, and must be seen."""

import copy

import policy
import wiring
from rendering import by_kind, named
from report import check


def run(objects):
    """`objects` hold every rule; each change breaks one."""
    for name, (change, word) in CHANGES.items():
        weaker = copy.deepcopy(objects)
        change(weaker)
        found = policy.mistakes(weaker) + wiring.mistakes(weaker)
        check(f"a chart whose {name} is found out", any(word in one for one in found), found)


def spec(objects, name="gateway-fhir-mcp-gateway"):
    return named(objects, "Deployment", name)["spec"]["template"]["spec"]


def container(objects, name="gateway-fhir-mcp-gateway"):
    return spec(objects, name)["containers"][0]


def network(objects, name):
    return named(objects, "NetworkPolicy", name)["spec"]


STORE = "gateway-fhir-mcp-gateway-valkey"
CORE = "gateway-fhir-mcp-gateway-core"
CHANGES = {
    "pod runs as root": (lambda o: spec(o)["securityContext"].update(runAsNonRoot=False), "root"),
    "pod fixes a uid": (lambda o: spec(o)["securityContext"].update(runAsUser=1000), "uid"),
    "store runs as root": (lambda o: spec(o, STORE)["securityContext"].update(runAsUser=0), "uid"),
    "pod has no seccomp profile": (lambda o: spec(o)["securityContext"].pop("seccompProfile"), "seccomp"),
    "pod gets a token": (lambda o: spec(o).pop("automountServiceAccountToken"), "token of the cluster"),
    "account gives out tokens": (lambda o: by_kind(o, "ServiceAccount")[0].pop("automountServiceAccountToken"), "gives out tokens"),
    "pod shares the node's network": (lambda o: spec(o).update(hostNetwork=True), "hostNetwork"),
    "root file system can be written": (lambda o: container(o)["securityContext"].update(readOnlyRootFilesystem=False), "readOnlyRoot"),
    "container keeps a capability": (lambda o: container(o)["securityContext"].update(capabilities={"drop": ["ALL"], "add": ["NET_RAW"]}), "capabilities"),
    "container may gain privileges": (lambda o: container(o)["securityContext"].pop("allowPrivilegeEscalation"), "allowPrivilege"),
    "container is privileged": (lambda o: container(o)["securityContext"].update(privileged=True), "privileged"),
    "container has no limit": (lambda o: container(o)["resources"].pop("limits"), "limit of memory"),
    "image has no version": (lambda o: container(o).update(image="fhir-mcp-gateway"), "version"),
    "volume is the node's": (lambda o: spec(o)["volumes"].append({"name": "x", "hostPath": {"path": "/"}}), "node's"),
    "configuration is mounted as one file": (lambda o: container(o)["volumeMounts"][0].update(subPath="gateway.yaml"), "single file"),
    "keys can be written": (lambda o: container(o)["volumeMounts"][1].pop("readOnly"), "may write"),
    "volume is of a Secret that nobody makes": (lambda o: spec(o)["volumes"][1]["secret"].update(secretName="x"), "nobody makes"),
    "liveness is readiness": (lambda o: container(o)["livenessProbe"]["httpGet"].update(path="/ready"), "alive"),
    "readiness is asked on the public listener": (lambda o: container(o)["readinessProbe"]["httpGet"].update(port="https"), "admin listener"),
    "ConfigMap holds a secret": (lambda o: leak(o), "shows the secret"),
    "Service leads nowhere": (lambda o: by_kind(o, "Service")[0]["spec"]["selector"].update(a="b"), "leads to"),
    "public Service shows metrics": (lambda o: by_kind(o, "Service")[0]["spec"]["ports"].append({"name": "admin", "port": 9100, "targetPort": "admin"}), "admin listener"),
    "budget is for other pods": (lambda o: by_kind(o, "PodDisruptionBudget")[0]["spec"]["selector"]["matchLabels"].update(a="b"), "own pods"),
    "gateway is killed before it has drained": (lambda o: spec(o).update(terminationGracePeriodSeconds=30), "of grace"),
    "core is killed before its calls end": (lambda o: spec(o, CORE).update(terminationGracePeriodSeconds=30), "of grace"),
    "default is not to deny": (lambda o: network(o, "gateway-fhir-mcp-gateway-deny").update(policyTypes=["Ingress"]), "denied everything"),
    "core hears everybody": (lambda o: network(o, CORE)["ingress"][0].pop("from"), "open to everybody"),
    "core hears another namespace": (lambda o: network(o, CORE)["ingress"][0]["from"].append({"namespaceSelector": {}}), "gateway alone"),
    "metrics are for everybody": (lambda o: network(o, "gateway-fhir-mcp-gateway")["ingress"][1].pop("from"), "open to everybody"),
    "egress reaches the cloud's credentials": (lambda o: unexcept(o), "credentials"),
}


def leak(objects):
    secret = named(objects, "Secret", "gateway-fhir-mcp-gateway-hop")["data"]["hop"]
    named(objects, "ConfigMap", "gateway-fhir-mcp-gateway")["data"]["note"] = secret


def unexcept(objects):
    for rule in network(objects, CORE)["egress"]:
        for peer in rule["to"]:
            peer.get("ipBlock", {}).pop("except", None)
