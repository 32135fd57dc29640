/* The console in a real browser against the real program. One story, told in order. */
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { check, close, is, stopWhen, that } from "./check.mjs";
import { hinomi } from "./hinomi.mjs";
import { hostileUser, repairRoot } from "./root.mjs";
import { violations } from "./screen.mjs";
import { account, begin, bringWorld, createAccount, settle, signInAs, views } from "./session.mjs";

const s = await begin();
const { page, url } = s;
stopWhen(() => (s.dead() ? "the server is gone" : ""));
const japanese = /[\u3040-\u30ff\u4e00-\u9fff]/;

/* Everything that the browser says or asks for during the whole story. */
const complaints = [];
const strangers = [];
let expected = false; /* failing requests on purpose */
s.context.on("request", (r) => {
  const u = r.url();
  if (!u.startsWith(url) && !u.startsWith("data:") && !u.startsWith("blob:") && u !== "about:blank") strangers.push(u);
});
function watch(p) {
  p.on("console", (m) => {
    if (["error", "warning"].includes(m.type()) && !expected && !/status of 401/.test(m.text())) complaints.push(`${m.text()} ${m.location().url}`);
  });
  p.on("pageerror", (e) => complaints.push(String(e)));
}
watch(page);

const text = (l) => l.innerText();
const title = () => page.getByRole("heading", { level: 1 });

