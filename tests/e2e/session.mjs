/* What tests and screenshots share: a home with one made-up host in it, a running server, a signed-in browser. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openBrowser } from "./browser.mjs";
import { hinomi, makeHome, serve } from "./hinomi.mjs";
import { makeRoot } from "./root.mjs";

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
    server = await serve(data);
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

export async function settle(page) {
  await page.locator("main h1, main .empty, main .notice").first().waitFor();
  await page.locator(".skeleton").first().waitFor({ state: "detached" });
}
