import { render, type JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { openSession, session } from "./app/api";
import { connect, disconnect } from "./app/events";
import { Frame } from "./app/frame";
import { forget } from "./app/query";
import { segments } from "./app/router";
import { lang, t, type TextKey } from "./app/i18n";
import { Failure } from "./ui/parts";
import { ActionView, ActionsView } from "./views/actions";
import { AssetView } from "./views/asset";
import { AssetsView } from "./views/assets";
import { FindingView } from "./views/finding";
import { FindingsView } from "./views/findings";
import { NetworkView } from "./views/network";
import { NotFoundView } from "./views/notfound";
import { NowView } from "./views/now";
import { ObservationView } from "./views/observation";
import { OrganisationView, OrganisationsView } from "./views/organisations";
import { SettingsView } from "./views/settings";
import { SignInView } from "./views/signin";
import { SoftwareView } from "./views/software";
import { SourceView, SourcesView } from "./views/sources";
import "./style/base.css";
import "./style/frame.css";
import "./style/parts.css";
import "./style/tables.css";
import "./style/views.css";
import "./style/finding.css";
import "./style/software.css";
import "./style/network.css";
import "./style/narrow.css";

function view(): { title: TextKey; body: JSX.Element } {
  const [a, b, c] = segments.value;
  switch (a) {
    case undefined:
      return { title: "nav.now", body: <NowView /> };
    case "findings":
      return { title: "nav.findings", body: b ? <FindingView id={b} key={b} /> : <FindingsView /> };
    case "assets":
      return { title: "nav.assets", body: b ? <AssetView id={b} tab={c ?? ""} key={b} /> : <AssetsView /> };
    case "organisations":
      return { title: "nav.organisations", body: b ? <OrganisationView id={b} key={b} /> : <OrganisationsView /> };
    case "actions":
      return { title: "nav.actions", body: b ? <ActionView id={b} key={b} /> : <ActionsView /> };
    case "network":
      return { title: "nav.network", body: <NetworkView part={b ?? ""} id={c} key={`${b}/${c}`} /> };
    case "software":
      return { title: "nav.software", body: <SoftwareView part={b ?? ""} id={c} key={`${b}/${c}`} /> };
    case "sources":
      return { title: "nav.sources", body: b ? <SourceView module={b} key={b} /> : <SourcesView /> };
    case "observations":
      if (b) return { title: "nav.sources", body: <ObservationView id={b} key={b} /> };
      break;
    case "settings":
      return { title: "nav.settings", body: <SettingsView tab={b ?? "account"} /> };
  }
  return { title: "not-found.title", body: <NotFoundView /> };
}

function App(): JSX.Element | null {
  const [error, setError] = useState<unknown>(undefined);
  const signedIn = session.value;
  const open = () => {
    setError(undefined);
    openSession().catch((e: unknown) => setError(e));
  };
  useEffect(open, []);
  useEffect(() => {
    if (!signedIn) {
      disconnect();
      forget();
      return;
    }
    connect();
    return disconnect;
  }, [!!signedIn]);

  const shown = signedIn && !needsAccount(signedIn) ? view() : null;
  useEffect(() => {
    document.title = `${shown ? t(shown.title) : t("sign.title")} — Hinomi`;
  }, [shown?.title, lang.value]);

  if (error !== undefined)
    return (
      <div class="alone">
        <Failure error={error} again={open} />
      </div>
    );
  if (signedIn === undefined) return null;
  if (!shown) return <SignInView />;
  return <Frame>{shown.body}</Frame>;
}

/* A bootstrap sign-in may do one thing first: create the account that stays. */
function needsAccount(s: NonNullable<typeof session.value>): boolean {
  return s.account.bootstrap === true;
}

const root = document.getElementById("app");
if (root) render(<App />, root);
