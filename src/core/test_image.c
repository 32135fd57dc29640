/* Layers laid over each other, links, sparse files, digests; tar archives are made here, block by block. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/hash.h"
#include "base/str.h"
#include "core/image.h"
#include "hn_test.h"

/* ---------------------------------------------------------------- making archives */

static void put_header(struct hn_buf *b, const char *name, char type, const char *link, size_t size)
{
    uint8_t h[512] = {0};
    unsigned sum = 0;
    memcpy(h, name, strlen(name));
    memcpy(h + 100, "0000755", 7);
    snprintf((char *)h + 124, 12, "%011o", (unsigned)size & 077777777);
    memcpy(h + 148, "        ", 8);
    h[156] = (uint8_t)type;
    memcpy(h + 157, link, strlen(link));
    memcpy(h + 257, "ustar\00000", 8);
    for (size_t i = 0; i < sizeof h; i++)
        sum += h[i];
    snprintf((char *)h + 148, 8, "%06o", sum & 0777777);
    h[155] = ' ';
    hn_buf_add(b, h, sizeof h);
}

static void put_padded(struct hn_buf *b, const char *text, size_t n)
{
    static const char zeros[512];
    hn_buf_add(b, text, n);
    hn_buf_add(b, zeros, (512 - n % 512) % 512);
}

static void put_file(struct hn_buf *b, const char *name, const char *text)
{
    put_header(b, name, '0', "", strlen(text));
    put_padded(b, text, strlen(text));
}

static void put_end(struct hn_buf *b)
{
    static const char zeros[1024];
    hn_buf_add(b, zeros, sizeof zeros);
}

static int file_of(const struct hn_buf *b)
{
    int fd = memfd_create("layer", MFD_CLOEXEC);
    return fd >= 0 && write(fd, b->p, b->n) == (ssize_t)b->n ? fd : -1;
}

/* Lays a layer over the image; clears b. */
static void lay(struct hn_image *im, struct hn_buf *b)
{
    put_end(b);
    struct hn_image_member m = {.name = HN_STR("layer"), .fd = file_of(b), .size = b->n};
    CHECK(m.fd >= 0);
    hn_image_layer(im, &m, HN_STR(""), HN_STR(""));
    hn_buf_clear(b);
}

static struct hn_str read_text(const struct hn_image *im, const char *path, char out[4096])
{
    const struct hn_image_node *n = hn_image_find(im, NULL, hn_str_bytes(hn_str_c(path)), true);
    ssize_t got = n ? hn_image_read(n, (uint8_t *)out, 4096, 0) : -1;
    return got < 0 ? HN_STR("(none)") : (struct hn_str){out, (size_t)got};
}
#define CHECK_FILE(path, want) CHECK_TEXT(read_text(&im, path, text), want)

/* ---------------------------------------------------------------- cases */

TEST(layers_cover_each_other)
{
    HN_AUTO(hn_image_done) struct hn_image im = {.spool = -1};
    char text[4096];
    HN_AUTO(hn_buf_done) struct hn_buf b;
    hn_buf_init(&b, 1u << 20);
    CHECK_OK(hn_image_init(&im));
    put_file(&b, "./etc/a", "lower");
    put_file(&b, "etc/b", "stays");
    put_file(&b, "etc/c", "goes");
    put_file(&b, "dir/x", "hidden");
    put_file(&b, "dir/sub/y", "hidden too");
    put_file(&b, "both", "a file");
    lay(&im, &b);
    STOP_IF_FAILED();
    CHECK_FILE("/etc/a", "lower");
    put_file(&b, "etc/a", "upper");
    put_file(&b, "etc/.wh.c", "");
    put_file(&b, "dir/z", "new, before the mark");
    put_file(&b, "dir/.wh..wh..opq", "");
    put_file(&b, "dir/.wh.z", "");
    put_header(&b, "both", '5', "", 0);
    put_file(&b, "both/in", "a folder now");
    lay(&im, &b);
    STOP_IF_FAILED();
    CHECK_FILE("/etc/a", "upper");
    CHECK_FILE("/etc/b", "stays");
    CHECK_FILE("/etc/c", "(none)");
    CHECK_FILE("/dir/x", "(none)");
    CHECK_FILE("/dir/sub/y", "(none)");
    CHECK_FILE("/dir/z", "new, before the mark"); /* a mark takes nothing of its own layer away */
    CHECK_FILE("/both/in", "a folder now");
    CHECK_UINT(im.n_problems, 0);
}

