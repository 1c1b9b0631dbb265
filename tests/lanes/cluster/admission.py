"""What the API server makes of the objects: its schemas, its defaults, its admission, and what it refuses."""

import copy

from rendering import LEAST, by_kind, examples, named
from release import NAME, Release, bring, lost, namespace, pods
from report import check


def run(server):
    """The least values and each example, installed; the objects of all of them, by what they are of."""
    sets = {"least": (LEAST, ())} | {name: ({}, [file]) for name, file in examples().items()}
    every = {}
    for name, (values, files) in sets.items():
        release = Release(server, namespace(server, name), files)
        if name == "external-redis":
            good, said = release.install(values)
            check(f"{name}: without the Secrets that it names nothing is installed", not good and "there is no Secret gateway-hop" in said, said)
        bring(server, name, release.namespace)
        good, said = release.install(values)
        check(f"{name}: helm installs it, and the server warns of nothing", good and not said.strip(), said)
        if good:
            every[name] = release.manifest()
            installed(name, release, every[name])
    if every:
        client_id(Release(server, "jupyterhealth"))
        refused(server, every)
    return every


def installed(name, release, objects):
    server, place = release.server, release.namespace
    gone = []
    for one in objects:
        # Of hooks, `helm test` makes its pod when it is called.
        if "helm.sh/hook" not in one["metadata"].get("annotations", {}):
            kept = server.stored(one, place)
            sent = copy.deepcopy(one)
            sent.pop("stringData", None)
            gone += [f"{one['kind']} {one['metadata']['name']}{what}" for what in lost(sent, kept.body)]
    check(f"{name}: {len(objects)} objects are stored as they were sent, no field dropped or changed", objects and not gone, gone)
    for pod in pods(objects):
        made = server.create(pod, place, dry=True)
        what = pod["metadata"]["name"]
        check(f"{name}: Pod Security restricted admits {what}", made.status == 201 and not made.warnings, made.said or made.warnings)
        tokens = [volume["name"] for volume in made.body.get("spec", {}).get("volumes", []) if "serviceAccountToken" in str(volume)]
        check(f"{name}: {what} is given no token", made.status == 201 and not tokens, tokens)
    powerless(name, release, objects)


def powerless(name, release, objects):
    """No account of the chart may do anything: nothing binds a role to it."""
    bound = [one["metadata"]["name"] for one in objects if one["apiVersion"].startswith("rbac")]
    may = []
    for account in by_kind(objects, "ServiceAccount"):
        asked = {"verb": "list", "resource": "secrets", "namespace": release.namespace}
        user = f"system:serviceaccount:{release.namespace}:{account['metadata']['name']}"
        answer = release.server.ask("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {"user": user, "resourceAttributes": asked}})
        if answer.status != 201 or answer.body["status"]["allowed"]:
            may.append(user)
    check(f"{name}: its accounts may do nothing at the API", not bound and not may and by_kind(objects, "ServiceAccount"), bound + may)


def client_id(release):
    found = release.configuration()["backend"]["client_id"]
    check("jupyterhealth: the client id is the one that stands in its Secret", found == "of-the-operator", found)


def typo(one):
    """The object with a field that does not exist, beside those of its spec or at its top."""
    wrong = copy.deepcopy(one)
    wrong.get("spec", wrong)["replcas"] = 3
    return wrong


def refused(server, every):
    """The same checks fail where something is wrong, or they would show nothing."""
    place = namespace(server, "dry")
    one_of_each = {one["kind"]: one for objects in every.values() for one in objects}
    for kind, one in sorted(one_of_each.items()):
        right, wrong = copy.deepcopy(one), typo(one)
        taken = server.create(right, place, dry=True)
        answer = server.create(wrong, place, dry=True)
        unknown = answer.status == 400 and "replcas" in answer.said
        check(f"the server takes a {kind} and refuses one with a typo", taken.status == 201 and unknown, f"{taken.said}; {answer.said or answer.status}")
    for name, (kind, change, words) in WRONG.items():
        wrong = copy.deepcopy(one_of_each[kind])
        change(wrong["spec"])
        answer = server.create(wrong, place, dry=True)
        check(f"the server refuses a {kind} with {name}", answer.status in (400, 422) and words in answer.said, answer.said or answer.status)
    weakened(server, every["least"])


# What a schema alone does not say: rules of validation, those written in CEL by custom resources among them.
WRONG = {
    "a selector that is not its pods'": ("Deployment", lambda spec: spec["selector"]["matchLabels"].update(a="b"), "selector"),
    "a port whose name is none": ("Service", lambda spec: spec["ports"][0].update(targetPort="a_b"), "targetPort"),
    "a network that is none": ("NetworkPolicy", lambda spec: spec["ingress"][0]["from"].append({"ipBlock": {"cidr": "10.0.0.0/33"}}), "cidr"),
    "fewer replicas than none": ("HorizontalPodAutoscaler", lambda spec: spec.update(minReplicas=-1), "minReplicas"),
    "both an authority and the system's": ("BackendTLSPolicy", lambda spec: spec["validation"].update(wellKnownCACertificates="System"), "CACertificateRefs"),
    "a timeout within a shorter one": ("HTTPRoute", lambda spec: spec["rules"][0].update(timeouts={"request": "1s", "backendRequest": "2s"}), "timeout"),
    "no issuer": ("Certificate", lambda spec: spec.pop("issuerRef"), "issuerRef"),
    "an interval that is none": ("ServiceMonitor", lambda spec: spec["endpoints"][0].update(interval="often"), "interval"),
    "a severity that is a number": ("PrometheusRule", lambda spec: spec["groups"][0]["rules"][0]["labels"].update(severity=1), "severity"),
}
WEAKER = {
    "runs as root": lambda pod, first: pod["securityContext"].update(runAsUser=0),
    "may run as root": lambda pod, first: (pod["securityContext"].pop("runAsNonRoot", None), first["securityContext"].pop("runAsNonRoot", None)),
    "has no seccomp profile": lambda pod, first: (pod["securityContext"].pop("seccompProfile", None), first["securityContext"].pop("seccompProfile", None)),
    "keeps its capabilities": lambda pod, first: first["securityContext"].pop("capabilities", None),
    "may gain privileges": lambda pod, first: first["securityContext"].update(allowPrivilegeEscalation=True),
    "mounts a folder of the node": lambda pod, first: pod["volumes"].append({"name": "node", "hostPath": {"path": "/"}}),
    "shares the node's network": lambda pod, first: pod.update(hostNetwork=True),
}


def weakened(server, objects):
    good = next(one for one in pods(objects) if one["metadata"]["name"] == NAME)
    for name, change in WEAKER.items():
        pod = copy.deepcopy(good)
        change(pod["spec"], pod["spec"]["containers"][0])
        answer = server.create(pod, "least", dry=True)
        check(f"Pod Security refuses a pod that {name}", answer.status == 403 and "PodSecurity" in answer.said, answer.said or answer.status)
    pod = copy.deepcopy(good)
    pod["spec"].pop("automountServiceAccountToken")
    account = named(objects, "ServiceAccount", NAME)
    open_account = copy.deepcopy(account) | {"automountServiceAccountToken": True}
    open_account["metadata"] = {"name": "open"}
    assert server.create(open_account, "least").status == 201
    pod["spec"]["serviceAccountName"] = "open"
    answer = server.create(pod, "least", dry=True)
    check("a pod that is not kept from a token is given one", answer.status == 201 and "serviceAccountToken" in str(answer.body["spec"]["volumes"]), answer.said)
