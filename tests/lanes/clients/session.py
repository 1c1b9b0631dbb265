"""A person's login with the official Python SDK: its OAuth provider, storage in memory, and the scripted
browser of this folder. One login serves any number of connections."""

import asyncio
import os
import tempfile
import urllib.parse

import httpx2
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata

PROFILES = tempfile.TemporaryDirectory()  # a browser profile for each person


class Memory:
    """Token storage that ends with the program."""

    def __init__(self):
        self.tokens = self.client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client_info):
        self.client = client_info


class Callback:
    """The client's loopback listener, and the browser that is sent on its way to it."""

    def __init__(self, login, decision, scope=None):
        self.scope = scope
        self.environment = os.environ | {
            "LOGIN": login, "DECISION": decision, "COOKIES": f"{PROFILES.name}/{login}"
        }
        self.answers = asyncio.Queue()
        self.logins = 0

    async def listen(self):
        server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/callback"

    async def answer(self, reader, writer):
        target = (await reader.readline()).split()[1].decode()
        while (await reader.readline()).strip():
            pass
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndone")
        await writer.drain()
        writer.close()
        await self.answers.put(dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(target).query)))

    async def browse(self, url):
        self.logins += 1
        parts = urllib.parse.urlsplit(url)
        query = dict(urllib.parse.parse_qsl(parts.query))
        self.asked = query.get("scope", "").split()
        if self.scope is not None:
            query["scope"], self.scope = self.scope, None
            url = parts._replace(query=urllib.parse.urlencode(query)).geturl()
        self.browser = await asyncio.create_subprocess_exec(
            os.environ["BROWSER"], url, env=self.environment
        )

    async def wait(self):
        if await self.browser.wait() != 0:
            raise RuntimeError("the browser did not reach the callback")
        query = await self.answers.get()
        if "code" not in query:
            raise RuntimeError(f"the callback brought the error {query.get('error')}")
        return AuthorizationCodeResult(code=query["code"], state=query.get("state"), iss=query.get("iss"))


class Session:
    """`connected` opens a connection in either era; the first one, met by a 401, logs in. The sessions
    of one person share a browser, so that from the second on the backend knows them already. With a
    `scope` the first login asks for no more than that, whatever the SDK would ask for."""

    def __init__(self, url, login, decision="approve", scope=None):
        self.url, self.callback, self.provider = url, Callback(login, decision, scope), None
        self.memory, self.redirect_uri = Memory(), None

    async def connected(self, work, mode="auto"):
        if self.provider is None:
            await self.prepare()
        async with httpx2.AsyncClient(auth=self.provider, timeout=60) as http:
            transport = streamable_http_client(self.url, http_client=http)
            async with Client(transport, mode=mode) as client:
                return await work(client)

    async def prepare(self):
        self.redirect_uri = self.redirect_uri or await self.callback.listen()
        metadata = OAuthClientMetadata(
            client_name="Python SDK lane",
            redirect_uris=[self.redirect_uri],
            token_endpoint_auth_method="none",
        )
        self.provider = OAuthClientProvider(
            self.url, metadata, self.memory, self.callback.browse, self.callback.wait
        )

    def restart(self):
        """The client's program starts again, and remembers only what it stored."""
        self.provider = None

    def let_the_access_token_expire(self):
        """The client's clock says so; its next request refreshes first."""
        self.provider.context.token_expiry_time = 1

    def access_token(self):
        return self.provider.context.current_tokens.access_token

    def granted(self):
        """The scope of the access token, as the gateway named it."""
        return set((self.memory.tokens.scope or "").split())
