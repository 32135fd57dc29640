/* One dated fact: what was seen, by whom, when, where it came from. */
import type { JSX } from "preact";
import { bytes, num, pick, t, when, whenZone } from "../app/i18n";
import { useQuery } from "../app/query";
import { path } from "../app/router";
import type { Field, Kind, Obs, ObsRef, Value } from "../app/types";
import { Failure, Skeleton } from "./parts";
import { Say } from "./say";

export function useKinds(): Kind[] {
  const { data } = useQuery<Kind[] | { items: Kind[] }>("kinds");
  return Array.isArray(data) ? data : (data?.items ?? []);
}
export function fieldsOf(kinds: Kind[], kind: string): Field[] {
  return kinds.find((k) => k.kind === kind || `${k.module}.${k.kind}` === kind)?.fields ?? [];
}

export function ObservationBox({ of, whole }: { of: ObsRef | Obs; whole?: boolean }): JSX.Element {
  const kinds = useKinds();
  const has = "fields" in of;
  const { data, error, loading, reload } = useQuery<Obs>(has && !whole ? null : `observations/${encodeURIComponent(of.id)}`);
  const obs: Obs | undefined = data ?? (has ? (of as Obs) : undefined);
  if (error !== undefined && !obs) return <Failure error={error} again={reload} />;
  if (loading && !obs) return <Skeleton lines={3} />;
  if (!obs) return <Skeleton lines={3} />;
  const fields = fieldsOf(kinds, obs.kind);
  const run = typeof obs.run === "string" ? obs.run : obs.run?.id;
  return (
    <div class="obs">
      <p class="obs-head">
        <a href={path("observations", obs.id)}>
          <Say max={200}>{obs.subject}</Say>
        </a>
        <span class="dim">
          {t("obs.seen-by", { kind: obs.kind, at: whenZone(obs.at) })}
          {obs.origin ? ` · ${obs.origin}` : ""}
        </span>
      </p>
      <dl class="fields">
        {Object.entries(obs.fields ?? {}).map(([name, value]) => {
          const f = fields.find((x) => x.name === name);
          return (
            <div key={name}>
              <dt title={f?.meaning ? pick(f.meaning) : undefined}>{name}</dt>
              <dd>
                <FieldValue value={value} field={f} />
              </dd>
            </div>
          );
        })}
      </dl>
      {run && whole && (
        <p class="dim small">
          {t("obs.run")} <code>{run}</code>
        </p>
      )}
    </div>
  );
}

export function FieldValue({ value, field, short }: { value: Value | undefined; field: Field | undefined; short?: boolean }): JSX.Element {
  const max = short ? 160 : 2000;
  if (value === null || value === undefined) return <span class="unknown">{t("value.unknown")}</span>;
  if (Array.isArray(value)) {
    const shown = short ? value.slice(0, 4) : value.slice(0, 200);
    return (
      <span class={short ? undefined : "value-list"}>
        {shown.map((v, i) => (
          <span key={i} class="value-item">
            <Say max={max}>{String(v)}</Say>
          </span>
        ))}
        {value.length > shown.length && <span class="dim">{t("value.more", { n: value.length - shown.length })}</span>}
        {value.length === 0 && <span class="dim">{t("value.empty")}</span>}
      </span>
    );
  }
  if (typeof value === "boolean") return <span>{value ? t("value.yes") : t("value.no")}</span>;
  if (typeof value === "number") {
    if (/(^|_)mode$/.test(field?.name ?? "")) return <span>{value.toString(8).padStart(4, "0")}</span>;
    if (field?.unit === "bytes") return <span title={num(value)}>{bytes(value)}</span>;
    return (
      <span>
        {field?.unit ? `${num(value)} ${field.unit}` : String(value)}
      </span>
    );
  }
  if (field?.type === "time" || /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value)) return <time dateTime={value} title={whenZone(value)}>{short ? when(value) : whenZone(value)}</time>;
  return <Say max={max}>{value}</Say>;
}
