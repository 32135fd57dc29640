#include "core/front_pcap.h"

#include <sys/socket.h>

#include "base/library.h"
#include "format/packet/packet.h"
#include "format/packet/ring.h"

#define ERROR_TEXT    256 /* PCAP_ERRBUF_SIZE */
#define LINK_ETHERNET 1   /* DLT_EN10MB, DLT_RAW on Linux */
#define LINK_RAW      12
#define RETIRE_MS     100  /* as the ring's blocks */
#define NO_DEVICE     (-5) /* PCAP_ERROR_… */
#define NOT_PERMITTED (-8)

struct hn_err front_pcap_load(const struct front_pcap **ret, struct hn_diag *reterr)
{
    static struct front_pcap f;
    const struct hn_library_function list[] = {{"pcap_open_dead", &f.open_dead},
                                               {"pcap_compile", &f.compile},
                                               {"pcap_geterr", &f.geterr},
                                               {"pcap_freecode", &f.freecode},
                                               {"pcap_close", &f.close},
                                               {"pcap_create", &f.create},
                                               {"pcap_set_snaplen", &f.set_snaplen},
                                               {"pcap_set_timeout", &f.set_timeout},
                                               {"pcap_set_buffer_size", &f.set_buffer_size},
                                               {"pcap_set_tstamp_precision", &f.set_precision},
                                               {"pcap_get_tstamp_precision", &f.get_precision},
                                               {"pcap_activate", &f.activate},
                                               {"pcap_statustostr", &f.statustostr},
                                               {"pcap_setfilter", &f.setfilter},
                                               {"pcap_setnonblock", &f.setnonblock},
                                               {"pcap_get_selectable_fd", &f.selectable},
                                               {"pcap_datalink", &f.datalink},
                                               {"pcap_dispatch", &f.dispatch},
                                               {"pcap_stats", &f.stats}};
    *ret = &f;
    return hn_library_load("libpcap.so.0.8", "libpcap0.8", list, sizeof list / sizeof *list, reterr);
}

/* ---------------------------------------------------------------- filters
 *
 * Compiled by libpcap and done by the kernel, before a packet reaches the ring. */

static struct hn_err attach(int fd, const struct pcap_program *program, struct hn_diag *reterr)
{
    struct sock_fprog f = {.len = (unsigned short)program->n, .filter = program->list};
    if (program->n > BPF_MAXINSNS)
        return hn_fail(reterr, HN_E_LIMIT, "the filter is too long for the kernel");
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &f, sizeof f) == 0 ? HN_OK
                                                                           : hn_fail_errno(reterr, "the filter");
}

static struct hn_err compile(const struct front_pcap *pcap, void *p, const char *text, struct pcap_program *ret,
                             struct hn_diag *reterr)
{
    return pcap->compile(p, ret, text, 1, UINT32_MAX) == 0
               ? HN_OK
               : hn_fail(reterr, HN_E_INVALID, "--bpf %s: %s", text, pcap->geterr(p));
}

struct hn_err front_pcap_attach(int fd, const char *filter, struct hn_diag *reterr)
{
    const struct front_pcap *pcap;
    struct pcap_program program = {0};
    HN_TRY(front_pcap_load(&pcap, reterr));
    int link = hn_ring_link(fd) == HN_LINK_RAW ? LINK_RAW : LINK_ETHERNET; /* bound already, and silent yet */
    void *p = pcap->open_dead(link, FRONT_SNAPLEN);
    if (!p)
        return hn_fail(reterr, HN_E_NOMEM, "the filter");
    struct hn_err e = compile(pcap, p, filter, &program, reterr);
    if (hn_ok(e)) {
        e = attach(fd, &program, reterr);
        pcap->freecode(&program);
    }
    pcap->close(p);
    return e;
}

/* ---------------------------------------------------------------- devices */

/* Not promiscuous, as the ring is not. A device without nanoseconds or a buffer to be sized says so by what it has. */
static struct hn_err activate(const struct front_pcap *pcap, void *p, const char *device, struct hn_diag *reterr)
{
    pcap->set_snaplen(p, FRONT_SNAPLEN);
    pcap->set_timeout(p, RETIRE_MS);
    pcap->set_buffer_size(p, HN_RING_BYTES);
    pcap->set_precision(p, FRONT_PCAP_NANO);
    int status = pcap->activate(p);
    if (status >= 0) /* above: a warning about what was not asked for */
        return HN_OK;
    const char *why = pcap->geterr(p);
    enum hn_err_code code = status == NO_DEVICE ? HN_E_NOENT : status == NOT_PERMITTED ? HN_E_PERM : HN_E_IO;
    return hn_fail(reterr, code, "%s: %s", device, *why ? why : pcap->statustostr(status));
}

static struct hn_err set_filter(const struct front_pcap *pcap, void *p, const char *filter, struct hn_diag *reterr)
{
    struct pcap_program program = {0};
    HN_TRY(compile(pcap, p, filter, &program, reterr));
    struct hn_err e = pcap->setfilter(p, &program) == 0 ? HN_OK : hn_fail(reterr, HN_E_IO, "%s", pcap->geterr(p));
    pcap->freecode(&program);
    return e;
}

struct hn_err front_pcap_open(const char *device, const char *filter, void **ret, struct hn_diag *reterr)
{
    const struct front_pcap *pcap;
    char error[ERROR_TEXT] = "";
    HN_TRY(front_pcap_load(&pcap, reterr));
    void *p = pcap->create(device, error);
    if (!p)
        return hn_fail(reterr, HN_E_IO, "%s: %s", device, error);
    struct hn_err e = activate(pcap, p, device, reterr);
    if (hn_ok(e) && filter)
        e = set_filter(pcap, p, filter, reterr);
    if (hn_ok(e) && pcap->setnonblock(p, 1, error) != 0)
        e = hn_fail(reterr, HN_E_IO, "%s: %s", device, error);
    if (hn_ok(e))
        *ret = p;
    else
        pcap->close(p);
    return e;
}
