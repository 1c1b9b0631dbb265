// A gateway of our own over TLS, in front of a backend at which everybody is logged in already: for what
// the demo, on plain loopback, cannot show (cookie prefixes, clients that are web sites or applications).

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

export const APPLICATION = "lane-application://login/callback";

export class TlsGateway {
  static async start() {
    const gateway = new TlsGateway();
    gateway.backend = createServer(sendBack);
    const [port, admin, core] = await Promise.all([freePort(), freePort(), freePort()]);
    gateway.url = `https://127.0.0.1:${port}`;
    const file = `${process.env.WORK}/gateway.yaml`;
    writeFileSync(file, configuration(port, admin, core, await listen(gateway.backend)));
    const keys = { RING_KEY: keygen(), HOP_KEY: keygen() };
    gateway.program = spawn(process.env.GATEWAY, ["serve", "--config", file], {
      env: keys, stdio: ["ignore", "ignore", "inherit"],
    });
    process.once("exit", () => gateway.program.kill("SIGTERM"));
    await gateway.answers();
    return gateway;
  }

  async answers() {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      assert.equal(this.program.exitCode, null, "the gateway over TLS ended");
      const up = await fetch(`${this.url}/health`).then((answer) => answer.ok, () => false);
      if (up) return;
      await pause(100);
    }
    assert.fail("the gateway over TLS does not answer");
  }

  async close() {
    this.backend.closeAllConnections();
    this.backend.close();
    this.program.kill("SIGTERM");
    await once(this.program, "exit");
  }
}

/** The backend's authorize endpoint for a person with a session: straight back, with a code. */
function sendBack(request, response) {
  const asked = new URL(request.url, "http://backend").searchParams;
  const back = new URL(asked.get("redirect_uri") ?? "http://127.0.0.1/");
  back.search = new URLSearchParams({ code: "code-of-the-backend", state: asked.get("state") ?? "" });
  response.writeHead(302, { location: back.href }).end();
}

async function listen(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server.address().port;
}

async function freePort() {
  const server = createServer();
  const port = await listen(server);
  server.close();
  return port;
}

function keygen() {
  return spawnSync(process.env.GATEWAY, ["keygen"], { encoding: "utf8" }).stdout.trim();
}

function configuration(port, admin, core, backend) {
  const { WORK } = process.env;
  return `
server:
  public_url: https://127.0.0.1:${port}
  listeners: [{ address: "127.0.0.1:${port}", tls: { certificate: ${WORK}/tls.crt, key: ${WORK}/tls.key } }]
  admin: "127.0.0.1:${admin}"
  deadlines: { close_delay: 10ms }
keys:
  ring: [{ id: k1, state: active, key: { env: RING_KEY } }]
  hop: { env: HOP_KEY }
core: { address: "127.0.0.1:${core}" }
backend:
  name: lane
  profile: jhe
  base_url: http://127.0.0.1:${backend}
  client_id: gateway
  scope: openid email
  audience: { own_client: true }
clients:
  allowed_redirect_hosts: [client.example]
  allowed_redirect_uris: ["${APPLICATION}"]
`;
}
