/* Coding a record: the order here is the order of read.c. */
#include "base/hash.h"
#include "base/mem.h"
#include "format/advisory/layout.h"

#define SLOTS      4096u /* texts remembered in one record; a power of two */
#define LIST_SLOTS 64u
#define LEAST_TEXT 4u /* shorter ones are not worth a reference */

struct slot {
    uint64_t hash;
    uint32_t turn, at;
};
struct list_slot {
    uint64_t hash;
    uint32_t turn, at;
    struct hn_adv_strs list;
};

struct hn_adv_writer {
    struct hn_buf out;
    uint32_t turn; /* of the record being written; slots of earlier turns are empty */
    struct slot slots[SLOTS];
    struct list_slot lists[LIST_SLOTS];
    struct hn_adv_key_at *keys;
    size_t n_keys, cap_keys;
    bool failed;
};

struct hn_adv_writer *hn_adv_writer_new(void)
{
    struct hn_adv_writer *w = hn_alloc_zero(sizeof *w);
    if (w)
        hn_buf_init(&w->out, HN_ADV_RECORD_MOST);
    return w;
}

void hn_adv_writer_free(struct hn_adv_writer *w)
{
    if (!w)
        return;
    hn_buf_done(&w->out);
    hn_free(w->keys);
    hn_free(w);
}

/* ---------------------------------------------------------------- numbers and text */

static void put_uint(struct hn_buf *out, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        hn_buf_chr(out, (char)(v | 0x80));
    hn_buf_chr(out, (char)v);
}

static void put_int(struct hn_buf *out, int64_t v)
{
    put_uint(out, (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0));
}

static void put_double(struct hn_buf *out, double d)
{
    uint64_t bits;
    uint8_t b[8];
    memcpy(&bits, &d, 8);
    hn_adv_put64(b, bits);
    hn_buf_add(out, b, 8);
}

static void put_literal(struct hn_buf *out, struct hn_str s)
{
    put_uint(out, (uint64_t)s.n << 1);
    hn_buf_add(out, s.p, s.n);
}

/* Is the text that was written at `at` this one? */
static bool written(const struct hn_buf *out, uint32_t at, struct hn_str s)
{
    unsigned head = 1;
    for (uint64_t v = (uint64_t)s.n << 1; v >= 0x80; v >>= 7)
        head++;
    return at + head + s.n <= out->n && memcmp(out->p + at + head, s.p, s.n) == 0;
}

/* Gives where the text lies: its first place when it was there before. */
static uint32_t put_str(struct hn_adv_writer *w, struct hn_str s)
{
    uint32_t at = (uint32_t)w->out.n;
    if (s.n < LEAST_TEXT) {
        put_literal(&w->out, s);
        return at;
    }
    uint64_t hash = hn_hash64(hn_str_bytes(s)) ^ s.n;
    for (unsigned i = 0; i < 8; i++) {
        struct slot *slot = &w->slots[(hash + i) % SLOTS];
        if (slot->turn != w->turn) {
            *slot = (struct slot){hash, w->turn, at};
            break;
        }
        if (slot->hash == hash && written(&w->out, slot->at, s)) {
            put_uint(&w->out, (uint64_t)slot->at << 1 | 1);
            return slot->at;
        }
    }
    put_literal(&w->out, s);
    return at;
}

static bool strs_eq(struct hn_adv_strs a, struct hn_adv_strs b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (!hn_str_eq(a.p[i], b.p[i]))
            return false;
    return true;
}

/* A cheap mark of a list; equal lists are told by comparing them. */
static uint64_t list_hash(struct hn_adv_strs list)
{
    uint64_t h = list.n;
    for (size_t i = 0; i < list.n; i += 1 + list.n / 8)
        h = h * UINT64_C(0x9e3779b97f4a7c15) + hn_hash64(hn_str_bytes(list.p[i]));
    return h ^ h >> 29;
}

static void put_strs(struct hn_adv_writer *w, struct hn_adv_strs list)
{
    if (list.n > 1) {
        uint64_t hash = list_hash(list);
        struct list_slot *slot = &w->lists[hash % LIST_SLOTS];
        if (slot->turn == w->turn && slot->hash == hash && strs_eq(slot->list, list)) {
            put_uint(&w->out, (uint64_t)slot->at << 1 | 1);
            return;
        }
        *slot = (struct list_slot){hash, w->turn, (uint32_t)w->out.n, list};
    }
    put_uint(&w->out, (uint64_t)list.n << 1);
    for (size_t i = 0; i < list.n; i++)
        put_str(w, list.p[i]);
}

/* ---------------------------------------------------------------- keys */

