/* Decoding a record. Everything is checked: the bytes may be anything. */
#include <math.h>

#include "format/advisory/layout.h"

struct reader {
    struct hn_cur c; /* over the whole record: offsets are those of the record */
    struct hn_arena *a;
    /* The list decoded last, so that one list named a thousand times is one list in memory too. */
    uint64_t list_at;
    struct hn_adv_strs list;
};

static void begin(struct reader *r, struct hn_bytes record, size_t at, struct hn_arena *a)
{
    *r = (struct reader){.a = a, .list_at = UINT64_MAX};
    hn_cur_init(&r->c, record, UINT64_MAX);
    hn_cur_skip(&r->c, at);
}

/* ---------------------------------------------------------------- numbers and text */

static uint64_t take_uint(struct hn_cur *c)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t b = hn_cur_u8(c);
        v |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80))
            return v;
    }
    hn_cur_fail(c, "number too long");
    return 0;
}

static int64_t take_int(struct hn_cur *c)
{
    uint64_t v = take_uint(c);
    return (int64_t)(v >> 1 ^ (v & 1 ? UINT64_MAX : 0));
}

/* A number of things of at least one byte each. */
static size_t take_count(struct hn_cur *c)
{
    uint64_t n = take_uint(c);
    if (n > hn_cur_left(c)) {
        hn_cur_fail(c, "more than there is");
        return 0;
    }
    return (size_t)n;
}

static double take_fraction(struct hn_cur *c)
{
    uint64_t bits = hn_cur_le64(c);
    double d;
    memcpy(&d, &bits, 8);
    if (!(d >= 0 && d <= 1)) {
        hn_cur_fail(c, "not between 0 and 1");
        return 0;
    }
    return d;
}

static uint8_t take_enum(struct hn_cur *c, unsigned most)
{
    uint8_t v = hn_cur_u8(c);
    if (v > most) {
        hn_cur_fail(c, "unknown value");
        return 0;
    }
    return v;
}

static struct hn_str take_literal(struct hn_cur *c, uint64_t head)
{
    struct hn_str s = {"", 0};
    if (head >> 1 > hn_cur_left(c)) {
        hn_cur_fail(c, "cut short");
        return s;
    }
    if (!hn_str_from_utf8(hn_cur_take(c, (size_t)(head >> 1)), &s)) {
        hn_cur_fail(c, "not UTF-8");
        return (struct hn_str){"", 0};
    }
    return s;
}

static struct hn_str take_str(struct hn_cur *c)
{
    size_t here = c->off;
    uint64_t head = take_uint(c);
    if (!(head & 1))
        return take_literal(c, head);
    struct hn_cur back = *c;
    back.off = (size_t)(head >> 1);
    if (head >> 1 < HN_ADV_RECORD_HEAD || head >> 1 >= here) {
        hn_cur_fail(c, "refers forward");
        return (struct hn_str){"", 0};
    }
    head = take_uint(&back);
    if (head & 1)
        hn_cur_fail(&back, "refers twice");
    struct hn_str s = take_literal(&back, head);
    if (hn_cur_bad(&back))
        hn_cur_fail(c, back.bad);
    return s;
}

static void *take_room(struct reader *r, size_t n, size_t size)
{
    void *p = n && !hn_cur_bad(&r->c) ? hn_arena_alloc(r->a, n * size) : NULL;
    if (n && !p)
        hn_cur_fail(&r->c, "no memory");
    return p;
}

static struct hn_adv_strs take_list(struct reader *r, struct hn_cur *c, uint64_t head)
{
    uint64_t n = head >> 1;
    if (n > hn_cur_left(c)) {
        hn_cur_fail(c, "more than there is");
        n = 0;
    }
    struct hn_str *p = n ? hn_arena_alloc(r->a, (size_t)n * sizeof *p) : NULL;
    if (!p)
        return (struct hn_adv_strs){0};
    for (size_t i = 0; i < n && !hn_cur_bad(c); i++)
        p[i] = take_str(c);
    return (struct hn_adv_strs){p, (size_t)n};
}

