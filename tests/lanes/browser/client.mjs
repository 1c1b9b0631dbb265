// OAuth clients as LLM clients are: they register, send the person to /authorize with PKCE, and wait at
// their redirect URI.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";

const PATIENCE = 10_000;

class Client {
  constructor(server) {
    this.server = server;
    this.callbacks = [];
    this.pages = new Map();
    this.verifiers = new Map();
    server.on("request", (request, response) => this.answer(request, response));
  }

  async register(gateway, name) {
    this.gateway = gateway;
    const response = await fetch(`${gateway}/register`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        client_name: name, redirect_uris: [this.redirectUri], token_endpoint_auth_method: "none",
      }),
    });
    assert.equal(response.status, 201, "registration");
    this.id = (await response.json()).client_id;
    return this;
  }

  /** A page of the client's own origin. */
  serve(path, html, headers = {}) {
    this.pages.set(path, { html, headers });
    return new URL(path, this.redirectUri).href;
  }

  answer(request, response) {
    const url = new URL(request.url, this.redirectUri);
    const headers = { "content-type": "text/html; charset=utf-8" };
    if (url.pathname === "/callback") {
      this.callbacks.push(Object.fromEntries(url.searchParams));
      response.writeHead(200, headers).end("<!doctype html><title>Client</title><h1>Back at the client</h1>");
      this.server.emit("callback");
    } else if (this.pages.has(url.pathname)) {
      const page = this.pages.get(url.pathname);
      response.writeHead(page.headers.location ? 303 : 200, { ...headers, ...page.headers }).end(page.html);
    } else {
      response.writeHead(204).end(); // Chromium asks for an icon
    }
  }

  /** A fresh authorize URL; `changes` replace parameters. */
  authorizeUrl(changes = {}) {
    const verifier = randomBytes(32).toString("base64url");
    const state = randomBytes(16).toString("base64url");
    this.verifiers.set(state, verifier);
    const url = new URL(`${this.gateway}/authorize`);
    url.search = new URLSearchParams({
      response_type: "code", client_id: this.id, redirect_uri: this.redirectUri, state,
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256", resource: `${this.gateway}/mcp`, ...changes,
    });
    return url.href;
  }

  /** The parameters with which the browser came back, oldest first. */
  async callback() {
    while (!this.callbacks.length) {
      await once(this.server, "callback", { signal: AbortSignal.timeout(PATIENCE) })
        .catch(() => assert.fail("nobody came to the client's callback"));
    }
    const query = this.callbacks.shift();
    assert.ok(this.verifiers.has(query.state), "the state came back unchanged");
    assert.equal(query.iss, this.gateway, "iss names the gateway (RFC 9207)");
    return query;
  }

  /** Exchanges the code for an access token. */
  async redeem(query) {
    const response = await fetch(`${this.gateway}/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "authorization_code", client_id: this.id, redirect_uri: this.redirectUri,
        code: query.code, code_verifier: this.verifiers.get(query.state),
      }),
    });
    assert.equal(response.status, 200, "the code is redeemed");
    return (await response.json()).access_token;
  }

  /** How many tools the token's person is offered. */
  async countTools(token) {
    const response = await fetch(`${this.gateway}/mcp`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`, "content-type": "application/json",
        accept: "application/json, text/event-stream", "mcp-protocol-version": "2025-11-25",
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: {} }),
    });
    assert.equal(response.status, 200, "the token is good for a call");
    return (await response.json()).result.tools.length;
  }

  async close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

async function onLoopback(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server.address().port;
}

/** A program on the person's own computer. */
export class LoopbackClient extends Client {
  static async register(world, name = "Browser lane") {
    const client = new LoopbackClient(createServer());
    client.redirectUri = `http://127.0.0.1:${await onLoopback(client.server)}/callback`;
    world.opened.push(client);
    return client.register(world.gateway, name);
  }
}

/** A web site; the browser finds its host here, whatever the internet says. */
export class TlsClient extends Client {
  static HOST = "client.example";

  static async listen() {
    const read = (name) => readFileSync(`${process.env.WORK}/${name}`);
    const client = new TlsClient(createTlsServer({ key: read("tls.key"), cert: read("tls.crt") }));
    client.redirectUri = `https://${TlsClient.HOST}/callback`;
    client.port = await onLoopback(client.server);
    return client;
  }
}
