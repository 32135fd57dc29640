/* OCSF 1.x (Open Cybersecurity Schema Framework, version 1.4.0), one event a line:
 *
 *   class vulnerability → Vulnerability Finding 2002
 *   class detection     → Detection Finding 2004
 *   everything else     → Compliance Finding 2003
 *
 * Category 2 "Findings". activity_id: 1 Create, 2 Update, 3 Close. Times are milliseconds since 1970. */
#include "core/export.h"

enum { OCSF_VULNERABILITY = 2002, OCSF_COMPLIANCE = 2003, OCSF_DETECTION = 2004 };

static int64_t ms(hn_time t)
{
    return t / (HN_SECOND / 1000);
}

static void begin(struct export_out *o)
{
}

static int class_of(const struct hn_store_finding *f)
{
    if (hn_str_eqc(f->class_, "vulnerability"))
        return OCSF_VULNERABILITY;
    return hn_str_eqc(f->class_, "detection") ? OCSF_DETECTION : OCSF_COMPLIANCE;
}

static void finding_info(struct hn_jw *w, const struct export_row *r)
{
    const struct hn_store_finding *f = r->f;

    hn_jw_key(w, "finding_info");
    hn_jw_obj(w);
    hn_jw_kstr(w, "uid", f->id);
    hn_jw_kstr(w, "title", r->title);
    hn_jw_kstr(w, "desc", r->sentence);
    hn_jw_key(w, "types");
    hn_jw_arr(w);
    hn_jw_str(w, f->kind);
    hn_jw_arr_end(w);
    hn_jw_kint(w, "created_time", ms(f->first_seen));
    hn_jw_kint(w, "first_seen_time", ms(f->first_seen));
    hn_jw_kint(w, "last_seen_time", ms(f->last_seen));
    hn_jw_obj_end(w);
}

static void resource(struct hn_jw *w, const struct hn_store_finding *f)
{
    hn_jw_key(w, "resources");
    hn_jw_arr(w);
    hn_jw_obj(w);
    hn_jw_kstr(w, "uid", f->asset);
    hn_jw_kstr(w, "name", f->asset_name);
    hn_jw_kc(w, "type", "host");
    hn_jw_key(w, "group");
    hn_jw_obj(w);
    hn_jw_kstr(w, "uid", f->org);
    hn_jw_kstr(w, "name", f->org_name_en);
    hn_jw_obj_end(w);
    hn_jw_obj_end(w);
    hn_jw_arr_end(w);
}

static void remediation(struct hn_jw *w, const struct export_row *r)
{
    hn_jw_key(w, "remediation");
    hn_jw_obj(w);
    hn_jw_kstr(w, "desc", r->remedy);
    hn_jw_obj_end(w);
}

/* Exactly one of the three: the name that everybody knows, that of the source, or what kind of weakness it is. */
static void named_by(struct hn_jw *w, const struct hn_jv *params)
{
    struct hn_str name = hn_jv_str(params, "vulnerability"), advisory = hn_jv_str(params, "advisory");
    bool cve = hn_str_starts(name, "CVE-");

    hn_jw_key(w, cve ? "cve" : advisory.n ? "advisory" : "cwe");
    hn_jw_obj(w);
    hn_jw_kstr(w, "uid",
               cve          ? name
               : advisory.n ? advisory
                            : HN_STR("CWE-1395")); /* vulnerable third-party component */
    hn_jw_obj_end(w);
}

/* vulnerabilities: the subject is the affected package, where the version installed is known. */
static void vulnerability(struct hn_jw *w, const struct export_row *r)
{
    const struct hn_store_finding *f = r->f;
    const struct hn_jv *params = hn_jv_get(r->v, "params");
    struct hn_str installed = hn_jv_str(params, "installed"), fixed = hn_jv_str(params, "fixed");

    hn_jw_key(w, "vulnerabilities");
    hn_jw_arr(w);
    hn_jw_obj(w);
    hn_jw_kstr(w, "title", r->title);
    hn_jw_kstr(w, "desc", r->why);
    named_by(w, params);
    hn_jw_kint(w, "first_seen_time", ms(f->first_seen));
    hn_jw_kint(w, "last_seen_time", ms(f->last_seen));
    hn_jw_kbool(w, "is_fix_available", f->fix_kind.n && !hn_str_eqc(f->fix_kind, "none"));
    if (installed.n) {
        hn_jw_key(w, "affected_packages");
        hn_jw_arr(w);
        hn_jw_obj(w);
        hn_jw_kstr(w, "name", hn_jv_str(params, "source").n ? hn_jv_str(params, "source") : f->subject);
        hn_jw_kstr(w, "version", installed);
        if (fixed.n && !hn_str_eqc(fixed, "–"))
            hn_jw_kstr(w, "fixed_in_version", fixed);
        hn_jw_obj_end(w);
        hn_jw_arr_end(w);
    }
    remediation(w, r);
    hn_jw_obj_end(w);
    hn_jw_arr_end(w);
}

