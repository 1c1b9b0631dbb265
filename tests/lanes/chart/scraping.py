"""The rendered configuration serves: both programs on loopback, the chart's own test against them, a change of the mounted
folder, and a real Prometheus that scrapes them and answers the dashboard's queries."""

import base64
import http.client
import json
import os
import pathlib
import socket
import ssl
import subprocess
import time
import urllib.parse
import urllib.request

import person
import programs
import store
import texts
from rendering import CHART, LEAST, named, template
from report import check

PATIENCE = 30
RELEASE = "gateway-fhir-mcp-gateway"
# A flood of tens of thousands of names.
NOT_HERE = {"gateway_limits_evictions_total"}
# Nobody takes its spans, and what the backend says is believed for a second, so that both are seen soon.
SHORT = {"telemetry.endpoint": "http://127.0.0.1:1/v1/traces", "gateway.config.backend.introspection.lifetime": "1s"}
# A certificate for a name beside the public one.
INSIDE = {"tls.further[0].name": "inside", "tls.further[0].secretName": "inside-tls"}


def ports(count):
    """Free ports that stay apart."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    found = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return found


def until(question):
    """Asks until the answer is not empty, or patience ends."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if answer := question():
                return answer
        except (OSError, ValueError, KeyError, IndexError):
            pass
        time.sleep(0.2)
    return None


def fetched(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode()


class Programs:
    """What was started, by process; all of it ends with the block."""

    def __init__(self):
        self.running = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in self.running:
            one.kill()
        for one in self.running:
            one.wait()

    def start(self, log, *command):
        environment = {key: value for key, value in os.environ.items() if key != "SSLKEYLOGFILE"}
        with open(log, "wb") as file:
            one = subprocess.Popen(command, stdout=file, stderr=file, env=environment)
        self.running.append(one)
        return one


def swap(folder, file, change, added=None):
    """Replaces a file of a mounted volume, and adds some, as a kubelet does: a new folder, and a symlink that is moved to it."""
    old = (folder / "..data").resolve()
    new = folder / f"..{time.monotonic_ns()}"
    new.mkdir()
    for one in old.iterdir():
        text = one.read_text()
        (new / one.name).write_text(change(text) if one.name == file else text)
    for name, text in (added or {}).items():
        (new / name).write_text(text)
        (folder / name).symlink_to(f"..data/{name}")
    (folder / "..tmp").symlink_to(new.name)
    (folder / "..tmp").rename(folder / "..data")


def on_loopback(below, component, replacements):
    file = {"gateway": "gateway.yaml", "core": "mcp-core.yaml"}[component]

    def change(text):
        for old, new in replacements.items():
            assert old in text, old
            text = text.replace(old, new)
        return text
    swap(below / "config", file, change)
    return below / "config" / file


def run():
    _, objects, said = template(LEAST | SHORT | INSIDE | {"valkey.enabled": "true"})
    check("the least and a store can be served", objects, said)
    work = pathlib.Path(os.environ["WORK"]) / "served"
    public, core, admin, core_admin, prometheus, counts = ports(6)
    folders = {one: programs.laid_out(objects, one, work / one) for one in ("gateway", "core")}
    backend = person.Backend()
    gateway_yaml = on_loopback(folders["gateway"], "gateway", {
        "0.0.0.0:8443": f"127.0.0.1:{public}", "0.0.0.0:9100": f"127.0.0.1:{admin}",
        "https://jhe.example.org": f"http://127.0.0.1:{backend.port}",
        f"{RELEASE}-core:8402": f"127.0.0.1:{core}", f"{RELEASE}-valkey:6379": f"127.0.0.1:{counts}"})
    core_yaml = on_loopback(folders["core"], "core", {"0.0.0.0:8402": f"127.0.0.1:{core}", "0.0.0.0:9102": f"127.0.0.1:{core_admin}"})
    with Programs() as started:
        kept, password = store.start(started, objects, work, counts)
        until(lambda: store.said(counts, "PING"))
        store.guarded(counts, password)
        started.start(work / "core.log", os.environ["CORE"], "serve", "--config", str(core_yaml))
        started.start(work / "gateway.log", os.environ["GATEWAY"], "serve", "--config", str(gateway_yaml))
        ready = all(until(lambda p=port: fetched(f"http://127.0.0.1:{p}/ready")) for port in (admin, core_admin))
        check("what was rendered serves, both programs", ready, (work / "gateway.log").read_text() + (work / "core.log").read_text())
        if not ready:
            return
        hop(gateway_yaml)
        names(objects, public)
        helm_test(objects, public, work)
        somebody = person.Person(public)
        somebody.log_in()
        status = [somebody.call("list_studies"), somebody.call("who_am_i")]
        check("a person logs in through what was rendered, and core answers", status == [200, 200], status)
        visited(public, folders["core"])
        scraped(started, work, prometheus, {"gateway": admin, "core": core_admin})
        reloaded(folders["gateway"], admin, prometheus)
        backend.stop()
        told = until(lambda: somebody.call("list_studies") == 503 and asked(prometheus, 'ALERTS{alertname="FhirMcpBackendOut"}'))
        check("a backend that is stopped is 503, and raises FhirMcpBackendOut at Prometheus", told)
        kept.kill()
        told = until(lambda: asked(prometheus, 'gateway_limits_degraded == 1') and asked(prometheus, 'ALERTS{alertname="FhirMcpLimitsDegraded"}'))
        check("a store that is killed while nobody calls raises FhirMcpLimitsDegraded at Prometheus", told)
        counted = until(lambda: registered(public) and asked(prometheus, 'rate(gateway_limits_shared_faults_total{kind="away"}[5m]) > 0'))
        check("and whoever comes then is counted by the gateway alone", counted)
        answered(prometheus)


def registered(port, times=1):
    """The last answer's status to a stranger who wants to register, several times over one connection."""
    context = ssl._create_unverified_context()  # nothing secret is sent; helm's test verifies
    stranger = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=10)
    for _ in range(times):
        stranger.request("POST", "/register", "{}", {"Host": "gateway.example.org", "Content-Type": "application/json"})
        last = stranger.getresponse()
        last.read()
    return last.status


