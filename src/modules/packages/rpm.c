/* rpm databases: rpmdb.sqlite (Red Hat and relatives since 9, Fedora), Packages.db (ndb, SUSE) and Packages (Berkeley
 * DB: Red Hat and relatives up to 8, Amazon Linux 2).
 *
 * The file arrives in pieces of 1 MiB that are kept until it is complete, since pages refer to each other. */
#include "base/mem.h"
#include "base/str.h"
#include "format/bdb_hash.h"
#include "format/rpm_header.h"
#include "format/sqlite_image.h"
#include "modules/packages/packages.h"

#define PIECES_MAX 256u /* 256 MiB */

struct packages_image {
    struct packages_state *st;
    uint8_t *pieces[PIECES_MAX];
    uint64_t size;
    bool damaged;
};

static void image_free(struct packages_state *st)
{
    for (size_t i = 0; st->rpm && i < PIECES_MAX; i++)
        hn_free(st->rpm->pieces[i]);
    hn_free(st->rpm);
    st->rpm = NULL;
}

void packages_rpm_done(struct packages_state *st)
{
    image_free(st);
}

static struct hn_bytes image_read(void *arg, uint64_t at, size_t n)
{
    const struct packages_image *im = arg;
    size_t piece = (size_t)(at / HN_REC_CHUNK), from = (size_t)(at % HN_REC_CHUNK);
    if (at > im->size || n > im->size - at || n > HN_REC_CHUNK - from || piece >= PIECES_MAX || !im->pieces[piece])
        return (struct hn_bytes){0};
    return hn_bytes_of(im->pieces[piece] + from, n);
}

/* ---------------------------------------------------------------- one package */

#define NAMES_MEMORY (16u << 20) /* of one package: the whole database is one record, so scratch is not for this */

static void files(struct packages_state *st, const struct packages_pkg *k, const struct hn_rpm_header *h)
{
    struct hn_arena a;
    struct hn_rpm_list names = hn_rpm_strings(h, HN_RPM_BASENAMES), dirs = hn_rpm_strings(h, HN_RPM_DIRNAMES),
                       indexes = hn_rpm_numbers(h, HN_RPM_DIRINDEXES);
    uint32_t index, n = 0;
    hn_arena_init(&a, NAMES_MEMORY);
    struct hn_bytes name, *dir = NULL;
    if (dirs.left && dirs.left <= dirs.rest.n)
        dir = hn_arena_alloc(&a, dirs.left * sizeof(*dir));
    while (dir && hn_rpm_next_string(&dirs, &dir[n]))
        n++;
    while (dir && hn_rpm_next_string(&names, &name) && hn_rpm_next_number(&indexes, &index) && !a.failed) {
        if (index >= n)
            continue;
        struct hn_str full = hn_arena_fmt(&a, "%.*s%.*s", HN_FMT(dir[index]), HN_FMT(name));
        packages_owns(st, k, hn_path_canonical(&a, hn_str_bytes(full)));
    }
    hn_arena_done(&a);
}

/* "httpd-2.4.57-5.el9.src.rpm": name, version and release from the right. */
static void source_of(struct packages_state *st, struct packages_pkg *k, struct hn_bytes source)
{
    struct hn_str s = {(const char *)source.p, source.n};
    size_t cut = hn_str_ends(s, ".nosrc.rpm") ? 10 : hn_str_ends(s, ".src.rpm") ? 8 : 0;
    unsigned hyphens = 0;
    s = hn_str_cut(s, 0, s.n - cut);
    k->source = k->name;
    k->source_version = k->version;
    for (size_t i = s.n; cut && i > 0; i--) {
        if (s.p[i - 1] != '-' || ++hyphens < 2)
            continue;
        k->source = packages_keep(st, hn_bytes_of(s.p, i - 1));
        k->source_version = packages_keep(st, hn_bytes_of(s.p + i, s.n - i));
        return;
    }
}