try {
  await check("the console's own unit tests", () => {
    const r = spawnSync("npm", ["--silent", "test"], { cwd: new URL("../../console", import.meta.url).pathname, encoding: "utf8" });
    that(r.status === 0 && /[1-9]\d* passed, 0 failed/.test(r.stdout), r.stdout + r.stderr);
  });

  await check("the program prints a one-time token", () => that(s.token.length >= 16, `no token in: ${s.said()}`));

  await check("a wrong token is refused with a sentence", async () => {
    await page.goto(url);
    await page.getByRole("button", { name: "Use a one-time token" }).click();
    await page.getByLabel("One-time token").fill("not-the-token-at-all");
    expected = true;
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("alert").waitFor();
    that((await text(page.getByRole("alert"))).length > 10, "no sentence");
    expected = false;
  });

  await check("token, first account, Now", async () => {
    await createAccount(page, url, s.token);
    await page.locator(".first > li").first().waitFor();
  });

  await check("first paint under a second", async () => {
    await page.goto(`${url}/`);
    await page.locator(".first > li").first().waitFor();
    const fcp = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Infinity);
    that(fcp < 1000, `first contentful paint after ${fcp} ms`);
    console.log(`     first contentful paint ${Math.round(fcp)} ms`);
  });

  await check("hosts of other machines are taken in while Now is open, and announce themselves", async () => {
    const before = await page.locator(".first-sentence").first().innerText();
    await bringWorld(s);
    await page.locator(".livebar").waitFor({ timeout: 10000 });
    is(await page.locator(".first-sentence").first().innerText(), before, "the list moved under the eye");
    const there = page.locator(".first-meta", { hasText: "www-3" }).first();
    for (let i = 0; i < 20 && !(await there.isVisible()); i++) {
      /* every batch of news waits behind the bar */
      if (await page.locator(".livebar button").isVisible()) await page.locator(".livebar button").click();
      await page.waitForTimeout(250);
    }
    await there.waitFor({ timeout: 1000 });
  });

  await check("Now: ranked sentences, worst first, as the API ranks them", async () => {
    await page.goto(`${url}/`);
    await settle(page);
    await page.locator(".first > li").first().waitFor();
    const now = await s.api("now");
    that(now.first.length > 3, "the made-up host has too few findings");
    const shown = await page.locator(".first-sentence").allInnerTexts();
    for (const [i, sentence] of shown.entries()) {
      const want = now.first[i].sentence.en;
      if (!/[\u0000-\u001f\u007f-\u009f\u200b-\u206f\ufffd]/.test(want)) is(sentence.trim(), want.trim(), `rank ${i + 1}`);
    }
    const scores = (await page.locator(".first-score").allInnerTexts()).map(Number);
    that(scores.every((x, i) => i === 0 || scores[i - 1] >= x), `not falling: ${scores}`);
  });

  await check("Why opens the sum on the spot; each bar opens what was seen", async () => {
    const item = page.locator(".first > li").first();
    await item.getByRole("button", { name: "Why" }).click();
    await item.locator(".waterfall").waitFor();
    that((await item.locator(".wf-row").count()) >= 3, "a waterfall needs more than its ends");
  });

  await check("Show fix shows a change, what it may break, and how it is undone", async () => {
    const { items } = await s.api("findings?limit=200");
    const f = items.find((x) => x.fix_kind && x.fix_kind !== "none");
    that(f, "no finding with a fix");
    await page.goto(`${url}/findings/${f.id}#fix`);
    const box = page.locator(".fix");
    await box.locator(".code").first().waitFor();
    for (const word of ["May break", "To undo"]) that((await text(box)).includes(word), `${word} is missing`);
    await box.getByRole("button", { name: "Approve and apply" }).waitFor();
  });

  await check("approved in the browser: the change is made, and the finding turns to verified", async () => {
    const job = join(s.root, "etc/cron.d/report");
    const { items } = await s.api("findings?limit=200");
    const f = items.find((x) => x.fix_kind === "mode" && x.subject === "/etc/cron.d/report") ?? items.find((x) => x.fix_kind === "mode" && x.asset.name === "reception-1");
    that(f, "no mode to put right");
    is(statSync(job).mode & 0o777, 0o666, "before");
    const fixer = s.fixer();
    try {
      await page.goto(`${url}/findings/${f.id}#fix`);
      await page.locator(".fix").getByRole("button", { name: "Approve and apply" }).click();
      await page.getByText("Verified closed").first().waitFor({ timeout: 30000 });
    } finally {
      await fixer.stop();
    }
    that((statSync(job).mode & 0o002) === 0, `mode is ${(statSync(job).mode & 0o777).toString(8)}`);
    is((await s.api(`findings/${f.id}`)).status, "closed");
  });

  let worst;
  await check("finding: sentence, deadline with its inputs, waterfall, evidence down to the observation", async () => {
    const { items } = await s.api("findings?limit=200");
    worst = items.find((x) => x.kind === "accounts.empty-password");
    that(worst, "the empty password of the made-up host is not found");
    const joined = items.find((x) => x.kind === "packages.update-pending" && x.asset.name === "www-3");
    that(joined, "the pending update of www-3 is not found");
    await page.goto(`${url}/findings/${joined.id}`);
    await settle(page);
    that((await text(page.locator(".lead"))).length > 20, "no sentence");
    that((await text(page.locator(".beside"))).includes("Due"), "no deadline");
    const bars = page.locator("button.wf-row");
    for (let i = 0; i < (await bars.count()); i++) {
      await bars.nth(i).click();
      is(await bars.nth(i).getAttribute("aria-expanded"), "true", "bar");
    }
    const detail = await s.api(`findings/${joined.id}`);
    const behind = detail.terms.filter((x) => x.observation).length;
    that(behind >= 3, `only ${behind} terms rest on an observation`);
    await page.locator(".wf-open .obs-head").nth(behind - 1).waitFor();
    is(await page.locator(".wf-open .obs-head").count(), behind, "observations behind bars");
    const link = page.locator(".evidence .obs-head a").first();
    const subject = await text(link);
    await link.click();
    await page.waitForURL("**/observations/**");
    await page.locator("main .obs").waitFor();
    that((await text(page.locator("main .obs"))).includes(subject), "another observation");
    that(/\d{4}-\d\d-\d\d \d\d:\d\d JST/.test(await text(page.locator("main .obs"))), "no time with its zone");
    await page.goBack();
    await page.locator(".waterfall").waitFor();
  });

  await check("the graph of the evidence can be opened node by node", async () => {
    await page.locator(".node").first().waitFor();
    for (const type of ["package", "process", "listener", "network"]) that((await page.locator(`.node-${type}`).count()) >= 1, `no ${type} in the graph`);
    const x = async (type) => (await page.locator(`.node-${type}`).first().boundingBox()).x;
    that((await x("package")) < (await x("process")) && (await x("process")) < (await x("listener")) && (await x("listener")) < (await x("network")), "not from left to right");
    await page.locator(".node-process").first().click();
    await page.locator(".graph-open .obs-head").waitFor();
    that((await text(page.locator(".graph-open"))).includes("/usr/sbin/nginx"), "another observation");
    await page.locator(".node-listener").first().focus();
    await page.keyboard.press("Enter");
    await page.locator(".graph-open", { hasText: "tcp:0.0.0.0:443" }).waitFor();
  });

  await check("hostile names are shown as what they are", async () => {
    const asset = (await s.api("assets?q=reception-1")).items[0];
    await page.goto(`${url}/assets/${asset.id}/observations?kind=accounts.account&q=${encodeURIComponent("img")}`);
    await settle(page);
    const row = page.locator("tbody tr").first();
    await row.waitFor();
    that((await text(row)).includes('<img src=x onerror="window.hurt=1">'), `markup is not shown as text: ${await text(row)}`);
    that((await row.locator(".ctl").count()) >= 1, `no control character is marked (the name is ${JSON.stringify(hostileUser)})`);
    is(await page.evaluate(() => window.hurt), undefined, "script of a name ran");
  });

  await check("search finds findings and assets as one types", async () => {
    await page.goto(`${url}/`);
    await settle(page);
    await page.keyboard.press("/");
    await page.keyboard.type("reception");
    const option = page.getByRole("option").filter({ hasText: "reception-1" }).first();
    await option.waitFor();
    await page.keyboard.press("Escape");
  });

  await check("findings: filters and sorting live in the address; back goes back", async () => {
    await page.goto(`${url}/findings`);
    await settle(page);
    const all = await page.locator("tbody tr").count();
    await page.locator(".filters").getByLabel("Severity").selectOption("critical");
    await page.waitForURL("**severity=critical**");
    await page.locator(".table-box:not(.stale)").waitFor();
    await page.waitForFunction((n) => document.querySelectorAll("tbody tr").length < n, all);
    for (const w of await page.locator("td .sev").allInnerTexts()) is(w.trim(), "Critical");
    await page.getByRole("columnheader", { name: "Due" }).getByRole("link").click();
    await page.waitForURL("**sort=due**");
    await page.locator("th[aria-sort=ascending]").waitFor();
    await page.goBack();
    that(!page.url().includes("sort=due"), "sorting should be a step of its own");
  });

  await check("findings: CSV, OCSF and SARIF come out", async () => {
    for (const [format, proof] of [["csv", /^.*id.*,/], ["ocsf", /class_uid/], ["sarif", /"2\.1\.0"/]]) {
      const r = await page.request.get(`${url}/api/v1/findings?format=${format}`);
      is(r.status(), 200, format);
      that(proof.test(await r.text()), `${format} does not look like itself`);
    }
    await page.goto(`${url}/findings`);
    await settle(page);
    await page.getByText("Export", { exact: true }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "CSV" }).click()]);
    is(download.suggestedFilename(), "findings.csv");
  });

  await check("a saved filter comes back", async () => {
    await page.goto(`${url}/findings?severity=high`);
    await settle(page);
    await page.getByText("Saved filters").click();
    await page.getByRole("button", { name: "Save this filter…" }).click();
    await page.getByLabel("Name").fill("high and up");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.goto(`${url}/findings`);
    await settle(page);
    await page.getByText("Saved filters").click();
    await page.getByRole("link", { name: "high and up" }).click();
    await page.waitForURL("**severity=high**");
  });

  await check("by keyboard alone: from Now to an assigned finding", async () => {
    await page.goto(`${url}/`);
    await settle(page);
    await page.keyboard.press("g");
    await page.keyboard.press("f");
    await page.waitForURL("**/findings");
    await page.locator("tbody tr").first().waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("k");
    const focused = await page.evaluate(() => [...document.querySelectorAll("tbody tr")].indexOf(document.activeElement));
    is(focused, 0, "row with the focus");
    await page.keyboard.press("x");
    await page.locator("tr.chosen").waitFor();
    await page.keyboard.press("x");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/findings/*");
    await page.locator(".waterfall").waitFor();
    await page.keyboard.press("a");
    await page.locator("dialog[open]").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("dialog[open]").waitFor({ state: "detached" });
    await page.keyboard.press("?");
    that((await text(page.locator("dialog[open]"))).includes("Next row") || (await text(page.locator("dialog[open]"))).includes("Search"), "no help");
    await page.keyboard.press("Escape");
    await page.keyboard.press("g");
    await page.keyboard.press("n");
    await page.waitForFunction(() => location.pathname === "/");
    await page.locator("tbody tr, .first > li").first().waitFor();
    await page.keyboard.press("t");
    await page.locator(".trend-table").first().waitFor();
  });

  await check("every focusable thing on Now shows that it has the focus", async () => {
    await page.goto(`${url}/`);
    await settle(page);
    const missing = [];
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press("Tab");
      const bad = await page.evaluate(() => {
        const el = document.activeElement;
        if (!el || el === document.body) return null;
        const st = getComputedStyle(el);
        const ring = st.outlineStyle !== "none" && parseFloat(st.outlineWidth) > 0;
        const fill = st.boxShadow !== "none" || el.matches("rect, g");
        return ring || fill ? null : el.outerHTML.slice(0, 80);
      });
      if (bad) missing.push(bad);
    }
    is(missing.join("\n"), "", "without a focus mark");
  });

  await check("fix → verified: assign, claim; a claim that is not true comes back", async () => {
    await page.goto(`${url}/findings/${worst.id}`);
    await settle(page);
    await page.getByRole("button", { name: "Assign", exact: true }).click();
    await page.locator("dialog").getByLabel("Comment").fill("Tonight.");
    await page.locator("dialog").getByRole("button", { name: "Assign", exact: true }).click();
    await page.locator(".finding-action").waitFor();
    await page.locator(".finding-action").click();
    await page.waitForURL("**/actions/*");
    await page.getByRole("button", { name: "Begin" }).click();
    await page.locator(".steps [aria-current=step]", { hasText: "In progress" }).waitFor();
    await page.getByRole("button", { name: "Claim done" }).click();
    await page.locator(".steps [aria-current=step]", { hasText: "Claimed done" }).waitFor();
    hinomi(s.data, "diagnose", "--root", s.root);
    await page.locator(".steps [aria-current=step]", { hasText: "In progress" }).waitFor({ timeout: 15000 });
  });

  await check("fix → verified: put right, diagnosed again, the open page turns to verified by itself", async () => {
    await page.getByRole("button", { name: "Claim done" }).click();
    await page.locator(".steps [aria-current=step]", { hasText: "Claimed done" }).waitFor();
    await page.goto(`${url}/findings/${worst.id}`);
    await settle(page);
    repairRoot(s.root);
    hinomi(s.data, "diagnose", "--root", s.root);
    await page.locator(".verified").waitFor({ timeout: 15000 });
    await page.locator(".state-verified").first().waitFor({ timeout: 15000 });
    await page.goto(`${url}/`);
    await settle(page);
    const answers = await text(page.locator(".answers"));
    that(/✓ [1-9]\d* verified closed since yesterday/.test(answers), `not counted: ${answers}`);
  });

  await check("a fix that Hinomi makes on the made-up root shows in the open page: applied, then verified", async () => {
    const { items } = await s.api("findings?limit=200&q=report");
    const f = items.find((x) => x.fix_kind === "mode" && x.asset.name === "reception-1");
    that(f, "no finding about a file mode");
    await page.goto(`${url}/findings/${f.id}`);
    await settle(page);
    hinomi(s.data, "fix", f.id, "--apply", "--yes", "--root", s.root);
    await page.locator(".fix-state-applied, .verified").first().waitFor({ timeout: 15000 });
    hinomi(s.data, "diagnose", "--root", s.root);
    await page.locator(".verified").waitFor({ timeout: 15000 });
  });

  await check("a list that changes under the eye says so and waits", async () => {
    await page.goto(`${url}/findings`);
    await settle(page);
    const before = await page.locator("tbody tr").first().innerText();
    const some = (await s.api("findings?limit=3")).items[1];
    await page.evaluate(
      async ([id, csrfOf]) => {
        const { csrf } = await (await fetch(csrfOf)).json();
        await fetch("/api/v1/actions", { method: "POST", headers: { "Content-Type": "application/json", "X-Hinomi-CSRF": csrf }, body: JSON.stringify({ finding: id }) });
      },
      [some.id, "/api/v1/session"],
    );
    await page.locator(".livebar").waitFor({ timeout: 10000 });
    is(await page.locator("tbody tr").first().innerText(), before, "first row");
    await page.locator(".livebar button").click();
    await page.locator("td .state").first().waitFor();
  });

  await check("discussion: a comment appears with its author", async () => {
    const f = (await s.api("findings?limit=1")).items[0];
    await page.goto(`${url}/findings/${f.id}`);
    await settle(page);
    await page.getByLabel("Write a comment").fill("Restart at 23:00.\n<b>bold?</b>");
    await page.getByRole("button", { name: "Send" }).click();
    const said = page.locator(".talk li").last();
    await said.waitFor();
    that((await text(said)).includes("<b>bold?</b>"), "comment is not plain text");
    that((await text(said)).includes(account.user), `no author: ${await text(said)}`);
  });

  await check("board: a card moves by its menu", async () => {
    await page.goto(`${url}/actions`);
    await settle(page);
    const lane = page.locator(".lane-open");
    await lane.locator(".card").first().waitFor();
    await lane.locator(".card").first().locator("summary").click();
    await lane.getByRole("button", { name: "Accept" }).click();
    await page.locator(".lane-accepted .card, .lane-accepted button.quiet").first().waitFor();
  });

  await check("organisations: add one below, go down and up again", async () => {
    await page.goto(`${url}/organisations`);
    await settle(page);
    await page.getByRole("button", { name: "Add organisation" }).click();
    await page.getByLabel("Name in Japanese").fill("南町診療所");
    await page.getByLabel("Name in English").fill("Minamicho Clinic");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByRole("link", { name: "Minamicho Clinic" }).click();
    await page.waitForURL("**/organisations/*");
    await page.locator("h1", { hasText: "Minamicho Clinic" }).waitFor();
    await page.locator(".crumbs a").last().click();
    await page.getByRole("link", { name: "Minamicho Clinic" }).waitFor();
  });

  await check("accounts: a viewer sees and cannot change", async () => {
    await page.goto(`${url}/settings/accounts`);
    await settle(page);
    await page.getByRole("button", { name: "Add account" }).click();
    const d = page.locator("dialog");
    await d.getByLabel("User name").fill("reader");
    await d.getByLabel("Name", { exact: true }).fill("Reader");
    await d.getByLabel("Password").fill("only reading, nothing else");
    await d.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "reader", exact: true }).waitFor();
    await signOutAndIn("reader", "only reading, nothing else");
    await page.locator(".first > li").first().waitFor();
    is(await page.getByRole("button", { name: "Assign" }).count(), 0, "Assign for a viewer");
    await page.goto(`${url}/settings`);
    await settle(page);
    is(await page.getByRole("link", { name: "Audit log" }).count(), 0, "audit for a viewer");
    await signOutAndIn(account.user, account.password);
  });

  await check("fix: an operator asks for approval, an approver sees that it was asked for", async () => {
    await page.goto(`${url}/settings/accounts`);
    await settle(page);
    await page.getByRole("button", { name: "Add account" }).click();
    const d = page.locator("dialog");
    await d.getByLabel("User name").fill("night");
    await d.getByLabel("Name", { exact: true }).fill("Night shift");
    await d.getByLabel("Password").fill("awake until the morning");
    await d.getByLabel("Role").first().selectOption("operator");
    await d.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "night", exact: true }).waitFor();
    await signOutAndIn("night", "awake until the morning");
    const { items } = await s.api("findings?limit=200");
    const f = items.find((x) => x.fix_kind && x.fix_kind !== "none" && x.asset.name === "reception-1");
    await page.goto(`${url}/findings/${f.id}`);
    await settle(page);
    is(await page.getByRole("button", { name: "Approve and apply" }).count(), 0, "approval by an operator");
    await page.getByRole("button", { name: "Ask for approval" }).click();
    await page.locator(".fix-state-requested").waitFor();
    await signOutAndIn(account.user, account.password);
    await page.goto(`${url}/findings/${f.id}`);
    await page.locator(".fix-state-requested").waitFor();
    await page.getByRole("button", { name: "Approve and apply" }).waitFor();
  });

  await check("audit log and status can be read", async () => {
    await page.goto(`${url}/settings/audit`);
    await page.locator("tbody tr").first().waitFor();
    that((await page.locator("tbody tr").count()) >= 3, "too few rows");
    await page.goto(`${url}/settings/status`);
    await settle(page);
    that((await text(page.locator("main"))).includes("seccomp"), "no sandbox");
  });

  await check("Japanese: the whole screen, and the finding's own sentence", async () => {
    await page.goto(`${url}/`);
    await settle(page);
    await page.getByRole("button", { name: "ja", exact: true }).click();
    await page.getByRole("navigation", { name: "画面の一覧" }).waitFor();
    is(await page.getAttribute("html", "lang"), "ja", "lang");
    for (const l of await page.locator(".first-sentence").allInnerTexts()) that(japanese.test(l), `not Japanese: ${l}`);
    for (const word of ["いま", "検出事項", "資産", "組織", "対応", "情報源", "設定"])
      that((await text(page.locator(".side"))).includes(word), `${word} is missing`);
    for (const [name, path] of Object.entries(await views(s))) {
      await page.goto(url + path);
      await settle(page);
      that(japanese.test(await text(title())) || ["asset", "observations", "coverage", "organisation", "source"].includes(name), `${name}: title ${await text(title())}`);
      const english = (await page.locator("main").innerText()).match(/\b(Findings|Assets|Organisations|Actions|Sources|Settings|Severity|Overdue|Not seen|Due)\b/);
      is(english?.[0], undefined, `${name}: English word`);
    }
    await page.reload();
    is(await page.getAttribute("html", "lang"), "ja", "lang after reload");
    await page.getByRole("button", { name: "en", exact: true }).click();
    await page.getByRole("navigation", { name: "Sections" }).waitFor();
  });

  await check("dark: by choice, kept, and by the system", async () => {
    await page.goto(`${url}/`);
    await settle(page);
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await ground();
    await page.getByRole("button", { name: "Switch to dark" }).click();
    const dark = await ground();
    that(light !== dark && luminance(dark) < 0.1 && luminance(light) > 0.9, `${light} → ${dark}`);
    await page.reload();
    is(await ground(), dark, "after reload");
    await page.goto(`${url}/settings/account`);
    await settle(page);
    await page.getByLabel("Theme").selectOption("system");
    await page.emulateMedia({ colorScheme: "dark" });
    is(await ground(), dark, "system dark");
    await page.emulateMedia({ colorScheme: "light" });
    is(await ground(), light, "system light");
  });

  for (const scheme of ["light", "dark"])
    await check(`axe: no violation on any screen, ${scheme}`, async () => {
      await page.emulateMedia({ colorScheme: scheme });
      const bad = [];
      for (const [name, path] of Object.entries(await views(s))) {
        await page.goto(url + path);
        await settle(page);
        bad.push(...(await violations(page, name, scheme === "dark"))); /* the theme changes nothing but colours */
      }
      is(bad.join("\n"), "", "axe");
      await page.emulateMedia({ colorScheme: "light" });
    });

  await check("390 px: nothing wider than the screen, nothing lost, axe content", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    const bad = [];
    for (const [name, path] of Object.entries(await views(s))) {
      await page.goto(url + path);
      await settle(page);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (over > 0) bad.push(`${name}: ${over} px too wide`);
      if (["now", "findings", "finding", "actions"].includes(name)) bad.push(...(await violations(page, name)));
    }
    is(bad.join("\n"), "", "narrow");
    await page.goto(`${url}/`);
    await settle(page);
    await page.locator(".more-nav summary").click();
    await page.locator(".more-nav").getByRole("link", { name: "Sources" }).click();
    await page.waitForURL("**/sources");
    await page.setViewportSize({ width: 1280, height: 860 });
  });

  await check("1280 px: no view scrolls sideways", async () => {
    const bad = [];
    for (const [name, path] of Object.entries(await views(s))) {
      await page.goto(url + path);
      await settle(page);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (over > 0) bad.push(`${name}: ${over} px too wide`);
    }
    is(bad.join("\n"), "", "wide");
  });

  await check("an error says what happened and offers to try again", async () => {
    expected = true;
    await page.route("**/api/v1/findings?*", (r) => r.fulfill({ status: 500, contentType: "application/json", body: '{"error":{"name":"io","message":{"en":"The store cannot be read.","ja":"ストアを読めません。"}}}' }));
    await page.goto(`${url}/findings`);
    await page.getByRole("alert").waitFor();
    that((await text(page.getByRole("alert"))).includes("The store cannot be read."), "what happened is not said");
    await page.unroute("**/api/v1/findings?*");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.locator("tbody tr").first().waitFor();
    expected = false;
  });

  await check("an empty result says what to do", async () => {
    await page.goto(`${url}/findings?q=${encodeURIComponent("no such thing anywhere")}`);
    await page.locator(".empty").waitFor();
    await page.getByRole("link", { name: "Clear filters" }).click();
    await page.locator("tbody tr").first().waitFor();
  });

  await check("unknown addresses answer with a page, unknown ids with a sentence", async () => {
    expected = true;
    await page.goto(`${url}/nothing/here`);
    await page.getByRole("heading", { name: "Not found" }).waitFor();
    await page.goto(`${url}/findings/00000000000000000000000000000000`);
    await page.getByRole("alert").waitFor();
    expected = false;
  });

  await check("headers: a strict policy, nothing inline, nothing from elsewhere", async () => {
    const r = await page.request.get(`${url}/`);
    const csp = r.headers()["content-security-policy"] ?? "";
    for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"]) that(csp.includes(part), `CSP lacks ${part}: ${csp}`);
    that(!/unsafe/.test(csp), `CSP allows unsafe: ${csp}`);
    is(strangers.join("\n"), "", "requests to other origins");
  });

  await check("signed out means out", async () => {
    await page.goto(`${url}/`);
    await settle(page);
    await page.locator(".top .menu summary").click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    is((await page.request.get(`${url}/api/v1/now`)).status(), 401, "API after signing out");
    const bad = await violations(page, "signin");
    is(bad.join("\n"), "", "axe");
  });

  await check("the browser had nothing to complain about", () => is(complaints.join("\n"), "", "console"));
} finally {
  if (s.dead()) console.log(`the server said:\n${s.said()}`);
  await s.end();
}
process.exit(close());

async function signOutAndIn(user, password) {
  await signInAs(page, user, password);
  await page.goto(`${url}/`);
  await settle(page);
}

function luminance(rgb) {
  const [r, g, b] = rgb.match(/\d+/g).map((x) => Number(x) / 255);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
