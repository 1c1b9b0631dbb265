"""What `helm install` says at its end, as far as a dry run against the stand-in goes: what to do, and what is not well."""

from cluster import Cluster
from rendering import LEAST
from report import check

ROUTE = {"httpRoute.enabled": "true", "httpRoute.parentRefs[0].name": "public"}
WELL = LEAST | ROUTE | {"gateway.config.server.trusted_proxies[0]": "10.0.0.0/8", "valkey.enabled": "true"}
WARNED = {
    "limits that are counted apart": (WELL | {"valkey.enabled": "false"}, "2 gateways count limits apart"),
    "a proxy that nobody trusts": (LEAST | ROUTE, "strangers share one limit"),
    "no way in": (LEAST, "nothing leads to the gateway from outside"),
    "a certificate that no client knows": (LEAST | {"gateway.service.type": "LoadBalancer"}, "an authority that no client knows"),
    "no network policies": (WELL | {"networkPolicy.enabled": "false"}, "networkPolicy.enabled is off"),
    "core without TLS": (WELL | {"core.tls.mode": "none"}, "in the clear"),
}


def run():
    cluster = Cluster()
    code, told, said = cluster.install(WELL)
    check("helm install takes the chart, in a dry run", code == 0, said)
    for words in ("redirect https://gateway.example.org/oauth/callback", "doctor --config", "helm test -n fhir gateway", "https://gateway.example.org/mcp", "Keys were generated"):
        check(f"it says what to do: {words}", words in told, told)
    check("it warns of nothing while all is well", told and "WARNING" not in told, told)
    for name, (values, words) in WARNED.items():
        code, told, said = cluster.install(values)
        check(f"it warns of {name}", code == 0 and words in told, told or said)
    code, told, _ = cluster.install(WELL | {"valkey.enabled": "false", "gateway.replicas": "1"})
    check("one gateway needs no store", code == 0 and "count limits apart" not in told, told)
    cluster.bring("own", ring__k1="x")
    code, _, said = cluster.install(WELL | {"keys.existingSecret": "own"})
    check("an installation without the keys that it names fails, with a sentence", code != 0 and "the Secret own has no key audit" in said, said)
