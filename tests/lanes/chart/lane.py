"""The lane, from the cheapest check to the dearest."""

import sys

import alerts
import cluster
import mutations
import notes
import policy
import programs
import refusals
import rendering
import scraping
import shapes
import texts
import ways
import wiring
from report import check, close


def uids_of(spec):
    """Every uid that a pod names."""
    contexts = [spec.get("securityContext", {})] + [one.get("securityContext", {}) for one in spec["containers"]]
    return [one["runAsUser"] for one in contexts if "runAsUser" in one]


def main():
    code, out, said = rendering.helm(
        "lint", str(rendering.CHART), "--strict", "--kube-version", rendering.KUBERNETES, values=rendering.LEAST)
    check("helm lint --strict finds nothing", code == 0, out + said)
    refusals.run()
    code, least, said = rendering.template(rendering.LEAST)
    check("a public URL and a backend URL are enough", code == 0, said)
    sets = {"the least": (least, frozenset())}
    for name in rendering.examples():
        sets[f"example {name}"] = (rendering.example(name), rendering.BROUGHT.get(name, frozenset()))
    for name, (objects, brought) in sets.items():
        check(f"{name}: every object fits its schema", not (found := shapes.mistakes(objects)), found)
        check(f"{name}: hardened", not (found := policy.mistakes(objects, brought)), found)
        check(f"{name}: what refers finds, and time and network add up", not (found := wiring.mistakes(objects)), found)
    uids = [one for _, pod in rendering.pods(sets["example openshift"][0]) for one in uids_of(pod["spec"])]
    check("example openshift: no pod names a uid", not uids, uids)
    _, stored, said = rendering.template(rendering.LEAST | {"valkey.enabled": "true"})
    mutations.run(stored)
    ways.run()
    cluster.run()
    notes.run()
    texts.run()
    for name, (objects, _) in sets.items():
        programs.checked(name, objects)
    alerts.run()
    scraping.run()
    return close()


sys.exit(main())
