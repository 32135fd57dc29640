/* Between a front and its worker: datagrams that keep their bounds (SOCK_SEQPACKET), a descriptor beside some. Both
 * sides are the same program; the front still checks every value, since the worker has looked into hostile bytes.
 *
 *   worker → front   'N' next input of option NAME (empty: positional)   → HEAD + name, descriptor; several at once
 *                    'B' next inputs of option NAME, whole if small     → 'B' HEAD + files, or 'N' as above
 *                    'O' open NAME · 'A' append · 'W' new · 'T' nameless → HEAD, descriptor
 *                    'C' commit NAME · 'D' remove NAME                   → HEAD
 *                    'L' file I of the folder below PREFIX               → HEAD + name
 *                    'U' output of option NAME                           → HEAD, descriptor
 *                    'R' run document, descriptor                        → HEAD
 *                    'F' facts                                           → HEAD, descriptor of a run document
 *                    'P' progress HEAD + what                            (no answer)
 * Every request is {type, HEAD, text}; every answer {HEAD, text}.
 *
 * 'B' brings head.index files, each a struct work_file, its name, its content. A worker may ask for the next ones
 * before it has read these: the front then reads files while the worker works. */
#pragma once

#include <stdint.h>

#define WORK_TEXT_MAX 8192u
#define WORK_BATCH    (104u << 10) /* of a message of files: fits the room that a socket has anywhere */
#define WORK_SMALL    (64u << 10)  /* files up to here are read rather than mapped */
#define WORK_AHEAD    8u           /* answers to one 'N': a hundred thousand small files are not as many turns */

struct work_head {
    int32_t err;    /* errno; 0 fine */
    uint32_t flags; /* 1: a plain file; 2: the answer about the next one follows, unasked */
    uint64_t size;  /* of the file; progress: done */
    int64_t time;   /* its mtime; progress: total */
    uint32_t index; /* 'L' */
    uint32_t n;     /* length of the text */
};

struct work_file {
    uint64_t size;
    int64_t time; /* its mtime */
    uint32_t n;   /* length of the name */
};

/* Exit code of a worker whose front has gone. */
#define HN_WORK_ORPHANED 4

enum { WORK_FD = 3, WORK_START_FD = 4, WORK_STOP_FD = 5 };

/* One message, with the descriptor fd unless it is -1. False: the other side is gone. */
bool hn_work_send(int sock, uint8_t type, const struct work_head *h, const void *text, int fd);
/* Receives one; text needs WORK_TEXT_MAX bytes. *ret_fd is -1 when none came. False at the end or on nonsense. */
bool hn_work_receive(int sock, uint8_t *ret_type, struct work_head *ret, char *text, int *ret_fd);
/* The same with a text of up to WORK_BATCH bytes. */
bool hn_work_receive_batch(int sock, uint8_t *ret_type, struct work_head *ret, char *text, int *ret_fd);
