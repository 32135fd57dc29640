/* Programs: which sections an ELF (System V ABI, gabi 4.2) or PE (Microsoft PE/COFF) file has, to find the two that
 * tell of packages. A program passes in parts, each asked for when the one before said where it lies:
 *
 *   ELF: header, 4 KiB ─▶ section headers and what lies before them ─▶ their names, when not there
 *                      ─▶ .go.buildinfo, .dep-v0
 *   PE:  headers, 4 KiB ─▶ .data (begins with Go's build information), .dep-v0
 *
 * Go (debug/buildinfo): "\xff Go buildinf:", pointer size, flags; with flag 2 two strings follow at 32, each a varint
 * length and bytes; without it two pointers to Go strings (address, length), in the order of the program's bytes (flag
 * 1: big endian), which are two more rounds. */
#include <elf.h>

#include "base/cur.h"
#include "base/str.h"
#include "modules/languages/languages.h"

#define SECTIONS_MAX 4096u
#define NAMES_MAX    (256u << 10)
#define NAMES_LEAD   1024u /* linkers put the names of sections right before their headers: read together */
#define GO_MAX       (2u << 20)
#define GO_SEARCH    (64u << 10) /* the mark is within so many bytes of the section, at a multiple of 16 */
#define AUDIT_MAX    (8u << 20)

struct section {
    uint32_t name;
    uint64_t address, at, size;
};

enum part { PART_SECTIONS, PART_NAMES, PART_GO, PART_AUDIT, PART_POINTERS, PART_VERSION, PART_MODULES, PART_COUNT };

struct languages_program {
    bool wide, big, pe; /* 64 bits; big endian */
    uint64_t at[PART_COUNT];
    size_t size[PART_COUNT], got[PART_COUNT];
    uint8_t *bytes[PART_COUNT];
    size_t pending;
    uint32_t n, names;   /* section headers, the one that holds their names */
    size_t stride, lead; /* of PART_SECTIONS: bytes of a header, bytes before the first */
    struct section *sections;
    unsigned pointer; /* bytes of a pointer in Go's old form */
    uint64_t version_at, modules_at;
};

static uint64_t number(struct hn_cur *c, unsigned bytes, bool big)
{
    switch (bytes) {
    case 2:
        return big ? hn_cur_be16(c) : hn_cur_le16(c);
    case 4:
        return big ? hn_cur_be32(c) : hn_cur_le32(c);
    default:
        return big ? hn_cur_be64(c) : hn_cur_le64(c);
    }
}

static struct hn_cur cursor(struct hn_bytes b)
{
    struct hn_cur c;
    hn_cur_init(&c, b, b.n + 16);
    return c;
}

/* ---------------------------------------------------------------- asking for parts */

static void want(struct languages_state *st, struct languages_file *f, enum part part, uint64_t at, uint64_t size,
                 size_t most)
{
    struct languages_program *g = f->program;
    if (!size || at >= f->size || g->size[part])
        return;
    if (size > f->size - at)
        size = f->size - at;
    g->at[part] = at;
    g->size[part] = size < most ? (size_t)size : most;
    g->bytes[part] = hn_arena_alloc(hn_parse_arena(st->p), g->size[part]);
    if (!g->bytes[part]) {
        g->size[part] = 0;
        return;
    }
    g->pending++;
    hn_parse_want_part(st->p, "program-part", f->path, at, g->size[part]);
}

static struct hn_bytes part_of(const struct languages_program *g, enum part part)
{
    return hn_bytes_of(g->bytes[part], g->got[part]);
}

/* Where the bytes of an address lie in the file. */
static bool place_of(const struct languages_program *g, uint64_t address, uint64_t *ret)
{
    for (uint32_t i = 0; i < g->n; i++) {
        const struct section *s = &g->sections[i];
        if (s->address && address >= s->address && address - s->address < s->size) {
            *ret = s->at + (address - s->address);
            return true;
        }
    }
    return false;
}

/* ---------------------------------------------------------------- ELF */

