"""Measures every contestant in turn, in an order that rotates from run to run, and writes the report."""

import argparse
import contextlib
import datetime
import json
import os
import pathlib
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import contestants
import load
import machine
import report
from load import Caller, Missed, measured
from usage import Usage, pinned, processors

BODY = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                   "params": {"name": "list_studies", "arguments": {}}})
# The same question to our core and to the Python server: the first readings of a patient who has many.
READINGS = 20
WHOLE_BODY = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
    "name": "get_patient_observations", "arguments": {"patient_id": 40006, "limit": READINGS}}})
RATE = 1000
BURST = 200
MEMORY_AT = (16, 512)


def arguments():
    parser = argparse.ArgumentParser()
    for name in ("--programs", "--frame", "--site", "--work", "--docs"):
        parser.add_argument(name, required=True)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--only", default="")
    return parser.parse_args()


@contextlib.contextmanager
def site(asked, where):
    """The stand-in Exchange and the stub, beside the load."""
    command = pinned(where, [asked.site, asked.work])
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    told = json.loads(process.stdout.readline())
    try:
        yield told | {"pid": process.pid, "frame": asked.frame}
    finally:
        process.stdin.close()
        process.wait(20)


class Bench:
    def __init__(self, asked, told, where):
        self.asked, self.site, (ours, self.theirs) = asked, told, where
        self.ground = contestants.Ground(told, asked.work, asked.programs, ours)
        self.logins = iter(told["tokens"])

    def caller(self, name, body):
        """Somebody who has just logged in: our gateway wants its own tokens, the others the backend's."""
        login = next(self.logins)
        token = login["sealed" if name.startswith("gateway") else "backend"]
        return Caller(token, body, self.theirs, self.asked.work)

    def asked_so_far(self):
        with urllib.request.urlopen(f"http://{self.site['stub']}/asked", timeout=30) as answer:
            return json.load(answer)

    def questions(self, run):
        """How often the authorization server, the verifier and the backend were asked meanwhile."""
        before = self.asked_so_far()
        run()
        return {name: count - before[name] for name, count in self.asked_so_far().items()}

    def one(self, name, contestant):
        """All points of one contestant in one run; a point that missed has only `missed`."""
        points = {}
        with contestant(self.ground) as running:
            caller = self.caller(name, BODY)
            points["start"] = attempt(lambda: {"value": load.wait_until(lambda: answers(running.plain, caller))})
            points["burst"] = attempt(lambda: self.burst(name, running.plain))
            seconds, usage = self.asked.seconds, running.usage
            warm(caller, running.plain)
            points["h1"] = attempt(lambda: measured(usage, lambda: caller.wrk(running.plain, seconds)))
            if running.tls:
                warm(caller, running.tls)
                points["tls-h1"] = attempt(lambda: measured(usage, lambda: caller.wrk(running.tls, seconds)))
                points["tls-new"] = attempt(
                    lambda: measured(usage, lambda: caller.wrk(running.tls, seconds, again=True)))
            if running.tls and name != "fastmcp":  # uvicorn has no HTTP/2
                points["tls-h2"] = attempt(lambda: measured(usage, lambda: caller.h2load(running.tls, seconds)))
            url = running.tls or running.plain
            points["rate"] = attempt(lambda: measured(usage, lambda: caller.h2load(url, 2 * seconds, RATE)))
            for count in MEMORY_AT if running.tls else ():
                held = lambda: caller.wrk(running.tls, max(2, seconds - 2), connections=count)
                points[f"memory-{count}"] = attempt(lambda: {"value": load.memory_during(usage, held)})
        return points

    def burst(self, name, url):
        """A token that nobody has asked about, and many calls with it at once."""
        caller = self.caller(name, BODY)

        def run():
            with ThreadPoolExecutor(BURST) as pool:
                if not all(pool.map(lambda _: answers(url, caller), range(BURST))):
                    raise Missed("a call of the burst failed")

        count = self.questions(run)
        return {"value": count["introspected"] + count["verified"]}

    def whole(self, name, contestant):
        """A tool's call through all that there is."""
        with contestant(self.ground) as running:
            caller = self.caller(name, WHOLE_BODY)
            load.wait_until(lambda: readings(running.tls, caller) == READINGS)
            warm(caller, running.tls)
            point = {}
            run = lambda: point.update(
                measured(running.usage, lambda: caller.wrk(running.tls, 2 * self.asked.seconds)))
            asked = self.questions(run)
            return point | {"backend": asked["backend"] / point["calls"], "memory": running.usage.mebibytes()}


def answers(url, caller):
    """Whether a call is answered as it should be."""
    return "result" in answer(url, caller)


def readings(url, caller):
    """How many readings a call is answered with."""
    return len(answer(url, caller).get("result", {}).get("structuredContent", {}).get("observations", ()))


def answer(url, caller):
    """What a call is answered, or nothing."""
    request = urllib.request.Request(url, caller.body.encode(), caller.headers(), method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60, context=machine.any_certificate()) as got:
            return json.load(got)
    except (urllib.error.URLError, ConnectionError, TimeoutError, ValueError):
        return {}


def warm(caller, url):
    """A second of calls that nobody counts."""
    attempt(lambda: caller.wrk(url, 1))


def attempt(run):
    try:
        return run()
    except Missed as why:
        return {"missed": str(why)}


def rotated(names, run):
    at = run % max(1, len(names))
    return names[at:] + names[:at]


def main():
    asked = arguments()
    where = processors()
    only = asked.only.split() or [*contestants.CONTESTANTS, *contestants.WHOLE]
    kinds = [(contestants.CONTESTANTS, "one"), (contestants.WHOLE, "whole")]
    runs = []
    began = datetime.datetime.now(datetime.UTC)
    with site(asked, where[1]) as told:
        bench = Bench(asked, told, where)
        for run in range(asked.runs):
            runs.append({"load": os.getloadavg()[0]})
            for table, measure in kinds:
                for name in rotated([name for name in table if name in only], run):
                    runs[-1][name] = attempt(lambda: getattr(bench, measure)(name, table[name]))
                    print(f"run {run + 1}: {name}: {json.dumps(runs[-1][name])}", file=sys.stderr, flush=True)
    told = {"when": began.date().isoformat(), "seconds": asked.seconds, "rate": RATE, "burst": BURST,
            "machine": machine.described(), "versions": machine.versions(asked.programs), "runs": runs}
    if set(only) == {*contestants.CONTESTANTS, *contestants.WHOLE}:
        return report.write(told, pathlib.Path(asked.docs))
    print(json.dumps(told, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
