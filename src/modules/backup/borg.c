/* Segment files of a Borg repository (Borg 1.x, repository.py). The content is encrypted, but every entry carries the
 * CRC-32 of itself, so damage shows without the key:
 *
 *   "BORG_SEG" │ entry │ entry │ …
 *   entry:  0 crc32 u32 │ 4 size u32 (whole entry) │ 8 tag u8 (0 put, 1 delete, 2 commit) │ 9 key, data
 *
 * Read as a stream: an entry may be larger than a record. */
#include <zlib.h>

#include "base/cur.h"
#include "modules/backup/backup.h"

#define HEADER    9u
#define MAX_ENTRY (512u << 20)

struct segment {
    struct backup_repo *repo;
    uint8_t head[HEADER];
    size_t have;      /* bytes of the magic or of a header that are there */
    bool magic, dead; /* dead: nothing further can be said about this file */
    uint32_t left, crc, want;
    uint64_t at; /* offset of the present entry */
};

static void fail(struct hn_parse *p, struct segment *g, const struct hn_rec *r, const char *why)
{
    struct hn_arena *a = hn_parse_arena(p);
    g->dead = true;
    backup_repo_damage(p, g->repo,
                       hn_arena_fmt(a, "%.*s (%s, %llu)",
                                    HN_FMT(hn_str_from_hostile(hn_parse_scratch(p), r->path, 1024)), why,
                                    (unsigned long long)g->at));
}

static void begin_entry(struct hn_parse *p, struct segment *g, const struct hn_rec *r)
{
    struct hn_cur c;
    hn_cur_init(&c, hn_bytes_of(g->head, HEADER), 4);
    g->want = hn_cur_le32(&c);
    uint32_t size = hn_cur_le32(&c);
    unsigned tag = hn_cur_u8(&c);
    if (tag > 3 || size < HEADER || size > MAX_ENTRY) {
        fail(p, g, r, "no entry");
        return;
    }
    if (tag == 3)
        g->dead = true; /* Borg 2: another checksum */
    g->crc = (uint32_t)crc32(0, g->head + 4, HEADER - 4);
    g->left = size - HEADER;
}

static void end_entry(struct hn_parse *p, struct segment *g, const struct hn_rec *r)
{
    if (g->crc != g->want)
        fail(p, g, r, "checksum");
    g->have = 0;
}

static void take(struct hn_parse *p, struct segment *g, const struct hn_rec *r)
{
    struct hn_bytes b = r->data;
    uint64_t at = r->offset;
    while (b.n && !g->dead) {
        size_t n;
        if (!g->magic || g->have < HEADER) { /* the magic is eight bytes, a header nine */
            size_t need = (g->magic ? HEADER : 8) - g->have;
            if (!g->have)
                g->at = at;
            n = b.n < need ? b.n : need;
            memcpy(g->head + g->have, b.p, n);
            g->have += n;
            if (!g->magic && g->have == 8) {
                g->magic = true;
                g->have = 0;
                if (memcmp(g->head, "BORG_SEG", 8) != 0)
                    fail(p, g, r, "no segment");
            } else if (g->magic && g->have == HEADER) {
                begin_entry(p, g, r);
                if (!g->dead && !g->left)
                    end_entry(p, g, r);
            }
        } else {
            n = b.n < g->left ? b.n : g->left;
            g->crc = (uint32_t)crc32(g->crc, b.p, (uInt)n);
            g->left -= (uint32_t)n;
            if (!g->left)
                end_entry(p, g, r);
        }
        b = hn_bytes_of(b.p + n, b.n - n);
        at += n;
    }
}

void backup_borg_segment(struct hn_parse *p, struct backup_repo *repo, const struct hn_rec *r)
{
    struct backup_state *s = hn_parse_state(p);
    struct segment *g = s->segment;
    if (!g)
        g = s->segment = HN_NEW(hn_parse_arena(p), struct segment);
    if (!g)
        return;
    if (!r->offset) {
        *g = (struct segment){.repo = repo};
        repo->packs_read++;
    }
    if (g->repo != repo)
        return;
    take(p, g, r);
    bool being_written = hn_parse_now(p) - r->st.mtime < HN_HOUR;
    if (!r->more && !r->truncated && !g->dead && (g->have || !g->magic) && !being_written)
        fail(p, g, r, "ends within an entry");
    if (!r->more)
        g->repo = NULL;
}
