/* The section Software in a real browser: documents taken in, matched with advisories of our own making by the program's own
 * workers, joined with hosts that were diagnosed. One story, told in order. */
import { join } from "node:path";
import { check, close, is, that } from "./check.mjs";
import { hinomi } from "./hinomi.mjs";
import { bringSoftware, cyclonedx, softwareViews } from "./portfolio.mjs";
import { checkScreens, complaintsOf } from "./screen.mjs";
import { begin, bringWorld, createAccount, settle } from "./session.mjs";

const s = await begin();
const { page, url } = s;
const japanese = /[\u3040-\u30ff\u4e00-\u9fff]/;
const title = () => page.getByRole("heading", { level: 1 });
const complaints = complaintsOf(page, /status of 40[14]/);

try {
  await createAccount(page, url, s.token);

  await check("without software, the section says how to begin", async () => {
    const before = await s.api("software");
    await page.goto(`${url}/software`);
    await settle(page);
    that(before.components === 0 || (await page.locator(".software-sentence").count()) === 1, "neither empty state nor sentence");
    is(await title().innerText(), "Software", "title");
  });

  await bringWorld(s);
  bringSoftware(s);

  await check("the head says how many, and what is not known", async () => {
    await page.goto(`${url}/software`);
    await settle(page);
    const now = await s.api("software");
    that(now.vulnerabilities === 3 && now.unknown > 0 && now.unjudged === 0, JSON.stringify(now));
    that((await page.locator(".software-sentence").innerText()).includes("3 vulnerabilities are open"), "sentence");
    that((await page.locator(".software-head").innerText()).includes("without data"), "unknown is not said");
    await page.getByRole("link", { name: "Web shop" }).click();
    await page.waitForURL("**/software/products/*");
    await settle(page);
    that((await page.locator(".software-sentence").innerText()).includes("Web shop has 2 open vulnerabilities"), "product");
  });

  await check("a path shows what pulls the part in", async () => {
    await page.goto(url + (await softwareViews(s)).component);
    await settle(page);
    const path = page.locator(".paths li").first();
    await path.waitFor();
    is((await path.innerText()).replace(/\s+/g, " "), "Web shop 2.1 → front-part 1.0.0 → middle-part 1.0.0 → deep-part 1.0.0", "path");
  });

  await check("a library of hosts: exposure from what was seen, and a date from it", async () => {
    await page.goto(`${url}/software/vulnerabilities/CVE-2026-1003`);
    await settle(page);
    const v = await s.api("software/vulnerabilities/CVE-2026-1003");
    that(v.hosts.some((h) => h.exposed === "yes" && h.why === "open"), JSON.stringify(v.hosts.map((h) => [h.name, h.exposed, h.why])));
    is(v.due.rule.split(":")[0], "bod-26-04", "rule");
    that((await page.locator("main").innerText()).includes("listens to everyone"), "why");
    const { totals } = await s.api("software/reach?of=CVE-2026-1003"); /* one page, one number of hosts */
    const said = await page.locator(".software-sentence").innerText();
    that(said.includes(totals.assets === 1 ? "1 host is reached" : `${totals.assets} hosts are reached`), said);
  });

  await check("reach: many products are folded, open by keyboard, and are a table too", async () => {
    await page.goto(`${url}/software/vulnerabilities/CVE-2026-1002`);
    await settle(page);
    const folded = page.locator(".reach-folded");
    await folded.first().waitFor();
    is(await page.locator(".reach-node").count(), 3, "nodes while folded");
    await folded.first().focus();
    await page.keyboard.press("Enter");
    const gadgets = page.locator("a.reach-node", { hasText: "Gadget" });
    await gadgets.nth(19).waitFor(); /* the same names are links in the lists below the graph: wait for the graph */
    is(await gadgets.count(), 20, "gadgets");
    await page.getByRole("button", { name: "As a table" }).click();
    that((await page.locator(".reach table tbody tr").count()) > 20, "table");
    await page.getByLabel("As of").fill("2026-01-01");
    await page.getByText("It reaches nothing that you may see.").waitFor();
  });

  await check("lists filter, sort and export", async () => {
    await page.goto(`${url}/software/components`);
    await settle(page);
    await page.getByLabel("only with vulnerabilities").check();
    await page.waitForURL("**vulnerable=true**");
    const csv = await page.request.get(url + (await page.getByRole("link", { name: "Export CSV" }).getAttribute("href")));
    that((await csv.text()).includes("deep-part") && !(await csv.text()).includes("nobody-knows"), "csv");
    await page.goto(`${url}/software/upgrades`);
    await settle(page);
    that((await page.locator("tbody tr").first().innerText()).length > 5, "no upgrade");
  });

  await check("where it runs and what was stated: filtered by words, sorted, exported", async () => {
    const id = async (q) => (await s.api(`software/products?q=${q}`)).items[0].id;
    for (const [q, version, service] of [["shop", "2.1", "Orders"], ["unknown", "1", "Archive"]])
      hinomi(s.data, "software", "deploy", await id(q), version, "--service", service);
    hinomi(s.data, "sbom", "say", "CVE-2026-1001", "under_investigation", "--product", await id("shop"));
    hinomi(s.data, "sbom", "say", "CVE-2026-9999", "affected", "--product", await id("unknown"), "--statement", "Replace it.");
    const rows = async (column) => (await page.locator(`tbody tr td:nth-child(${column})`).allInnerTexts()).map((x) => x.trim());
    await page.goto(`${url}/software/deployments`);
    await settle(page);
    await page.getByRole("columnheader", { name: "Product" }).getByRole("link").click();
    await page.waitForURL("**sort=product*");
    await settle(page);
    is((await rows(1)).join(), "Unknown thing,Web shop", "sorted by product");
    await page.goto(`${url}/software/deployments?q=orders`);
    await settle(page);
    is((await rows(1)).join(), "Web shop", "found by service");
    const csv = await page.getByRole("link", { name: "CSV" }).getAttribute("href");
    that(csv.includes("q=orders") && csv.includes("format=csv"), csv);
    await page.goto(`${url}/software/statements?sort=-vuln`);
    await settle(page);
    is((await rows(1)).join(), "CVE-2026-9999,CVE-2026-1001", "sorted by vulnerability");
    await page.goto(`${url}/software/statements?q=replace`);
    await settle(page);
    is((await rows(1)).join(), "CVE-2026-9999", "found by its words");
  });

  await check("a bill of materials is given in the browser, read, and what was found is told", async () => {
    const feed = join(s.data, "advisories");
    hinomi(s.data, "feed", "add", "--name", "own", feed);
    const give = async (name, buffer, product, end) => {
      await page.goto(`${url}/software`);
      await settle(page);
      await page.getByRole("button", { name: "Add SBOM or VEX" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.locator("input[type=file]").setInputFiles({ name, mimeType: "application/json", buffer: Buffer.from(buffer) });
      await dialog.getByLabel("Product").fill(product);
      await dialog.getByRole("button", { name: "Send" }).click();
      await dialog.getByText(end).waitFor({ timeout: 30000 });
      return dialog;
    };
    const document = JSON.stringify(cyclonedx("Given", "7.0", ["fresh-part", "deep-part"]));
    const dialog = await give("given.cdx.json", document, "Given", "Taken: 2 components");
    that((await dialog.innerText()).includes("1 vulnerability is open"), await dialog.innerText());
    await dialog.getByRole("link", { name: "Product" }).click();
    await page.waitForURL("**/software/products/*");
    await give("given.cdx.json", document, "Given", "taken before");
    const cut = await give("cut.json", document.slice(0, -30), "Given", "could not be read to its end");
    await cut.getByRole("button", { name: "Close" }).last().click();
    await cut.waitFor({ state: "hidden" });
    is((await s.api("software/sboms?all=true&q=Given")).items.length, 1, "documents kept");
  });

  await check("Japanese: every screen of the section", async () => {
    await page.getByRole("button", { name: "ja", exact: true }).click();
    for (const [name, path] of Object.entries(await softwareViews(s))) {
      await page.goto(url + path);
      await settle(page);
      const main = await page.locator("main").innerText();
      that(japanese.test(main), `${name}: no Japanese`);
      const english = main.match(/\b(Vulnerabilities|Components|Suppliers|Upgrades|unknown|Licence|Reach|Hosts)\b/);
      is(english?.[0], undefined, `${name}: English word`);
    }
    await page.getByRole("button", { name: "en", exact: true }).click();
  });

  await checkScreens(page, url, () => softwareViews(s), complaints);
} finally {
  if (process.env.SHOTS) {
    await page.setViewportSize({ width: 1280, height: 900 });
    for (const [name, path] of Object.entries(await softwareViews(s))) {
      await page.goto(url + path);
      await settle(page);
      await page.screenshot({ path: join(process.env.SHOTS, `${name}.png`), fullPage: true });
    }
  }
  await s.end();
}
process.exit(close());
