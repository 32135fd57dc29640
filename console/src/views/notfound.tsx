import type { JSX } from "preact";
import { t } from "../app/i18n";
import { Empty } from "../ui/parts";

export function NotFoundView(): JSX.Element {
  return (
    <>
      <h1>{t("not-found.title")}</h1>
      <Empty title={t("not-found.text")}>
        <a class="button" href="/">
          {t("not-found.back")}
        </a>
      </Empty>
    </>
  );
}
