// Over TLS: cookie prefixes, and clients that are web sites or installed applications.

import assert from "node:assert/strict";
import { TlsClient } from "../client.mjs";
import { APPLICATION } from "../tls_gateway.mjs";
import { Visit } from "../visit.mjs";

const CLIENT = `https://${TlsClient.HOST}`;

async function webSite({ tlsGateway, tlsClient, ...world }) {
  await tlsClient.register(tlsGateway.url, "A web site");
  const visit = await Visit.begin(world);
  await visit.open(tlsClient.authorizeUrl());
  assert.match(await visit.page.locator("main").innerText(), /client\.example/, "where the answer goes is said");
  await visit.allow();
  assert.ok((await tlsClient.callback()).code, "the browser followed the redirects from the form to the site");
  await visit.open(tlsClient.authorizeUrl());
  await visit.decline();
  assert.equal((await tlsClient.callback()).error, "access_denied");
  const backend = `http://127.0.0.1:${tlsGateway.backend.address().port}`;
  visit.assertQuiet(tlsGateway.url, backend, CLIENT);
}

async function application({ tlsGateway, tlsClient, ...world }) {
  tlsClient.redirectUri = APPLICATION;
  try {
    await tlsClient.register(tlsGateway.url, "An application");
    const visit = await Visit.begin(world);
    await visit.open(tlsClient.authorizeUrl());
    const sent = visit.page.waitForRequest((request) => request.url().startsWith(APPLICATION));
    await visit.allow();
    assert.ok(new URL((await sent).url()).searchParams.get("code"));
    assert.deepEqual(visit.complaints.filter((said) => /form-action/.test(said)), []);
  } finally {
    tlsClient.redirectUri = `${CLIENT}/callback`;
  }
}

async function cookies({ tlsGateway, tlsClient, ...world }) {
  await tlsClient.register(tlsGateway.url, "A web site");
  const visit = await Visit.begin(world);
  await visit.open(tlsClient.authorizeUrl());
  const before = await visit.context.cookies();
  assert.deepEqual(before.map((cookie) => cookie.name), ["__Host-fmg-consent"]);
  const callback = visit.page.waitForRequest((request) => new URL(request.url()).pathname === "/oauth/callback");
  await visit.allow();
  const sent = (await (await callback).allHeaders()).cookie ?? "";
  assert.match(sent, /__Host-fmg-txn-/, "the login's cookie is back with the browser");
  await tlsClient.callback();
  const after = await visit.context.cookies();
  assert.deepEqual(after.map((cookie) => cookie.name), ["__Host-fmg-consent"], "and gone after the callback");
  for (const cookie of [...before, ...after]) {
    const { secure, httpOnly, sameSite, path } = cookie;
    assert.deepEqual({ secure, httpOnly, sameSite, path }, { secure: true, httpOnly: true, sameSite: "Lax", path: "/" });
  }
}

export const checks = [
  ["a login and a refusal lead back to a client that is a web site", webSite],
  ["a login leads back to an installed application", application],
  ["cookies over TLS are bound to our host and out of reach of scripts", cookies],
];
