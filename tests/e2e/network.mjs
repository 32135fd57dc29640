/* The section Network in a real browser: a darknet's packets and flow records of our own making, read by the program's own
 * workers and joined with hosts that were diagnosed. One story, told in order. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { check, close, is, that } from "./check.mjs";
import { hinomi } from "./hinomi.mjs";
import { checkScreens, complaintsOf } from "./screen.mjs";
import { begin, bringWorld, createAccount, settle } from "./session.mjs";
import { hostDocument, hosts } from "./world.mjs";

const s = await begin();
const { page, url } = s;
const japanese = /[\u3040-\u30ff\u4e00-\u9fff]/;
const complaints = complaintsOf(page, /status of 40[0149]/);

function make(...args) {
  const r = spawnSync("python3", [new URL("../api/packets.py", import.meta.url).pathname, ...args], { encoding: "utf8" });
  if (r.status !== 0) throw new Error(r.stderr);
}

/* A host with an address, since flows know nothing else. */
function bringDesk() {
  const doc = hostDocument({ id: "d7", name: "desk-7", observations: hosts[0].observations(0) });
  doc.coverage.push({ ...doc.coverage[0], module: "network", observations: 1 });
  doc.observations.push({ module: "network", kind: "address", subject: "eth0 198.18.20.5", at: doc.collected_at, fields: { interface: "eth0", address: "198.18.20.5", prefix: 24, reach: "public" } });
  const file = join(s.data, "desk.json");
  writeFileSync(file, JSON.stringify(doc));
  hinomi(s.data, "ingest", file);
}

function bringNetwork() {
  const members = join(s.data, "members.txt");
  const dark = join(s.data, "dark.pcap");
  const conn = join(s.data, "conn.log");
  writeFileSync(members, "198.18.0.0/16,みなと病院,soc@example.jp\n");
  const geo = join(s.data, "geo.txt");
  writeFileSync(geo, "198.18.0.0/15,JP,AS64500 Minato\n128.0.0.0/1,NL,AS64501 Example Hosting\n");
  make("darknet", dark, "198.18.20.5");
  make("conn", conn, "198.18.20.5", "192.0.2.250");
  hinomi(s.data, "telescope", "replay", "--keep", "dark", "--prefix", "dark=203.0.113.0/24", "--members", members, "--geo", geo, dark);
  hinomi(s.data, "flow", "import", conn);
  hinomi(s.data, "flow", "replay", "--stored", "--store", "--internal", "198.18.0.0/16");
}

async function views() {
  const suspect = (await s.api("network/suspects")).items[0];
  const campaign = (await s.api("network/campaigns")).items[0];
  return {
    network: "/network", campaigns: "/network/campaigns", members: "/network/members", victims: "/network/victims", surges: "/network/surges", suspects: "/network/suspects", exporters: "/network/exporters",
    suspect: `/network/suspects/${suspect.id}`,
    campaign: `/network/campaigns/${campaign.id}`,
    flows: "/network/flows", "flows-one": "/network/flows?rows=flows&filter=dst+host+192.0.2.250", "flows-bad": "/network/flows?filter=host+192.0.2.1+and+prot+tcp",
  };
}

