// A login in one go: what the person sees, and what the client gets.

import assert from "node:assert/strict";
import { LoopbackClient } from "../client.mjs";
import { Visit } from "../visit.mjs";

const TOOLS = 13;

async function wholeLogin(world, options) {
  const client = await LoopbackClient.register(world);
  const visit = await Visit.begin(world, options);
  await visit.open(client.authorizeUrl());
  await visit.allow();
  const login = new URL(visit.page.url()).origin;
  assert.notEqual(login, world.gateway, "the password is typed at the backend's own page");
  await visit.logIn();
  const token = await client.redeem(await client.callback());
  assert.ok((await client.countTools(token)) >= TOOLS, "all tools are offered");
  visit.assertQuiet(world.gateway, login, new URL(client.redirectUri).origin);
}

async function control(world) {
  const client = await LoopbackClient.register(world);
  const elsewhere = await LoopbackClient.register(world);
  client.serve("/leave", "", { location: elsewhere.redirectUri });
  const form = client.serve("/form", '<form method="post" action="/leave"><button>Go</button></form>', {
    "content-security-policy": "form-action 'self'",
  });
  const visit = await Visit.begin(world);
  await visit.open(form);
  const complaint = visit.context.waitForEvent("console", (said) => /form-action/.test(said.text()));
  await visit.page.getByRole("button").click();
  await complaint;
  assert.deepEqual(elsewhere.callbacks, [], "and stops");
}

async function remembered(world) {
  const client = await LoopbackClient.register(world);
  const visit = await Visit.begin(world);
  await visit.logInFor(client);
  await visit.open(client.authorizeUrl());
  await visit.allow();
  const token = await client.redeem(await client.callback());
  assert.ok((await client.countTools(token)) >= TOOLS);
  assert.deepEqual(visit.complaints, []);
}

async function declined(world) {
  const client = await LoopbackClient.register(world);
  const visit = await Visit.begin(world);
  await visit.open(client.authorizeUrl());
  await visit.decline();
  const answer = await client.callback();
  assert.equal(answer.error, "access_denied");
  assert.equal(answer.code, undefined);
  visit.assertQuiet(world.gateway, new URL(client.redirectUri).origin);
}

async function twoTabs(world) {
  const [one, two] = [await LoopbackClient.register(world, "One"), await LoopbackClient.register(world, "Two")];
  const visit = await Visit.begin(world);
  const tab = await visit.context.newPage();
  await visit.open(one.authorizeUrl());
  await visit.open(two.authorizeUrl(), tab);
  await visit.allow();
  await visit.allow(tab);
  await visit.logIn(tab);
  await visit.arrive(tab);
  // The backend gave the browser another form token with its session; people reload.
  await visit.page.reload();
  if (await visit.page.locator("input[type=password]").count()) await visit.logIn();
  for (const client of [one, two]) await client.redeem(await client.callback());
  assert.deepEqual(visit.complaints, []);
}

async function keyboard(world) {
  const client = await LoopbackClient.register(world);
  const visit = await Visit.begin(world);
  const focused = () => visit.page.locator(":focus");
  for (const [tabs, button, answer] of [[1, "Allow and log in", null], [2, "Do not allow", "access_denied"]]) {
    await visit.open(client.authorizeUrl());
    await visit.page.keyboard.press("Enter");
    assert.match(visit.page.url(), /\/authorize\?/, "Enter alone answers nothing");
    for (let tab = 0; tab < tabs; tab += 1) await visit.page.keyboard.press("Tab");
    assert.equal(await focused().innerText(), button);
    const outline = await focused().evaluate((element) => getComputedStyle(element).outlineStyle);
    assert.notEqual(outline, "none", "the focus is seen");
    await visit.page.keyboard.press("Enter");
    if (answer) assert.equal((await client.callback()).error, answer);
    else await visit.page.locator("input[type=password]").waitFor();
  }
}

export const checks = [
  ["the browser of this lane obeys form-action on redirects", control],
  ["a login leads through consent and the backend's page to the client", (world) => wholeLogin(world)],
  ["a login needs no script", (world) => wholeLogin(world, { javaScriptEnabled: false })],
  ["a person whom the backend remembers is led from the consent form straight to the client", remembered],
  ["'Do not allow' tells the client, and nobody else", declined],
  ["two logins in two tabs both end well", twoTabs],
  ["both buttons are reached and pressed by the keyboard alone", keyboard],
];
