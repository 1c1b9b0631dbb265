"""Runs the gateway in callgrind, makes calls once everything is warm, and tells how many instructions each station took."""

import http.client
import json
import pathlib
import re
import subprocess
import sys
import time

PROGRAMS, WORK, PAGE = sys.argv[1:4]
WARM, CALLS = 20, 400
BODY = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                   "params": {"name": "list_studies", "arguments": {}}})
# What stands in the page, and the function whose instructions, with those of all that it calls, it shows. Indented: part of
# the one above.
STATIONS = [
    ("checks the form of the head", r"listener::head::check"),
    ("admits: from the token to the sealed hop", r"admission::admit"),
    ("- opens the sealed token", r"authz::seal::Sealer::open_bound"),
    ("- digests the token, to look introspection up", r"keyed_digest::KeyedDigest::of"),
    ("- reads the body", r"body::read_bounded"),
    ("- parses the call", r"mcp_call::McpCall::parse"),
    ("- seals the caller for core", r"authz::hop::HopSealer::seal"),
    ("forwards, all that the frame does towards core and back", r"HttpProxy<SV,C>::proxy_to_upstream"),
    ("- writes core's headers", r"ProxyHttp>::upstream_request_filter"),
    ("- judges and writes the answer's headers", r"ProxyHttp>::response_filter"),
    ("records: access line, counters, event", r"record::written"),
    ("writes the audit trail: chained by SHA-256", r"audit::writer::Writer::run"),
    ("allocates, wherever", r"__rustc::__rust_alloc"),
    ("frees, wherever", r"__rustc::__rust_dealloc"),
]


def main():
    site = subprocess.Popen([f"{PROGRAMS}/bench_site", WORK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    told = json.loads(site.stdout.readline())
    out = f"{WORK}/callgrind.out"
    with open(f"{WORK}/gateway.log", "wb") as log:
        gateway = subprocess.Popen(
            ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}",
             f"{PROGRAMS}/fhir-mcp-gateway", "serve", "--config", f"{WORK}/stub.yaml"],
            stdout=log, stderr=log, cwd=WORK)
    try:
        connection = connected(told["plain"])
        call(connection, told, WARM)
        control = lambda word: subprocess.run(["callgrind_control", "-i", word, str(gateway.pid)], check=True,
                                              capture_output=True)
        control("on")
        call(connection, told, CALLS)
        # Events are written a little after their calls.
        time.sleep(1)
        control("off")
    finally:
        gateway.terminate()
        gateway.wait(120)
        site.stdin.close()
        site.wait(20)
    annotated = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", out], check=True,
                               capture_output=True, text=True).stdout
    pathlib.Path(PAGE).write_text(page(annotated), encoding="utf-8")


def connected(address):
    for _ in range(600):
        try:
            connection = http.client.HTTPConnection(address, timeout=60)
            connection.connect()
            return connection
        except ConnectionError:
            time.sleep(0.1)
    raise SystemExit("the gateway does not listen")


def call(connection, told, times):
    headers = {"Authorization": f"Bearer {told['tokens'][0]['sealed']}", "Content-Type": "application/json",
               "Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
    for _ in range(times):
        connection.request("POST", "/mcp", BODY, headers)
        answer = connection.getresponse()
        if answer.status != 200 or "result" not in json.loads(answer.read()):
            raise SystemExit(f"a call was answered with {answer.status}")


def page(annotated):
    lines = re.findall(r"^\s*([\d,]+) \([^)]*\)\s+(.*)$", annotated, re.M)
    counts = [(int(count.replace(",", "")), name) for count, name in lines]
    total = next(count for count, name in counts if name.startswith("PROGRAM TOTALS"))
    rows = [["**all**", f"{total / CALLS:,.0f}", "100 %"]]
    for title, pattern in STATIONS:
        # Inlined, a function has no name of its own; then its part of the sum is with whoever called it.
        found = max((count for count, name in counts if re.search(pattern, name)), default=None)
        shown = ["–", "inlined"] if found is None else [f"{found / CALLS:,.0f}", f"{100 * found / total:.0f} %"]
        rows.append([title.replace("- ", "… ", 1) if title.startswith("- ") else title, *shown])
    table = "\n".join("| " + " | ".join(row) + " |" for row in [["station", "instructions a call", "share"], ["---"] * 3, *rows])
    return (
        "# Where a call's work goes\n\n`make bench-profile` writes this page: instructions in user mode for an authorised call over plain "
        f"HTTP/1.1, on average over {CALLS} calls, counted by callgrind in a build of profile `lane` (which does not optimise across crates). "
        "callgrind's processor has no SHA instructions: digests cost about ten times here what they cost on a real one. "
        "The kernel's work (sending, receiving, waking) is not in it.\n\n"
        + table + "\n"
    )


if __name__ == "__main__":
    main()
