#include "format/bzip2.h"

#include <pthread.h>

#include "base/library.h"
#include "base/mem.h"

/* What bzlib.h declares, the same since 1.0 (2000): an installation has the library but seldom its header. */
struct stream {
    char *next_in;
    unsigned avail_in, total_in_lo, total_in_hi;
    char *next_out;
    unsigned avail_out, total_out_lo, total_out_hi;
    void *state;
    void *(*alloc)(void *opaque, int n, int size);
    void (*free)(void *opaque, void *p);
    void *opaque;
};

#define OK         0
#define STREAM_END 4
#define NO_MEMORY  (-3)
#define FEED_MAX   ((size_t)1 << 30)

static struct {
    int (*init)(struct stream *z, int verbosity, int small);
    int (*decompress)(struct stream *z);
    int (*end)(struct stream *z);
} bz2;

static bool loaded;

struct hn_bzip2 {
    struct stream z;
    bool inside; /* a stream has begun */
};

static void load(void)
{
    const struct hn_library_function functions[] = {
        {"BZ2_bzDecompressInit", &bz2.init}, {"BZ2_bzDecompress", &bz2.decompress}, {"BZ2_bzDecompressEnd", &bz2.end}};
    loaded = hn_ok(hn_library_load("libbz2.so.1.0", HN_BZIP2_PACKAGE, functions, 3, NULL));
}

bool hn_bzip2_load(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    return pthread_once(&once, load) == 0 && loaded;
}

static void *take_memory(void *opaque, int n, int size)
{
    return n > 0 && size > 0 && n <= (64 << 20) / size ? hn_alloc((size_t)n * (size_t)size) : NULL;
}

static void give_memory(void *opaque, void *p)
{
    hn_free(p);
}

struct hn_bzip2 *hn_bzip2_new(void)
{
    struct hn_bzip2 *z = hn_bzip2_load() ? hn_alloc_zero(sizeof *z) : NULL;
    if (z) {
        z->z.alloc = take_memory;
        z->z.free = give_memory;
    }
    return z;
}

void hn_bzip2_free(struct hn_bzip2 *z)
{
    if (z && z->inside)
        bz2.end(&z->z);
    hn_free(z);
}

/* Each stream has a state of its own: the library cannot begin anew with an old one. */
static bool begin(struct hn_bzip2 *z)
{
    z->inside = z->inside || bz2.init(&z->z, 0, 0) == OK;
    return z->inside;
}

const char *hn_bzip2_step(struct hn_bzip2 *z, struct hn_bytes *in, uint8_t *out, size_t room, size_t *ret,
                          bool *ret_between)
{
    *ret = 0;
    *ret_between = !z->inside;
    if (!z->inside && !in->n)
        return NULL;
    if (!begin(z))
        return "bzip2: out of memory";
    size_t feed = in->n < FEED_MAX ? in->n : FEED_MAX, most = room < FEED_MAX ? room : FEED_MAX;
    z->z.next_in = (char *)(uintptr_t)in->p;
    z->z.avail_in = (unsigned)feed;
    z->z.next_out = (char *)out;
    z->z.avail_out = (unsigned)most;
    int rc = bz2.decompress(&z->z);
    *in = hn_bytes_of(in->p + (feed - z->z.avail_in), in->n - (feed - z->z.avail_in));
    *ret = most - z->z.avail_out;
    if (rc == STREAM_END) {
        bz2.end(&z->z);
        z->inside = false;
    }
    *ret_between = !z->inside;
    return rc == OK || rc == STREAM_END ? NULL : rc == NO_MEMORY ? "bzip2: out of memory" : "bzip2: damaged data";
}

ptrdiff_t hn_bzip2_unpack(struct hn_bytes b, uint8_t *out, size_t max)
{
    struct hn_bzip2 *z = hn_bzip2_new();
    size_t n = 0, got = 0;
    bool between = true, on = z != NULL;
    const char *why = z ? NULL : "not loaded";
    uint8_t beyond; /* the library sees that a stream is over only when it has room for more */
    while (on && !why) {
        size_t before = b.n;
        bool full = n == max;
        why = hn_bzip2_step(z, &b, full ? &beyond : out + n, full ? 1 : max - n, &got, &between);
        if (full && got)
            why = "more than there is room for";
        n += got;
        on = (b.n || !between) && (got || b.n < before); /* no more input and no output: cut short, or no room */
    }
    hn_bzip2_free(z);
    return why || !between || b.n ? -1 : (ptrdiff_t)n;
}
