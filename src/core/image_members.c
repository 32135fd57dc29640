/* The files that an image's own format consists of: manifests, configurations, layers; in a folder or in one archive.
 */
#include <unistd.h>

#include "base/str.h"
#include "core/image.h"

#define MEMBERS_MAX 100000u
#define BUFFER      (1u << 20)

/* "./blobs/sha256/…" and "blobs/sha256/…" are the same. */
static struct hn_str plain(struct hn_str name)
{
    while (hn_str_starts(name, "./"))
        name = hn_str_cut(name, 2, name.n);
    return name;
}

static void add(struct hn_image *im, struct hn_str name, struct hn_str link, int fd, uint64_t at, uint64_t size)
{
    struct hn_image_member *m = im->members.n < MEMBERS_MAX ? HN_NEW(&im->arena, struct hn_image_member) : NULL;
    if (!m)
        return;
    *m = (struct hn_image_member){.name = hn_arena_str(&im->arena, plain(name)),
                                  .link = hn_arena_str(&im->arena, link),
                                  .fd = fd,
                                  .at = at,
                                  .size = size};
    if (!hn_ok(hn_map_set(&im->members, hn_str_bytes(m->name), m)))
        im->out_of_memory = true;
}

void hn_image_add_file(struct hn_image *im, struct hn_str name, int fd, uint64_t size)
{
    add(im, name, HN_STR(""), fd, 0, size);
}

struct archive {
    struct hn_image *im;
    int fd;
    uint64_t size;
};

static void each(void *arg, const struct hn_tar_entry *e)
{
    const struct archive *a = arg;
    struct hn_str name, link = {0};
    if (!hn_str_from_utf8(e->name, &name) || (e->type != '0' && e->type != '1' && e->type != '2') || e->n_pieces)
        return;
    if (e->type != '0' && !hn_str_from_utf8(e->link, &link))
        return;
    uint64_t left = e->content < a->size ? a->size - e->content : 0;
    add(a->im, name, link, a->fd, e->content, e->type == '0' && e->size < left ? e->size : left);
}

/* Content is sought over: an archive of many gigabytes costs as many reads as it has members. */
void hn_image_add_archive(struct hn_image *im)
{
    int fd = im->archive;
    uint64_t size = im->archive_size;
    struct archive a = {im, fd, size};
    struct hn_tar t;
    bool more = hn_tar_init(&t, each, &a);
    uint64_t at = 0;
    while (more && at < size) {
        if (t.skip && !t.have) {
            uint64_t n = t.skip < size - at ? t.skip : size - at;
            hn_tar_skip(&t, n);
            at += n;
            continue;
        }
        ssize_t n = pread(fd, im->buffer, 512 - t.have, (off_t)at);
        if (n <= 0)
            break;
        at += (uint64_t)n;
        more = hn_tar_feed(&t, hn_bytes_of(im->buffer, (size_t)n));
    }
    const char *why = hn_tar_end(&t);
    if (why)
        hn_image_problem(im, HN_STR("archive of the image"), why);
    hn_tar_done(&t);
}

/* "a/b/../c" from the folder of `from`. */
static struct hn_str joined(struct hn_image *im, struct hn_str from, struct hn_str link)
{
    size_t n = from.n;
    while (n && from.p[n - 1] != '/')
        n--;
    struct hn_str dir = hn_str_cut(from, 0, n);
    while (hn_str_starts(link, "../") || hn_str_starts(link, "./")) {
        bool up = link.p[1] == '.';
        link = hn_str_cut(link, up ? 3 : 2, link.n);
        while (up && dir.n && dir.p[dir.n - 1] == '/')
            dir.n--;
        while (up && dir.n && dir.p[dir.n - 1] != '/')
            dir.n--;
    }
    return hn_arena_fmt(&im->arena, "%.*s%.*s", HN_FMT(dir), HN_FMT(link));
}

/* docker save of old wrote a layer that another image has already as a symbolic link to it. */
const struct hn_image_member *hn_image_member(const struct hn_image *im, struct hn_str name)
{
    const struct hn_image_member *m = hn_map_find(&im->members, hn_str_bytes(plain(name)));
    for (unsigned i = 0; m && m->link.n; i++) {
        const struct hn_image_member *to = NULL;
        struct hn_image *own = (struct hn_image *)(uintptr_t)im;
        if (i < 8)
            to = hn_map_find(&im->members, hn_str_bytes(joined(own, m->name, m->link)));
        if (i < 8 && !to) /* a hard link is told from the top */
            to = hn_map_find(&im->members, hn_str_bytes(plain(m->link)));
        m = to;
    }
    return m;
}
