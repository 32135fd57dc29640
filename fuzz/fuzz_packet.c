/* Packet headers of any link type (the first two octets choose it, the third how much the capture cut): slices stay
 * within the frame, the verdict does not depend on what lies behind it, and the telescope's short way for common
 * packets gives what the long way gives. */
#include "base/mem.h"
#include "fuzz.h"
#include "modules/telescope/telescope.h"

static void within(struct hn_bytes frame, struct hn_bytes part)
{
    FUZZ_CHECK(part.n == 0 || (part.p >= frame.p && part.n <= frame.n - (size_t)(part.p - frame.p)), "%zu octets",
               part.n);
}

/* What the telescope makes of one frame; the sight in *ret. */
static unsigned sight_of(struct hn_bytes frame, struct telescope_port *ports, struct telescope_sight *ret)
{
    struct telescope_config how;
    struct telescope_batch *b = calloc(1, sizeof *b);
    struct hn_capture_record r = {
        .time = HN_SECOND, .p = frame.p, .cap = (uint32_t)frame.n, .wire = (uint32_t)frame.n, .link = HN_LINK_ETHERNET};
    unsigned n = 0;
    if (!b)
        abort();
    telescope_config_init(&how);
    telescope_observe(&how, &r, 1, b, ports);
    for (unsigned k = 0; k < TELESCOPE_CELLS; k++) {
        if (b->n[k])
            *ret = b->list[k][0];
        n += b->n[k];
        hn_free(b->list[k]);
    }
    hn_free(b->v6);
    free(b);
    return n;
}

/* A tag before the type sends a packet the long way. */
static void both_ways(const uint8_t *data, size_t size)
{
    static struct telescope_port *ports;
    struct telescope_sight a, b;
    if (size < 14 || data[12] != 8 || data[13] != 0)
        return;
    if (!ports)
        ports = calloc(TELESCOPE_PORTS, sizeof *ports);
    uint8_t *tagged = malloc(size + 4);
    if (!ports || !tagged)
        abort();
    memcpy(tagged, data, 12);
    memcpy(tagged + 12, "\x81\0\0\1", 4);
    memcpy(tagged + 16, data + 12, size - 12);
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    struct hn_bytes frame = fuzz_copy(data, size);
    unsigned n = sight_of(frame, ports, &a), m = sight_of(hn_bytes_of(tagged, size + 4), ports, &b);
    FUZZ_CHECK(n == m, "%u and %u sights", n, m);
    FUZZ_CHECK(memcmp(&a, &b, sizeof a) == 0, "class %u and %u, fingerprint %u and %u", a.class, b.class, a.fp, b.fp);
    fuzz_free(frame);
    free(tagged);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hn_packet p, q;
    if (size < 3)
        return 0;
    unsigned link = (unsigned)data[0] << 8 | data[1];
    uint32_t wire = (uint32_t)(size - 3) + data[2];
    struct hn_bytes frame = fuzz_copy(data + 3, size - 3);
    enum hn_packet_verdict v = hn_packet_decode(link, frame, wire, NULL, &p);
    FUZZ_CHECK(v < HN_PACKET_VERDICTS, "verdict %d", (int)v);
    within(frame, p.options);
    within(frame, p.payload);
    FUZZ_CHECK(!p.has_ports || p.src.family, "ports without addresses");
    FUZZ_CHECK(p.src.family == p.dst.family, "families %u and %u", p.src.family, p.dst.family);
    FUZZ_CHECK(v != HN_PACKET_OK || p.src.family, "a packet without addresses");
    FUZZ_CHECK(hn_packet_decode(link, frame, wire, NULL, &q) == v, "another verdict");
    both_ways(data + 3, size - 3);
    fuzz_free(frame);
    return 0;
}