static void compliance(struct hn_jw *w, const struct export_row *r)
{
    struct hn_str text = r->f->references;

    hn_jw_key(w, "compliance");
    hn_jw_obj(w);
    hn_jw_kstr(w, "control", r->f->kind);
    hn_jw_key(w, "standards");
    hn_jw_raw(w, text.n && text.p[0] == '[' ? text : HN_STR("[]"));
    hn_jw_kint(w, "status_id", r->f->status == HN_F_CLOSED ? 1 : 3); /* 1 Pass, 3 Fail */
    hn_jw_obj_end(w);
    remediation(w, r);
}

static void status(struct hn_jw *w, const struct hn_store_finding *f)
{
    /* status_id: 1 New, 2 In Progress, 3 Suppressed, 4 Resolved */
    int id = f->status == HN_F_CLOSED ? 4 : f->status == HN_F_EXCEPTED ? 3 : f->action.id.n ? 2 : 1;
    static const char *const names[] = {"", "New", "In Progress", "Suppressed", "Resolved"};

    hn_jw_kint(w, "status_id", id);
    hn_jw_kc(w, "status", names[id]);
}

static void severity(struct hn_jw *w, int severity)
{
    static const char *const names[] = {"Informational", "Low", "Medium", "High", "Critical"};
    int i = severity < 0 ? 0 : severity > 4 ? 4 : severity;

    hn_jw_kint(w, "severity_id", i + 1);
    hn_jw_kc(w, "severity", names[i]);
}

static void row(struct export_out *o, const struct export_row *r)
{
    const struct hn_store_finding *f = r->f;
    struct hn_buf *b = o->c->out;
    struct hn_jw w;
    int cls = class_of(f), activity = f->status == HN_F_CLOSED ? 3 : f->first_seen == f->last_seen ? 1 : 2;

    hn_jw_init(&w, b);
    hn_jw_obj(&w);
    hn_jw_kint(&w, "class_uid", cls);
    hn_jw_kint(&w, "category_uid", 2);
    hn_jw_kint(&w, "activity_id", activity);
    hn_jw_kint(&w, "type_uid", cls * 100 + activity);
    hn_jw_kint(&w, "time", ms(f->status == HN_F_CLOSED ? f->closed_at : f->last_seen));
    severity(&w, f->severity);
    status(&w, f);
    hn_jw_kstr(&w, "message", r->sentence);
    hn_jw_kint(&w, "confidence_score", f->confidence);
    hn_jw_kint(&w, "risk_score", (int64_t)(f->score + 0.5)); /* an integer there */
    finding_info(&w, r);
    resource(&w, f);
    if (cls == OCSF_VULNERABILITY) {
        vulnerability(&w, r);
    } else if (cls == OCSF_COMPLIANCE) {
        compliance(&w, r);
    } else {
        remediation(&w, r);
    }
    hn_jw_key(&w, "metadata");
    hn_jw_obj(&w);
    hn_jw_kc(&w, "version", "1.4.0");
    hn_jw_key(&w, "product");
    hn_jw_obj(&w);
    hn_jw_kc(&w, "name", "Hinomi");
    hn_jw_kc(&w, "vendor_name", "Hinomi");
    hn_jw_kc(&w, "version", HN_VERSION);
    hn_jw_obj_end(&w);
    hn_jw_kstr(&w, "uid", f->id);
    hn_jw_obj_end(&w);
    hn_jw_obj_end(&w);
    hn_buf_chr(b, '\n');
}

static void end(struct export_out *o)
{
}

const struct export_format export_ocsf = {"ocsf", "application/x-ndjson; charset=utf-8", begin, row, end};
