/* Flow sets of NetFlow v9 (RFC 3954) and sets of IPFIX (RFC 7011): templates, options templates, data. The two differ
 * in ids of sets, in units of options templates (octets against fields), in enterprise bits and variable lengths.
 *
 *   set:      id u16 | length u16, with these four | records …| padding
 *   template: id u16 | fields u16 | {type u16, length u16 [, PEN u32 when the top bit of an IPFIX type is set]} …
 *   options:  v9: id, octets of scopes, octets of options, fields; IPFIX: id, fields, scope fields ≥ 1, fields
 *   withdrawal (IPFIX): a template without fields; id 2 or 3: all of that kind */
#include "base/mem.h"
#include "format/flow/export_in.h"

#define VARIABLE 0xffffu

/* ---------------------------------------------------------------- templates */

static bool read_field(struct export_sets *s, struct hn_cur *c, struct export_field *f)
{
    f->id = hn_cur_be16(c);
    f->length = hn_cur_be16(c);
    f->pen = 0;
    if (s->ipfix && (f->id & 0x8000u)) {
        f->id &= 0x7fffu;
        f->pen = hn_cur_be32(c);
    }
    return !hn_cur_bad(c);
}

/* NULL: does not fit (the cursor may then stand anywhere: the rest of the set is given up). */
static struct export_template *read_fields(struct export_sets *s, struct hn_cur *c, unsigned n)
{
    if (n > HN_EXPORT_FIELDS_MAX || (size_t)n * 4 > hn_cur_left(c))
        return NULL;
    struct export_template *t = export_template_new(n);
    for (unsigned i = 0; t && i < n; i++) {
        struct export_field *f = &t->f[i];
        if (!read_field(s, c, f)) {
            hn_free(t);
            return NULL;
        }
        t->variable = t->variable || f->length == VARIABLE;
        t->least += f->length == VARIABLE ? 1 : f->length;
    }
    if (t)
        t->n = (uint16_t)n;
    return t;
}

static void withdraw(struct export_sets *s, uint16_t id, bool options)
{
    s->e->is.withdrawn++;
    if (id > 3) {
        export_template_drop(s->e, id);
        return;
    }
    for (size_t i = s->e->n_templates; i--;)
        if (s->e->templates[i]->options == options)
            export_template_drop(s->e, s->e->templates[i]->id);
}

static bool keep(struct export_sets *s, struct export_template *t, uint16_t id, unsigned scopes, bool options)
{
    bool changed;
    if (!t->least) { /* records of no octets would never end */
        hn_free(t);
        return false;
    }
    t->id = id;
    t->scopes = (uint16_t)scopes;
    t->options = options;
    t->seen = s->when.received;
    s->e->is.templates++;
    if (!export_template_put(s->e, t, &changed)) {
        export_bad(s->e, HN_EXPORT_LIMIT);
        return true;
    }
    s->e->is.changed += changed;
    export_waiting_release(s, export_template_find(s->e, id));
    return true;
}

static void read_templates(struct export_sets *s, struct hn_cur *c)
{
    while (hn_cur_left(c) >= 4) {
        uint16_t id = hn_cur_be16(c), n = hn_cur_be16(c);
        if (!n && s->ipfix && (id == 2 || id > 255)) {
            withdraw(s, id, false);
            continue;
        }
        if (!id && !n) /* padding */
            return;
        struct export_template *t = id > 255 && n ? read_fields(s, c, n) : NULL;
        if (!t || !keep(s, t, id, 0, false)) {
            export_bad(s->e, HN_EXPORT_TEMPLATE);
            return;
        }
    }
}

static void read_options_templates(struct export_sets *s, struct hn_cur *c)
{
    while (hn_cur_left(c) >= (s->ipfix ? 4u : 6u)) {
        uint16_t id = hn_cur_be16(c), first = hn_cur_be16(c);
        if (!first && s->ipfix && (id == 3 || id > 255)) {
            withdraw(s, id, true);
            continue;
        }
        unsigned second = hn_cur_be16(c);
        unsigned scopes = s->ipfix ? second : first / 4u, n = s->ipfix ? first : (first + second) / 4u;
        if (!id && !n)
            return;
        bool fits = id > 255 && n && scopes <= n && (!s->ipfix || scopes) && (s->ipfix || !(first % 4 || second % 4));
        struct export_template *t = fits ? read_fields(s, c, n) : NULL;
        if (!t || !keep(s, t, id, scopes, true)) {
            export_bad(s->e, HN_EXPORT_TEMPLATE);
            return;
        }
    }
}

