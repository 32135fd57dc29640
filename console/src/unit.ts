/* Unit tests; see tools/test.mjs. */
import { ago, daysUntil, dueWords, lang, pick, signed, t, when, whenZone, bytes } from "./app/i18n";
import { layout } from "./ui/graph";
import { condense } from "./ui/reach";
import { plain, visible } from "./ui/say";
import { csvOf, matchRows } from "./ui/local";
import { sortRows } from "./ui/table";
import { percent } from "./ui/waterfall";

let passed = 0;
export let failed = 0;

function is(what: string, got: unknown, want: unknown): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
  if (a === b) passed++;
  else {
    failed++;
    console.log(`FAIL ${what}: got ${a}, want ${b}`);
  }
}

/* Text from outside: every character that could lie about the text is drawn; ordinary text stays one string. */
const marks = (s: string, lines = false) => visible(s, lines).filter((x) => typeof x === "object").length;
is("plain text", visible("nginx 日本語 é"), ["nginx 日本語 é"]);
is("escape", marks("a\u001b[31mb"), 1);
is("direction override", marks("guest\u202egnp.exe"), 1);
is("isolates, marks, zero width", marks("\u2066\u2069\u200e\u200f\u061c\u200b\u2060\ufeff"), 8);
is("C1 and DEL", marks("\u0085\u009b\u007f"), 3);
is("tags", marks("\u{e0041}\u{e007f}"), 2);
is("lone surrogates", marks("\ud800x\udc00"), 2);
is("pairs are text", marks("🗼𠮷"), 0);
is("line ends in one line", marks("a\nb\tc"), 2);
is("line ends kept", marks("a\nb\tc", true), 0);
is("carriage return is never kept", marks("a\r\nb", true), 1);
is("for attributes", plain("a\u202eb\u0000"), "a⟨RLO⟩b⟨NUL⟩");
is("markup stays text", visible("<b>x</b>"), ["<b>x</b>"]);

/* Texts */
lang.value = "en";
is("one", t("now.lower-note", { n: 1, assets: 2 }), "1 finding on 2 assets");
is("many, grouped", t("table.count", { n: 12345 }), "12,345 rows");
is("unknown placeholders stay", t("table.count-of", { n: 1 }), "1 of {total} rows");
is("a value with braces is not filled again", t("search.none", { q: "{n}" }), "Nothing found for “{n}”.");
lang.value = "ja";
is("Japanese", t("due.overdue", { n: 3 }), "3 日超過");
is("pick", pick({ en: "e", ja: "日" }), "日");
is("pick falls back", pick({ en: "e", ja: "" }), "e");
lang.value = "en";

/* Times, in Tokyo */
is("when", when("2026-11-22T05:05:00Z"), "2026-11-22 14:05");
is("zone", whenZone("2026-11-22T05:05:00Z"), "2026-11-22 14:05 JST");
is("no time", when("nonsense"), "");
is("days are local days", daysUntil("2026-11-22T15:30:00Z", new Date("2026-11-22T05:00:00Z")), 1);
is("overdue", dueWords(new Date(Date.now() - 3 * 86400000).toISOString()), "3 days overdue");
is("tomorrow", /tomorrow|today/.test(dueWords(new Date(Date.now() + 86400000).toISOString())), true);
is("ago", ago("2026-11-22T05:00:00Z", Date.parse("2026-11-22T07:10:00Z")), "2 hours ago");
is("never", ago(null), "never");

/* Numbers */
is("minus is a minus", signed(-4.14), "−4.1");
is("no negative zero", signed(-0.04), "±0.0");
is("percent", [percent(0.861), percent(0.0123), percent(0.00005), percent(0.9999)], ["86 %", "1.2 %", "< 0.01 %", "> 99.9 %"]);
is("bytes", [bytes(512), bytes(48211330)], ["512 B", "46.0 MiB"]);

/* Graph: layers by the longest way; a cycle ends; unknown indices do no harm */
const nodes = ["package", "process", "listener", "network"].map((type) => ({ type, label: type }));
const edge = (from: number, to: number) => ({ from, to, how: "x" });
is("chain", layout(nodes, [edge(0, 1), edge(1, 2), edge(2, 3)]), [[0], [1], [2], [3]]);
is("longest way", layout(nodes, [edge(0, 3), edge(0, 1), edge(1, 3)]).findIndex((l) => l.includes(3)), 2);
is("cycle", layout(nodes.slice(0, 2), [edge(0, 1), edge(1, 0)]).flat().sort(), [0, 1]);
is("edges to nowhere", layout(nodes.slice(0, 1), [edge(0, 9), edge(-1, 0)]), [[0]]);
is("no edges: by type", layout([nodes[3]!, nodes[0]!], []), [[1], [0]]);

/* Sorting: unknown last either way */
const columns = [{ key: "v", label: "", width: 1, sort: "v", cell: () => null, value: (r: { v: number | null }) => r.v }];
const rows = [{ v: 2 }, { v: null }, { v: 1 }];
is("rising", sortRows(rows, columns, "v", "v").map((r) => r.v), [1, 2, null]);
is("falling", sortRows(rows, columns, "-v", "v").map((r) => r.v), [2, 1, null]);

/* Lists that are here whole: every word must be in the row; no cell is a formula */
const people = [{ v: "=1+1", n: "Sato, A" }, { v: "-3", n: "he \"x\"" }];
const told = [
  { key: "v", label: "V", width: 1, cell: () => null, value: (r: { v: string }) => r.v },
  { key: "n", label: "N", width: 1, cell: () => null, value: (r: { n: string }) => r.n },
  { key: "do", label: "Do", width: 1, cell: () => null },
];
is("csv", csvOf(told as never, people), "\ufeffV,N\r\n\"'=1+1\",\"Sato, A\"\r\n-3,\"he \"\"x\"\"\"\r\n");
is("words", [matchRows(people, told as never, "sato =1").length, matchRows(people, told as never, "sato x").length, matchRows(people, told as never, " ").length], [1, 0, 2]);

/* A column of ten thousand is drawn as a hundred and the others; nothing is lost of the counts. */
const product = (i: number) => ({ id: `p${i}`, column: "product", label: { en: `P${i}`, ja: `P${i}` }, count: 2, folded: false });
const wide = { nodes: Array.from({ length: 10000 }, (_, i) => product(i)), edges: Array.from({ length: 10000 }, (_, i) => ({ from: "c", to: `p${i}`, count: 1 })) };
const drawn = condense(wide, 100);
is("drawn nodes", [drawn.nodes.length, drawn.edges.length], [101, 101]);
is("the others", drawn.nodes.reduce((n, x) => n + x.count, 0), 20000);
is("their ties", drawn.edges.find((e) => e.to === "rest.product")?.count, 9900);
is("a small graph stays", condense({ nodes: wide.nodes.slice(0, 100), edges: [] }, 100).nodes.length, 100);

console.log(`${passed} passed, ${failed} failed`);
