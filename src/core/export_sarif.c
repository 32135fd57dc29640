/* SARIF 2.1.0 (OASIS): one run; rules are the kinds that occur, results the findings. */
#include "core/export.h"
#include "core/registry.h"

/* The rule objects come before the results in the document, but which occur is known only at the end: SARIF lets the
 * results name rules by id alone, so the results are written first and the tool last (members have no order). */
enum { RULES = 1024 };
struct rules {
    struct hn_str id[RULES], title[RULES], help[RULES];
    int severity[RULES];
    size_t n;
};

static struct rules *rules_of(struct export_out *o)
{
    return (struct rules *)o->state;
}

static const char *level(int severity)
{
    static const char *const names[] = {"note", "note", "warning", "error", "error"};
    return names[severity < 0 ? 0 : severity > 4 ? 4 : severity];
}

static void begin(struct export_out *o)
{
    o->state = HN_NEW(o->c->arena, struct rules);
    hn_jw_init(&o->w, o->c->out);
    hn_jw_obj(&o->w);
    hn_jw_kc(&o->w, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    hn_jw_kc(&o->w, "version", "2.1.0");
    hn_jw_key(&o->w, "runs");
    hn_jw_arr(&o->w);
    hn_jw_obj(&o->w);
    hn_jw_kc(&o->w, "columnKind", "unicodeCodePoints");
    hn_jw_key(&o->w, "results");
    hn_jw_arr(&o->w);
}

static void rule_note(struct export_out *o, const struct export_row *r)
{
    struct rules *t = rules_of(o);

    if (!t || t->n == RULES)
        return;
    for (size_t i = 0; i < t->n; i++)
        if (hn_str_eq(t->id[i], r->f->kind))
            return;
    t->id[t->n] = hn_arena_str(o->c->arena, r->f->kind);
    t->title[t->n] = hn_arena_str(o->c->arena, r->title);
    t->help[t->n] = hn_arena_str(o->c->arena, r->why);
    t->severity[t->n++] = r->f->severity;
}

/* Paths are percent-encoded; what is no path is a logical location only. */
static void uri(struct export_out *o, struct hn_str path)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};

    hn_buf_init(&b, 64 << 10);
    hn_buf_c(&b, "file://");
    for (size_t i = 0; i < path.n; i++) {
        unsigned char ch = (unsigned char)path.p[i];
        bool plain = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
                     strchr("/-._~", ch) != NULL;
        if (plain && ch)
            hn_buf_chr(&b, (char)ch);
        else
            hn_buf_fmt(&b, "%%%02X", ch);
    }
    hn_jw_kstr(&o->w, "uri", hn_buf_text(&b));
}

static void location(struct export_out *o, const struct hn_store_finding *f)
{
    struct hn_jw *w = &o->w;
    struct hn_str path = f->location.n && f->location.p[0] == '/' ? f->location : f->subject;

    hn_jw_key(w, "locations");
    hn_jw_arr(w);
    hn_jw_obj(w);
    if (path.n && path.p[0] == '/') {
        hn_jw_key(w, "physicalLocation");
        hn_jw_obj(w);
        hn_jw_key(w, "artifactLocation");
        hn_jw_obj(w);
        uri(o, path);
        hn_jw_obj_end(w);
        hn_jw_obj_end(w);
    }
    hn_jw_key(w, "logicalLocations");
    hn_jw_arr(w);
    hn_jw_obj(w);
    hn_jw_kstr(w, "name", f->subject);
    hn_jw_kstr(w, "fullyQualifiedName", hn_arena_fmt(o->a, "%.*s/%.*s", HN_FMT(f->asset_name), HN_FMT(f->subject)));
    hn_jw_kc(w, "kind", "resource");
    hn_jw_obj_end(w);
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
    hn_jw_arr_end(w);
}

static void row(struct export_out *o, const struct export_row *r)
{
    struct hn_jw *w = &o->w;
    const struct hn_store_finding *f = r->f;

    rule_note(o, r);
    hn_jw_obj(w);
    hn_jw_kstr(w, "ruleId", f->kind);
    hn_jw_kc(w, "level", level(f->severity));
    hn_jw_kc(w, "kind", "fail");
    hn_jw_key(w, "message");
    hn_jw_obj(w);
    hn_jw_kstr(w, "text", r->sentence.n ? r->sentence : r->title);
    hn_jw_obj_end(w);
    hn_jw_knum(w, "rank", f->score);
    hn_jw_key(w, "partialFingerprints");
    hn_jw_obj(w);
    hn_jw_kstr(w, "hinomiFinding/v1", f->id);
    hn_jw_obj_end(w);
    location(o, f);
    if (f->status == HN_F_EXCEPTED) {
        hn_jw_key(w, "suppressions");
        hn_jw_raw(w, HN_STR("[{\"kind\":\"external\",\"status\":\"accepted\"}]"));
    }
    hn_jw_key(w, "properties");
    hn_jw_obj(w);
    hn_jw_kstr(w, "asset", f->asset_name);
    hn_jw_kstr(w, "organisation", f->org_name_en);
    hn_jw_kc(w, "severity", hn_severity_name((enum hn_severity)f->severity));
    hn_jw_kc(w, "status", hn_finding_status_name(f->status));
    hn_jw_ktime(w, "due", f->due);
    hn_jw_kstr(w, "remedy", r->remedy);
    hn_jw_obj_end(w);
    hn_jw_obj_end(w);
}

static void rules_write(struct export_out *o)
{
    const struct rules *t = rules_of(o);
    struct hn_jw *w = &o->w;

    hn_jw_key(w, "rules");
    hn_jw_arr(w);
    for (size_t i = 0; t && i < t->n; i++) {
        hn_jw_obj(w);
        hn_jw_kstr(w, "id", t->id[i]);
        hn_jw_key(w, "shortDescription");
        hn_jw_obj(w);
        hn_jw_kstr(w, "text", t->title[i].n ? t->title[i] : t->id[i]);
        hn_jw_obj_end(w);
        if (t->help[i].n) {
            hn_jw_key(w, "help");
            hn_jw_obj(w);
            hn_jw_kstr(w, "text", t->help[i]);
            hn_jw_obj_end(w);
        }
        hn_jw_key(w, "defaultConfiguration");
        hn_jw_obj(w);
        hn_jw_kc(w, "level", level(t->severity[i]));
        hn_jw_obj_end(w);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
}

static void end(struct export_out *o)
{
    struct hn_jw *w = &o->w;

    hn_jw_arr_end(w);
    hn_jw_key(w, "tool");
    hn_jw_obj(w);
    hn_jw_key(w, "driver");
    hn_jw_obj(w);
    hn_jw_kc(w, "name", "Hinomi");
    hn_jw_kc(w, "semanticVersion", HN_VERSION);
    rules_write(o);
    hn_jw_obj_end(w);
    hn_jw_obj_end(w);
    hn_jw_obj_end(w);
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
}

const struct export_format export_sarif = {"sarif", "application/sarif+json", begin, row, end};
