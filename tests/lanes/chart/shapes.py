"""Rendered objects against the schemas of Kubernetes, and custom ones against the fields that they may have."""

import kubernetes_validate

VERSIONS = ("1.31", "1.34", "1.37")
# Kinds that Kubernetes does not know: their API, the fields of their spec, and those that must be there.
CUSTOM = {
    "Certificate": ("cert-manager.io/v1", {"secretName", "duration", "renewBefore", "dnsNames", "issuerRef", "privateKey", "usages"}, {"secretName", "dnsNames", "issuerRef"}),
    "HTTPRoute": ("gateway.networking.k8s.io/v1", {"parentRefs", "hostnames", "rules"}, {"parentRefs", "rules"}),
    "TLSRoute": ("gateway.networking.k8s.io/v1", {"parentRefs", "hostnames", "rules"}, {"parentRefs", "hostnames", "rules"}),
    "BackendTLSPolicy": ("gateway.networking.k8s.io/v1", {"targetRefs", "validation"}, {"targetRefs", "validation"}),
    "ServiceMonitor": ("monitoring.coreos.com/v1", {"selector", "endpoints"}, {"selector", "endpoints"}),
    "PodMonitor": ("monitoring.coreos.com/v1", {"selector", "podMetricsEndpoints"}, {"selector", "podMetricsEndpoints"}),
    "PrometheusRule": ("monitoring.coreos.com/v1", {"groups"}, {"groups"}),
}


def mistakes(objects):
    found = []
    names = [(one["kind"], one["metadata"]["name"]) for one in objects]
    found += [f"{kind} {name} stands there twice" for kind, name in set(names) if names.count((kind, name)) > 1]
    for one in objects:
        name = f"{one['kind']} {one['metadata']['name']}"
        if len(one["metadata"]["name"]) > 63:
            found.append(f"{name}: the name is too long")
        if one["kind"] in CUSTOM:
            api, may, must = CUSTOM[one["kind"]]
            if one["apiVersion"] != api or not must <= one["spec"].keys() <= may:
                found.append(f"{name}: {one['apiVersion']} with {sorted(one['spec'])}")
            continue
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(one, version, strict=True)
            except Exception as wrong:  # whatever it is, it is told
                found.append(f"{name} at {version}: {getattr(wrong, 'message', wrong)}")
    return found