/* Strings of a list, separated by blanks; capabilities hold none but in rich dependencies, which are left out. */
static struct hn_str joined(struct packages_state *st, const struct hn_rpm_header *h, enum hn_rpm_tag tag)
{
    struct hn_rpm_list l = hn_rpm_strings(h, tag);
    struct hn_bytes s;
    struct hn_buf out;
    hn_buf_init(&out, 1u << 20);
    while (hn_rpm_next_string(&l, &s))
        if (s.n && s.p[0] != '(' && !memchr(s.p, ' ', s.n))
            hn_buf_fmt(&out, "%s%.*s", out.n ? " " : "", HN_FMT(s));
    struct hn_str text = hn_str_from_hostile(hn_parse_arena(st->p), hn_str_bytes(hn_buf_text(&out)), 1u << 20);
    text = hn_arena_str(hn_parse_arena(st->p), text);
    hn_buf_done(&out);
    return text;
}

static void read_detail(struct packages_state *st, struct packages_pkg *k, const struct hn_rpm_header *h)
{
    struct packages_detail *d = packages_detail_of(st, k);
    if (!d)
        return;
    d->maintainer = packages_keep(st, hn_rpm_string(h, HN_RPM_VENDOR));
    d->homepage = packages_keep(st, hn_rpm_string(h, HN_RPM_URL));
    d->summary = packages_keep(st, hn_rpm_string(h, HN_RPM_SUMMARY));
    d->licence = packages_keep(st, hn_rpm_string(h, HN_RPM_LICENSE));
    d->depends = joined(st, h, HN_RPM_REQUIRENAME);
    d->provides = joined(st, h, HN_RPM_PROVIDENAME);
}

static void one_package(struct packages_state *st, struct hn_bytes blob)
{
    struct hn_rpm_header h;
    struct packages_pkg k = {.manager = "rpm", .installed = true, .state = HN_STR("installed")};
    uint32_t epoch = 0, size = 0;
    if (!hn_rpm_header_read(blob, &h)) {
        packages_malformed(st, 0, "header of a package does not fit");
        return;
    }
    k.name = packages_keep(st, hn_rpm_string(&h, HN_RPM_NAME));
    struct hn_str version = packages_keep(st, hn_rpm_string(&h, HN_RPM_VERSION)),
                  release = packages_keep(st, hn_rpm_string(&h, HN_RPM_RELEASE));
    if (!k.name.n || !version.n) {
        packages_malformed(st, 0, "package without name or version");
        return;
    }
    if (hn_str_eqc(k.name, "gpg-pubkey"))
        return; /* a trusted key kept as if it were a package */
    bool has_epoch = hn_rpm_number(&h, HN_RPM_EPOCH, &epoch);
    k.version = hn_arena_fmt(hn_parse_arena(st->p), has_epoch ? "%u:%.*s-%.*s" : "%.0u%.*s-%.*s", epoch,
                             HN_FMT(version), HN_FMT(release));
    k.arch = packages_keep(st, hn_rpm_string(&h, HN_RPM_ARCH));
    k.vendor = packages_keep(st, hn_rpm_string(&h, HN_RPM_VENDOR));
    if (hn_rpm_number(&h, HN_RPM_SIZE, &size))
        k.size = size;
    source_of(st, &k, hn_rpm_string(&h, HN_RPM_SOURCERPM));
    struct packages_pkg *kept = packages_add(st, &k);
    if (kept && hn_parse_inventory(st->p))
        read_detail(st, kept, &h);
    if (kept)
        files(st, kept, &h);
}

/* ---------------------------------------------------------------- the three databases */

static void sqlite_row(void *arg, int64_t rowid, struct hn_bytes record)
{
    struct hn_bytes blob;
    struct packages_image *im = arg;
    if (hn_sqlite_column(record, 1, &blob, NULL))
        one_package(im->st, blob);
    else
        packages_malformed(im->st, 0, "row without a package");
}

static void read_sqlite(struct packages_state *st, struct packages_image *im)
{
    struct hn_sqlite_image db;
    uint32_t root = hn_sqlite_open(&db, image_read, im, im->size) ? hn_sqlite_table(&db, "Packages") : 0;
    if (root)
        hn_sqlite_rows(&db, root, sqlite_row, im);
    if (db.bad || !root)
        packages_malformed(st, 0, db.bad ? db.bad : "no table of packages");
}

/* Keys are numbers of packages; number 0 holds the highest one given out. */
static void bdb_pair(void *arg, struct hn_bytes key, struct hn_bytes value)
{
    static const uint8_t none[4];
    struct packages_image *im = arg;
    if (key.n == sizeof(none) && memcmp(key.p, none, sizeof(none)) != 0)
        one_package(im->st, value);
}