static void add_key(struct hn_adv_writer *w, enum hn_adv_table_kind table, uint32_t at, struct hn_str a,
                    struct hn_str b)
{
    if (w->n_keys == w->cap_keys) {
        size_t cap = w->cap_keys ? 2 * w->cap_keys : 64;
        struct hn_adv_key_at *keys = hn_realloc(w->keys, cap * sizeof *keys);
        if (!keys) {
            w->failed = true;
            return;
        }
        w->keys = keys;
        w->cap_keys = cap;
    }
    w->keys[w->n_keys++] = (struct hn_adv_key_at){table, at, a, b};
}

static void put_ids(struct hn_adv_writer *w, struct hn_adv_strs ids, enum hn_adv_role role)
{
    put_uint(&w->out, (uint64_t)ids.n << 1);
    for (size_t i = 0; i < ids.n; i++)
        add_key(w, HN_TABLE_IDS, put_str(w, ids.p[i]) | (uint32_t)role << HN_ADV_ROLE_SHIFT, ids.p[i], HN_STR(""));
}

static void put_cpe(struct hn_adv_writer *w, struct hn_str cpe)
{
    add_key(w, HN_TABLE_CPES, put_str(w, cpe), cpe, HN_STR(""));
}

/* ---------------------------------------------------------------- parts */

static void put_severities(struct hn_adv_writer *w, const struct hn_adv_severity *s, size_t n)
{
    put_uint(&w->out, n);
    for (size_t i = 0; i < n; i++, s++) {
        hn_buf_chr(&w->out, (char)s->cvss);
        hn_buf_chr(&w->out, (char)((unsigned)s->sayer << 1 | s->primary));
        put_int(&w->out, s->score);
        put_str(w, s->vector);
        put_str(w, s->word);
        put_str(w, s->source);
    }
}

static void put_exploitation(struct hn_adv_writer *w, const struct hn_adv *a)
{
    struct hn_buf *out = &w->out;
    if (a->kev.listed) {
        hn_buf_chr(out, a->kev.ransomware);
        put_int(out, a->kev.added);
        put_int(out, a->kev.due);
        put_str(w, a->kev.action);
    }
    if (a->epss.scored) {
        put_double(out, a->epss.score);
        put_double(out, a->epss.percentile);
        put_int(out, a->epss.date);
    }
    hn_buf_chr(out, (char)a->ssvc.exploitation);
    hn_buf_chr(out, (char)a->ssvc.automatable);
    hn_buf_chr(out, (char)a->ssvc.impact);
    put_int(out, a->ssvc.date);
}

static void put_head(struct hn_adv_writer *w, const struct hn_adv *a)
{
    uint32_t at = put_str(w, a->id);
    add_key(w, HN_TABLE_SAME, at, a->id, a->part);
    add_key(w, HN_TABLE_IDS, at | (uint32_t)HN_ROLE_ID << HN_ADV_ROLE_SHIFT, a->id, HN_STR(""));
    const struct hn_str texts[] = {a->part, a->document, a->author, a->state, a->summary};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        put_str(w, texts[i]);
    put_int(&w->out, a->published);
    put_int(&w->out, a->withdrawn);
    hn_buf_chr(&w->out, (char)(a->rejected | a->kev.listed << 1 | a->epss.scored << 2));
    put_ids(w, a->aliases, HN_ROLE_ALIAS);
    put_ids(w, a->upstream, HN_ROLE_UPSTREAM);
    put_ids(w, a->related, HN_ROLE_RELATED);
    put_strs(w, a->cwes);
    put_severities(w, a->severities, a->n_severities);
    put_exploitation(w, a);
}

static void put_ranges(struct hn_adv_writer *w, const struct hn_adv_range *r, size_t n)
{
    put_uint(&w->out, n);
    for (size_t i = 0; i < n; i++, r++) {
        hn_buf_chr(&w->out, (char)r->type);
        put_str(w, r->repo);
        put_uint(&w->out, r->n);
        for (size_t k = 0; k < r->n; k++) {
            hn_buf_chr(&w->out, (char)r->events[k].kind);
            put_str(w, r->events[k].version);
        }
    }
}

static void put_cve_versions(struct hn_adv_writer *w, const struct hn_adv_cve_version *v, size_t n)
{
    put_uint(&w->out, n);
    for (size_t i = 0; i < n; i++, v++) {
        hn_buf_chr(&w->out, (char)v->status);
        put_str(w, v->version);
        put_str(w, v->type);
        put_str(w, v->less_than);
        put_str(w, v->less_than_or_equal);
        put_uint(&w->out, v->n_changes);
        for (size_t k = 0; k < v->n_changes; k++) {
            hn_buf_chr(&w->out, (char)v->changes[k].status);
            put_str(w, v->changes[k].at);
        }
    }
}

