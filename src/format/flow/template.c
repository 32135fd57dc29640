/* Templates of v9 and IPFIX: kept per exporter, replaced as a whole, written down and read back over a restart. */
#include "base/mem.h"
#include "format/flow/export_in.h"

struct export_template *export_template_new(size_t fields)
{
    return hn_alloc_zero(sizeof(struct export_template) + fields * sizeof(struct export_field));
}

static size_t size_of(const struct export_template *t)
{
    return sizeof *t + t->n * sizeof *t->f;
}

/* Place of the first template with an id not below. */
static size_t place(const struct export_one *e, uint16_t id)
{
    size_t from = 0, to = e->n_templates;
    while (from < to) {
        size_t mid = (from + to) / 2;
        if (e->templates[mid]->id < id)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

struct export_template *export_template_find(struct export_one *e, uint16_t id)
{
    size_t i = place(e, id);
    return i < e->n_templates && e->templates[i]->id == id ? e->templates[i] : NULL;
}

static bool same(const struct export_template *a, const struct export_template *b)
{
    return a->n == b->n && a->scopes == b->scopes && a->options == b->options &&
           memcmp(a->f, b->f, a->n * sizeof *a->f) == 0;
}

static void release(struct export_one *e, struct export_template *t)
{
    e->x->memory -= size_of(t);
    hn_free(t);
}

static bool room(struct export_one *e)
{
    if (e->n_templates < e->cap_templates)
        return true;
    size_t cap = e->cap_templates ? 2 * e->cap_templates : 8;
    struct export_template **more = hn_realloc(e->templates, cap * sizeof(struct export_template *));
    if (!more)
        return false;
    e->templates = more;
    e->cap_templates = cap;
    return true;
}

bool export_template_put(struct export_one *e, struct export_template *t, bool *ret_changed)
{
    size_t i = place(e, t->id);
    bool there = i < e->n_templates && e->templates[i]->id == t->id;
    *ret_changed = there && !same(e->templates[i], t);
    if ((!there && (e->n_templates == HN_EXPORT_TEMPLATES_MAX || !room(e))) ||
        e->x->memory + size_of(t) > HN_EXPORT_MEMORY_MAX) {
        hn_free(t);
        return false;
    }
    e->x->memory += size_of(t);
    if (there) {
        release(e, e->templates[i]);
    } else {
        memmove(&e->templates[i + 1], &e->templates[i], (e->n_templates - i) * sizeof(struct export_template *));
        e->n_templates++;
    }
    e->templates[i] = t;
    return true;
}

void export_template_drop(struct export_one *e, uint16_t id)
{
    if (!id) {
        while (e->n_templates)
            release(e, e->templates[--e->n_templates]);
        return;
    }
    size_t i = place(e, id);
    if (i == e->n_templates || e->templates[i]->id != id)
        return;
    release(e, e->templates[i]);
    e->n_templates--;
    memmove(&e->templates[i], &e->templates[i + 1], (e->n_templates - i) * sizeof(struct export_template *));
}

/* ---------------------------------------------------------------- over a restart
 *
 * "HNX2", then per exporter: address family u8, address 16, domain u32, version u8, flags u8 (2 boot), sessions u8
 * {port u16, has a sequence u8, next u32}, boot_ms u64, default rate u32, samplers u16 {id u64, rate u32}, templates
 * u16 {id, n, scopes u16, options u8, seen u64, n × {id u16, length u16, pen u32}}. Big endian. */

static void put(struct hn_buf *out, uint64_t v, unsigned octets)
{
    for (unsigned i = octets; i--;)
        hn_buf_chr(out, (char)(uint8_t)(v >> (8 * i)));
}

static void save_template(struct hn_buf *out, const struct export_template *t)
{
    put(out, t->id, 2);
    put(out, t->n, 2);
    put(out, t->scopes, 2);
    put(out, t->options, 1);
    put(out, (uint64_t)t->seen, 8);
    for (size_t i = 0; i < t->n; i++) {
        put(out, t->f[i].id, 2);
        put(out, t->f[i].length, 2);
        put(out, t->f[i].pen, 4);
    }
}

static void save_sessions(struct hn_buf *out, const struct export_one *e)
{
    put(out, EXPORT_SESSIONS, 1);
    for (unsigned i = 0; i < EXPORT_SESSIONS; i++) {
        put(out, e->sessions[i].port, 2);
        put(out, e->sessions[i].used && e->sessions[i].run.has, 1);
        put(out, e->sessions[i].run.next, 4);
    }
}

void hn_export_save(const struct hn_export *x, struct hn_buf *out)
{
    hn_buf_c(out, "HNX2");
    for (size_t i = 0; i < x->n; i++) {
        const struct export_one *e = x->all[i];
        put(out, e->is.address.family, 1);
        hn_buf_add(out, e->is.address.b, 16);
        put(out, e->is.domain, 4);
        put(out, e->is.version, 1);
        put(out, e->has_boot ? 2u : 0u, 1);
        save_sessions(out, e);
        put(out, e->boot_ms, 8);
        put(out, e->default_rate, 4);
        put(out, e->n_samplers, 2);
        for (size_t k = 0; k < e->n_samplers; k++) {
            put(out, e->samplers[k].id, 8);
            put(out, e->samplers[k].rate, 4);
        }
        put(out, e->n_templates, 2);
        for (size_t k = 0; k < e->n_templates; k++)
            save_template(out, e->templates[k]);
    }
}

static bool load_template(struct export_one *e, struct hn_cur *c)
{
    uint16_t id = hn_cur_be16(c), n = hn_cur_be16(c), scopes = hn_cur_be16(c);
    bool options = hn_cur_u8(c), changed;
    hn_time seen = (hn_time)hn_cur_be64(c);
    if (hn_cur_bad(c) || n > HN_EXPORT_FIELDS_MAX || scopes > n || (size_t)n * 8 > hn_cur_left(c))
        return false;
    struct export_template *t = export_template_new(n);
    if (!t)
        return false;
    *t = (struct export_template){.id = id, .n = n, .scopes = scopes, .options = options, .seen = seen};
    for (size_t i = 0; i < n; i++) {
        struct export_field *f = &t->f[i];
        f->id = hn_cur_be16(c);
        f->length = hn_cur_be16(c);
        f->pen = hn_cur_be32(c);
        t->variable = t->variable || f->length == 0xffff;
        t->least += f->length == 0xffff ? 1 : f->length;
    }
    return t->least ? export_template_put(e, t, &changed) : (hn_free(t), false);
}

static bool load_sessions(struct export_one *e, struct hn_cur *c)
{
    unsigned n = hn_cur_u8(c);
    for (unsigned i = 0; i < n && i < EXPORT_SESSIONS; i++) {
        struct export_session *s = &e->sessions[i];
        *s = (struct export_session){.port = hn_cur_be16(c)};
        s->used = s->run.has = hn_cur_u8(c);
        s->run.next = hn_cur_be32(c);
    }
    return n <= EXPORT_SESSIONS;
}

static bool load_one(struct hn_export *x, struct hn_cur *c)
{
    struct hn_ip from = {.family = hn_cur_u8(c)};
    struct hn_bytes address = hn_cur_take(c, 16);
    uint32_t domain = hn_cur_be32(c);
    uint8_t version = hn_cur_u8(c), flags = hn_cur_u8(c);
    if (hn_cur_bad(c))
        return false;
    memcpy(from.b, address.p, 16);
    struct export_one *e = export_find(x, &from, domain, version, 0, 0);
    if (!e)
        return false;
    e->is.packets = 0;
    e->has_boot = flags & 2u;
    if (!load_sessions(e, c))
        return false;
    e->boot_ms = hn_cur_be64(c);
    e->default_rate = hn_cur_be32(c);
    for (unsigned n = hn_cur_be16(c); n && hn_cur_work(c); n--) {
        uint64_t id = hn_cur_be64(c);
        export_sampler_set(e, true, id, hn_cur_be32(c));
    }
    for (unsigned n = hn_cur_be16(c); n && hn_cur_work(c); n--)
        if (!load_template(e, c))
            return false;
    return !hn_cur_bad(c);
}

bool hn_export_load(struct hn_export *x, struct hn_bytes state)
{
    struct hn_cur c;
    hn_cur_init(&c, state, state.n + 1);
    bool ok = hn_cur_be32(&c) == 0x484e5832u; /* "HNX2" */
    while (ok && hn_cur_left(&c))
        ok = load_one(x, &c);
    for (size_t i = 0; !ok && i < x->n; i++) { /* as new, but for the names */
        export_template_drop(x->all[i], 0);
        x->all[i]->n_samplers = 0;
        x->all[i]->default_rate = 0;
        memset(x->all[i]->sessions, 0, sizeof x->all[i]->sessions);
        x->all[i]->has_boot = false;
    }
    return ok;
}