TEST(links_lead_nowhere_but_into_the_image)
{
    HN_AUTO(hn_image_done) struct hn_image im = {.spool = -1};
    char text[4096];
    HN_AUTO(hn_buf_done) struct hn_buf b;
    hn_buf_init(&b, 1u << 20);
    CHECK_OK(hn_image_init(&im));
    put_file(&b, "etc/passwd", "ours");
    put_header(&b, "up", '2', "../../../../etc/passwd", 0);
    put_header(&b, "abs", '2', "/etc", 0);
    put_header(&b, "loop", '2', "loop2", 0);
    put_header(&b, "loop2", '2', "./loop", 0);
    put_header(&b, "lib", '2', "usr/lib", 0);
    put_file(&b, "usr/lib/old", "old");
    put_file(&b, "lib/new", "through the link");
    put_header(&b, "hard", '1', "./etc/passwd", 0);
    put_header(&b, "dangling", '1', "nothing", 0);
    put_file(&b, "../out", "no");
    put_file(&b, "a/../../out", "no");
    lay(&im, &b);
    STOP_IF_FAILED();
    CHECK_FILE("/up", "ours");
    CHECK_FILE("/abs/../abs/passwd", "ours");
    CHECK_FILE("/../../hard", "ours");
    CHECK_FILE("/usr/lib/new", "through the link");
    CHECK_FILE("/lib/old", "old");
    CHECK_FILE("/loop", "(none)");
    CHECK_INT(errno, ELOOP);
    CHECK(!hn_image_find(&im, NULL, hn_str_bytes(HN_STR("/etc/passwd/x")), true));
    CHECK_INT(errno, ENOTDIR);
    CHECK_FILE("/out", "(none)");
    struct stat st;
    hn_image_stat(hn_image_find(&im, NULL, hn_str_bytes(HN_STR("hard")), false), &st);
    CHECK_UINT(st.st_nlink, 2);
    CHECK_UINT(im.n_problems, 3); /* the dangling link and the two that lead out */
}

/* pax sparse 1.0: the content begins with its map. */
TEST(sparse_files_have_their_holes)
{
    static const char records[] =
        "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n24 GNU.sparse.name=real\n28 GNU.sparse.realsize=2100\n";
    static const char map[] = "2\n10\n5\n2048\n7\n";
    HN_AUTO(hn_image_done) struct hn_image im = {.spool = -1};
    HN_AUTO(hn_buf_done) struct hn_buf b;
    uint8_t got[2200];
    hn_buf_init(&b, 1u << 20);
    CHECK_OK(hn_image_init(&im));
    put_header(&b, "pax", 'x', "", sizeof records - 1);
    put_padded(&b, records, sizeof records - 1);
    put_header(&b, "other", '0', "", 512 + 12);
    put_padded(&b, map, sizeof map - 1);
    put_padded(&b, "helloSPARSE!", 12);
    put_file(&b, "after", "still in step");
    lay(&im, &b);
    STOP_IF_FAILED();
    const struct hn_image_node *n = hn_image_find(&im, NULL, hn_str_bytes(HN_STR("real")), true);
    CHECK(n != NULL);
    CHECK_INT(hn_image_read(n, got, sizeof got, 0), 2100);
    CHECK(memcmp(got + 10, "hello", 5) == 0 && memcmp(got + 2048, "SPARSE!", 7) == 0);
    CHECK(got[0] == 0 && got[9] == 0 && got[15] == 0 && got[2047] == 0 && got[2099] == 0);
    CHECK_INT(hn_image_read(n, got, 4, 2050), 4);
    CHECK(memcmp(got, "ARSE", 4) == 0);
    CHECK_INT(hn_image_read(n, got, 4, 2100), 0);
    char text[4096];
    CHECK_FILE("/after", "still in step");
    CHECK_UINT(im.n_problems, 0);
}

