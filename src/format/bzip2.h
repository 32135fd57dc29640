/* bzip2, as nfdump packs blocks when it is asked to (-j) and as old captures are kept: libbz2, loaded by the processes
 * that may meet it before they enter their sandbox. It needs at most 3.7 MiB for a stream. */
#pragma once

#include "base/bytes.h"
#include "base/err.h"

#define HN_BZIP2_PACKAGE "libbz2-1.0"

/* Once is enough, from any thread. In a sandbox it is too late for the first time. False: it is not installed. */
bool hn_bzip2_load(void);

struct hn_bzip2;

struct hn_bzip2 *hn_bzip2_new(void); /* NULL: out of memory, or not installed */
void hn_bzip2_free(struct hn_bzip2 *z);
/* Takes from *in and gives up to room octets; *ret is how many. A stream that ended is followed by the next one. NULL,
 * or why it is damaged (a static text). *ret_between: nothing of a stream is left unfinished. */
const char *hn_bzip2_step(struct hn_bzip2 *z, struct hn_bytes *in, uint8_t *out, size_t room, size_t *ret,
                          bool *ret_between);

/* Unpacks b into out; gives the octets written, or −1 when b is damaged, cut short, gives more than max, or the library
 * is not installed. */
ptrdiff_t hn_bzip2_unpack(struct hn_bytes b, uint8_t *out, size_t max);