try {
  await createAccount(page, url, s.token);

  await check("without a telescope, the section says how to begin", async () => {
    await page.goto(`${url}/network`);
    await settle(page);
    that((await page.locator("main").innerText()).includes("hinomi telescope replay"), "no command");
  });

  await bringWorld(s);
  bringDesk();
  bringNetwork();

  await check("Now says in a sentence what the network says of a host, in both languages", async () => {
    await page.goto(`${url}/`);
    await settle(page);
    that((await page.locator("main").innerText()).includes("300 hosts scanned for it today"), "English");
    await page.getByRole("button", { name: "ja", exact: true }).click();
    await settle(page);
    that((await page.locator("main").innerText()).includes("本日、300台が"), "Japanese");
    await page.getByRole("button", { name: "en", exact: true }).click();
  });

  await check("the finding's graph has the scanners, and the bar opens the telescope's observation", async () => {
    const row = (await s.api("findings?q=desk-7&kind=packages.update-pending")).items[0];
    const f = await s.api(`findings/${row.id}`);
    const seen = f.terms.filter((x) => x.seen).map((x) => x.name);
    for (const name of ["scanned-now", "c2-suspected", "seen-in-darknet"]) that(seen.includes(name), `${name} of ${seen}`);
    await page.goto(`${url}/findings/${row.id}`);
    await settle(page);
    await page.locator(".graph svg", { hasText: "300 scanning hosts" }).waitFor();
    that((await page.locator("main").innerText()).includes("as a bot talks to its command server"), "command server");
  });

  await check("the heat map is a table: ports by hour, sources and packets", async () => {
    await page.goto(`${url}/network`);
    await settle(page);
    const table = page.locator("table.heat");
    is(await table.locator("tbody tr").first().locator("th").innerText(), "443/tcp", "first port");
    that((await table.locator("td[class^=heat-5]").count()) > 0 && (await table.locator("td.hatched").count()) > 0, "tints");
    for (const name of ["Members' addresses seen here", "Largest campaigns"]) await page.getByRole("heading", { name }).waitFor();
    const day = await page.locator("main").innerText();
    for (const what of ["Members' addresses seen here", "198.18.20.5", "Largest campaigns", "/443", "Japan (JP)", "AS64500 Minato"]) that(day.includes(what), `${what} is on the page of the day`);
    await page.getByRole("button", { name: "Show packets" }).click();
    await page.waitForURL("**by=packets**");
    await page.getByRole("button", { name: "Show sources" }).waitFor();
  });

  await check("members, suspects and their reasons; CSV", async () => {
    await page.goto(`${url}/network/members`);
    await settle(page);
    that((await page.locator("tbody tr").first().innerText()).includes("198.18.20.5"), "member");
    await page.goto(`${url}/network/suspects`);
    await settle(page);
    await page.getByRole("link", { name: "198.18.20.5" }).click();
    await page.waitForURL("**/network/suspects/*");
    await settle(page);
    const main = await page.locator("main").innerText();
    that(main.includes("192.0.2.250") && main.includes("What would make it benign"), main.slice(0, 300));
    const csv = await page.request.get(`${url}/api/v1/network/suspects?format=csv`);
    that((await csv.text()).includes("198.18.20.5"), "csv");
  });

  await check("a campaign's page: its port by the hour, the members that take part", async () => {
    await page.goto(url + (await views()).campaign);
    await settle(page);
    await page.locator(".bars").first().waitFor();
    that(/[0-9]+ sources sent [0-9,]+ packets/.test(await page.locator("main").innerText()), "sentence");
  });

  await check("flows: a filter, who has most, a click narrows, the export holds the same", async () => {
    await page.goto(`${url}/network/flows`);
    await settle(page);
    await page.locator("table[aria-label], tbody tr").first().waitFor();
    await page.getByLabel("Filter", { exact: true }).fill("dst port 8443");
    await page.keyboard.press("Enter");
    await page.waitForURL("**filter=dst+port+8443**");
    await settle(page);
    await page.getByLabel("Added up by").selectOption({ label: "Pair and service" });
    await page.getByRole("link", { name: "192.0.2.250", exact: true }).click();
    await page.waitForURL("**dst+host+192.0.2.250**");
    await settle(page);
    const href = await page.getByRole("link", { name: "Export CSV" }).getAttribute("href");
    const csv = await (await page.request.get(url + href)).text();
    is(csv.trim().split("\n").length, 2, "one pair and the header");
    that(csv.includes("198.18.20.5,192.0.2.250,8443,6,480,"), csv);
    await page.locator(".filters select").first().selectOption({ label: "Flows one by one" });
    await page.locator("tbody tr").nth(99).waitFor();
    that((await page.locator("tbody tr").first().innerText()).includes("8443"), "rows");
  });

  await check("flows: countries and networks, once it is configured where addresses are", async () => {
    await page.goto(`${url}/network/flows?by=country&filter=host+192.0.2.250`);
    await page.getByText("network.places").waitFor();
    writeFileSync(join(s.data, "hinomi.yaml"), `network:\n  places: [${join(s.data, "geo.txt")}]\n`);
    await page.reload();
    await page.getByText("Netherlands (NL)").waitFor();
    const rows = await page.locator("tbody tr").allInnerTexts();
    that(rows.some((r) => r.includes("Japan (JP)") && r.includes("480")) && rows.some((r) => r.includes("Netherlands (NL)") && r.includes("480")), rows.join("|"));
    await page.getByLabel("Added up by").selectOption({ label: "Destination AS" });
    await page.getByText("AS64501").waitFor();
    is(await page.locator("tbody a", { hasText: "AS64501" }).count(), 0, "the filter knows no places");
  });

  await check("flows: bars are read and zoomed by keyboard, the table is one key away, the address keeps the window", async () => {
    await page.goto(`${url}/network/flows?filter=dst+port+8443`);
    await settle(page);
    const bars = page.getByRole("group", { name: /^Begin \(/ });
    await bars.focus();
    for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowRight");
    that(/flows$/.test(await page.locator(".bars-said").first().innerText()), "said");
    for (let i = 0; i < 4; i++) await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("Enter");
    await page.waitForURL("**since=**");
    const q = new URL(page.url()).searchParams;
    that(Date.parse(q.get("until")) > Date.parse(q.get("since")) && q.get("filter") === "dst port 8443", page.url());
    await settle(page);
    const inside = await s.api(`network/flows/timeline?${q}`);
    that(inside.bins.reduce((n, b) => n + b.flows, 0) < 480, "narrower");
    await page.keyboard.press("v");
    await page.locator(".bars-table tbody tr").first().waitFor();
    await page.getByRole("button", { name: "Show all the time" }).click();
    await page.waitForURL((u) => !u.search.includes("since"));
    await page.goBack();
    await page.waitForURL("**since=**");
  });

  await check("flows: bars are zoomed by the pointer", async () => {
    await page.goto(`${url}/network/flows`);
    await settle(page);
    const box = await page.locator(".bars svg").first().boundingBox();
    await page.mouse.move(box.x + box.width * 0.3, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 60);
    await page.mouse.up();
    await page.waitForURL("**since=**until=**");
  });

  await check("flows: a filter that is none is shown where it is none", async () => {
    await page.goto(`${url}/network/flows?filter=host+192.0.2.1+and+prot+tcp`);
    await page.locator(".flow-filter-bad mark").waitFor();
    is(await page.locator(".flow-filter-bad mark").innerText(), "prot tcp", "place");
    that((await page.getByRole("alert").innerText()).includes("character 20"), "character");
  });

  await check("a suspect's page draws its flows, and a verdict ranks it anew", async () => {
    const before = (await s.api("network/suspects")).items[0];
    await page.goto(`${url}/network/suspects/${before.id}`);
    await settle(page);
    await page.locator(".bars").nth(2).waitFor();
    const main = await page.locator("main").innerText();
    that(main.includes("480 flows, 480 contacts") && main.includes("T1571"), main.slice(0, 600));
    await page.getByRole("button", { name: "Show the flows" }).click();
    await page.locator("tbody tr").first().waitFor();
    await page.getByRole("button", { name: "It is benign" }).click();
    await page.getByLabel("Reason").fill("monitoring of the web shop");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Judged benign:").waitFor();
    const after = (await s.api("network/suspects")).items.find((r) => r.id === before.id);
    that(after.fields.score < before.fields.score, `${after.fields.score} after ${before.fields.score}`);
    is((await s.api("findings?kind=flow.beacon")).total, 0, "open findings");
    await page.getByRole("button", { name: "Take the verdict back" }).click();
    await page.getByText("Judged benign:").waitFor({ state: "detached" });
    is((await s.api("findings?kind=flow.beacon")).total, 1, "open again");
  });

  await check("Japanese: every screen of the section", async () => {
    await page.getByRole("button", { name: "ja", exact: true }).click();
    for (const [name, path] of Object.entries(await views())) {
      await page.goto(url + path);
      await settle(page);
      const main = await page.locator("main").innerText();
      that(japanese.test(main), `${name}: no Japanese`);
      is(main.match(/\b(Sources|Packets|Suspects|Members|Campaigns|Host|Peer|unknown)\b/)?.[0], undefined, `${name}: English word`);
    }
    await page.getByRole("button", { name: "en", exact: true }).click();
  });

  await checkScreens(page, url, views, complaints);

  if (process.env.SHOTS)
    for (const lang of ["en", "ja"]) {
      await page.setViewportSize({ width: 1280, height: 900 });
      await page.goto(`${url}/network`);
      await page.getByRole("button", { name: lang, exact: true }).click();
      for (const name of ["network", "suspect"]) {
        await page.goto(url + (await views())[name]);
        await settle(page);
        await page.screenshot({ path: join(process.env.SHOTS, `${name}-${lang}.png`) });
      }
    }
} finally {
  await s.end();
}
process.exit(close());