static struct hn_adv_strs take_strs(struct reader *r)
{
    struct hn_cur *c = &r->c;
    uint64_t here = c->off, head = take_uint(c), at = head & 1 ? head >> 1 : here;
    if (head & 1 && at == r->list_at)
        return r->list;
    struct hn_cur list = *c;
    if (head & 1) {
        list.off = (size_t)at;
        if (at < HN_ADV_RECORD_HEAD || at >= here)
            hn_cur_fail(c, "refers forward");
        else if ((head = take_uint(&list)) & 1)
            hn_cur_fail(c, "refers twice");
        if (hn_cur_bad(c))
            return (struct hn_adv_strs){0};
    }
    struct hn_adv_strs strs = take_list(r, &list, head);
    if (hn_cur_bad(&list) || r->a->failed)
        hn_cur_fail(c, "damaged list");
    else if (at == here)
        c->off = list.off;
    r->list_at = at;
    r->list = strs;
    return strs;
}

/* ---------------------------------------------------------------- parts */

static const struct hn_adv_severity *take_severities(struct reader *r, size_t *ret_n)
{
    struct hn_cur *c = &r->c;
    size_t n = take_count(c);
    struct hn_adv_severity *s = take_room(r, n, sizeof *s);
    for (size_t i = 0; i < n && !hn_cur_bad(c); i++) {
        s[i].cvss = take_enum(c, HN_CVSS_40);
        uint8_t who = take_enum(c, HN_SAYER_JVN << 1 | 1);
        s[i].sayer = who >> 1;
        s[i].primary = who & 1;
        int64_t score = take_int(c);
        s[i].score = score >= 0 && score <= 100 ? (int16_t)score : -1;
        s[i].vector = take_str(c);
        s[i].word = take_str(c);
        s[i].source = take_str(c);
    }
    *ret_n = s ? n : 0;
    return s;
}

static void take_exploitation(struct hn_cur *c, unsigned flags, struct hn_adv *ret)
{
    if (flags & 2) {
        ret->kev.listed = true;
        ret->kev.ransomware = take_enum(c, 1);
        ret->kev.added = take_int(c);
        ret->kev.due = take_int(c);
        ret->kev.action = take_str(c);
    }
    if (flags & 4) {
        ret->epss.scored = true;
        ret->epss.score = take_fraction(c);
        ret->epss.percentile = take_fraction(c);
        ret->epss.date = take_int(c);
    }
    ret->ssvc.exploitation = take_enum(c, HN_EXPLOITATION_ACTIVE);
    ret->ssvc.automatable = take_enum(c, HN_AUTOMATABLE_YES);
    ret->ssvc.impact = take_enum(c, HN_IMPACT_TOTAL);
    ret->ssvc.date = take_int(c);
}

static void take_head(struct reader *r, struct hn_adv *ret)
{
    struct hn_cur *c = &r->c;
    struct hn_str *const texts[] = {&ret->id, &ret->part, &ret->document, &ret->author, &ret->state, &ret->summary};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        *texts[i] = take_str(c);
    ret->published = take_int(c);
    ret->withdrawn = take_int(c);
    unsigned flags = take_enum(c, 7);
    ret->rejected = flags & 1;
    ret->aliases = take_strs(r);
    ret->upstream = take_strs(r);
    ret->related = take_strs(r);
    ret->cwes = take_strs(r);
    ret->severities = take_severities(r, &ret->n_severities);
    take_exploitation(c, flags, ret);
}

static void take_ranges(struct reader *r, struct hn_adv_affected *ret)
{
    struct hn_cur *c = &r->c;
    size_t n = take_count(c);
    struct hn_adv_range *ranges = take_room(r, n, sizeof *ranges);
    for (size_t i = 0; i < n && !hn_cur_bad(c); i++) {
        ranges[i].type = take_enum(c, HN_RANGE_UNKNOWN);
        ranges[i].repo = take_str(c);
        size_t m = take_count(c);
        struct hn_adv_event *events = take_room(r, m, sizeof *events);
        for (size_t k = 0; k < m && !hn_cur_bad(c); k++) {
            events[k].kind = take_enum(c, HN_EVENT_LIMIT);
            events[k].version = take_str(c);
        }
        ranges[i].events = events;
        ranges[i].n = events ? m : 0;
    }
    ret->ranges = ranges;
    ret->n_ranges = ranges ? n : 0;
}

