// Runs the checks of this lane one after the other, each in browser profiles of its own.
// Prints one line a check, `ok` or `not ok`, and in the end `N passed, N failed`.

import { createRequire } from "node:module";
import { TlsClient } from "./client.mjs";
import { TlsGateway } from "./tls_gateway.mjs";
import { checks as logins } from "./checks/logins.mjs";
import { checks as returns } from "./checks/returns.mjs";
import { checks as strangers } from "./checks/strangers.mjs";
import { checks as https } from "./checks/https.mjs";
import { checks as pages } from "./checks/pages.mjs";

const { chromium } = createRequire(`${process.env.MODULES}/`)("playwright-core");

// What keeps Chromium from talking to anybody but the pages under test.
const ARGUMENTS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

const tlsClient = await TlsClient.listen();
const tlsGateway = await TlsGateway.start();
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: [...ARGUMENTS, `--host-resolver-rules=MAP ${TlsClient.HOST}:443 127.0.0.1:${tlsClient.port}`],
});
const world = { browser, tlsClient, tlsGateway, gateway: process.env.URL, screenshots: process.env.SCREENSHOTS };

const wanted = process.argv.slice(2);
const all = [...logins, ...returns, ...strangers, ...https, ...pages];
let passed = 0, failed = 0;
for (const [name, check] of all) {
  if (wanted.length && !wanted.some((part) => name.includes(part))) continue;
  const opened = [];
  try {
    await check({ ...world, opened });
    passed += 1;
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok ${name}: ${String(error.message).split("\n").slice(0, 12).join(" | ")}`);
  } finally {
    await Promise.all(opened.map((one) => one.close()));
  }
}
await browser.close();
await Promise.all([tlsGateway.close(), tlsClient.close()]);
console.log(`# screenshots in ${world.screenshots}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
