import type { JSX } from "preact";
import { t } from "../app/i18n";
import { useQuery } from "../app/query";
import { path } from "../app/router";
import type { Obs } from "../app/types";
import { Failure, Skeleton } from "../ui/parts";
import { ObservationBox } from "../ui/observation";
import { Say } from "../ui/say";

export function ObservationView({ id }: { id: string }): JSX.Element {
  const { data, error, reload } = useQuery<Obs>(`observations/${encodeURIComponent(id)}`);
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!data) return <Skeleton lines={8} />;
  const asset = typeof data.asset === "string" ? { id: data.asset, name: data.asset } : data.asset;
  return (
    <>
      {asset && (
        <p class="crumbs">
          <a href={path("assets", asset.id)}>
            <Say>{asset.name}</Say>
          </a>
        </p>
      )}
      <h1>{t("obs.title")}</h1>
      <ObservationBox of={data} whole />
    </>
  );
}
