/* Archives: 't' tar, fed whole and in pieces, which must tell the same entries; 'z' zip, from its end; 'i' the image of
 * a container as one archive, every file of which is read; 'l' one layer. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/image.h"
#include "format/tar.h"
#include "format/zip.h"
#include "fuzz.h"

struct sums {
    uint64_t n, sum;
};

static void mix(struct sums *s, struct hn_bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        s->sum = s->sum * 31 + b.p[i];
}

static void each(void *arg, const struct hn_tar_entry *e)
{
    struct sums *s = arg;
    s->n++;
    mix(s, e->name);
    mix(s, e->link);
    mix(s, e->capability);
    s->sum = s->sum * 31 + e->size + e->content + e->mode + e->uid + (uint64_t)e->mtime;
    for (size_t i = 0; i < e->n_pieces; i++)
        s->sum = s->sum * 31 + e->pieces[i].at + e->pieces[i].n;
}

static struct sums tar_in_pieces(struct hn_bytes b, size_t step, bool *ret_bad)
{
    struct sums s = {0};
    struct hn_tar t;
    bool more = hn_tar_init(&t, each, &s);
    for (size_t i = 0; more && i < b.n; i += step)
        more = hn_tar_feed(&t, hn_bytes_of(b.p + i, b.n - i < step ? b.n - i : step));
    *ret_bad = hn_tar_end(&t) != NULL;
    hn_tar_done(&t);
    return s;
}

static void tar(struct hn_bytes b)
{
    bool bad1, bad2;
    struct sums one = tar_in_pieces(b, b.n ? b.n : 1, &bad1), many = tar_in_pieces(b, 7, &bad2);
    FUZZ_CHECK(one.n == many.n && one.sum == many.sum && bad1 == bad2, "%llu %llu", (unsigned long long)one.n,
               (unsigned long long)many.n);
}

static void zip(struct hn_bytes b)
{
    struct hn_zip_end end;
    struct hn_zip_member m;
    struct hn_cur c;
    uint64_t before;
    size_t tail = b.n < HN_ZIP_TAIL ? b.n : HN_ZIP_TAIL;
    if (hn_zip_find_end(hn_bytes_of(b.p + (b.n - tail), tail), b.n, &end, &before))
        return;
    FUZZ_CHECK(end.at <= b.n && end.size <= b.n - end.at, "directory outside");
    hn_cur_init(&c, hn_bytes_of(b.p + end.at, (size_t)end.size), 1000);
    while (hn_zip_next(&c, &m)) {
        struct hn_buf out;
        struct hn_bytes stored = {0};
        if (m.at >= b.n)
            continue;
        hn_buf_init(&out, 1u << 16);
        hn_zip_content(hn_bytes_of(b.p + m.at, b.n - (size_t)m.at), &m, &out, &stored);
        FUZZ_CHECK(out.n <= 1u << 16 && stored.n <= b.n, "too much");
        hn_buf_done(&out);
    }
}

/* ---------------------------------------------------------------- images */

static int file_of(struct hn_bytes b)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || (b.n && write(fd, b.p, b.n) != (ssize_t)b.n))
        abort();
    return fd;
}

static void read_tree(const struct hn_image *im, const struct hn_image_node *dir, unsigned depth, unsigned *left)
{
    uint8_t piece[300];
    struct stat st;
    for (struct hn_image_node *n = dir->first; n && *left; n = n->next) {
        if (n->gone)
            continue;
        --*left;
        hn_image_stat(n, &st);
        FUZZ_CHECK(n->parent == dir && n->name.n, "a child of somebody else");
        FUZZ_CHECK(hn_image_find(im, n->parent, n->name, false) == n || memchr(n->name.p, '/', n->name.n),
                   "not found again");
        hn_image_find(im, n->parent, n->name, true);
        ssize_t got = hn_image_read(n, piece, sizeof piece, 0);
        FUZZ_CHECK(got <= (ssize_t)sizeof piece, "too much");
        hn_image_read(n, piece, sizeof piece, n->inode->size / 2);
        if (depth < 300)
            read_tree(im, n, depth + 1, left);
    }
}

static void image(struct hn_bytes b, bool layer)
{
    int fd = file_of(b), spool = memfd_create("spool", MFD_CLOEXEC);
    struct hn_image im = {.spool = spool, .spool_max = 1u << 20};
    unsigned left = 2000;
    if (hn_ok(hn_image_init(&im))) {
        if (layer) {
            struct hn_image_member m = {.name = HN_STR("layer"), .fd = fd, .size = b.n};
            hn_image_layer(&im, &m, HN_STR(""), HN_STR(""));
            hn_image_layer(&im, &m, HN_STR("sha256:00"), HN_STR("sha512:00"));
        } else {
            im.archive = fd;
            im.archive_size = b.n;
            if (!hn_image_load(&im))
                FUZZ_CHECK(im.n_problems || im.out_of_memory, "no image, and no reason");
        }
        read_tree(&im, im.root, 0, &left);
    }
    hn_image_done(&im);
    close(fd);
    close(spool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    struct hn_bytes b = fuzz_copy(data + 1, size - 1);
    if (data[0] == 't')
        tar(b);
    else if (data[0] == 'z')
        zip(b);
    else if (data[0] == 'i' || data[0] == 'l')
        image(b, data[0] == 'l');
    fuzz_free(b);
    return 0;
}
