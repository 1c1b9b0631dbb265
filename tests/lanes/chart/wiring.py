"""Whether what refers to something else finds it, and whether time and network add up. Sentences about what does not."""

import re

import yaml

from rendering import by_kind, named, pods

DEFAULTS = {"close_delay": "5s", "drain": "65s", "call": "60s"}
MARGIN = 5


def mistakes(objects):
    return label_mistakes(objects) + port_mistakes(objects) + ending_mistakes(objects) + network_mistakes(objects)


def fits(selector, labels):
    return all(labels.get(key) == value for key, value in selector.items())


def labels_of_pods(objects):
    return {name: pod["metadata"]["labels"] for name, pod in pods(objects)}


def label_mistakes(objects):
    found = []
    labels = labels_of_pods(objects)
    for one in by_kind(objects, "Deployment", "PodDisruptionBudget"):
        selector = one["spec"]["selector"]["matchLabels"]
        if [name for name in labels if fits(selector, labels[name])] != [one["metadata"]["name"]]:
            found.append(f"{one['kind']} {one['metadata']['name']} does not select its own pods alone")
    for one in by_kind(objects, "Deployment"):
        for spread in one["spec"]["template"]["spec"].get("topologySpreadConstraints", []):
            if not fits(spread["labelSelector"]["matchLabels"], labels[one["metadata"]["name"]]):
                found.append(f"{one['metadata']['name']} spreads others than itself")
    for one in by_kind(objects, "HorizontalPodAutoscaler"):
        target = named(objects, "Deployment", one["spec"]["scaleTargetRef"]["name"])
        if "replicas" in target["spec"]:
            found.append(f"{target['metadata']['name']} has replicas beside an autoscaler")
    return found


def port_mistakes(objects):
    found = []
    ports = {}
    for name, pod in pods(objects):
        ports[name] = {port["name"]: port["containerPort"] for c in pod["spec"]["containers"] for port in c.get("ports", [])}
    labels = labels_of_pods(objects)
    for service in by_kind(objects, "Service"):
        name = service["metadata"]["name"]
        chosen = [pod for pod in labels if fits(service["spec"]["selector"], labels[pod])]
        if len(chosen) != 1:
            found.append(f"Service {name} leads to {chosen}")
        for port in service["spec"]["ports"]:
            if any(port["targetPort"] not in ports[pod] for pod in chosen):
                found.append(f"Service {name}: there is no port {port['targetPort']}")
        admin = any(port["targetPort"] == "admin" for port in service["spec"]["ports"])
        if admin and (len(service["spec"]["ports"]) > 1 or service["spec"].get("clusterIP") != "None"):
            found.append(f"Service {name} shows the admin listener to whoever it serves")
    services = by_kind(objects, "Service")
    for monitor in by_kind(objects, "ServiceMonitor"):
        chosen = [s for s in services if fits(monitor["spec"]["selector"]["matchLabels"], s["metadata"]["labels"])]
        if len(chosen) != 2 or any(s["spec"]["ports"][0]["name"] != "admin" for s in chosen):
            found.append("the ServiceMonitor does not find both programs")
    for monitor in by_kind(objects, "PodMonitor"):
        components = monitor["spec"]["selector"]["matchExpressions"][0]["values"]
        if components != ["gateway", "core"] or monitor["spec"]["podMetricsEndpoints"][0]["port"] != "admin":
            found.append("the PodMonitor does not find both programs")
    for route in by_kind(objects, "HTTPRoute", "TLSRoute"):
        for reference in route["spec"]["rules"][0]["backendRefs"]:
            service = named(objects, "Service", reference["name"])
            if reference["port"] not in [port["port"] for port in service["spec"]["ports"]]:
                found.append(f"{route['kind']}: the Service has no port {reference['port']}")
    return found


def seconds(text):
    number, unit = re.fullmatch(r"([0-9]+)(ms|s|m|h|d)", text).groups()
    return int(number) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}[unit]


def ending_mistakes(objects):
    """preStop, close delay and drain fit into the grace period; core outlives its longest call."""
    found = []
    gateway, core = configurations(objects)
    deadlines = DEFAULTS | gateway["server"].get("deadlines", {})
    needs = {
        "gateway": seconds(deadlines["close_delay"]) + seconds(deadlines["drain"]),
        "core": seconds(core["close_delay"]) + seconds(core["backend"].get("deadline", "25s")) + 5,
    }
    for one in by_kind(objects, "Deployment"):
        component = one["metadata"]["labels"]["app.kubernetes.io/component"]
        if component not in needs:
            continue
        spec = one["spec"]["template"]["spec"]
        wait = spec["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        grace = spec["terminationGracePeriodSeconds"]
        if not wait + needs[component] + MARGIN <= grace <= wait + needs[component] + MARGIN + 1:
            found.append(f"{component}: {grace} s of grace for {wait} s of waiting and {needs[component]} s of ending")
    return found


def configurations(objects):
    """gateway.yaml and mcp-core.yaml."""
    texts = {key: text for one in by_kind(objects, "ConfigMap") for key, text in (one["data"] or {}).items()}
    return yaml.safe_load(texts["gateway.yaml"]), yaml.safe_load(texts["mcp-core.yaml"])


def network_mistakes(objects):
    """Default deny in both directions; core hears the gateway alone; nobody but those named reads metrics."""
    found = []
    policies = by_kind(objects, "NetworkPolicy")
    labels = labels_of_pods(objects)
    deny = [p for p in policies if "ingress" not in p["spec"] and "egress" not in p["spec"]]
    for name, those in labels.items():
        covers = [p for p in deny if fits(p["spec"]["podSelector"]["matchLabels"], those)]
        if not any(sorted(p["spec"]["policyTypes"]) == ["Egress", "Ingress"] for p in covers):
            found.append(f"{name} is not denied everything first")
    for policy in policies:
        for rule in policy["spec"].get("ingress", []):
            found += rule_mistakes(policy, rule, labels)
        for rule in policy["spec"].get("egress", []):
            if not rule.get("to"):
                found.append(f"{policy['metadata']['name']}: egress to anywhere at all")
            for peer in rule.get("to", []):
                if peer.get("ipBlock", {}).get("cidr") == "0.0.0.0/0" and "169.254.0.0/16" not in peer["ipBlock"].get("except", []):
                    found.append(f"{policy['metadata']['name']}: egress to the cloud's credentials")
    reached = {port["port"] for p in policies for rule in p["spec"].get("ingress", []) for port in rule["ports"]}
    if not {8443, 8402} <= reached:
        found.append(f"the gateway or core cannot be reached: {reached}")
    return found


def rule_mistakes(policy, rule, labels):
    name = policy["metadata"]["name"]
    numbers = {port["port"] for port in rule["ports"]}
    if numbers == {8443}:
        return []
    if not rule.get("from"):
        return [f"{name}: {numbers} are open to everybody"]
    if numbers & {8402, 6379}:
        selectors = [peer.get("podSelector", {}).get("matchLabels", {}) for peer in rule["from"]]
        reached = {pod for pod, those in labels.items() for one in selectors if fits(one, those)}
        components = {labels[pod]["app.kubernetes.io/component"] for pod in reached}
        if any("namespaceSelector" in peer or "ipBlock" in peer for peer in rule["from"]) or components != {"gateway"}:
            return [f"{name}: {numbers} are open to {components or 'others'}, and are for the gateway alone"]
    return []
