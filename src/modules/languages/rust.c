/* Rust: Cargo.lock, and the section .dep-v0 that cargo-auditable puts into programs (its PARSING.md: zlib-compressed
 * JSON {packages: [{name, version, source, kind, dependencies: [index], root}]}). */
#include <zlib.h>

#include "base/str.h"
#include "modules/languages/languages.h"

#define AUDIT_MAX (16u << 20)

/* ---------------------------------------------------------------- Cargo.lock
 *
 *   [[package]]
 *   name = "serde"
 *   version = "1.0.1"
 *   source = "registry+https://github.com/rust-lang/crates.io-index"
 *   checksum = "…"
 *   dependencies = [
 *    "serde_derive",
 *    "other 1.2.3 (registry+…)",
 *   ] */

struct crate {
    struct languages_pkg k;
    struct languages_list hashes, depends;
    bool open, in_depends;
};

static void crate_end(struct languages_state *st, struct crate *c)
{
    c->k.hashes = c->hashes.v;
    c->k.n_hashes = c->hashes.n;
    c->k.depends = c->depends.v;
    c->k.n_depends = c->depends.n;
    c->k.main = !c->k.origin.n; /* no source: a crate of this very tree */
    if (c->open && c->k.name.n && c->k.version.n)
        languages_emit(st, &c->k);
    c->open = false;
}

static struct hn_str in_quotes(struct hn_str s)
{
    ptrdiff_t from = hn_str_chr(s, '"');
    if (from < 0)
        return HN_STR("");
    s = hn_str_cut(s, (size_t)from + 1, s.n);
    ptrdiff_t to = hn_str_chr(s, '"');
    return to < 0 ? HN_STR("") : hn_str_cut(s, 0, (size_t)to);
}

/* "name", "name version", "name version (source)" */
static void add_dependency(struct languages_state *st, struct crate *c, struct hn_str text)
{
    struct hn_str name = {0}, version = {0};
    if (!hn_str_word(&text, &name))
        return;
    struct hn_str s =
        hn_str_word(&text, &version) ? hn_arena_fmt(&st->one, "%.*s@%.*s", HN_FMT(name), HN_FMT(version)) : name;
    languages_add(st, &c->depends, languages_text(st, hn_str_bytes(s)));
}

static void crate_line(struct languages_state *st, struct crate *c, struct hn_str line)
{
    if (c->in_depends) {
        c->in_depends = line.p[0] != ']';
        if (c->in_depends)
            add_dependency(st, c, in_quotes(line));
    } else if (hn_str_starts(line, "name = ")) {
        c->k.name = hn_str_bytes(in_quotes(line));
    } else if (hn_str_starts(line, "version = ")) {
        c->k.version = hn_str_bytes(in_quotes(line));
    } else if (hn_str_starts(line, "source = ")) {
        c->k.origin = hn_str_bytes(in_quotes(line));
    } else if (hn_str_starts(line, "checksum = ")) {
        struct hn_str hex = in_quotes(line);
        if (hex.n == 64)
            languages_add(st, &c->hashes, hn_arena_fmt(&st->one, "sha256:%.*s", HN_FMT(hex)));
    } else if (hn_str_starts(line, "dependencies = [")) {
        c->in_depends = line.p[line.n - 1] != ']';
    }
}

void languages_cargo_lock(struct languages_state *st, struct hn_bytes path, struct hn_bytes data)
{
    struct hn_bytes line, rest = data;
    struct crate c = {.open = false};
    while (hn_bytes_line(&rest, &line)) {
        struct hn_str s = hn_str_trim((struct hn_str){(const char *)line.p, line.n});
        if (!s.n || s.p[0] == '#')
            continue;
        if (s.p[0] == '[' && !c.in_depends) {
            crate_end(st, &c);
            c = (struct crate){
                .k = {.type = "cargo", .path = path, .found = "cargo-lock", .declared = true, .depends_known = true},
                .open = hn_str_eqc(s, "[[package]]")};
        } else if (c.open) {
            crate_line(st, &c, s);
        }
    }
    crate_end(st, &c);
}

/* ---------------------------------------------------------------- .dep-v0 */

static bool inflate_all(struct hn_bytes in, struct hn_buf *out)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)in.p, .avail_in = (unsigned)in.n};
    int rc = inflateInit(&z);
    while (rc == Z_OK && hn_buf_room(out, 64u << 10)) {
        z.next_out = (Bytef *)out->p + out->n;
        z.avail_out = 64u << 10;
        rc = inflate(&z, Z_NO_FLUSH);
        out->n += (64u << 10) - z.avail_out;
        if (rc == Z_OK && z.avail_in == 0 && z.avail_out)
            rc = Z_BUF_ERROR;
    }
    inflateEnd(&z);
    return rc == Z_STREAM_END;
}

static void audit_depends(struct languages_state *st, struct languages_list *l, const struct hn_jv *packages,
                          const struct hn_jv *list)
{
    for (size_t i = 0; list && list->kind == HN_JV_ARR && i < list->n; i++) {
        int64_t at = list->items[i].kind == HN_JV_INT ? list->items[i].i : -1;
        if (at < 0 || (uint64_t)at >= packages->n)
            continue;
        const struct hn_jv *v = &packages->items[at];
        languages_add(st, l,
                      languages_text(st, hn_str_bytes(hn_arena_fmt(&st->one, "%.*s@%.*s", HN_FMT(hn_jv_str(v, "name")),
                                                                   HN_FMT(hn_jv_str(v, "version"))))));
    }
}

static void audit_packages(struct languages_state *st, struct languages_file *f, const struct hn_jv *packages)
{
    for (size_t i = 0; i < packages->n; i++) {
        const struct hn_jv *v = &packages->items[i];
        struct languages_pkg k = {.type = "cargo", .path = f->path, .found = "rust-audit", .depends_known = true};
        struct languages_list depends = {0};
        k.name = languages_jv(v, "name");
        k.version = languages_jv(v, "version");
        k.origin = languages_jv(v, "source");
        k.main = hn_jv_bool(v, "root", false);
        k.dev = hn_str_eqc(hn_jv_str(v, "kind"), "build");
        audit_depends(st, &depends, packages, hn_jv_get(v, "dependencies"));
        k.depends = depends.v;
        k.n_depends = depends.n;
        if (k.name.n) {
            f->packages++;
            languages_emit(st, &k);
        }
    }
}

void languages_rust_audit(struct languages_state *st, struct languages_file *f, struct hn_bytes section)
{
    struct hn_buf out;
    hn_buf_init(&out, AUDIT_MAX);
    if (inflate_all(section, &out)) {
        const struct hn_jv *packages =
            hn_jv_get(languages_json(st, f->path, hn_str_bytes(hn_buf_text(&out))), "packages");
        if (packages && packages->kind == HN_JV_ARR)
            audit_packages(st, f, packages);
    } else {
        hn_parse_malformed(st->p, f->path, 0, "list of crates (.dep-v0) is damaged or too long");
    }
    hn_buf_done(&out);
}