def visited(port, core):
    """What makes series without a login: a flood of strangers, a connection that is no TLS, and a profile of one's own."""
    status = registered(port, 90)
    check("the ninetieth registration in a row is over a limit, which the store counted", status == 429, status)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        plain.recv(100)
    sample = (CHART.parents[1] / "config" / "profiles" / "fhir-r4.yaml").read_text()
    swap(core / "profiles", None, None, {"own.yaml": sample.replace("name: fhir-r4", "name: own")})


def hop(config):
    """The doctor's own look at core: over TLS with the generated authority, under the generated hop key."""
    ended = subprocess.run([os.environ["GATEWAY"], "doctor", "--config", str(config), "--json"], capture_output=True, text=True, check=False)
    rows = {row["check"]: row for row in rows_of(json.loads(ended.stdout))}
    for name in ("core_connect", "core_hop"):
        check(f"the doctor finds {name} well", "ok" in json.dumps(rows.get(name)), rows.get(name))


def names(objects, port):
    """Who asks for a name is shown the certificate that bears it, and the first where none does."""
    authorities = {
        "gateway": named(objects, "ConfigMap", f"{RELEASE}-authority")["data"]["ca.crt"],
        "inside": base64.b64decode(programs.certificate("https://inside.example.org")["ca.crt"]).decode()}
    for asked_for, shown in (("gateway", "gateway"), ("inside", "inside"), ("other", "gateway")):
        context = ssl.create_default_context(cadata=authorities[shown])
        context.check_hostname = asked_for == shown
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as plain, context.wrap_socket(plain, server_hostname=f"{asked_for}.example.org"):
                wrong = ""
        except OSError as why:
            wrong = str(why)
        check(f"who asks for {asked_for}.example.org is shown the certificate of {shown}.example.org", not wrong, wrong)


def rows_of(told):
    return told if isinstance(told, list) else told.get("checks") or told.get("rows") or []


