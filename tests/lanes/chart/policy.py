"""The hardening, as a list of sentences about what is wrong with rendered objects. Empty is good."""

import base64

from rendering import by_kind, pods

OURS = ("gateway", "core")


def mistakes(objects, brought=frozenset()):
    """Every rule over all objects."""
    found = []
    for name, pod in pods(objects):
        found += [f"{name}: {what}" for what in pod_mistakes(pod)]
        for container in pod["spec"]["containers"]:
            found += [f"{name}: {what}" for what in container_mistakes(container)]
        found += [f"{name}: {what}" for what in volume_mistakes(pod["spec"], objects, brought)]
    found += account_mistakes(objects) + probe_mistakes(objects) + secret_mistakes(objects)
    return found


def pod_mistakes(pod):
    spec = pod["spec"]
    security = spec.get("securityContext", {})
    if security.get("runAsNonRoot") is not True:
        yield "may run as root"
    ours = pod["metadata"]["labels"]["app.kubernetes.io/component"] in OURS
    if "fsGroup" in security or security.get("runAsUser", 1) < 1 or (ours and "runAsUser" in security):
        yield "fixes a uid, which the image names and OpenShift gives"
    if security.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "has no seccomp profile"
    if spec.get("automountServiceAccountToken") is not False:
        yield "gets a token of the cluster"
    if spec.get("enableServiceLinks") is not False:
        yield "is told of all Services in its environment"
    for host in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(host):
            yield f"shares the node's {host}"


def container_mistakes(container):
    security = container.get("securityContext", {})
    wanted = {
        "runAsNonRoot": True,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    for key, value in wanted.items():
        if security.get(key) != value:
            yield f"container {container['name']}: {key} is not {value}"
    for key in security.keys() - wanted.keys():
        yield f"container {container['name']}: {key} is none of what was asked for"
    resources = container.get("resources", {})
    if "memory" not in resources.get("limits", {}):
        yield f"container {container['name']} has no limit of memory"
    if not {"cpu", "memory"} <= resources.get("requests", {}).keys():
        yield f"container {container['name']} asks for no resources"
    if any("hostPort" in port for port in container.get("ports", [])):
        yield f"container {container['name']} takes a port of the node"
    image = container["image"].rsplit("/", 1)[-1]
    if image.endswith(":latest") or not (":" in image or "@" in image):
        yield f"container {container['name']} has no version"


def volume_mistakes(spec, objects, brought):
    there = {volume["name"]: volume for volume in spec.get("volumes", [])}
    known = {one["metadata"]["name"] for one in by_kind(objects, "Secret", "ConfigMap")} | brought
    known |= {one["spec"]["secretName"] for one in by_kind(objects, "Certificate")}
    for volume in there.values():
        if "hostPath" in volume:
            yield f"volume {volume['name']} is the node's"
        source = volume.get("secret", {}).get("secretName") or volume.get("configMap", {}).get("name")
        if source and source not in known:
            yield f"volume {volume['name']} is of {source}, which nobody makes"
    for container in spec["containers"]:
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in there:
                yield f"mounts {mount['name']}, which is no volume"
            elif "subPath" in mount:
                yield f"mounts a single file of {mount['name']}, which would never change"
            elif "emptyDir" not in there[mount["name"]] and not mount.get("readOnly"):
                yield f"may write to {mount['name']}"


def account_mistakes(objects):
    accounts = {one["metadata"]["name"]: one for one in by_kind(objects, "ServiceAccount")}
    found = [
        f"ServiceAccount {name} gives out tokens"
        for name, account in accounts.items() if account.get("automountServiceAccountToken") is not False
    ]
    deployments = by_kind(objects, "Deployment")
    used = [one["spec"]["template"]["spec"].get("serviceAccountName") for one in deployments]
    if sorted(used, key=str) != sorted(accounts):
        found.append(f"accounts are {sorted(accounts)}, and {used} are used")
    return found


def probe_mistakes(objects):
    found = []
    for deployment in by_kind(objects, "Deployment"):
        name = deployment["metadata"]["name"]
        component = deployment["metadata"]["labels"]["app.kubernetes.io/component"]
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if probe not in container:
                found.append(f"{name} has no {probe}")
        if component not in OURS or found:
            continue
        live, ready = (container[f"{probe}Probe"]["httpGet"] for probe in ("liveness", "readiness"))
        if live["path"] != "/live" or ready["path"] != "/ready":
            found.append(f"{name}: alive is not told from ready")
        if {live["port"], ready["port"]} != {"admin"}:
            found.append(f"{name}: probes are not on the admin listener")
    return found


def secret_mistakes(objects):
    """What stands in a Secret stands nowhere else. A certificate is no secret, nor is what a client is called."""
    public = ("ca.crt", "tls.crt", "JHE_CLIENT_ID", "MCP_OAUTH_CLIENT_ID", "MCP_OAUTH_REDIRECT_URI")
    secrets = {}
    for one in by_kind(objects, "Secret"):
        for key, value in one.get("data", {}).items():
            secrets[base64.b64decode(value).decode()] = key
            secrets[value] = key
        secrets |= {value: key for key, value in one.get("stringData", {}).items()}
    others = [(one["metadata"]["name"], str(one)) for one in objects if one["kind"] != "Secret"]
    return [
        f"{name} shows the secret {key}"
        for text, key in secrets.items() if key not in public
        for name, shown in others if text.strip() in shown
    ]
