// Other people's browsers and other people's pages.

import assert from "node:assert/strict";
import { LoopbackClient } from "../client.mjs";
import { Visit } from "../visit.mjs";

async function strangersCallback(world) {
  const client = await LoopbackClient.register(world);
  const [person, stranger] = [await Visit.begin(world), await Visit.begin(world)];
  await person.logInFor(client);
  const callback = person.requests.find((url) => new URL(url).pathname === "/oauth/callback");
  const answer = await stranger.open(callback);
  assert.equal(answer.status(), 400);
  assert.match(await stranger.readRefusal(), /did not begin in this browser/);
  assert.deepEqual(client.callbacks, [], "the client hears nothing");
}

async function strangersForm(world) {
  const client = await LoopbackClient.register(world);
  const [stranger, person] = [await Visit.begin(world), await Visit.begin(world)];
  await stranger.open(client.authorizeUrl());
  const sealed = await stranger.page.locator("input[name=request]").inputValue();
  await person.open(client.authorizeUrl());
  await person.page.locator("input[name=request]").evaluate((input, value) => { input.value = value; }, sealed);
  await person.allow();
  assert.match(await person.readRefusal(), /not sent from our page in this browser/);
}

async function foreignForm(world) {
  const client = await LoopbackClient.register(world);
  const visit = await Visit.begin(world);
  await visit.open(client.authorizeUrl());
  const sealed = await visit.page.locator("input[name=request]").inputValue();
  await visit.open(client.serve("/trap", `<form method="post" action="${world.gateway}/authorize">
    <input name="request" value="${sealed}"><input name="decision" value="approve"><button>Win</button></form>`));
  const answer = visit.page.waitForResponse(`${world.gateway}/authorize`);
  await visit.page.getByRole("button").click();
  assert.equal((await answer).status(), 403);
  assert.deepEqual(client.callbacks, []);
}

async function framed(world, frame) {
  const client = await LoopbackClient.register(world);
  const visit = await Visit.begin(world);
  const html = `<!doctype html><h1>Trap</h1><iframe src="${client.authorizeUrl().replaceAll("&", "&amp;")}"></iframe>`;
  await frame(visit, client, html);
  const inner = visit.page.frames()[1];
  assert.ok(visit.requests.some((url) => url.startsWith(`${world.gateway}/authorize?`)), "the frame was asked for");
  assert.equal(await inner.getByRole("button", { name: "Allow" }).count(), 0, "no button to be tricked into");
  assert.match(inner.url(), /^chrome-error:/);
  assert.ok(visit.complaints.some((said) => /frame-ancestors|X-Frame-Options/i.test(said)), "the browser says why");
}

const framedByAnother = (world) =>
  framed(world, (visit, client, html) => visit.open(client.serve("/frame", html)));

const framedByOurselves = (world) =>
  framed(world, async (visit, client, html) => {
    const page = `${world.gateway}/frame`;
    await visit.page.route(page, (route) => route.fulfill({ contentType: "text/html", body: html }));
    await visit.open(page);
  });

export const checks = [
  ["the callback of another browser gets a page with a reference", strangersCallback],
  ["the form of another browser is refused", strangersForm],
  ["a form on another site is refused", foreignForm],
  ["another site cannot frame the consent page", framedByAnother],
  ["not even a page of the gateway's origin can frame the consent page", framedByOurselves],
];