static struct section elf_section(struct hn_cur *c, bool wide, bool big)
{
    unsigned word = wide ? 8 : 4;
    struct section s = {.name = (uint32_t)number(c, 4, big)};
    uint32_t type = (uint32_t)number(c, 4, big);
    number(c, word, big); /* flags */
    s.address = number(c, word, big);
    s.at = number(c, word, big);
    s.size = type == SHT_NOBITS ? 0 : number(c, word, big);
    return s;
}

static void elf_named(struct languages_state *st, struct languages_file *f, struct hn_bytes names)
{
    for (uint32_t i = 0; i < f->program->n; i++) {
        const struct section *s = &f->program->sections[i];
        if (s->name >= names.n)
            continue;
        struct hn_bytes name =
            hn_bytes_of(names.p + s->name, strnlen((const char *)names.p + s->name, names.n - s->name));
        if (hn_bytes_eqc(name, ".go.buildinfo"))
            want(st, f, PART_GO, s->at, s->size, GO_MAX);
        else if (hn_bytes_eqc(name, ".dep-v0"))
            want(st, f, PART_AUDIT, s->at, s->size, AUDIT_MAX);
    }
}

static void elf_sections(struct languages_state *st, struct languages_file *f)
{
    struct languages_program *g = f->program;
    struct hn_bytes b = part_of(g, PART_SECTIONS);
    size_t n = b.n > g->lead ? (b.n - g->lead) / g->stride : 0;
    g->sections = hn_arena_alloc(hn_parse_arena(st->p), (n + 1) * sizeof(*g->sections));
    if (!g->sections)
        return;
    for (g->n = 0; g->n < n; g->n++) {
        struct hn_cur c = cursor(hn_bytes_of(b.p + g->lead + g->n * g->stride, g->stride));
        g->sections[g->n] = elf_section(&c, g->wide, g->big);
    }
    if (g->names >= g->n)
        return;
    const struct section *s = &g->sections[g->names];
    uint64_t from = s->at - g->at[PART_SECTIONS];
    if (s->at >= g->at[PART_SECTIONS] && from <= b.n && s->size <= b.n - from && s->size <= NAMES_MAX)
        elf_named(st, f, hn_bytes_of(b.p + from, (size_t)s->size));
    else
        want(st, f, PART_NAMES, s->at, s->size, NAMES_MAX);
}

static void elf_head(struct languages_state *st, struct languages_file *f, struct hn_bytes head)
{
    struct languages_program *g = f->program;
    struct hn_cur c = cursor(head);
    struct hn_bytes ident = hn_cur_take(&c, EI_NIDENT);
    if (ident.n < EI_NIDENT)
        return;
    g->wide = ident.p[EI_CLASS] == ELFCLASS64;
    g->big = ident.p[EI_DATA] == ELFDATA2MSB;
    unsigned word = g->wide ? 8 : 4;
    hn_cur_skip(&c, 8 + 2 * word); /* type, machine, version, entry, program headers */
    uint64_t at = number(&c, word, g->big);
    hn_cur_skip(&c, 4 + 2 + 4); /* flags, header size, program headers */
    g->stride = (size_t)number(&c, 2, g->big);
    uint32_t n = (uint32_t)number(&c, 2, g->big);
    g->names = (uint32_t)number(&c, 2, g->big);
    if (hn_cur_bad(&c) || g->stride < (g->wide ? 64u : 40u) || !n || n > SECTIONS_MAX)
        return; /* stripped of its section headers, or more than any linker makes */
    f->format = "elf";
    if (at >= f->size)
        return; /* cut off */
    g->lead = at < NAMES_LEAD ? (size_t)at : NAMES_LEAD;
    want(st, f, PART_SECTIONS, at - g->lead, g->lead + (uint64_t)n * g->stride, SECTIONS_MAX * (size_t)0xffff);
}

/* ---------------------------------------------------------------- PE */

