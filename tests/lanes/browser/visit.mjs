// A person at a browser profile of their own, and all that the browser had to complain about meanwhile.

import assert from "node:assert/strict";

export const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

export class Visit {
  /** A new profile; `options` are those of a Playwright context. */
  static async begin(world, options = {}) {
    const visit = new Visit();
    visit.context = await world.browser.newContext({ ignoreHTTPSErrors: true, ...options });
    visit.context.setDefaultTimeout(10_000);
    visit.complaints = [];
    visit.requests = [];
    visit.context.on("console", (said) => {
      const icon = said.location().url.endsWith("/favicon.ico"); // the backend need not have one
      if (["error", "warning"].includes(said.type()) && !icon) visit.complaints.push(said.text());
    });
    visit.context.on("weberror", (error) => visit.complaints.push(String(error.error())));
    visit.context.on("request", (request) => visit.requests.push(request.url()));
    visit.page = await visit.context.newPage();
    world.opened.push(visit);
    return visit;
  }

  async open(url, page = this.page) {
    return page.goto(url);
  }

  async allow(page = this.page) {
    await page.getByRole("button", { name: "Allow and log in", exact: true }).click();
  }

  /** The client's page stands, not only its address. */
  async arrive(page = this.page) {
    await page.getByRole("heading", { name: "Back at the client" }).waitFor();
  }

  async decline(page = this.page) {
    await page.getByRole("button", { name: "Do not allow", exact: true }).click();
  }

  /** Fills in the backend's login form, whatever its looks. */
  async logIn(page = this.page) {
    await page.locator("input[type=email], input[type=text]").first().fill(process.env.LOGIN);
    await page.locator("input[type=password]").fill(process.env.PASSWORD);
    await page.locator("form button[type=submit], form input[type=submit]").first().click();
  }

  /** The whole way from a client's authorize URL; the parameters with which the client was met. */
  async logInFor(client) {
    await this.open(client.authorizeUrl());
    await this.allow();
    await this.logIn();
    return client.callback();
  }

  /** The page says no, with a reference to tell the operator. Gives what it says. */
  async readRefusal(page = this.page) {
    await page.getByRole("heading", { level: 1 }).waitFor();
    const heading = await page.getByRole("heading", { level: 1 }).innerText();
    assert.equal(heading, "The login did not go on");
    assert.match(await page.locator("code").last().innerText(), /^[0-9a-f]{10}$/, "a reference");
    return page.locator("main").innerText();
  }

  /** Nothing was blocked or failed, and only these origins were asked for anything. */
  assertQuiet(...origins) {
    assert.deepEqual(this.complaints, []);
    const asked = new Set(this.requests.map((url) => new URL(url).origin));
    assert.deepEqual([...asked].filter((origin) => !origins.includes(origin)), [], "origins asked");
  }

  async close() {
    await this.context.close();
  }
}
