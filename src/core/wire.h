/* Messages between the roles of one run. Types are letters, so that a trace can be read.
 *
 *   collector → parser   M module name · R record · N not seen {what\0why} · E round over · X all done
 *   parser → collector   W want {tag\0how, one letter\0offset\0most bytes\0path or glob} · D no (more) wants
 *   core → parser        S start {JSON: live, deep, now, wanted paths}
 *   parser → core        M module name · O observation (JSON) · B malformed (JSON) · N not seen (JSON) · H hidden
 * (JSON) E module over
 */
#pragma once

#include <stdint.h>

#define HN_WIRE_MODULE    'M'
#define HN_WIRE_RECORD    'R'
#define HN_WIRE_NOT_SEEN  'N'
#define HN_WIRE_HIDDEN    'H'
#define HN_WIRE_ROUND     'E'
#define HN_WIRE_DONE      'X'
#define HN_WIRE_WANT      'W'
#define HN_WIRE_NO_WANTS  'D'
#define HN_WIRE_START     'S'
#define HN_WIRE_OBS       'O'
#define HN_WIRE_MALFORMED 'B'

#define HN_WANT_ROUNDS 8u
#define HN_WANT_FILES  4096u
#define HN_WANT_BYTES  (1u << 20)
#define HN_WANT_PARTS  200000u     /* of files that were seen before, a module */
#define HN_WANT_MEMORY (64u << 20) /* of all wants of a round */

/* Where a role is, in memory shared with the supervisor, who reads it to tell a role at work from one that hangs, and
 * to name the input when a role has died. Written by a role that may lie: every value is checked. */
#define HN_PROGRESS_PATH 8192u
enum hn_progress_state { HN_PROGRESS_BEGINS, HN_PROGRESS_WAITS, HN_PROGRESS_WORKS };
struct hn_progress {
    _Atomic uint64_t steps; /* grows with every input */
    _Atomic uint32_t state; /* BEGINS until the sandbox has been entered */
    uint32_t path_len;
    char path[HN_PROGRESS_PATH];
};

/* What each module looked at, told by the collector in shared memory: a letter, a text, NUL, one after the other.
 *   M module · F path of a file · G folder/pattern of names listed · N number of a netlink protocol · P processes
 *   K something in a kernel file system, which nobody tells of a change
 *   L path of a folder of which only the names count
 * Paths are as the host names them (below the root). */
#define HN_INPUTS_BYTES (8u << 20)
struct hn_inputs {
    _Atomic uint32_t n;    /* bytes in use */
    _Atomic uint32_t lost; /* entries that found no room */
    char text[HN_INPUTS_BYTES - 8];
};

/* Exit code of a parser or collector that ends because the other has gone. */
#define HN_ROLE_ORPHANED 4