static void pe_head(struct languages_state *st, struct languages_file *f, struct hn_bytes head)
{
    struct languages_program *g = f->program;
    struct hn_cur c = cursor(head);
    hn_cur_skip(&c, 60);
    uint32_t at = hn_cur_le32(&c);
    if (hn_cur_bad(&c) || at > head.n)
        return;
    c = cursor(hn_bytes_of(head.p + at, head.n - at));
    struct hn_bytes sign = hn_cur_take(&c, 4);
    hn_cur_skip(&c, 2);
    uint32_t n = hn_cur_le16(&c);
    hn_cur_skip(&c, 12);
    uint32_t optional = hn_cur_le16(&c);
    hn_cur_skip(&c, 2);
    if (sign.n < 4 || memcmp(sign.p, "PE\0\0", 4) != 0)
        return;
    struct hn_cur o = hn_cur_sub(&c, optional);
    bool wide = hn_cur_le16(&o) == 0x20b;
    hn_cur_skip(&o, wide ? 22 : 26);
    uint64_t base = wide ? hn_cur_le64(&o) : hn_cur_le32(&o);
    g->sections = n <= 96 ? hn_arena_alloc(hn_parse_arena(st->p), (n + 1) * sizeof(*g->sections)) : NULL;
    if (!g->sections)
        return;
    f->format = "pe";
    g->pe = true;
    for (; g->n < n; g->n++) {
        struct hn_bytes name = hn_cur_take(&c, 8);
        hn_cur_skip(&c, 4);
        struct section s = {.address = base + hn_cur_le32(&c)};
        s.size = hn_cur_le32(&c);
        s.at = hn_cur_le32(&c);
        hn_cur_skip(&c, 16);
        if (hn_cur_bad(&c) || name.n < 8)
            return;
        g->sections[g->n] = s;
        if (memcmp(name.p, ".data\0", 6) == 0)
            want(st, f, PART_GO, s.at, s.size, GO_SEARCH + GO_MAX);
        else if (memcmp(name.p, ".dep-v0", 8) == 0)
            want(st, f, PART_AUDIT, s.at, s.size, AUDIT_MAX);
    }
}

/* ---------------------------------------------------------------- Go's build information */

static struct hn_bytes varint_text(struct hn_cur *c)
{
    uint64_t n = 0;
    for (unsigned shift = 0; shift < 63; shift += 7) {
        uint8_t b = hn_cur_u8(c);
        n |= (uint64_t)(b & 127) << shift;
        if (!(b & 128))
            break;
    }
    return n <= hn_cur_left(c) ? hn_cur_take(c, (size_t)n) : (hn_cur_fail(c, "cut short"), (struct hn_bytes){0});
}

static void go_pointers(struct languages_state *st, struct languages_file *f, struct hn_bytes b)
{
    struct languages_program *g = f->program;
    g->pointer = b.p[14];
    g->big = b.p[15] & 1;
    if (g->pointer != 4 && g->pointer != 8) {
        hn_parse_malformed(st->p, f->path, g->at[PART_GO], "build information of Go with an odd pointer size");
        return;
    }
    struct hn_cur c = cursor(hn_bytes_of(b.p + 16, b.n - 16));
    uint64_t first = number(&c, g->pointer, g->big), second = number(&c, g->pointer, g->big), at;
    if (hn_cur_bad(&c) || !place_of(g, first, &at))
        return;
    /* the two strings are variables of one package and lie close together: one piece holds both in practice */
    g->version_at = at;
    if (!place_of(g, second, &g->modules_at))
        g->modules_at = at;
    uint64_t low = at < g->modules_at ? at : g->modules_at, high = at < g->modules_at ? g->modules_at : at;
    want(st, f, PART_POINTERS, low, high - low + 2u * g->pointer, GO_MAX);
}

/* A Go string as it lies in memory: address, length. */
static void go_string(struct languages_state *st, struct languages_file *f, uint64_t at, enum part part, size_t most)
{
    struct languages_program *g = f->program;
    struct hn_bytes b = part_of(g, PART_POINTERS);
    uint64_t from = at - g->at[PART_POINTERS], place;
    if (at < g->at[PART_POINTERS] || from > b.n)
        return;
    struct hn_cur c = cursor(hn_bytes_of(b.p + from, b.n - (size_t)from));
    uint64_t address = number(&c, g->pointer, g->big), n = number(&c, g->pointer, g->big);
    if (!hn_cur_bad(&c) && n && place_of(g, address, &place))
        want(st, f, part, place, n, most);
}

