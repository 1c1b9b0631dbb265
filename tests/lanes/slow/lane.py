"""Runs each kind of slow connection beside callers, and judges what the callers noticed."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request

PROGRAM, WORK = sys.argv[1:3]
CONNECTIONS = int(os.environ["CONNECTIONS"])
LOAD = int(os.environ["SECONDS_OF_LOAD"])
# Of the site, in seconds: what ends such a connection, from its beginning or from the last thing it got.
DEADLINES = {"headers": 20, "bodies": 15 + 2, "reads": 20, "handshakes": 20}
SLACK = 5


def halves():
    """The attackers would be other machines: they get half of the processors, the gateway and its callers the other."""
    processors = sorted(os.sched_getaffinity(0))
    if len(processors) < 2:
        sys.exit("this lane needs two processors: with one, the attackers' own work would be measured")
    middle = len(processors) // 2
    return [["taskset", "--cpu-list", ",".join(map(str, half))] for half in (processors[:middle], processors[middle:])]


OURS, THEIRS = halves()


class Site:
    def __init__(self):
        command = [*OURS, PROGRAM, "site", WORK]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.origin, self.admin, self.token = self.process.stdout.readline().split()

    def gauge(self, name):
        with urllib.request.urlopen(f"{self.admin}/metrics", timeout=30) as answer:
            text = answer.read().decode()
        return int(re.search(rf"^{name} (\d+)$", text, re.M).group(1))

    def memory(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) / 1024

    def load(self):
        url, certificate = f"{self.origin}/mcp", f"{WORK}/tls.crt"
        command = [*OURS, PROGRAM, "load", url, self.token, certificate, str(LOAD)]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(20)


# slowhttptest opens some hundred connections a second, and the first must not be gone before the last is there.
PARTS = max(1, CONNECTIONS // 1500)


def attack(site, kind):
    """Starts as many slow connections of a kind as there shall be; the programs that hold them."""
    port = site.origin.rsplit(":", 1)[1]
    if kind == "handshakes":
        commands = [[PROGRAM, "handshakes", f"127.0.0.1:{port}", str(CONNECTIONS)]]
    else:
        mode = {
            "headers": ["-H"],
            "bodies": ["-B", "-s", "8192", "-t", "POST", "-f", "application/x-www-form-urlencoded"],
            "reads": ["-X", "-w", "1", "-y", "2", "-n", "5", "-z", "1", "-k", "1"],
        }[kind]
        path = {"headers": "/mcp", "bodies": "/token", "reads": "/.well-known/oauth-authorization-server"}[kind]
        count, rate = str(CONNECTIONS // PARTS), str(max(200, CONNECTIONS // PARTS // 2))
        common = ["-c", count, "-r", rate, "-i", "3", "-l", "60", "-x", "8", "-p", "30"]
        commands = [["slowhttptest", *mode, *common, "-u", f"{site.origin}{path}"]] * PARTS
    with open(f"{WORK}/{kind}.log", "wb") as log:
        quiet = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "cwd": WORK}
        return [subprocess.Popen([*THEIRS, *command], **quiet) for command in commands]


def judge(site, kind, baseline):
    idle = site.gauge("gateway_connections")
    before = site.memory()
    attackers = attack(site, kind)
    most, began = 0, time.monotonic()
    # Until nearly all are there.
    while time.monotonic() - began < 18 and most < 0.95 * CONNECTIONS + idle:
        most = max(most, site.gauge("gateway_connections"))
        time.sleep(0.1)
    opened = time.monotonic()
    memory = site.memory()
    during = site.load()
    while site.gauge("gateway_connections") > idle + 20 and time.monotonic() - opened < 120:
        time.sleep(0.2)
    gone = time.monotonic() - opened
    for attacker in attackers:
        attacker.terminate()
        attacker.wait(30)
    allowed = max(DEADLINES[kind] + SLACK, LOAD + 1)
    right = {
        "there": most - idle >= 0.9 * CONNECTIONS,
        "p99": during["p99"] <= 2 * baseline["p99"],
        "errors": during["failed"] == 0 and during["calls"] > 0,
        "gone": gone <= allowed,
    }
    verdict = "ok" if all(right.values()) else "not ok: " + ", ".join(k for k, v in right.items() if not v)
    print(
        f"{kind}: {most - idle} of {CONNECTIONS} at once, {(memory - before) * 1024 / max(1, most - idle):.0f} KiB each; "
        f"callers: {during['calls']} calls, {during['failed']} failed, p50 {during['p50']:.1f} ms, "
        f"p99 {during['p99']:.1f} ms (before: {baseline['p99']:.1f}); gone after {gone:.0f} s: {verdict}",
        flush=True,
    )
    if during["failed"]:
        print(f"  {during['first_failure']}")
    return all(right.values())


def main():
    site = Site()
    try:
        site.load()
        baseline = site.load()
        print(f"alone: {baseline['calls']} calls, {baseline['failed']} failed, "
              f"p50 {baseline['p50']:.1f} ms, p99 {baseline['p99']:.1f} ms", flush=True)
        passed = [judge(site, kind, baseline) for kind in DEADLINES]
        print(f"memory at the end: {site.memory():.0f} MiB")
    finally:
        site.stop()
    print(f"{sum(passed)} passed, {len(passed) - sum(passed)} failed")
    sys.exit(0 if all(passed) else 1)


main()
