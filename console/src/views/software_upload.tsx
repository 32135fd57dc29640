/* Giving Hinomi a bill of materials or a VEX document: chosen or dropped, sent with its progress, then what was read, what
 * was wrong with it and what was found. Reading goes on on the server; the dialog may be closed meanwhile. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { get, may, message, upload as send, url } from "../app/api";
import { num, pick, t, tx } from "../app/i18n";
import { org } from "../app/org";
import { path } from "../app/router";
import type { Upload } from "../app/software";
import { Dialog, Labelled } from "../ui/parts";
import { Say } from "../ui/say";

const longest = 48 * 1024 * 1024;
const asked = 700; /* ms between two questions about how reading goes */

export function UploadButton({ product }: { product?: { id: string; name: string } }): JSX.Element | null {
  const [open, setOpen] = useState(false);
  if (!may("operator")) return null;
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        {t("software.upload")}
      </button>
      {open && <UploadDialog close={() => setOpen(false)} {...(product ? { product } : {})} />}
    </>
  );
}

type Stage = { at: "form" } | { at: "sending"; part: number } | { at: "reading"; id: string; state: string } | { at: "end"; of: Upload };

function UploadDialog({ close, product }: { close: () => void; product?: { id: string; name: string } }): JSX.Element {
  const [stage, setStage] = useState<Stage>({ at: "form" });
  const [error, setError] = useState<string | null>(null);
  const alive = useRef(true);
  useEffect(() => () => void (alive.current = false), []);

  const watch = (id: string): void => {
    get<Upload>(`software/uploads/${encodeURIComponent(id)}`).then(
      (u) => {
        if (!alive.current) return;
        if (u.ended_at) setStage({ at: "end", of: u });
        else {
          setStage({ at: "reading", id, state: u.state });
          setTimeout(() => watch(id), asked);
        }
      },
      (e: unknown) => alive.current && (setError(message(e)), setStage({ at: "form" })),
    );
  };
  const start = (file: File, query: Record<string, string>): void => {
    setError(null);
    setStage({ at: "sending", part: 0 });
    send<Upload>(url("software/uploads", { ...query, file: file.name, org: org.value }), file, (part) => alive.current && setStage({ at: "sending", part })).then(
      (u) => alive.current && watch(u.id),
      (e: unknown) => alive.current && (setError(message(e)), setStage({ at: "form" })),
    );
  };
  return (
    <Dialog title={t("software.upload")} close={close}>
      <div hidden={stage.at !== "form"}>
        <UploadForm start={start} refuse={setError} {...(product ? { product } : {})} />
      </div>
      {error !== null && (
        <p class="late" role="alert">
          {error}
        </p>
      )}
      {stage.at === "sending" && (
        <p role="status">
          <progress max={1} value={stage.part} aria-label={t("software.upload-sending")} /> {t("software.upload-sending")} {num(Math.floor(100 * stage.part))} %
        </p>
      )}
      {stage.at === "reading" && <p role="status">{tx(`software.upload-state.${stage.state}`, stage.state)}</p>}
      {stage.at === "end" && <Outcome of={stage.of} again={() => setStage({ at: "form" })} close={close} />}
    </Dialog>
  );
}

