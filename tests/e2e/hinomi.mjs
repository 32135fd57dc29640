/* Runs the real program with a home of its own: one-shot commands, and `serve` on a free port of the loopback. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const program = process.env.HINOMI ?? new URL("../../build/hinomi", import.meta.url).pathname;

export function makeHome() {
  const dir = mkdtempSync(join(tmpdir(), "hinomi-home-"));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

export function hinomi(home, ...args) {
  const r = spawnSync(program, args, { env: { ...process.env, HINOMI_HOME: home, LC_ALL: "C.UTF-8" }, encoding: "utf8", timeout: 60000, maxBuffer: 64 << 20 });
  if (r.error) throw r.error;
  if (r.status === null || r.status > 1) throw new Error(`hinomi ${args.join(" ")}: exit ${r.status}\n${r.stderr.slice(-2000)}`);
  return r.stdout;
}

export function fixer(home, root) {
  const child = spawn(program, ["fix", "--jobs", "--root", root], { env: { ...process.env, HINOMI_HOME: home, LC_ALL: "C.UTF-8" }, stdio: ["ignore", "ignore", "inherit"] });
  return { stop: () => new Promise((ok) => (child.once("exit", ok), child.kill("SIGTERM"))) };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const s = createServer();
    s.on("error", reject);
    s.listen(0, "127.0.0.1", () => {
      const { port } = s.address();
      s.close(() => resolve(port));
    });
  });
}

/* Resolves when the console answers; gives its address, the token printed, and a stop(). */
export async function serve(home, ...args) {
  const port = await freePort();
  const child = spawn(program, ["serve", "--home", home, "--listen", `127.0.0.1:${port}`, ...args], {
    env: { ...process.env, HINOMI_HOME: home, LC_ALL: "C.UTF-8" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stdout.on("data", (d) => (said += d));
  child.stderr.on("data", (d) => (said += d));
  const url = `http://127.0.0.1:${port}`;
  for (let i = 0; ; i++) {
    if (child.exitCode !== null) throw new Error(`serve ended with ${child.exitCode}\n${said}`);
    try {
      const r = await fetch(`${url}/api/v1/session`);
      if (r.status === 401) break;
    } catch {
      /* not yet listening */
    }
    if (i > 150) {
      child.kill("SIGTERM");
      throw new Error(`serve did not answer\n${said}`);
    }
    await new Promise((ok) => setTimeout(ok, 100));
  }
  return {
    url,
    said: () => said,
    dead: () => child.exitCode !== null || child.signalCode !== null,
    token: () => /token[^\n]*:\s*([A-Za-z0-9_-]{16,})/i.exec(said)?.[1] ?? "",
    stop: async () => {
      if (child.exitCode !== null) return;
      const gone = new Promise((ok) => child.once("exit", ok));
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
      await gone;
      clearTimeout(timer);
    },
  };
}
