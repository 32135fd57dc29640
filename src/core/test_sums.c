/* Checksums that outlive a run: what is found again, what is not, and a file that somebody else has written. */
#include "core/sums.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "hn_test.h"

#define NOW (INT64_C(1790000000) * HN_SECOND)

static struct stat stat_of(unsigned ino)
{
    struct stat st = {.st_ino = ino, .st_dev = 7, .st_size = 100, .st_mode = S_IFREG | 0644};
    st.st_mtim.tv_sec = 1000;
    st.st_ctim.tv_sec = 2000;
    return st;
}

static struct hn_bytes path_of(char *text, size_t n, unsigned i)
{
    int len = snprintf(text, n, "/usr/lib/%u", i);
    return hn_bytes_of(text, (size_t)len);
}

static void put(struct hn_sums *s, unsigned i, hn_time at)
{
    char text[64];
    uint8_t md5[16];
    struct stat st = stat_of(i);
    memset(md5, (int)i, sizeof md5);
    hn_sums_put(s, path_of(text, sizeof text, i), &st, at, md5);
}

static bool find(const struct hn_sums *s, unsigned i, struct hn_sum *ret)
{
    char text[64];
    struct stat st = stat_of(i);
    return hn_sums_find(s, path_of(text, sizeof text, i), &st, NOW - HN_SUMS_AGE, ret);
}

TEST(what_was_read_is_found_until_it_changes)
{
    struct hn_sums *s = hn_alloc_zero(sizeof *s);
    CHECK(s != NULL);
    struct hn_sum got;
    char text[64];
    put(s, 1, NOW);
    CHECK(find(s, 1, &got));
    CHECK_INT(got.at, NOW);
    CHECK_INT(got.md5[15], 1);
    CHECK(!find(s, 2, &got));
    struct hn_bytes path = path_of(text, sizeof text, 1);
    const struct stat same = stat_of(1);
    for (int i = 0; i < 6; i++) {
        struct stat st = same;
        st.st_size += i == 0;
        st.st_mtim.tv_sec += i == 1;
        st.st_ctim.tv_nsec += i == 2;
        st.st_ino += i == 3;
        st.st_dev += i == 4;
        bool other = i == 5; /* a path that only begins alike */
        CHECK(!hn_sums_find(s, other ? hn_bytes_of(path.p, path.n - 1) : path, &st, 0, &got));
    }
    CHECK(hn_sums_find(s, path, &same, 0, &got));
    CHECK(!hn_sums_find(s, path, &same, NOW + 1, &got)); /* read too long ago */
    put(s, 1, NOW + HN_HOUR);
    CHECK(find(s, 1, &got));
    CHECK_INT(got.at, NOW + HN_HOUR);
    CHECK(!hn_sums_find(NULL, path, &same, 0, &got)); /* none could be had */
    hn_sums_put(NULL, path, &same, NOW, got.md5);
    hn_free(s);
}

/* Each bit of a slot in turn: half written, or written by somebody who guesses. */
TEST(a_damaged_slot_is_empty)
{
    struct hn_sums *s = hn_alloc_zero(sizeof *s);
    CHECK(s != NULL);
    struct hn_sum got;
    size_t at = 0;
    put(s, 3, NOW);
    while (at < HN_SUMS_SLOTS && !s->slot[at].key)
        at++;
    CHECK(at < HN_SUMS_SLOTS);
    uint8_t *p = (uint8_t *)&s->slot[at];
    for (size_t bit = 0; bit < sizeof(struct hn_sum) * 8; bit++) {
        p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK(!find(s, 3, &got));
        p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    CHECK(find(s, 3, &got));
    for (size_t cut = 0; cut < sizeof(struct hn_sum); cut++) { /* every length that a write may have ended at */
        struct hn_sum whole = s->slot[at];
        memset(p + cut, 0, sizeof whole - cut);
        CHECK(!find(s, 3, &got));
        s->slot[at] = whole;
    }
    hn_free(s);
}

/* More files than there is room for: the oldest go, nothing wrong is ever said. */
TEST_LONG(a_full_table_forgets_the_oldest, 100)
{
    struct hn_sums *s = hn_alloc_zero(sizeof *s);
    CHECK(s != NULL);
    struct hn_sum got;
    unsigned n = HN_SUMS_SLOTS + HN_SUMS_SLOTS / 4, old = 0, fresh = 0;
    for (unsigned i = 0; i < n; i++)
        put(s, i, NOW + i);
    for (unsigned i = 0; i < n; i++) {
        if (!find(s, i, &got))
            continue;
        CHECK_INT(got.at, NOW + i);
        *(i < n / 2 ? &old : &fresh) += 1;
    }
    CHECK(fresh > n / 2 - n / 50);
    CHECK(old < fresh);
    hn_free(s);
}

TEST(the_file_of_a_home)
{
    char home[] = "/tmp/hn-sums-XXXXXX", path[64], target[64];
    CHECK(mkdtemp(home) != NULL);
    snprintf(path, sizeof path, "%s/checksums", home);
    snprintf(target, sizeof target, "%s/target", home);
    int fd = hn_sums_open(home);
    struct stat st;
    CHECK(fd >= 0);
    CHECK(fstat(fd, &st) == 0 && st.st_size == (off_t)sizeof(struct hn_sums) && (st.st_mode & 0777) == 0600);
    struct hn_sums *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(s != MAP_FAILED);
    put(s, 9, NOW);
    munmap(s, sizeof *s);
    close(fd);
    fd = hn_sums_open(home);
    s = mmap(NULL, sizeof *s, PROT_READ, MAP_SHARED, fd, 0);
    struct hn_sum got;
    CHECK(find(s, 9, &got)); /* it outlives who wrote it */
    munmap(s, sizeof *s);
    close(fd);
    CHECK(truncate(path, 1000) == 0); /* cut: grown again, empty slots where nothing is */
    fd = hn_sums_open(home);
    CHECK(fd >= 0 && fstat(fd, &st) == 0 && st.st_size == (off_t)sizeof(struct hn_sums));
    close(fd);
    CHECK(rename(path, target) == 0 && symlink(target, path) == 0);
    CHECK_INT(hn_sums_open(home), -1); /* a link leads elsewhere */
    CHECK(unlink(path) == 0 && mkfifo(path, 0600) == 0);
    CHECK_INT(hn_sums_open(home), -1); /* and does not hang on what is no file */
    CHECK(unlink(path) == 0 && unlink(target) == 0 && rmdir(home) == 0);
    CHECK_INT(hn_sums_open(home), -1);
}