/* ---------------------------------------------------------------- data that came before their template */

/* Both pieces or none: what is read back goes by the length in the first. */
static void hold(struct export_one *e, const struct export_waiting *w, struct hn_bytes b)
{
    if (!hn_buf_room(&e->waiting, sizeof *w + b.n)) {
        e->waiting.bad = false; /* what is held already is whole */
        e->is.unknown_sets++;
        return;
    }
    hn_buf_add(&e->waiting, w, sizeof *w);
    hn_buf_add(&e->waiting, b.p, b.n);
    e->x->memory += sizeof *w + b.n;
}

static void wait_for(struct export_sets *s, uint16_t id, struct hn_bytes b)
{
    struct export_one *e = s->e;
    struct export_waiting w = {id, (uint32_t)b.n, s->when.seconds, s->when.uptime_ms, s->when.received};
    s->unknown = true;
    e->is.waiting_sets++;
    if (e->x->memory + b.n > HN_EXPORT_MEMORY_MAX || sizeof w + b.n > HN_EXPORT_WAITING_MAX - e->waiting.n) {
        e->is.unknown_sets++;
        return;
    }
    hold(e, &w, b);
}

static void give_up(struct export_one *e, hn_time before)
{
    struct hn_buf old = e->waiting;
    struct export_waiting w;
    hn_buf_init(&e->waiting, HN_EXPORT_WAITING_MAX);
    e->x->memory -= old.n;
    for (size_t at = 0; at + sizeof w <= old.n; at += sizeof w + w.n) {
        memcpy(&w, old.p + at, sizeof w);
        if (w.received < before)
            e->is.unknown_sets++;
        else
            hold(e, &w, hn_bytes_of(old.p + at + sizeof w, w.n));
    }
    hn_buf_done(&old);
}

void hn_export_give_up(struct hn_export *x, hn_time before)
{
    for (size_t i = 0; i < x->n; i++)
        if (x->all[i]->waiting.n)
            give_up(x->all[i], before);
}

/* Hands out what waited for this template and keeps the rest. */
void export_waiting_release(struct export_sets *s, const struct export_template *t)
{
    struct hn_buf old = s->e->waiting;
    size_t at = 0;
    if (!t || !old.n)
        return;
    hn_buf_init(&s->e->waiting, HN_EXPORT_WAITING_MAX);
    s->e->x->memory -= old.n;
    while (at + sizeof(struct export_waiting) <= old.n) {
        struct export_waiting w;
        memcpy(&w, old.p + at, sizeof w);
        at += sizeof w;
        struct hn_bytes b = hn_bytes_of(old.p + at, w.n);
        at += w.n;
        if (w.id == t->id) {
            struct export_sets then = *s;
            then.when.seconds = w.time;
            then.when.uptime_ms = w.uptime;
            export_read_data(&then, t, b);
        } else {
            hold(s->e, &w, b);
        }
    }
    hn_buf_done(&old);
}

/* ---------------------------------------------------------------- sets */

static void read_set(struct export_sets *s, uint16_t id, struct hn_cur *c)
{
    if (id == (s->ipfix ? 2 : 0)) {
        read_templates(s, c);
    } else if (id == (s->ipfix ? 3 : 1)) {
        read_options_templates(s, c);
    } else if (id < 256) {
        export_bad(s->e, HN_EXPORT_SET);
    } else {
        struct hn_bytes b = hn_bytes_of(c->base, c->len);
        const struct export_template *t = export_template_find(s->e, id);
        if (t)
            export_read_data(s, t, b);
        else
            wait_for(s, id, b);
    }
}

void export_read_sets(struct export_sets *s, struct hn_cur *c)
{
    while (hn_cur_left(c) >= 4) {
        uint16_t id = hn_cur_be16(c), length = hn_cur_be16(c);
        if (length < 4 || (size_t)length - 4 > hn_cur_left(c)) {
            if (id || length) /* zeros: padding at the end of the packet */
                export_bad(s->e, HN_EXPORT_LENGTH);
            return;
        }
        if (length == 4)
            continue;
        struct hn_cur set = hn_cur_sub(c, length - 4u);
        read_set(s, id, &set);
    }
    if (hn_cur_left(c))
        export_bad(s->e, HN_EXPORT_LENGTH);
}
