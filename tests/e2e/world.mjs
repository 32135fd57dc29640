/* Made-up live hosts as `hinomi diagnose --json` of other machines would print them: for `hinomi ingest`. Only
 * observations; the program that takes them in judges for itself. */
const day = 86400000;
const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");

/* 26 characters, the time first, as run ids are made */
function runId(ms) {
  const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  let out = "";
  for (let i = 0, n = Math.floor(ms); i < 10; i++, n = Math.floor(n / 32)) out = digits[n % 32] + out;
  for (let i = 0; i < 16; i++) out += digits[Math.floor(Math.random() * 32)];
  return out;
}

const modules = ["host", "packages", "processes", "sockets", "services", "accounts", "kernel"];

/* id: two hex digits that make the machine id; age: days ago */
export function hostDocument({ id, name, age = 0, os = "Debian GNU/Linux 12 (bookworm)", privilege = "root", observations }) {
  const at = iso(Date.now() - age * day - 60000);
  const machine = id.repeat(16);
  const all = [
    obs("host", "identity", "host", { hostname: name, names: [name, `${name}.example`], machine_id: machine }),
    obs("host", "os", "os", { id: "debian", version: "12", codename: "bookworm", pretty: os, supported_until: iso(Date.now() + 500 * day) }),
    obs("packages", "summary", "dpkg", { installed: 412, removed: 0, repositories: 2, security_repositories: 1, refreshed: at, updates_known: true }),
    ...observations,
  ].map((o) => ({ ...o, at }));
  return {
    schema: "hinomi-run-1",
    run_id: runId(Date.parse(at)),
    collected_at: at,
    live: true,
    deep: false,
    scope: "live",
    privilege,
    asset: { id: `madeup${id}`, names: [name, `${name}.example`], machine_id: machine, hardware_id: "", os },
    coverage: modules.map((m) => ({
      module: m, scope: "live", privilege, ran: true, complete: privilege === "root", deep: false,
      observations: all.filter((o) => o.module === m).length, duration_ms: 12,
      not_seen: privilege === "root" ? [] : [{ what: `/root (${m})`, why: "Permission denied" }], malformed: [], quarantined: [],
    })),
    observations: all,
    findings: [],
    not_seen: [],
  };
}

function obs(module, kind, subject, fields) {
  return { module, kind, subject, fields };
}

/* A library with a fix pending, loaded by a program that listens. */
export function service({ source, name, version, fixed, library, published, program, unit, pid, port, address, reach, user = "root", mapped = true }) {
  const pkg = `${name}:amd64`;
  const process = `${pid}:${pid * 97}`;
  const list = [
    obs("packages", "package", pkg, { name, arch: "amd64", version, source, source_version: version, manager: "dpkg", installed: true, want: "install", state: "installed" }),
    obs("packages", "owner", library, { path: library, package: pkg }),
    obs("processes", "process", process, {
      pid, ppid: 1, name: program.split("/").pop(), started: iso(Date.now() - 40 * day), exe: program, exe_deleted: false,
      cmdline: `${program} --foreground`, uid: user === "root" ? 0 : 998, euid: user === "root" ? 0 : 998, user,
      capabilities: user === "root" ? ["all"] : [], seccomp: "none", no_new_privs: false, unit, threads: 4,
    }),
    obs("sockets", "listener", `tcp:${address}:${port}`, {
      proto: "tcp", address, port, reach, networks: reach === "everywhere" ? ["private", "public"] : ["private"], inode: 4000 + pid, uid: 0, processes: [process], firewall: "open",
    }),
  ];
  if (fixed)
    list.push(
      obs("packages", "update", pkg, {
        package: pkg, name, installed: version, candidate: fixed, suite: "bookworm-security", security: true, fixed, fixed_suite: "bookworm-security", source,
        source_installed: version, source_fixed: fixed, published: iso(Date.now() - published * day), held: false,
      }),
    );
  if (mapped) list.push(obs("processes", "mapped", library, { path: library, deleted: false, executable: true, dev: 64769, inode: 7000 + pid, processes: [process], users: 1 }));
  return list;
}

const openssl = (more) => service({ source: "openssl", name: "libssl3", version: "3.0.15-1~deb12u1", fixed: "3.0.17-1~deb12u2", library: "/usr/lib/x86_64-linux-gnu/libssl.so.3", published: 12, ...more });
const nginx = (more) => openssl({ program: "/usr/sbin/nginx", unit: "nginx.service", pid: 812, port: 443, address: "0.0.0.0", reach: "everywhere", ...more });
const postgres = (more) => openssl({ program: "/usr/lib/postgresql/15/bin/postgres", unit: "postgresql.service", pid: 1044, port: 5432, address: "192.0.2.20", reach: "one-network", user: "postgres", ...more });
const dicom = (more) =>
  service({ source: "gnutls28", name: "libgnutls30", version: "3.7.9-2+deb12u3", fixed: "3.7.9-2+deb12u5", library: "/usr/lib/x86_64-linux-gnu/libgnutls.so.30", published: 34,
    program: "/usr/bin/storescp", unit: "dicom.service", pid: 640, port: 11112, address: "0.0.0.0", reach: "everywhere", ...more });

/* Hosts of the pictures and of the graph test, by organisation; age of each run in days. */
export const hosts = [
  { org: "honpu", id: "a1", name: "www-3", runs: [40, 30, 20, 10, 0], observations: (age) => [...nginx({ fixed: age > 12 ? null : "3.0.17-1~deb12u2" })] },
  { org: "honpu", id: "a2", name: "db-1", runs: [40, 30, 20, 10, 0], observations: (age) => [...postgres({ fixed: age > 12 ? null : "3.0.17-1~deb12u2" })] },
  { org: "hospital", id: "b1", name: "pacs-1", runs: [33, 20, 6, 0], observations: (age) => [...dicom({ fixed: age > 33 ? null : "3.7.9-2+deb12u5" })] },
  { org: "hospital", id: "b2", name: "reception-2", runs: [20, 6, 0], observations: () => [...nginx({ fixed: null, address: "127.0.0.1", reach: "loopback" })] },
  { org: "city", id: "c1", name: "gw-1", runs: [30, 9], privilege: "user", observations: () => [...nginx({ fixed: null })] },
];
export const organisations = {
  honpu: { ja: "本府", en: "Head office", kind: "bureau" },
  hospital: { ja: "みなと病院", en: "Minato Hospital", kind: "hospital" },
  city: { ja: "北山市", en: "Kitayama City", kind: "municipality" },
};
