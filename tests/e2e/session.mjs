/* What tests and screenshots share: a home with one made-up host in it, a running server, a signed-in browser. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openBrowser } from "./browser.mjs";
import { fixer, hinomi, makeHome, serve } from "./hinomi.mjs";
import { makeRoot } from "./root.mjs";
import { hostDocument, hosts, organisations } from "./world.mjs";

export const account = { user: "tanaka", name: "田中 明子", password: "a lantern on the tower 42" };

export async function begin() {
  const home = makeHome();
  const root = join(home.dir, "root");
  const data = join(home.dir, "home");
  mkdirSync(data);
  makeRoot(root);
  hinomi(data, "diagnose", "--root", root);
  let server;
  let browser;
  try {
    server = await serve(data, "--root", root);
    browser = await openBrowser();
  } catch (e) {
    await server?.stop();
    home.remove();
    throw e;
  }
  const page = browser.context.pages()[0] ?? (await browser.context.newPage());
  return {
    page,
    context: browser.context,
    root,
    data,
    /* As hinomi-fixer.service runs it, on the made-up root. */
    fixer: () => fixer(data, root),
    url: server.url,
    token: server.token(),
    said: server.said,
    dead: server.dead,
    api: async (path) => {
      const r = await page.request.get(`${server.url}/api/v1/${path}`);
      if (!r.ok()) throw new Error(`${path}: ${r.status()} ${await r.text()}`);
      return r.json();
    },
    end: async () => {
      await browser.close();
      await server.stop();
      home.remove();
    },
  };
}

export async function createAccount(page, url, token) {
  await page.goto(`${url}/`);
  await page.getByRole("button", { name: "Use a one-time token" }).click();
  await page.getByLabel("One-time token").fill(token);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { name: "Create the first account" }).waitFor();
  await page.getByLabel("User name").fill(account.user);
  await page.getByLabel("Name", { exact: true }).fill(account.name);
  await page.getByLabel("Password").fill(account.password);
  await page.getByRole("button", { name: "Create and continue" }).click();
  await page.getByRole("navigation", { name: "Sections" }).waitFor();
}

/* Three organisations below the root, with hosts that other machines diagnosed. */
export async function bringWorld(s) {
  const { csrf } = await s.api("session");
  const orgs = {};
  const top = (await s.api("organisations")).items[0].id;
  for (const [key, o] of Object.entries(organisations)) {
    const r = await s.page.request.post(`${s.url}/api/v1/organisations`, { data: { parent: top, name: { ja: o.ja, en: o.en }, kind: o.kind }, headers: { "X-Hinomi-CSRF": csrf } });
    if (!r.ok()) throw new Error(`organisation: ${await r.text()}`);
    orgs[key] = (await r.json()).id;
  }
  const all = hosts.flatMap((h) => h.runs.map((age) => ({ h, age }))).sort((a, b) => b.age - a.age);
  for (const { h, age } of all) {
    const file = join(s.data, "document.json");
    writeFileSync(file, JSON.stringify(hostDocument({ ...h, age, observations: h.observations(age) })));
    hinomi(s.data, "ingest", "--org", orgs[h.org], file);
  }
  return orgs;
}

/* Every view, by name; ids come from the API. */
export async function views(s) {
  const findings = await s.api("findings?limit=50");
  const assets = await s.api("assets");
  const actions = await s.api("actions");
  const asset = assets.items[0];
  const kinds = (await s.api(`assets/${asset.id}`)).kinds;
  const orgs = await s.api("organisations");
  const org = (orgs.items ?? orgs)[0];
  const sources = await s.api("sources");
  const module = (sources.items ?? sources).find((x) => x.not_seen > 0) ?? (sources.items ?? sources)[0];
  return {
    now: "/",
    findings: "/findings",
    finding: `/findings/${findings.items[0].id}`,
    assets: "/assets",
    asset: `/assets/${asset.id}`,
    observations: `/assets/${asset.id}/observations?kind=${(kinds.find((k) => k.kind === "accounts.account") ?? kinds[0]).kind}`,
    coverage: `/assets/${asset.id}/coverage`,
    organisations: "/organisations",
    organisation: `/organisations/${org.id}`,
    actions: "/actions",
    "action-list": "/actions?view=list",
    ...(actions.items[0] ? { action: `/actions/${actions.items[0].id}` } : {}),
    sources: "/sources",
    source: `/sources/${module.module}`,
    settings: "/settings/account",
    accounts: "/settings/accounts",
    baseline: "/settings/baseline",
    policy: "/settings/policy",
    audit: "/settings/audit",
    status: "/settings/status",
  };
}

export async function signInAs(page, user, password) {
  await page.locator(".top .menu summary").click();
  await page.getByRole("button", { name: "Sign out" }).click();
  const form = page.locator(".sign");
  await form.getByLabel("User name").fill(user);
  await form.getByLabel("Password").fill(password);
  await form.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("navigation", { name: "Sections" }).waitFor();
}

export async function settle(page) {
  await page.locator("main h1, main .empty, main .notice").first().waitFor();
  await page.locator(".skeleton").first().waitFor({ state: "detached" });
}