static void read_bdb(struct packages_state *st, struct packages_image *im)
{
    struct hn_bdb_hash db;
    if (hn_bdb_hash_open(&db, image_read, im, im->size))
        hn_bdb_hash_each(&db, bdb_pair, im);
    if (db.bad)
        packages_malformed(st, 0, db.bad);
}

static uint32_t le32(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* ndb: pages of slots {"Slot", package, block, blocks}, blocks of 16 bytes; a package is {"BlbS", package, generation,
 * length} and its header. The first two slots of the file are its own header {"RpmP", version, generation, slot pages,
 * …}. */
static bool read_ndb_package(struct packages_state *st, struct packages_image *im, uint32_t block)
{
    uint64_t at = (uint64_t)block * 16;
    struct hn_bytes head = image_read(im, at, 16);
    struct hn_buf blob;
    if (head.n != 16 || memcmp(head.p, "BlbS", 4) != 0)
        return false;
    uint32_t left = le32(head.p + 12);
    hn_buf_init(&blob, 64u << 20);
    for (at += 16; left && !blob.bad;) {
        size_t n = HN_REC_CHUNK - (size_t)(at % HN_REC_CHUNK);
        n = n < left ? n : left;
        struct hn_bytes b = image_read(im, at, n);
        if (b.n != n)
            break;
        hn_buf_add(&blob, b.p, b.n);
        at += n;
        left -= (uint32_t)n;
    }
    bool ok = !left && !blob.bad;
    if (ok)
        one_package(st, hn_bytes_of(blob.p, blob.n));
    hn_buf_done(&blob);
    return ok;
}

static void read_ndb(struct packages_state *st, struct packages_image *im)
{
    struct hn_bytes head = image_read(im, 0, 32);
    if (head.n != 32 || memcmp(head.p, "RpmP", 4) != 0) {
        packages_malformed(st, 0, "no rpm database");
        return;
    }
    uint64_t slots = (uint64_t)le32(head.p + 12) * 4096 / 16;
    for (uint64_t i = 2; i < slots && i < PACKAGES_MAX; i++) {
        struct hn_bytes slot = image_read(im, i * 16, 16);
        if (slot.n != 16 || memcmp(slot.p, "Slot", 4) != 0) {
            packages_malformed(st, i * 16, "slot is missing");
            return;
        }
        if (le32(slot.p + 4) && !read_ndb_package(st, im, le32(slot.p + 8)))
            packages_malformed(st, i * 16, "package is missing");
    }
}

static void keep_piece(struct packages_image *im, const struct hn_rec *r)
{
    size_t piece = (size_t)(r->offset / HN_REC_CHUNK);
    bool fits = r->offset % HN_REC_CHUNK == 0 && piece < PIECES_MAX && !im->pieces[piece] && r->data.n <= HN_REC_CHUNK;
    uint8_t *own = fits && r->data.n ? hn_alloc(r->data.n) : NULL;
    if (!own || (r->more && r->data.n != HN_REC_CHUNK)) {
        hn_free(own);
        im->damaged = true;
        return;
    }
    memcpy(own, r->data.p, r->data.n);
    im->pieces[piece] = own;
    im->size = r->offset + r->data.n;
}

void packages_rpm(struct packages_state *st, const struct hn_rec *r)
{
    struct hn_str path = {(const char *)r->path.p, r->path.n};
    if (r->err || (!r->offset && !r->data.n))
        return;
    if (r->offset == 0) {
        image_free(st);
        st->rpm = hn_alloc_zero(sizeof(*st->rpm));
    }
    if (!st->rpm)
        return;
    st->rpm->st = st;
    st->saw_rpm = true;
    keep_piece(st->rpm, r);
    if (r->more)
        return;
    if (st->rpm->damaged || r->truncated)
        hn_parse_not_seen(st->p, HN_STR("rpm packages"), "the database is too long");
    else if (hn_str_ends(path, ".sqlite"))
        read_sqlite(st, st->rpm);
    else if (hn_str_ends(path, "/Packages"))
        read_bdb(st, st->rpm);
    else
        read_ndb(st, st->rpm);
    image_free(st);
}