static void put_affected(struct hn_adv_writer *w, const struct hn_adv_affected *f)
{
    uint32_t at = (uint32_t)w->out.n;
    hn_buf_add(&w->out, "\0\0\0\0", 4);
    if (f->name.n)
        add_key(w, HN_TABLE_NAMES, at, f->ecosystem, f->name);
    put_str(w, f->ecosystem);
    put_str(w, f->name);
    put_str(w, f->purl);
    put_ranges(w, f->ranges, f->n_ranges);
    put_strs(w, f->versions);
    hn_buf_chr(&w->out, (char)f->status);
    const struct hn_str texts[] = {f->urgency, f->note,   f->statement,   f->within,
                                   f->product, f->vendor, f->product_name};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        put_str(w, texts[i]);
    put_uint(&w->out, (uint64_t)f->cpes.n << 1);
    for (size_t i = 0; i < f->cpes.n; i++)
        put_cpe(w, f->cpes.p[i]);
    put_strs(w, f->platforms);
    put_cve_versions(w, f->cve_versions, f->n_cve_versions);
    put_uint(&w->out, f->n_imports);
    for (size_t i = 0; i < f->n_imports; i++) {
        put_str(w, f->imports[i].path);
        put_strs(w, f->imports[i].symbols);
    }
    put_severities(w, f->severities, f->n_severities);
    if (!w->out.bad)
        hn_adv_put32((uint8_t *)w->out.p + at, (uint32_t)w->out.n - at);
}

static void put_node(struct hn_adv_writer *w, const struct hn_adv_cpe_node *node)
{
    put_int(&w->out, node->parent);
    hn_buf_chr(&w->out, (char)(node->all | node->negate << 1));
    put_uint(&w->out, node->n);
    for (size_t i = 0; i < node->n; i++) {
        const struct hn_adv_cpe_match *m = &node->matches[i];
        put_cpe(w, m->criteria);
        hn_buf_chr(&w->out, m->vulnerable);
        put_str(w, m->start_including);
        put_str(w, m->start_excluding);
        put_str(w, m->end_including);
        put_str(w, m->end_excluding);
    }
}

static void fill_head(uint8_t *p, const struct hn_adv *a, size_t n, size_t affected, size_t nodes)
{
    hn_adv_put32(p, (uint32_t)n);
    hn_adv_put32(p + 16, (uint32_t)affected);
    hn_adv_put32(p + 20, (uint32_t)a->n_affected);
    hn_adv_put32(p + 24, (uint32_t)nodes);
    p[28] = (uint8_t)a->family;
    p[29] = 0;
    hn_adv_put64(p + 32, (uint64_t)a->modified);
}

bool hn_adv_write(struct hn_adv_writer *w, const struct hn_adv *adv, struct hn_bytes *ret,
                  const struct hn_adv_key_at **ret_keys, size_t *ret_n)
{
    static const char zeros[HN_ADV_RECORD_HEAD];
    hn_buf_clear(&w->out);
    w->turn++;
    w->n_keys = 0;
    w->failed = false;
    hn_buf_add(&w->out, zeros, HN_ADV_RECORD_HEAD);
    put_head(w, adv);
    size_t affected = w->out.n;
    for (size_t i = 0; i < adv->n_affected && !w->out.bad; i++)
        put_affected(w, &adv->affected[i]);
    size_t nodes = w->out.n;
    put_uint(&w->out, adv->n_nodes);
    for (size_t i = 0; i < adv->n_nodes && !w->out.bad; i++)
        put_node(w, &adv->nodes[i]);
    hn_buf_add(&w->out, zeros, -w->out.n % 8);
    if (w->out.bad || w->failed)
        return false;
    fill_head((uint8_t *)w->out.p, adv, w->out.n, affected, nodes);
    *ret = hn_bytes_of(w->out.p, w->out.n);
    *ret_keys = w->keys;
    *ret_n = w->n_keys;
    return true;
}

void hn_adv_write_text(struct hn_buf *out, const struct hn_adv_text *text)
{
    put_uint(out, text->n_references);
    for (size_t i = 0; i < text->n_references; i++) {
        put_literal(out, text->references[i].type);
        put_literal(out, text->references[i].url);
    }
    put_literal(out, text->details);
}

void hn_adv_write_feed(struct hn_buf *out, const struct hn_adv_feed *f)
{
    put_literal(out, f->name);
    put_literal(out, f->kind);
    put_literal(out, f->source);
    put_literal(out, f->licence);
    put_int(out, f->date);
    put_int(out, f->imported);
    put_uint(out, f->records);
    put_uint(out, f->rejected);
    hn_buf_add(out, f->sha256, sizeof f->sha256);
}

void hn_adv_write_ecosystems(struct hn_buf *out, const struct hn_adv_ecosystem *list, size_t n)
{
    put_uint(out, n);
    for (size_t i = 0; i < n; i++) {
        put_literal(out, hn_str_c(list[i].name));
        put_uint(out, list[i].entries);
    }
}
