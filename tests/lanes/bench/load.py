"""The load: wrk and h2load, and what they report."""

import math
import re
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass

from usage import pinned

# Of a point's requests, at most so many may fail, and at least so many of those offered must be made.
MOST_FAILED, LEAST_MADE = 0.001, 0.99
CONNECTIONS, STREAMS, H2_CONNECTIONS = 16, 8, 8


class Missed(Exception):
    """A point that must not be reported, and why."""


@dataclass(frozen=True)
class Caller:
    """Who calls: with which token, with which body."""

    token: str
    body: str
    processors: list
    folder: str

    def headers(self):
        return {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2025-06-18",
        }

    def _run(self, command, seconds):
        """What it says. Whoever takes twice as long as the load should has fallen behind for good."""
        try:
            ended = subprocess.run(pinned(self.processors, command), capture_output=True, text=True, check=False,
                                   timeout=2 * seconds + 5)
        except subprocess.TimeoutExpired as late:
            raise Missed(f"{command[0]} was not done in twice {seconds} s") from late
        if ended.returncode:
            raise Missed(f"{command[0]} failed: {ended.stderr.strip()[:200]}")
        return ended.stdout

    def wrk(self, url, seconds, connections=CONNECTIONS, again=False):
        """As many calls as connections can make one after the other; with `again`, on a new connection each."""
        script = f"{self.folder}/call.lua"
        with open(script, "w", encoding="utf-8") as lua:
            lua.write(f"wrk.method = 'POST'\nwrk.body = [==[{self.body}]==]\n")
            headers = self.headers() | ({"Connection": "close"} if again else {})
            lua.writelines(f"wrk.headers['{name}'] = '{value}'\n" for name, value in headers.items())
        told = self._run(["wrk", "--threads", 1, "--connections", connections, "--duration", f"{seconds}s",
                          "--latency", "--script", script, url], seconds)
        made = int(re.search(r"(\d+) requests in", told).group(1))
        failed = sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", told)))
        broken = re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", told)
        # The end of an answer that its connection ends is no failure, though wrk counts some as one.
        failed += sum(map(int, broken.groups() if broken and not again else ()))
        percentile = {name: _milliseconds(value) for name, value in re.findall(r"^\s+(50|99)%\s+(\S+)", told, re.M)}
        return _judged(made, failed, float(re.search(r"Requests/sec:\s+([\d.]+)", told).group(1)), percentile)

    def h2load(self, url, seconds, rate=None):
        """Over HTTP/2, streams side by side; with `rate`, over HTTP/1.1 and as many a second as that."""
        body, log = f"{self.folder}/body", f"{self.folder}/h2load.log"
        with open(body, "w", encoding="utf-8") as file:
            file.write(self.body)
        open(log, "w", encoding="ascii").close()
        shape = ["--duration", seconds, "--clients", H2_CONNECTIONS, "--max-concurrent-streams", STREAMS]
        if rate:
            # Begun one after the other, and not together, the connections never call all at once.
            shape = ["--requests", rate * seconds, "--rate", 1, "--rate-period", f"{1000 // rate}ms", "--h1", "--clients",
                     CONNECTIONS, "--max-concurrent-streams", 1, "--rps", rate / CONNECTIONS, "--log-file", log]
        headers = [part for name, value in self.headers().items() for part in ("--header", f"{name}: {value}")]
        told = self._run(["h2load", "--threads", 1, *shape, "--data", body, *headers, url], seconds)
        well = int(re.search(r"(\d+) 2xx", told).group(1))
        total, failed = (int(re.search(rf"(\d+) {word}", told).group(1)) for word in ("done", "failed"))
        percentile = _percentiles(log) if rate else {}
        took = _milliseconds(re.search(r"finished in (\S+),", told).group(1))
        point = _judged(well, failed + total - well, well / took * 1000, percentile)
        if rate and point["rate"] < LEAST_MADE * rate:
            raise Missed(f"{point['rate']:.0f} requests/s of {rate}")
        return point


def _judged(made, failed, rate, percentile):
    if made == 0 or failed > MOST_FAILED * made:
        raise Missed(f"{failed} of {made} requests failed")
    return {"calls": made, "failed": failed, "rate": rate, "p50": percentile.get("50"), "p99": percentile.get("99")}


def _milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def _percentiles(log):
    with open(log, encoding="ascii") as lines:
        times = sorted(int(line.split("\t")[2]) for line in lines)
    at = lambda share: times[min(len(times) - 1, math.ceil(share * len(times)) - 1)] / 1000
    return {"50": at(0.50), "99": at(0.99)} if times else {}


def measured(usage, run):
    """A point with the processor time that it took, in microseconds a call."""
    before = usage.seconds()
    point = run()
    point["cpu"] = (usage.seconds() - before) / point["calls"] * 1e6
    return point


def memory_during(usage, run, every=0.2):
    """The memory while it runs: the median of what was seen, in MiB."""
    seen, over = [], threading.Event()

    def watch():
        while not over.wait(every):
            seen.append(usage.mebibytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        run()
    finally:
        over.set()
        watcher.join()
    return statistics.median(seen)


def wait_until(ready, seconds=30, every=0.002):
    """How long it took, in milliseconds."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if ready():
            return (time.monotonic() - began) * 1000
        time.sleep(every)
    raise Missed("it does not answer")