def helm_test(objects, public, work):
    """The script of `helm test`, word for word, against the served gateway."""
    pod = named(objects, "Pod", f"{RELEASE}-test")["spec"]["containers"][0]
    variables = {one["name"]: one["value"] for one in pod["env"]}
    authority = work / "authority.crt"
    authority.write_text(named(objects, "ConfigMap", f"{RELEASE}-authority")["data"]["ca.crt"])
    variables |= {"CURL_CA_BUNDLE": str(authority), "PATH": os.environ["PATH"], "HOME": str(work)}
    public_name = variables["THERE"].split(":")[0]
    script = pod["command"] + pod["args"]
    for name, to, good in (("passes", public, True), ("fails where nobody listens", 1, False)):
        ended = subprocess.run(script, capture_output=True, text=True, check=False, env=variables | {"THERE": f"{public_name}:443:127.0.0.1:{to}"})
        check(f"helm test {name}", (ended.returncode == 0) == good and ended.stdout.count("ok ") >= 7, ended.stdout + ended.stderr)


def scraped(started, work, port, targets):
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(CHART / "rules" / "alerts.yaml")],
        "scrape_configs": [{"job_name": name, "static_configs": [{"targets": [f"127.0.0.1:{at}"]}]} for name, at in targets.items()],
    }
    (work / "prometheus.yml").write_text(json.dumps(config))
    started.start(
        work / "prometheus.log", os.environ["PROMETHEUS"], f"--config.file={work / 'prometheus.yml'}",
        f"--storage.tsdb.path={work / 'prometheus'}", f"--web.listen-address=127.0.0.1:{port}")
    up = until(lambda: len([one for one in asked(port, "up == 1 and count_over_time(up[1m]) > 4")]) == 2)
    check("a real Prometheus scrapes both programs", up, (work / "prometheus.log").read_text()[-2000:])
    loaded = json.loads(fetched(f"http://127.0.0.1:{port}/api/v1/rules"))["data"]["groups"]
    check("and takes the alert rules", sum(len(group["rules"]) for group in loaded) > 20)


def answered(port):
    """Each query of the dashboard is taken, and has an answer, unless it asks for what did not happen here."""
    known = texts.documented()
    there = {texts.family(one["metric"]["__name__"]) for one in asked(port, '{__name__=~"(gateway|mcp)_.+"}')}
    check("every metric that was scraped stands in docs/operations.md", there <= known, there - known)
    check("every metric of docs/operations.md was scraped, but for what did not happen", known - there == NOT_HERE, (known - there) ^ NOT_HERE)
    empty, refused = [], []
    for query in texts.queries():
        query = query.replace("$__rate_interval", "5m").replace("$namespace", ".*")
        happened = not {texts.family(name) for name in texts.METRIC.findall(query)} <= NOT_HERE
        try:
            asked(port, query)
        except OSError as wrong:
            refused.append(f"{query}: {wrong}")
        # A series that has just begun has no rate before its second sample.
        if happened and not until(lambda q=query: asked(port, q)):
            empty.append(query)
    check("Prometheus takes every query of the dashboard", not refused, refused)
    check("and has an answer to each but for what did not happen", not empty, empty)


def reloaded(folder, admin, port):
    """A swapped mount is taken up in place; a wrong one is told, and the one before serves on."""
    def generation():
        return json.loads(fetched(f"http://127.0.0.1:{admin}/status"))["config"]["generation"]
    before = generation()
    swap(folder / "config", "gateway.yaml", lambda text: text.replace("sessions: {}", "sessions: {absolute_lifetime: 1d}"))
    check("a changed ConfigMap is taken up without a restart", until(lambda: generation() == before + 1), generation())
    failed = "gateway_config_last_reload_failed"
    swap(folder / "config", "gateway.yaml", lambda text: text.replace("absolute_lifetime: 1d", "absolute_lifetim: 1d"))
    told = until(lambda: asked(port, f"{failed} == 1") and asked(port, 'ALERTS{alertname="FhirMcpReloadFailed"}'))
    check("a wrong one raises FhirMcpReloadFailed at Prometheus, and serves nothing of it", told and generation() == before + 1, told)


def asked(port, query):
    """The series of a query."""
    url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": query})
    return json.loads(fetched(url))["data"]["result"]
