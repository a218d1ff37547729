/** Opens /docs in Chromium and tries operations out as they open; prints what they answer. */

import { chromium } from "playwright-core";

const [url, order, executablePath] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
});
const page = await browser.newPage();
const requested = [];
page.on("request", (request) => requested.push(request.url()));
const complaints = [];
page.on("pageerror", (error) => complaints.push(String(error)));
page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
page.setDefaultTimeout(20_000);
await page.goto(`${url}/docs/`);
await page.waitForSelector(".opblock");

const posts = await page.locator(".opblock-post").all();
const answers = [];
for (const post of order === "backwards" ? posts.reverse() : posts) {
  await post.locator(".opblock-summary-control").click();
  await post.getByRole("button", { name: "Try it out" }).click();
  await post.getByRole("button", { name: "Execute" }).click();
  const status = post.locator(".live-responses-table .response-col_status").last();
  await status.waitFor();
  const path = await post.locator(".opblock-summary-path").getAttribute("data-path");
  const body = await post.locator(".live-responses-table .microlight").first().innerText();
  answers.push({ path, status: Number.parseInt(await status.innerText(), 10), body });
  // What stays open is rendered again with each key, and slower with each that is open.
  await post.locator(".opblock-summary-control").click();
}
await browser.close();
const elsewhere = requested.filter((address) => !address.startsWith(url) && !address.startsWith("data:"));
console.log(JSON.stringify({ answers, elsewhere, complaints }));
