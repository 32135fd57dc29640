/* A small runner: named checks in order, one closing line. */
let passed = 0;
const failures = [];

let over = () => "";

/* When it gives a reason, the remaining checks fail with it at once. */
export function stopWhen(reason) {
  over = reason;
}

export async function check(name, body) {
  const begun = Date.now();
  if (over()) {
    failures.push(name);
    console.log(`FAIL ${name}: ${over()}`);
    return;
  }
  try {
    await body();
    passed++;
    console.log(`ok   ${name} (${Date.now() - begun} ms)`);
  } catch (e) {
    failures.push(name);
    console.log(`FAIL ${name} (${Date.now() - begun} ms)\n     ${String(e?.stack ?? e).split("\n").slice(0, 12).join("\n     ")}`);
  }
}

export function is(got, want, what = "") {
  if (got !== want) throw new Error(`${what}: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}
export function that(truth, what) {
  if (!truth) throw new Error(what);
}

export function close() {
  console.log(`${passed} passed, ${failures.length} failed`);
  return failures.length === 0 ? 0 : 1;
}
