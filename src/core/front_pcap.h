/* libpcap, loaded when it is needed (base/library.h), in the command's own process only: it compiles filters, and opens
 * what is to be captured. Its structures that are used here, as <pcap/pcap.h> and <pcap/bpf.h> have them. */
#pragma once

#include <linux/filter.h>
#include <sys/time.h>

#include "core/front_in.h"

#define FRONT_SNAPLEN 262144 /* libpcap's own limit */

struct pcap_program {
    unsigned n;
    struct sock_filter *list;
};

struct pcap_head {
    struct timeval time; /* of nanoseconds if the handle has them */
    uint32_t cap, wire;
};

struct pcap_counts {
    unsigned received, dropped, dropped_by_card;
};

struct front_pcap {
    void *(*open_dead)(int link, int snaplen);
    int (*compile)(void *p, struct pcap_program *ret, const char *text, int optimize, uint32_t netmask);
    char *(*geterr)(void *p);
    void (*freecode)(struct pcap_program *program);
    void (*close)(void *p);
    void *(*create)(const char *device, char *error);
    int (*set_snaplen)(void *p, int n);
    int (*set_timeout)(void *p, int ms);
    int (*set_buffer_size)(void *p, int n);
    int (*set_precision)(void *p, int precision);
    int (*get_precision)(void *p);
    int (*activate)(void *p);
    const char *(*statustostr)(int status);
    int (*setfilter)(void *p, struct pcap_program *program);
    int (*setnonblock)(void *p, int on, char *error);
    int (*selectable)(void *p);
    int (*datalink)(void *p);
    int (*dispatch)(void *p, int most, void (*each)(uint8_t *arg, const struct pcap_head *h, const uint8_t *octets),
                    uint8_t *arg);
    int (*stats)(void *p, struct pcap_counts *ret);
};

#define FRONT_PCAP_NANO 1 /* of set_precision */

/* ---- front_pcap.c ---- */
HN_MUST struct hn_err front_pcap_load(const struct front_pcap **ret, struct hn_diag *reterr);
/* A filter as tcpdump has it, for the packets of a socket that is bound to an interface. */
HN_MUST struct hn_err front_pcap_attach(int fd, const char *filter, struct hn_diag *reterr);
/* Any device that libpcap knows, capturing and not blocking. filter: NULL for everything. */
HN_MUST struct hn_err front_pcap_open(const char *device, const char *filter, void **ret, struct hn_diag *reterr);

/* ---- front_pump.c ---- */
/* What the device captures, as pcapng with what was lost, from a process that only copies. */
HN_MUST struct hn_err front_pump_start(struct front_state *s, const char *device, const char *filter, int *ret_fd,
                                       struct hn_diag *reterr);
