#include "core/sums.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"

#define PROBES 16u

/* FNV-1a with a final mix: the same in every process, unlike hn_hash64. Not against somebody who looks for collisions:
 * the stamp tells two files apart whatever their keys are. */
static uint64_t mix(uint64_t h, const void *p, size_t n)
{
    const uint8_t *b = p;
    for (size_t i = 0; i < n; i++)
        h = (h ^ b[i]) * UINT64_C(0x100000001b3);
    h ^= h >> 32;
    return h * UINT64_C(0x9e3779b97f4a7c15);
}

#define SEED UINT64_C(0xcbf29ce484222325)

static uint64_t key_of(struct hn_bytes path, const struct stat *st)
{
    uint64_t dev = st->st_dev;
    return mix(mix(SEED, &dev, sizeof dev), path.p, path.n) | 1;
}

static uint64_t stamp_of(const struct stat *st)
{
    const int64_t all[] = {(int64_t)st->st_ino, st->st_size,        st->st_mtim.tv_sec,
                           st->st_mtim.tv_nsec, st->st_ctim.tv_sec, st->st_ctim.tv_nsec};
    return mix(SEED, all, sizeof all);
}

static uint64_t check_of(const struct hn_sum *s)
{
    return mix(SEED, s, offsetof(struct hn_sum, check));
}

int hn_sums_open(const char *home)
{
    char path[4096];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s/checksums", home);
    HN_AUTO_FD fd = n > 0 && (size_t)n < sizeof path
                        ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600)
                        : -1;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid())
        return -1;
    if (st.st_size != sizeof(struct hn_sums) && ftruncate(fd, sizeof(struct hn_sums)) != 0)
        return -1;
    return hn_fd_take(&fd);
}

bool hn_sums_find(const struct hn_sums *s, struct hn_bytes path, const struct stat *st, hn_time not_before,
                  struct hn_sum *ret)
{
    uint64_t key = key_of(path, st);
    for (size_t i = 0; s && i < PROBES; i++) {
        *ret = s->slot[(key + i) % HN_SUMS_SLOTS];
        if (ret->key == key)
            return ret->stamp == stamp_of(st) && ret->at >= not_before && ret->check == check_of(ret);
    }
    return false;
}

/* Its own slot, a free one, or the oldest of those it may lie in. */
void hn_sums_put(struct hn_sums *s, struct hn_bytes path, const struct stat *st, hn_time at, const uint8_t md5[16])
{
    struct hn_sum fresh = {.key = key_of(path, st), .stamp = stamp_of(st), .at = at};
    struct hn_sum *to = NULL;
    for (size_t i = 0; s && i < PROBES; i++) {
        struct hn_sum *one = &s->slot[(fresh.key + i) % HN_SUMS_SLOTS];
        if (!to || (one->key == 0 ? INT64_MIN : one->at) < (to->key == 0 ? INT64_MIN : to->at))
            to = one;
        if (one->key == fresh.key) {
            to = one;
            break;
        }
    }
    if (!to)
        return;
    memcpy(fresh.md5, md5, sizeof fresh.md5);
    fresh.check = check_of(&fresh);
    *to = fresh;
}
