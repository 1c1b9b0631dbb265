// How the pages look and read: on a phone, in the dark, to assistive technology.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { LoopbackClient } from "../client.mjs";
import { PHONE, Visit } from "../visit.mjs";

const AXE = readFileSync(`${process.env.MODULES}/node_modules/axe-core/axe.min.js`, "utf8");
const NAME = "A client with a rather long name, AndOneWordInItThatHasNoEndAndNoPlaceToBreakWhichHappens";
const SMALLEST_TARGET = 44; // CSS pixels, WCAG 2.2 success criterion 2.5.5

const PAGES = {
  home: async (visit, world) => visit.open(`${world.gateway}/`),
  consent: async (visit, world) => visit.open((await LoopbackClient.register(world, NAME)).authorizeUrl()),
  error: async (visit, world) => visit.open(`${world.gateway}/authorize?client_id=unknown`),
  login: async (visit, world) => {
    await visit.open((await LoopbackClient.register(world)).authorizeUrl());
    await visit.allow();
    await visit.page.locator("input[type=password]").waitFor();
  },
};
const OURS = ["home", "consent", "error"];

async function fits(world, page, colorScheme) {
  for (const width of [390, 320]) {
    const visit = await Visit.begin(world, { ...PHONE, viewport: { width, height: 844 }, colorScheme });
    await PAGES[page](visit, world);
    const [needed, there] = await visit.page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return [scrollWidth, clientWidth];
    });
    assert.equal(there, width);
    assert.ok(needed <= there, `${needed} of ${there} pixels`);
    for (const button of await visit.page.getByRole("button").all()) {
      const { width: wide, height: high } = await button.boundingBox();
      assert.ok(wide >= SMALLEST_TARGET && high >= SMALLEST_TARGET, `a button of ${wide} by ${high}`);
    }
    await visit.page.screenshot({ path: `${world.screenshots}/${page}-${width}-${colorScheme}.png`, fullPage: true });
    assert.deepEqual(visit.complaints.filter((said) => !/status of 400/.test(said)), []);
  }
}

async function accessible(world, page, colorScheme) {
  const visit = await Visit.begin(world, { colorScheme });
  await PAGES[page](visit, world);
  await visit.page.evaluate(AXE);
  const found = await visit.page.evaluate(() => globalThis.axe.run(document));
  assert.ok(found.passes.length > 10, "axe looked");
  const violations = found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(", ")}`);
  assert.deepEqual(violations, []);
  await visit.page.screenshot({ path: `${world.screenshots}/${page}-wide-${colorScheme}.png`, fullPage: true });
}

async function themed(world, page) {
  const papers = [];
  for (const colorScheme of ["light", "dark"]) {
    const visit = await Visit.begin(world, { colorScheme });
    await PAGES[page](visit, world);
    papers.push(await visit.page.evaluate(() => getComputedStyle(document.body).backgroundColor));
  }
  assert.notEqual(papers[0], papers[1]);
}

export const checks = [
  ...OURS.flatMap((page) => ["light", "dark"].map((scheme) =>
    [`the ${page} page fits a phone, ${scheme}`, (world) => fits(world, page, scheme)])),
  ...OURS.map((page) => [`the ${page} page has a dark dress`, (world) => themed(world, page)]),
  ...Object.keys(PAGES).flatMap((page) => ["light", "dark"].map((scheme) =>
    [`axe finds nothing wrong with the ${page} page, ${scheme}`, (world) => accessible(world, page, scheme)])),
];
