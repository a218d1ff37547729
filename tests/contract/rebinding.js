/** A page whose name leads to this machine reads and writes there; prints what it was answered. */

import { chromium } from "playwright-core";

const [port, executablePath] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: [
    ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
    // What an attacker's name server answers once the page is there.
    "--host-resolver-rules=MAP evil.example 127.0.0.1",
  ],
});
const answers = {};
for (const host of ["evil.example", "127.0.0.1"]) {
  // Whatever is answered stands in for the attacker's page, whose policy would allow all this.
  const page = await browser.newPage({ bypassCSP: true });
  await page.goto(`http://${host}:${port}/page`);
  answers[host] = await page.evaluate(async () => {
    const told = [];
    for (const path of ["/v1/users", "/metrics", "/healthz", "/openapi.json"]) {
      const answer = await fetch(path);
      told.push([path, answer.status]);
    }
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ username: location.hostname });
    for (const path of ["/v1/users", "/docs/examples"]) {
      const answer = await fetch(path, { method: "POST", headers, body });
      told.push([`POST ${path}`, answer.status]);
    }
    return told;
  });
  await page.close();
}
await browser.close();
console.log(JSON.stringify(answers));
