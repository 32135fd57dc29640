/* Lists that name a CVE on each line or entry: CISA KEV (JSON and CSV), FIRST EPSS (CSV). */
#include <stdlib.h>

#include "format/advisory/read_in.h"

/* ---------------------------------------------------------------- KEV */

static void kev_dated(void *arg, struct hn_str key, struct hn_str value)
{
    const struct hn_adv_sink *s = arg;
    if (hn_str_eqc(key, "dateReleased") && s->dated)
        s->dated(s->arg, hn_adv_time(value));
}

/* The columns of the catalogue; names are those of the JSON and of the CSV's first line. */
enum kev { K_ID, K_VENDOR, K_PRODUCT, K_NAME, K_ADDED, K_SHORT, K_ACTION, K_DUE, K_RANSOM, K_NOTES, K_CWES, K_COUNT };
static const char *const kev_names[K_COUNT] = {"cveID",
                                               "vendorProject",
                                               "product",
                                               "vulnerabilityName",
                                               "dateAdded",
                                               "shortDescription",
                                               "requiredAction",
                                               "dueDate",
                                               "knownRansomwareCampaignUse",
                                               "notes",
                                               "cwes"};

/* "text ; https://… ; https://…" */
static void kev_references(struct hn_arena *a, struct hn_str notes, struct hn_adv_text *text)
{
    struct hn_adv_vec v = {0};
    struct hn_str one;
    while (hn_str_word(&notes, &one))
        if (hn_str_starts(one, "https://") || hn_str_starts(one, "http://")) {
            while (one.n && (one.p[one.n - 1] == ';' || one.p[one.n - 1] == ','))
                one.n--;
            struct hn_adv_reference *r = hn_adv_push(a, &v, sizeof *r);
            if (r)
                r->url = one;
        }
    text->references = v.p;
    text->n_references = v.n;
}

static bool kev_give(const struct hn_adv_sink *s, const struct hn_str *c, struct hn_adv_strs cwes, uint64_t offset)
{
    struct hn_adv adv = {.family = HN_ADV_KEV, .id = c[K_ID], .summary = c[K_NAME], .cwes = cwes};
    struct hn_adv_text text = {.details = c[K_SHORT]};
    struct hn_adv_affected f = {.vendor = c[K_VENDOR], .product = c[K_PRODUCT], .status = HN_STATUS_AFFECTED};
    if (!hn_adv_is_cve(c[K_ID])) {
        s->bad(s->arg, c[K_ID], offset, "not a CVE id");
        return false;
    }
    adv.kev = (struct hn_adv_kev){.listed = true,
                                  .ransomware = hn_str_eqc(c[K_RANSOM], "Known"),
                                  .added = hn_adv_time(c[K_ADDED]),
                                  .due = hn_adv_time(c[K_DUE]),
                                  .action = c[K_ACTION]};
    adv.published = adv.modified = adv.kev.added;
    adv.affected = &f;
    adv.n_affected = 1;
    kev_references(s->arena, c[K_NOTES], &text);
    return hn_adv_give(s, &adv, &text, offset);
}

static void kev_entry(void *arg, const struct hn_jv *v, uint64_t offset)
{
    const struct hn_adv_sink *s = arg;
    struct hn_str columns[K_COUNT];
    for (unsigned i = 0; i < K_COUNT; i++)
        columns[i] = hn_adv_tree_str(v, kev_names[i]);
    kev_give(s, columns, hn_adv_tree_strs(s->arena, hn_jv_get(v, "cwes")), offset);
}

bool hn_adv_read_kev_json(struct hn_bytes doc, const struct hn_adv_sink *s)
{
    return hn_adv_each_member(doc, "vulnerabilities", s, kev_entry, kev_dated, (void *)(uintptr_t)s);
}

/* ---------------------------------------------------------------- CSV (RFC 4180) */

/* The next field; quotes are taken off, doubled ones made single. *ret_last: a line end or the end of the text follows.
 */
static struct hn_str csv_field(struct hn_str *rest, struct hn_arena *a, bool *ret_last)
{
    const char *p = rest->p;
    size_t i = 0, n = 0;
    char *out = NULL;
    struct hn_str field;
    if (rest->n && p[0] == '"') {
        out = hn_arena_alloc(a, rest->n < 65536 ? rest->n : 65536);
        for (i = 1; i < rest->n && (p[i] != '"' || (i + 1 < rest->n && p[i + 1] == '"')); i++) {
            if (out && n < 65536)
                out[n++] = p[i];
            i += p[i] == '"';
        }
        i += i < rest->n;
        field = (struct hn_str){out ? out : "", out ? n : 0};
        while (i < rest->n && p[i] != ',' && p[i] != '\n')
            i++;
    } else {
        while (i < rest->n && p[i] != ',' && p[i] != '\n')
            i++;
        field = hn_str_trim(hn_str_cut(*rest, 0, i));
    }
    *ret_last = i == rest->n || p[i] == '\n';
    *rest = hn_str_cut(*rest, i < rest->n ? i + 1 : i, rest->n);
    return field;
}

#define CSV_COLUMNS 32u