static void take_cve_versions(struct reader *r, struct hn_adv_affected *ret)
{
    struct hn_cur *c = &r->c;
    size_t n = take_count(c);
    struct hn_adv_cve_version *v = take_room(r, n, sizeof *v);
    for (size_t i = 0; i < n && !hn_cur_bad(c); i++) {
        v[i].status = take_enum(c, HN_STATUS_RECOMMENDED);
        v[i].version = take_str(c);
        v[i].type = take_str(c);
        v[i].less_than = take_str(c);
        v[i].less_than_or_equal = take_str(c);
        size_t m = take_count(c);
        struct hn_adv_cve_change *changes = take_room(r, m, sizeof *changes);
        for (size_t k = 0; k < m && !hn_cur_bad(c); k++) {
            changes[k].status = take_enum(c, HN_STATUS_RECOMMENDED);
            changes[k].at = take_str(c);
        }
        v[i].changes = changes;
        v[i].n_changes = changes ? m : 0;
    }
    ret->cve_versions = v;
    ret->n_cve_versions = v ? n : 0;
}

static void take_imports(struct reader *r, struct hn_adv_affected *ret)
{
    size_t n = take_count(&r->c);
    struct hn_adv_import *imports = take_room(r, n, sizeof *imports);
    for (size_t i = 0; i < n && !hn_cur_bad(&r->c); i++) {
        imports[i].path = take_str(&r->c);
        imports[i].symbols = take_strs(r);
    }
    ret->imports = imports;
    ret->n_imports = imports ? n : 0;
}

static void take_affected(struct reader *r, struct hn_adv_affected *ret)
{
    struct hn_cur *c = &r->c;
    size_t from = c->off;
    uint32_t n = hn_cur_le32(c);
    ret->ecosystem = take_str(c);
    ret->name = take_str(c);
    ret->purl = take_str(c);
    take_ranges(r, ret);
    ret->versions = take_strs(r);
    ret->status = take_enum(c, HN_STATUS_RECOMMENDED);
    struct hn_str *const texts[] = {&ret->urgency, &ret->note,   &ret->statement,   &ret->within,
                                    &ret->product, &ret->vendor, &ret->product_name};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        *texts[i] = take_str(c);
    ret->cpes = take_strs(r);
    ret->platforms = take_strs(r);
    take_cve_versions(r, ret);
    take_imports(r, ret);
    ret->severities = take_severities(r, &ret->n_severities);
    if (c->off - from != n)
        hn_cur_fail(c, "affected entry of another length");
}

static void take_nodes(struct reader *r, struct hn_adv *ret)
{
    struct hn_cur *c = &r->c;
    size_t n = take_count(c);
    struct hn_adv_cpe_node *nodes = take_room(r, n, sizeof *nodes);
    for (size_t i = 0; i < n && !hn_cur_bad(c); i++) {
        int64_t parent = take_int(c);
        unsigned flags = take_enum(c, 3);
        size_t m = take_count(c);
        struct hn_adv_cpe_match *matches = take_room(r, m, sizeof *matches);
        if (parent < -1 || parent >= (int64_t)i)
            hn_cur_fail(c, "a node before its parent");
        for (size_t k = 0; k < m && !hn_cur_bad(c); k++) {
            matches[k].criteria = take_str(c);
            matches[k].vulnerable = take_enum(c, 1);
            matches[k].start_including = take_str(c);
            matches[k].start_excluding = take_str(c);
            matches[k].end_including = take_str(c);
            matches[k].end_excluding = take_str(c);
        }
        nodes[i] = (struct hn_adv_cpe_node){(int32_t)parent, flags & 1, flags & 2, matches, matches ? m : 0};
    }
    ret->nodes = nodes;
    ret->n_nodes = nodes ? n : 0;
}

/* ---------------------------------------------------------------- records */

static void take_all_affected(struct reader *r, size_t n, struct hn_adv *ret)
{
    if (n > hn_cur_left(&r->c) / 4) {
        hn_cur_fail(&r->c, "more than there is");
        return;
    }
    struct hn_adv_affected *f = take_room(r, n, sizeof *f);
    for (size_t i = 0; i < n && !hn_cur_bad(&r->c); i++)
        take_affected(r, &f[i]);
    ret->affected = f;
    ret->n_affected = f ? n : 0;
}

