"""The official Python SDK starts `fhir-mcp-core stdio` itself, as a desktop client does, at a stand-in Exchange.

Proves: the first tool call opens the browser and is answered after the login, in the older protocol; the next
start uses the kept login, in the newest one; after a logout nobody is logged in.
Environment: CORE, the program; STAND_IN, the stand-in Exchange; BROWSER, LOGIN, PASSWORD.
Prints one line a check: `ok` or `not ok`."""

import asyncio
import os
import sys

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

PASSED_ON = ("HOME", "PATH", "BROWSER", "BROWSER_LOG", "LOGIN", "PASSWORD")
failures = 0


def report(is_ok, name, why=""):
    global failures
    failures += not is_ok
    print(f"{'ok' if is_ok else 'not ok'} stdio {name}{'' if is_ok else f': {why}'}", flush=True)


def program(verb, exchange):
    return [verb, "--backend", exchange, "--client-id", "laptops", "--allow-plain-loopback"]


async def ask(exchange, mode, browser):
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    server = StdioServerParameters(
        command=os.environ["CORE"], args=program("stdio", exchange), env=environment | {"BROWSER": browser}
    )
    with open(os.path.join(os.environ["HOME"], "stderr"), "a", encoding="utf-8") as errors:
        async with Client(stdio_client(server, errlog=errors), mode=mode) as client:
            tools = (await client.list_tools()).tools
            return tools, await client.call_tool("list_studies", {})


async def main():
    pipe = asyncio.subprocess.PIPE
    stand_in = await asyncio.create_subprocess_exec(os.environ["STAND_IN"], stdin=pipe, stdout=pipe)
    exchange = (await stand_in.stdout.readline()).decode().strip()
    for mode, browser, name in (
        ("legacy", os.environ["BROWSER"], "logs in by the browser within the first call, legacy era"),
        ("auto", "false", "uses the kept login at the next start, modern era"),
    ):
        tools, answer = await ask(exchange, mode, browser)
        studies = (answer.structured_content or {}).get("studies", [])
        report(len(tools) >= 13 and len(studies) > 0 and not answer.is_error, name, answer)
    logout = await asyncio.create_subprocess_exec(
        os.environ["CORE"], *program("logout", exchange), stdout=pipe
    )
    said = (await logout.communicate())[0].decode()
    report(logout.returncode == 0 and "revoked" in said, "logs out", said)
    _, answer = await ask(exchange, "auto", "false")
    sentence = answer.content[0].text
    report(answer.is_error and "http://127.0.0.1:" in sentence, "names the link without a browser", sentence)
    stand_in.stdin.close()
    await stand_in.wait()
    sys.exit(failures > 0)


asyncio.run(main())