static size_t csv_line(struct hn_str *rest, struct hn_arena *a, struct hn_str fields[CSV_COLUMNS])
{
    size_t n = 0;
    for (bool last = false; !last;) {
        struct hn_str f = csv_field(rest, a, &last);
        if (n < CSV_COLUMNS)
            fields[n++] = f;
    }
    return n;
}

/* Valid text from the beginning of the document; what follows the first byte that is not UTF-8 is told and left. */
static struct hn_str csv_text(struct hn_bytes doc, const struct hn_adv_sink *s)
{
    size_t n = hn_utf8_valid_len(doc);
    if (n < doc.n)
        s->bad(s->arg, HN_STR(""), n, "not UTF-8");
    struct hn_str t = {(const char *)doc.p, n};
    return hn_str_starts(t, "\xef\xbb\xbf") ? hn_str_cut(t, 3, t.n) : t;
}

static struct hn_adv_strs kev_csv_cwes(struct hn_arena *a, struct hn_str s)
{
    struct hn_adv_vec v = {0};
    struct hn_str one;
    while (hn_str_split(&s, ',', &one))
        hn_adv_push_str(a, &v, hn_adv_cwe_in(one));
    return hn_adv_vec_strs(&v);
}

bool hn_adv_read_kev_csv(struct hn_bytes doc, const struct hn_adv_sink *s)
{
    struct hn_str rest = csv_text(doc, s), fields[CSV_COLUMNS], c[K_COUNT];
    int place[K_COUNT];
    bool any = false;
    size_t n = csv_line(&rest, s->arena, fields);
    for (unsigned k = 0; k < K_COUNT; k++) {
        place[k] = -1;
        for (size_t i = 0; i < n; i++)
            if (hn_str_eqc(fields[i], kev_names[k]))
                place[k] = (int)i;
    }
    hn_arena_clear(s->arena);
    while (rest.n) {
        uint64_t offset = (uint64_t)((const uint8_t *)rest.p - doc.p);
        n = csv_line(&rest, s->arena, fields);
        for (unsigned k = 0; k < K_COUNT; k++)
            c[k] = place[k] >= 0 && (size_t)place[k] < n ? fields[place[k]] : HN_STR("");
        if (n > 1 || fields[0].n)
            any |= kev_give(s, c, kev_csv_cwes(s->arena, c[K_CWES]), offset);
        hn_arena_clear(s->arena);
    }
    return any;
}

/* ---------------------------------------------------------------- EPSS
 *
 *   #model_version:v2025.03.14,score_date:2026-08-20T12:55:00Z      copies may lack this line
 *   cve,epss,percentile
 *   CVE-1999-0001,0.01141,0.77832 */

static hn_time epss_date(struct hn_str line)
{
    ptrdiff_t at = hn_str_find(line, HN_STR("score_date:"));
    if (at < 0)
        return 0;
    struct hn_str s = hn_str_cut(line, (size_t)at + 11, line.n);
    ptrdiff_t end = hn_str_chr(s, ',');
    s = hn_str_trim(end < 0 ? s : hn_str_cut(s, 0, (size_t)end));
    if (s.n > 5 && (hn_str_ends(s, "+0000") || hn_str_ends(s, "-0000")))
        s.n -= 5;
    return hn_adv_time(s);
}

/* A number between 0 and 1 as it is written here: digits, a point, digits; perhaps an exponent. */
static bool epss_number(struct hn_str s, double *ret)
{
    char room[40];
    char *end;
    if (!s.n || s.n >= sizeof room)
        return false;
    memcpy(room, s.p, s.n);
    room[s.n] = 0;
    *ret = strtod(room, &end);
    return *end == 0 && *ret >= 0 && *ret <= 1;
}

static bool epss_line(const struct hn_adv_sink *s, struct hn_str line, hn_time date, uint64_t offset)
{
    struct hn_str id, score, percentile;
    struct hn_adv adv = {.family = HN_ADV_EPSS, .modified = date, .epss = {.scored = true, .date = date}};
    hn_str_split(&line, ',', &id);
    if (!hn_adv_is_cve(id) || !hn_str_split(&line, ',', &score) || !hn_str_split(&line, ',', &percentile) ||
        !epss_number(hn_str_trim(score), &adv.epss.score) ||
        !epss_number(hn_str_trim(percentile), &adv.epss.percentile)) {
        s->bad(s->arg, hn_str_cut(id, 0, id.n < 64 ? id.n : hn_utf8_valid_len(hn_bytes_of(id.p, 64))), offset,
               "not \"CVE id,score,percentile\"");
        return false;
    }
    adv.id = id;
    return hn_adv_give(s, &adv, &(struct hn_adv_text){0}, offset);
}

bool hn_adv_read_epss(struct hn_bytes doc, const struct hn_adv_sink *s)
{
    struct hn_str text = csv_text(doc, s), line;
    struct hn_bytes rest = hn_str_bytes(text), b;
    hn_time date = 0;
    bool any = false;
    while (hn_bytes_line(&rest, &b)) {
        line = (struct hn_str){(const char *)b.p, b.n};
        if (hn_str_starts(line, "#")) {
            date = epss_date(line);
            if (date && s->dated)
                s->dated(s->arg, date);
        } else if (line.n && !hn_str_starts(line, "cve,")) {
            any |= epss_line(s, line, date, (uint64_t)(b.p - doc.p));
        }
    }
    return any;
}