bool hn_adv_read_record(struct hn_bytes record, unsigned parts, struct hn_arena *a, struct hn_adv *ret)
{
    struct reader r;
    memset(ret, 0, sizeof *ret);
    if (record.n < HN_ADV_RECORD_HEAD)
        return false;
    const uint8_t *p = record.p;
    if (p[28] >= HN_ADV_FAMILIES)
        return false;
    ret->family = p[28];
    ret->feed = hn_adv_le16(p + 30);
    ret->modified = (hn_time)hn_adv_le64(p + 32);
    if (parts & HN_ADV_PART_HEAD) {
        begin(&r, record, HN_ADV_RECORD_HEAD, a);
        take_head(&r, ret);
        if (hn_cur_bad(&r.c))
            return false;
    }
    if (parts & HN_ADV_PART_AFFECTED) {
        begin(&r, record, hn_adv_le32(p + 16), a);
        take_all_affected(&r, hn_adv_le32(p + 20), ret);
        if (hn_cur_bad(&r.c))
            return false;
    }
    if (parts & HN_ADV_PART_NODES) {
        begin(&r, record, hn_adv_le32(p + 24), a);
        take_nodes(&r, ret);
        if (hn_cur_bad(&r.c))
            return false;
    }
    return true;
}

bool hn_adv_read_affected(struct hn_bytes record, uint32_t at, struct hn_arena *a, struct hn_adv_affected *ret)
{
    struct reader r;
    memset(ret, 0, sizeof *ret);
    begin(&r, record, at, a);
    take_affected(&r, ret);
    return !hn_cur_bad(&r.c);
}

bool hn_adv_text_at(struct hn_bytes record, uint32_t at, struct hn_str *ret)
{
    struct reader r;
    if (at < HN_ADV_RECORD_HEAD)
        return false;
    begin(&r, record, at, NULL);
    *ret = take_str(&r.c);
    return !hn_cur_bad(&r.c);
}

bool hn_adv_name_at(struct hn_bytes record, uint32_t at, struct hn_str *ret_ecosystem, struct hn_str *ret_name)
{
    struct reader r;
    if (at < HN_ADV_RECORD_HEAD)
        return false;
    begin(&r, record, at, NULL);
    hn_cur_skip(&r.c, 4);
    *ret_ecosystem = take_str(&r.c);
    *ret_name = take_str(&r.c);
    return !hn_cur_bad(&r.c);
}

bool hn_adv_read_text(struct hn_bytes text, struct hn_arena *a, struct hn_adv_text *ret)
{
    struct reader r;
    memset(ret, 0, sizeof *ret);
    begin(&r, text, 0, a);
    size_t n = take_count(&r.c);
    struct hn_adv_reference *refs = take_room(&r, n, sizeof *refs);
    for (size_t i = 0; i < n && !hn_cur_bad(&r.c); i++) {
        refs[i].type = take_literal(&r.c, take_uint(&r.c));
        refs[i].url = take_literal(&r.c, take_uint(&r.c));
    }
    ret->references = refs;
    ret->n_references = refs ? n : 0;
    ret->details = take_literal(&r.c, take_uint(&r.c));
    return !hn_cur_bad(&r.c);
}

bool hn_adv_part_of(struct hn_bytes record, struct hn_str *ret)
{
    struct reader r;
    begin(&r, record, HN_ADV_RECORD_HEAD, NULL);
    take_str(&r.c);
    *ret = take_str(&r.c);
    return !hn_cur_bad(&r.c);
}

bool hn_adv_read_feed(struct hn_cur *c, struct hn_adv_feed *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->name = take_literal(c, take_uint(c));
    ret->kind = take_literal(c, take_uint(c));
    ret->source = take_literal(c, take_uint(c));
    ret->licence = take_literal(c, take_uint(c));
    ret->date = take_int(c);
    ret->imported = take_int(c);
    ret->records = take_uint(c);
    ret->rejected = take_uint(c);
    struct hn_bytes sum = hn_cur_take(c, sizeof ret->sha256);
    if (sum.n == sizeof ret->sha256)
        memcpy(ret->sha256, sum.p, sum.n);
    return !hn_cur_bad(c);
}

bool hn_adv_read_ecosystem(struct hn_cur *c, uint32_t i, struct hn_str *ret_name, uint64_t *ret_entries)
{
    uint64_t n = take_count(c);
    for (uint64_t k = 0; k < n && !hn_cur_bad(c); k++) {
        *ret_name = take_literal(c, take_uint(c));
        *ret_entries = take_uint(c);
        if (k == i)
            return !hn_cur_bad(c);
    }
    return false;
}
