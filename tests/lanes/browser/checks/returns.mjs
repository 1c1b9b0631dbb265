// The back button and the reload: people use them.

import assert from "node:assert/strict";
import { LoopbackClient } from "../client.mjs";
import { Visit } from "../visit.mjs";

async function backAfterDecline(world) {
  const client = await LoopbackClient.register(world);
  const visit = await Visit.begin(world);
  await visit.open(client.authorizeUrl());
  await visit.decline();
  await client.callback();
  await visit.arrive();
  await visit.page.goBack();
  await visit.allow();
  await visit.logIn();
  assert.ok(await client.redeem(await client.callback()), "the person may think again");
}

async function backAfterAllow(world) {
  const client = await LoopbackClient.register(world);
  const visit = await Visit.begin(world);
  await visit.open(client.authorizeUrl());
  await visit.allow();
  await visit.page.locator("input[type=password]").waitFor();
  await visit.page.goBack();
  await visit.decline();
  assert.equal((await client.callback()).error, "access_denied");
}

async function backAfterLogin(world) {
  const client = await LoopbackClient.register(world);
  const visit = await Visit.begin(world);
  const token = await client.redeem(await visit.logInFor(client));
  await visit.arrive();
  for (let step = 0; step < 3; step += 1) {
    const answer = await visit.page.goBack();
    if (!answer) break;
    assert.ok(answer.status() < 500, `status ${answer.status()} at step ${step} back`);
  }
  assert.ok((await client.countTools(token)) > 0, "what was granted stays good");
  for (const query of client.callbacks) assert.equal(query.error, undefined);
}

async function reloadedCallback(world) {
  const client = await LoopbackClient.register(world);
  const visit = await Visit.begin(world);
  await visit.logInFor(client);
  const callback = visit.requests.find((url) => new URL(url).pathname === "/oauth/callback");
  const answer = await visit.open(callback);
  assert.equal(answer.status(), 400);
  assert.match(await visit.readRefusal(), /Start again from your LLM client/);
  assert.deepEqual(client.callbacks, []);
}

export const checks = [
  ["back after 'Do not allow' lets the person think again", backAfterDecline],
  ["back from the backend's page lets the person say no", backAfterAllow],
  ["back after a login does no harm", backAfterLogin],
  ["the callback serves once in a browser", reloadedCallback],
];
