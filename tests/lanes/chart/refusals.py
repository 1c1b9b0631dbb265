"""Bad values fail at install, each with a sentence that names the value."""

from rendering import LEAST, template
from report import check

K1 = {"keys.ring[0].id": "k1", "keys.ring[0].state": "active"}
TWO = {"tls.further[0].name": "a", "tls.further[0].secretName": "a"}
GOOD = {
    "IPv6": {"listenOn": "::"},
    "the least": {},
    "certificates for further names": TWO | {"tls.further[1].name": "b", "tls.further[1].dnsNames[0]": "*.b.example.org", "tls.further[1].issuerRef.name": "c"},
    "a gateway on this very computer": {"publicUrl": "http://localhost:8443"},
    "plain http to the backend, with a word": {"backend.url": "http://jhe.jhe.svc", "gateway.config.backend.allow_plain_http": "true"},
}
# Values beside the least; None takes one away. Then the words that must be there.
BAD = {
    "a typo at the top": ({"publicURL": "x"}, "publicURL"),
    "a typo in a section": ({"gateway.replcas": "3"}, "replcas"),
    "a typo in gateway.yaml": ({"gateway.config.server.deadlines.idel": "3s"}, "idel"),
    "a typo in the tables of limits": ({"gateway.config.limits.per_address.registr": "3"}, "registr"),
    "a typo in mcp-core.yaml": ({"core.config.answers.smalest_cell": "3"}, "smalest_cell"),
    "a typo in a probe": ({"core.livenessProbe.period": "3"}, "period"),
    "a typo in a peer": ({"networkPolicy.metrics.from[0].podSelektor": "3"}, "podSelektor"),
    "a mode that is none": ({"tls.mode": "sometimes"}, "tls/mode"),
    "a duration without a unit": ({"gateway.config.server.deadlines.call": "60"}, "call"),
    "a key that is none": ({"keys.ring[0].id": "first"}, "ring"),
    "root": ({"gateway.podSecurityContext.runAsUser": "0"}, "runAsUser"),
    "an address of the pod that is none": ({"listenOn": "10.0.0.1"}, "listenOn"),
    "a volume of the node": ({"gateway.extraVolumes[0].name": "a", "gateway.extraVolumes[0].hostPath.path": "/"}, "hostPath"),
    "a limit's store in the configuration": ({"gateway.config.limits.shared.url": "redis://a"}, "shared"),
    "no public URL": ({"publicUrl": None}, "publicUrl: is missing"),
    "a public URL without https": ({"publicUrl": "http://gateway.example.org"}, "publicUrl: must be https"),
    "a public URL with a path": ({"publicUrl": "https://gateway.example.org/mcp"}, "publicUrl: must be an origin"),
    "a public URL for many": ({"publicUrl": "https://*.example.org"}, "publicUrl: must be one origin"),
    "no backend": ({"backend.url": None}, "backend.url: is missing"),
    "a backend without https": ({"backend.url": "http://jhe.example.org"}, "backend.url: must be https"),
    "a backend with credentials": ({"backend.url": "https://a:b@jhe.example.org"}, "backend.url: must be"),
    "no client": ({"backend.clientId": ""}, "backend.clientId: is missing"),
    "no certificate": ({"tls.mode": "secret"}, "tls.secretName: is missing"),
    "no issuer": ({"tls.mode": "certManager"}, "tls.certManager.issuerRef.name: is missing"),
    "no certificate of core": ({"core.tls.mode": "secret"}, "core.tls.secretName: is missing"),
    "a certificate from nowhere": ({"tls.further[0].name": "a"}, "secretName"),
    "a certificate from two places": ({"tls.further[0].name": "a", "tls.further[0].secretName": "a", "tls.further[0].dnsNames[0]": "a.example.org"}, "tls/further"),
    "an issuer of a certificate that is there": ({"tls.further[0].name": "a", "tls.further[0].secretName": "a", "tls.further[0].issuerRef.name": "a"}, "tls/further"),
    "a certificate without a name": ({"tls.further[0].secretName": "a"}, "name"),
    "a name that is a path": ({"tls.further[0].name": "../a", "tls.further[0].secretName": "a"}, "tls/further"),
    "a certificate for a name that is none": ({"tls.further[0].name": "a", "tls.further[0].dnsNames[0]": "https://a.example.org"}, "dnsNames"),
    "a certificate that nobody issues": ({"tls.further[0].name": "a", "tls.further[0].dnsNames[0]": "a.example.org"}, "tls.further[0].issuerRef: is missing"),
    "two certificates of one name": (TWO | {"tls.further[1].name": "a", "tls.further[1].secretName": "b"}, "tls.further: a name stands there twice"),
    "one certificate twice": (TWO | {"tls.further[1].name": "b", "tls.further[1].secretName": "a"}, "tls.further: a Secret stands there twice"),
    "the first certificate twice": (TWO | {"tls.mode": "secret", "tls.secretName": "a"}, "tls.further: a Secret stands there twice"),
    "two active keys": (K1 | {"keys.ring[1].id": "k2", "keys.ring[1].state": "active"}, "exactly one key is active"),
    "one key twice": (K1 | {"keys.ring[1].id": "k1", "keys.ring[1].state": "verify"}, "an id stands there twice"),
    "two stores": ({"valkey.enabled": "true", "redis.url": "redis://a"}, "redis.url: there is valkey.enabled too"),
    "a store's password in its URL": ({"redis.url": "redis://a:b@c"}, "redis.url: must not hold credentials"),
    "a store's user without a password": ({"redis.url": "redis://c", "redis.username": "a"}, "redis.existingSecret: is missing"),
    "too little grace": ({"gateway.terminationGracePeriodSeconds": "30"}, "would cut calls off"),
    "less grace than a longer drain needs": (
        {"gateway.config.server.deadlines.drain": "10m", "gateway.terminationGracePeriodSeconds": "100"}, "add up to 610"),
    "too little grace for core": ({"core.terminationGracePeriodSeconds": "30"}, "core.terminationGracePeriodSeconds: 30"),
    "no way to the backend": ({"networkPolicy.egress.backend.anywhere": "false"}, "neither program could reach the backend"),
    "no way to the gateway": ({"networkPolicy.ingress.anywhere": "false"}, "nobody could reach the gateway"),
    "no names": ({"networkPolicy.egress.dns.to": "null"}, "no name could be resolved"),
    "nobody who may scrape": ({"serviceMonitor.enabled": "true", "networkPolicy.metrics.from": "null"}, "Prometheus could not scrape"),
    "two monitors": ({"serviceMonitor.enabled": "true", "podMonitor.enabled": "true"}, "scraped twice"),
    "a route that hangs on nothing": ({"httpRoute.enabled": "true"}, "httpRoute.parentRefs: is missing"),
    "two ends of TLS": ({"tlsRoute.enabled": "true", "ingress.enabled": "true", "tlsRoute.parentRefs[0].name": "a"}, "not at both"),
}


def run():
    for name, values in GOOD.items():
        code, _, said = template(LEAST | values)
        check(f"taken: {name}", code == 0, said)
    for name, (values, words) in BAD.items():
        merged = {key: value for key, value in (LEAST | values).items() if value is not None}
        code, _, said = template(merged)
        check(f"refused with a sentence: {name}", code != 0 and words in said, said.strip() or "it was taken")
    code, _, said = template({"tls.mode": "secret", "keys.ring[0].id": "k1", "keys.ring[0].state": "verify"})
    every = ("publicUrl:", "backend.url:", "tls.secretName:", "keys.ring:")
    check("several mistakes are named at once", all(word in said for word in every), said)