static void go_section(struct languages_state *st, struct languages_file *f)
{
    static const char mark[] = "\xff Go buildinf:";
    struct hn_bytes b = part_of(f->program, PART_GO);
    size_t at = 0;
    while (at + 32 <= b.n && at < GO_SEARCH && memcmp(b.p + at, mark, sizeof(mark) - 1) != 0)
        at += 16;
    if (at + 32 > b.n || at >= GO_SEARCH) {
        if (!f->program->pe)
            hn_parse_malformed(st->p, f->path, f->program->at[PART_GO], "section .go.buildinfo without its mark");
        return;
    }
    b = hn_bytes_of(b.p + at, b.n - at);
    if (!(b.p[15] & 2)) {
        go_pointers(st, f, b);
        return;
    }
    struct hn_cur c = cursor(hn_bytes_of(b.p + 32, b.n - 32));
    struct languages_go go = {varint_text(&c), {0}};
    go.modules = varint_text(&c);
    if (hn_cur_bad(&c))
        hn_parse_malformed(st->p, f->path, f->program->at[PART_GO] + at, "build information of Go is cut short");
    else
        languages_go_modules(st, f, go);
}

/* ---------------------------------------------------------------- in order */

static void have(struct languages_state *st, struct languages_file *f, enum part part)
{
    struct languages_program *g = f->program;
    switch (part) {
    case PART_SECTIONS:
        elf_sections(st, f);
        break;
    case PART_NAMES:
        elf_named(st, f, part_of(g, PART_NAMES));
        break;
    case PART_GO:
        go_section(st, f);
        break;
    case PART_AUDIT:
        languages_rust_audit(st, f, part_of(g, PART_AUDIT));
        break;
    case PART_POINTERS:
        go_string(st, f, g->version_at, PART_VERSION, LANGUAGES_TEXT);
        go_string(st, f, g->modules_at, PART_MODULES, GO_MAX);
        break;
    default:
        break;
    }
    if (!g->pending && g->got[PART_VERSION])
        languages_go_modules(st, f, (struct languages_go){part_of(g, PART_VERSION), part_of(g, PART_MODULES)});
}

void languages_program(struct languages_state *st, const struct hn_rec *r)
{
    if (r->err || r->offset || r->data.n < 64)
        return;
    bool elf = memcmp(r->data.p, ELFMAG, SELFMAG) == 0, pe = memcmp(r->data.p, "MZ", 2) == 0;
    if (!elf && !pe)
        return;
    struct languages_file *f = languages_file_of(st, r, LANGUAGES_PROGRAM);
    if (!f || f->program)
        return;
    f->program = HN_NEW(hn_parse_arena(st->p), struct languages_program);
    if (f->program && elf)
        elf_head(st, f, r->data);
    else if (f->program)
        pe_head(st, f, r->data);
}

void languages_program_part(struct languages_state *st, const struct hn_rec *r)
{
    struct languages_file *f = hn_map_find(&st->files, r->path);
    struct languages_program *g = f && f->kind == LANGUAGES_PROGRAM ? f->program : NULL;
    if (!g || r->err)
        return;
    for (enum part part = 0; part < PART_COUNT; part++) {
        if (!g->size[part] || g->got[part] == g->size[part] || r->offset != g->at[part] + g->got[part])
            continue;
        size_t room = g->size[part] - g->got[part], n = r->data.n < room ? r->data.n : room;
        if (n)
            memcpy(g->bytes[part] + g->got[part], r->data.p, n);
        g->got[part] += n;
        if (r->more)
            return;
        g->size[part] = g->got[part] ? g->got[part] : 1; /* the file may have become shorter */
        g->pending--;
        have(st, f, part);
        if (!g->pending)
            languages_file_done(st, f);
        return;
    }
}
