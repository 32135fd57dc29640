/* The state of a telescope, read back from a file whose digest is right and whose contents are not: seven octets of the
 * input are a place (three, counted from the end) and four octets that are written there. What is taken for sound must
 * serve: it takes more packets, is merged, and makes a report. */
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/str.h"
#include "fuzz.h"
#include "modules/telescope/report.h"

#define T0     1700006400u
#define FRAMES 400u
#define NOTE   16u

static struct hn_capture_record records[FRAMES];
static uint8_t frames[FRAMES][74];

static void be(uint8_t *p, uint32_t v, unsigned n)
{
    while (n--)
        *p++ = (uint8_t)(v >> 8 * n);
}

/* IPv4 or IPv6 with a TCP header; flags choose a scan or an answer. */
static void frame(unsigned i, bool six, uint32_t src, uint32_t dst, uint8_t flags)
{
    uint8_t *f = frames[i], *ip = f + 14, *tcp = ip + (six ? 40 : 20);
    memset(f, 0, sizeof frames[i]);
    be(f + 12, six ? 0x86dd : 0x0800, 2);
    ip[0] = six ? 0x60 : 0x45;
    be(ip + (six ? 4 : 2), six ? 20 : 40, 2);
    ip[six ? 6 : 9] = 6;
    ip[six ? 7 : 8] = 50;
    be(ip + (six ? 20 : 12), src, 4);
    be(ip + (six ? 36 : 16), dst, 4);
    be(tcp, flags == 2 ? 40000 + i : 443, 2);
    be(tcp + 2, flags == 2 ? 23 : 40000 + i, 2);
    be(tcp + 4, flags == 2 && i % 3 ? dst : i * 7919, 4); /* Mirai: the sequence number is the destination */
    tcp[12] = 0x50;
    tcp[13] = flags;
    records[i] = (struct hn_capture_record){.time = (hn_time)(T0 + i) * HN_SECOND,
                                            .p = f,
                                            .cap = six ? 74 : 60,
                                            .wire = six ? 74 : 60,
                                            .link = HN_LINK_ETHERNET};
}

static void make_frames(void)
{
    for (unsigned i = 0; i < FRAMES; i++) {
        bool six = i % 8 == 7;
        if (i % 4 == 3)
            frame(i, six, 0xc6336407u, 0x0a420000u + i, 0x12); /* the victim of an attack answers */
        else
            frame(i, six, 0x0b000000u + i % 20 * 7919, 0x0a420000u + i * 31, 2);
    }
}

static void configure(struct telescope_config *how, struct hn_arena *a)
{
    telescope_config_init(how);
    hn_prefixes_add(&how->members, a, HN_STR("11.0.0.0/16"), HN_STR("member"), HN_STR(""));
    hn_prefixes_sort(&how->members, a);
}

static int memory(void)
{
    int fd = memfd_create("state", MFD_CLOEXEC);
    if (fd < 0)
        abort();
    return fd;
}

/* What a true state is; made once. */
static const struct hn_buf *true_state(const struct telescope_config *how)
{
    static struct hn_buf state;
    uint8_t note[NOTE] = {0};
    if (state.n)
        return &state;
    make_frames();
    struct telescope_engine *e = telescope_engine_new(how);
    int fd = memory();
    hn_buf_init(&state, 64u << 20);
    if (!e)
        abort();
    telescope_engine_feed(e, records, FRAMES);
    FUZZ_CHECK(telescope_state_save(e, fd, note, sizeof note), "%d", fd);
    telescope_engine_free(e);
    size_t n = (size_t)lseek(fd, 0, SEEK_END);
    if (!hn_buf_room(&state, n) || pread(fd, state.p, n, 0) != (ssize_t)n)
        abort();
    state.n = n;
    close(fd);
    return &state;
}

/* The file as somebody might have written it: changed, and its digest made anew. */
static int changed(const struct hn_buf *state, const uint8_t *data, size_t size)
{
    struct hn_bytes copy = fuzz_copy((const uint8_t *)state->p, state->n);
    uint8_t *p = (uint8_t *)(uintptr_t)copy.p;
    size_t end = copy.n - HN_SHA256_LEN;
    for (; size >= 7; data += 7, size -= 7) {
        size_t back = ((size_t)data[0] << 16 | (size_t)data[1] << 8 | data[2]) % (end - 4) + 4;
        memcpy(p + end - back, data + 3, 4);
    }
    hn_sha256(hn_bytes_of(p, end), p + end);
    int fd = memory();
    if (write(fd, p, copy.n) != (ssize_t)copy.n)
        abort();
    lseek(fd, 0, SEEK_SET);
    fuzz_free(copy);
    return fd;
}

static void use(struct telescope_engine *e, struct telescope_engine *other)
{
    struct telescope_inputs in = {.files = 1};
    struct hn_arena a;
    struct hn_buf out;
    hn_arena_init(&a, (size_t)256 << 20);
    hn_buf_init(&out, 64u << 20);
    telescope_engine_feed(e, records, FRAMES);
    telescope_engine_merge(other, e);
    struct telescope_report *r = telescope_majors(other) ? telescope_report_new(other, &a) : NULL;
    if (r)
        telescope_report_json(r, &in, 20, &out);
    telescope_report_done(r);
    hn_buf_done(&out);
    hn_arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct telescope_config how;
    struct hn_arena a;
    uint8_t note[NOTE];
    hn_arena_init(&a, 1u << 20);
    configure(&how, &a);
    int fd = changed(true_state(&how), data, size);
    struct telescope_engine *e = telescope_engine_new(&how), *other = telescope_engine_new(&how);
    bool ok = e && other && telescope_state_load(e, fd, note, sizeof note);
    FUZZ_CHECK(ok || size >= 7 || !e || !other, "%zu", size);
    if (ok)
        use(e, other);
    telescope_engine_free(e);
    telescope_engine_free(other);
    close(fd);
    hn_arena_done(&a);
    return 0;
}
