/* names: what the list of a source names, a line each, "what time name" (time: nanoseconds of UTC, 0 unknown). It is
 * how the front, which looks into nothing, learns what there is to fetch; it checks every name and joins it to an
 * address of its own.
 *
 *   provider   provider-metadata.json (csaf-v2.0 §7.1.8): "folder" directory_url, "rolie" url, "key:FINGERPRINT" url
 *   changes    changes.csv (§7.1.13): "path","time" newest first
 *   rolie      feed.entry[] (§7.1.15, RFC 8322): content.src, updated
 *   osv        modified_id.csv: time,id newest first */
#include "base/hash.h"
#include "base/str.h"
#include "modules/feed/feed.h"

#define LIST_MAX  ((size_t)256 << 20)
#define LINES_MAX 4000000u
#define DEPTH     32u

const struct hn_verb_option feed_names_options[] = {
    {"form", HN_OPT_STR, "FORM", false, "provider changes rolie osv", 0, 0}, {0}};

struct names {
    struct hn_work *w;
    size_t n, bad, nameless; /* nameless: keys without a fingerprint */
};

static void put(struct names *x, const char *what, hn_time time, struct hn_str name)
{
    bool plain = name.n > 0 && name.n < 2048 && x->n < LINES_MAX;
    for (size_t i = 0; plain && i < name.n; i++)
        plain = name.p[i] > ' ' && name.p[i] <= '~';
    x->bad += !plain;
    x->n += plain;
    if (plain)
        hn_work_print(x->w, "%s %lld %.*s\n", what, (long long)time, HN_FMT(name));
}

static hn_time time_of(struct hn_str s)
{
    hn_time t = 0;
    return hn_time_parse(s, &t) && t > 0 ? t : 0;
}

/* ---------------------------------------------------------------- CSV */

/* RFC 4180 as far as these lists go: no quote and no comma within a cell. */
static struct hn_str cell(struct hn_str *rest)
{
    struct hn_str c = {"", 0};
    hn_str_split(rest, ',', &c);
    c = hn_str_trim(c);
    return c.n >= 2 && c.p[0] == '"' && c.p[c.n - 1] == '"' ? hn_str_cut(c, 1, c.n - 1) : c;
}

static void csv(struct names *x, struct hn_bytes text, bool time_first)
{
    struct hn_bytes line;
    struct hn_str s;
    while (hn_bytes_line(&text, &line)) {
        if (!line.n)
            continue;
        if (!hn_str_from_utf8(line, &s)) {
            x->bad++;
            continue;
        }
        struct hn_str a = cell(&s), b = cell(&s);
        hn_time t = time_of(time_first ? a : b);
        if (t)
            put(x, "file", t, time_first ? b : a);
        else
            x->bad++; /* also a line of headings */
    }
}

/* ---------------------------------------------------------------- JSON */

#define EACH(item, array)                                                                                              \
    for (const struct hn_jv *item = (array) && (array)->kind == HN_JV_ARR ? (array)->items : NULL,                     \
                            *item##_end = item ? item + (array)->n : NULL;                                             \
         item != item##_end; item++)

/* §7.1.20. A key without a fingerprint would be any key. */
static void provider_key(struct names *x, const struct hn_jv *key)
{
    struct hn_str fpr = hn_jv_str(key, "fingerprint");
    bool ok = fpr.n >= 40 && fpr.n <= 64;
    for (size_t i = 0; ok && i < fpr.n; i++)
        ok = hn_hex_digit(fpr.p[i]) >= 0;
    if (ok)
        put(x, hn_arena_fmt(hn_work_arena(x->w), "key:%.*s", HN_FMT(fpr)).p, 0, hn_jv_str(key, "url"));
    else
        x->nameless++;
}

static void provider(struct names *x, const struct hn_jv *v)
{
    EACH(key, hn_jv_get(v, "public_openpgp_keys"))
    provider_key(x, key);
    EACH(d, hn_jv_get(v, "distributions"))
    {
        struct hn_str folder = hn_jv_str(d, "directory_url");
        if (folder.n)
            put(x, "folder", 0, folder);
        EACH(feed, hn_jv_get(hn_jv_get(d, "rolie"), "feeds"))
        put(x, "rolie", 0, hn_jv_str(feed, "url"));
    }
}

static void rolie(struct names *x, const struct hn_jv *v)
{
    EACH(e, hn_jv_get(hn_jv_get(v, "feed"), "entry"))
    {
        struct hn_str at = hn_jv_str(hn_jv_get(e, "content"), "src");
        EACH(link, hn_jv_get(e, "link"))
        if (!at.n && hn_str_eqc(hn_jv_str(link, "rel"), "self"))
            at = hn_jv_str(link, "href");
        put(x, "file", time_of(hn_jv_str(e, "updated")), at);
    }
}

static bool json(struct names *x, struct hn_bytes text, bool is_provider)
{
    struct hn_diag d = {{0}};
    const struct hn_jv *v = hn_jv_parse(hn_work_arena(x->w), text, &d);
    if (!v) {
        hn_work_fail(x->w, "feed.names.bad", "why", d.msg, NULL);
        return false;
    }
    if (is_provider)
        provider(x, v);
    else
        rolie(x, v);
    return true;
}

int feed_names(struct hn_work *w)
{
    struct names x = {.w = w};
    struct hn_str form = hn_work_str(w, "form");
    struct hn_input in;
    bool ok = form.n > 0;
    if (!ok)
        return hn_work_usage(w, "feed.names.form", NULL);
    while (ok && hn_work_next(w, &in)) {
        ok = hn_work_map(w, &in, LIST_MAX);
        if (ok && (hn_str_eqc(form, "provider") || hn_str_eqc(form, "rolie")))
            ok = json(&x, in.map, hn_str_eqc(form, "provider"));
        else if (ok)
            csv(&x, in.map, hn_str_eqc(form, "osv"));
        hn_work_done(&in);
    }
    if (x.nameless) {
        struct hn_str n = hn_arena_fmt(hn_work_arena(w), "%zu", x.nameless);
        hn_work_warn(w, "feed.names.nameless", "n", hn_arena_cstr(hn_work_arena(w), n), NULL);
    }
    if (x.bad > 1) { /* one is a line of headings */
        struct hn_str n = hn_arena_fmt(hn_work_arena(w), "%zu", x.bad);
        hn_work_warn(w, "feed.names.skipped", "n", hn_arena_cstr(hn_work_arena(w), n), NULL);
    }
    return ok ? 0 : 3;
}
