import type { JSX } from "preact";
import { pick, t } from "../app/i18n";
import { path } from "../app/router";
import type { FindingRow } from "../app/types";
import { Due, Score, SeverityMark } from "./marks";
import { Say } from "./say";

export function FindingList({ rows }: { rows: FindingRow[] }): JSX.Element {
  if (rows.length === 0) return <p class="dim">{t("findings.none")}</p>;
  return (
    <ol class="brief">
      {rows.map((f) => (
        <li key={f.id}>
          <SeverityMark value={f.severity} word={false} />
          <div class="brief-body">
            <a href={path("findings", f.id)}>
              <Say max={160}>{pick(f.title)}</Say>
            </a>
            <p class="dim small">
              <Say max={40}>{f.asset.name}</Say> · <Due due={f.due} overdue={f.overdue} />
            </p>
          </div>
          <Score value={f.score} />
        </li>
      ))}
    </ol>
  );
}
