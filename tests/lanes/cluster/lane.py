"""The lane: a server with the custom resources, then what it makes of the chart."""

import os
import pathlib
import sys

import yaml

import admission
import lifecycle
import server
from report import check, close


def definitions():
    """The custom resources, as their own projects define them."""
    for file in sorted(pathlib.Path(os.environ["CRDS"]).glob("*.yaml")):
        yield from (one for one in yaml.safe_load_all(file.read_text()) if one)


def served(at, definition):
    """Whether the server has begun to serve all versions of a custom resource."""
    spec = definition["spec"]
    found = [at.ask("GET", f"/apis/{spec['group']}/{one['name']}").body.get("resources", []) for one in spec["versions"] if one["served"]]
    return all(any(made["kind"] == spec["names"]["kind"] for made in those) for those in found)


def main():
    with server.Server() as at:
        up = at.ready()
        check("kube-apiserver answers, over etcd", up, at.log("kube-apiserver") + at.log("etcd"))
        if up:
            print(f"# {at.ask('GET', '/version').body['gitVersion']}", flush=True)
            for one in definitions():
                made = at.create(one)
                check(f"the server takes {one['metadata']['name']}", made.status == 201 and at.until(lambda it=one: served(at, it)), made.said)
            admission.run(at)
            lifecycle.run(at)
    return close()


sys.exit(main())