TEST(what_is_damaged_is_said)
{
    HN_AUTO(hn_image_done) struct hn_image im = {.spool = -1};
    char text[4096];
    HN_AUTO(hn_buf_done) struct hn_buf b;
    hn_buf_init(&b, 1u << 20);
    CHECK_OK(hn_image_init(&im));
    put_file(&b, "first", "is kept");
    put_file(&b, "second", "is lost");
    CHECK(b.n > 1024 + 148);
    b.p[1024 + 148] ^= 1; /* its checksum */
    lay(&im, &b);
    STOP_IF_FAILED();
    CHECK_FILE("/first", "is kept");
    CHECK_FILE("/second", "(none)");
    CHECK_UINT(im.n_problems, 1);
    put_file(&b, "third", "is there");
    struct hn_image_member m = {.name = HN_STR("layer"), .fd = file_of(&b), .size = b.n};
    hn_image_layer(&im, &m, HN_STR("sha256:00"), HN_STR(""));
    CHECK_UINT(im.n_problems, 2);
    CHECK(im.problems && im.problems->next);
    CHECK_TEXT(im.problems->next->why, "layer does not have its digest");
    CHECK_FILE("/third", "is there");
}

/* One digest under two names is computed once; two that differ are both looked at, though nothing is packed. */
TEST(a_plain_layer_is_checked_against_both_of_its_digests)
{
    static const struct {
        const char *digest, *diff, *why;
    } cases[] = {
        {"sha256:00", "sha256:00", "layer does not have its digest"},
        {"", "sha256:00", "unpacked layer does not have its digest"},
        {NULL, "sha256:00", "unpacked layer does not have its digest"},
        {NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        HN_AUTO(hn_image_done) struct hn_image im = {.spool = -1};
        HN_AUTO(hn_buf_done) struct hn_buf b;
        uint8_t sum[64];
        char right[7 + 129] = "sha256:", text[4096];
        NOTE("case %zu", i);
        hn_buf_init(&b, 1u << 20);
        CHECK_OK(hn_image_init(&im));
        put_file(&b, "first", "is there");
        put_end(&b);
        struct hn_digest *d = hn_digest_new(HN_SHA256);
        hn_digest_add(d, hn_bytes_of(b.p, b.n));
        hn_hex(hn_bytes_of(sum, hn_digest_end(d, sum)), right + 7);
        struct hn_image_member m = {.name = HN_STR("layer"), .fd = file_of(&b), .size = b.n};
        hn_image_layer(&im, &m, hn_str_c(cases[i].digest ? cases[i].digest : right),
                       hn_str_c(cases[i].diff ? cases[i].diff : right));
        CHECK_FILE("/first", "is there");
        CHECK_UINT(im.n_problems, cases[i].why ? 1 : 0);
        if (cases[i].why)
            CHECK_TEXT(im.problems->why, cases[i].why);
    }
}

TEST(a_gzip_layer_without_a_place_to_unpack_is_said)
{
    HN_AUTO(hn_image_done) struct hn_image im = {.spool = -1};
    HN_AUTO(hn_buf_done) struct hn_buf b;
    hn_buf_init(&b, 1u << 20);
    CHECK_OK(hn_image_init(&im));
    hn_buf_add(&b, "\x1f\x8b\x08\0\0\0\0\0", 8);
    struct hn_image_member m = {.name = HN_STR("layer"), .fd = file_of(&b), .size = b.n};
    hn_image_layer(&im, &m, HN_STR(""), HN_STR(""));
    CHECK_UINT(im.n_problems, 1);
}