function UploadForm({ start, refuse, product }: { start: (f: File, q: Record<string, string>) => void; refuse: (why: string) => void; product?: { id: string; name: string } }): JSX.Element {
  const [file, setFile] = useState<File | null>(null);
  const [kind, setKind] = useState("sbom");
  const [name, setName] = useState(product?.name ?? "");
  const [version, setVersion] = useState("");
  const [supplier, setSupplier] = useState("");
  const [over, setOver] = useState(false);
  const take = (f: File | undefined): void => {
    if (!f) return;
    if (f.size > longest) refuse(t("software.upload-too-big", { mib: 48 }));
    else setFile(f);
  };
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        const to: Record<string, string> = product ? { product: product.id } : { name: name.trim() };
        if (!product && supplier.trim() && kind === "sbom") to.supplier = supplier.trim();
        if (file) start(file, { kind, version: version.trim(), ...to });
      }}
    >
      <Labelled label={t("software.upload-kind")}>
        {(id) => (
          <select id={id} value={kind} onChange={(e) => setKind(e.currentTarget.value)}>
            <option value="sbom">{t("software.upload-sbom")}</option>
            {may("approver") && <option value="vex">{t("software.upload-vex")}</option>}
          </select>
        )}
      </Labelled>
      <div
        class={over ? "drop drop-over" : "drop"}
        onDragOver={(e) => (e.preventDefault(), setOver(true))}
        onDragLeave={() => setOver(false)}
        onDrop={(e) => {
          e.preventDefault();
          setOver(false);
          take(e.dataTransfer?.files[0]);
        }}
      >
        <Labelled label={t("software.upload-file")} hint={kind === "sbom" ? t("software.upload-sbom-hint") : t("software.upload-vex-hint")}>
          {(id) => <input id={id} type="file" onChange={(e) => take(e.currentTarget.files?.[0])} />}
        </Labelled>
        {file && (
          <p>
            <Say max={80}>{file.name}</Say> · {num(Math.ceil(file.size / 1024))} KiB
          </p>
        )}
      </div>
      <Labelled label={t("software.product")}>{(id) => <input id={id} required disabled={product !== undefined} value={name} onInput={(e) => setName(e.currentTarget.value)} />}</Labelled>
      <Labelled label={t("software.version")} hint={kind === "sbom" ? t("software.upload-version-hint") : t("software.upload-version-vex-hint")}>
        {(id) => <input id={id} value={version} onInput={(e) => setVersion(e.currentTarget.value)} />}
      </Labelled>
      {!product && kind === "sbom" && (
        <Labelled label={t("software.supplier")} hint={t("software.upload-supplier-hint")}>
          {(id) => <input id={id} value={supplier} onInput={(e) => setSupplier(e.currentTarget.value)} />}
        </Labelled>
      )}
      <div class="buttons">
        <button type="submit" class="primary" disabled={!file || !name.trim()}>
          {t("software.upload-send")}
        </button>
      </div>
    </form>
  );
}

/* What was found comes first; what was wrong stands below it, the gravest first. */
function Outcome({ of, again, close }: { of: Upload; again: () => void; close: () => void }): JSX.Element {
  const r = of.result;
  const found = of.found;
  const wrong = (r.problems?.fatal ?? 0) + (r.problems?.error ?? 0) + (r.problems?.warning ?? 0);
  return (
    <div class="upload-outcome" role="status">
      {of.state !== "done" ? (
        <p class="late">
          <strong>{t("software.upload-refused")}</strong> <Say max={600}>{pick(r.why) || tx(`software.upload-state.${of.state}`, of.state)}</Say>
        </p>
      ) : of.kind === "vex" ? (
        <p>{t("software.upload-vex-done", { n: r.statements ?? 0, known: r.known === true ? 0 : Number(r.known ?? 0), refused: r.refused ?? 0 })}</p>
      ) : (
        <>
          <p class="software-sentence">
            {r.known === true ? t("software.upload-known") : t("software.upload-done", { components: Number(r.components ?? 0), fresh: Number(r.new_components ?? 0) })}{" "}
            {r.matched === false ? t("software.upload-unmatched") : found && t("software.upload-found", { n: found.vulnerabilities, kev: found.kev, unknown: found.unknown })}
          </p>
          {typeof r.product === "string" && (
            <p>
              <a href={path("software", "products", r.product)} onClick={close}>
                {t("software.product")}
              </a>
              {typeof r.sbom === "string" && (
                <>
                  {" · "}
                  <a href={path("software", "sboms", r.sbom)} onClick={close}>
                    SBOM
                  </a>
                </>
              )}
            </p>
          )}
        </>
      )}
      {wrong > 0 && (
        <>
          <p>{t("software.upload-wrong", { n: wrong })}</p>
          <ul>
            {(r.places ?? []).slice(0, 20).map((p, i) => (
              <li key={i}>
                {tx(`software.problem.${p.severity}`, p.severity ?? "")}: <Say max={200}>{pick(p.message) || (p.code ?? "")}</Say> {p.place && <code><Say max={120}>{p.place}</Say></code>}
              </li>
            ))}
          </ul>
        </>
      )}
      <div class="buttons">
        <button type="button" onClick={again}>
          {t("software.upload-another")}
        </button>
        <button type="button" class="primary" onClick={close}>
          {t("do.close")}
        </button>
      </div>
    </div>
  );
}
