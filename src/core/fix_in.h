/* Parts of the fixer. Private to core/fix*.c and its test. */
#pragma once

#include "base/fs.h"
#include "core/fix.h"

#define FIX_FILE_MAX ((size_t)1 << 20) /* a configuration file that is larger is not ours to edit */

/* ---- files below the root (fix_files.c) ---- */

struct fix_root {
    int fd;
    bool live;     /* no --root */
    bool commands; /* commands may run */
    const char *bin;
};
HN_MUST struct hn_err fix_root_open(const struct hn_fix_env *env, struct fix_root *ret, struct hn_diag *reterr);
/* Absolute, no "..", no empty or "." part, no control character, at most 4000 bytes. */
bool fix_path_ok(struct hn_str path);
/* Descriptor of the folder that holds path; *ret_name is the last part, inside path. -1 with errno. */
int fix_parent(const struct fix_root *r, struct hn_str path, struct hn_arena *a, const char **ret_name);
/* State of path itself (a final symbolic link is not followed). content may be NULL; it is read for regular files only.
 */
HN_MUST struct hn_err fix_look(const struct fix_root *r, struct hn_str path, struct hn_arena *a,
                               struct hn_fix_state_of *ret, struct hn_buf *content, struct hn_diag *reterr);
/* Replaces or makes path in one step: content, mode, owner and (unless 0) time; extended attributes are taken over from
 * what was there. tmp is the name of the temporary file, which a crash may leave. */
HN_MUST struct hn_err fix_replace(const struct fix_root *r, struct hn_str path, struct hn_bytes content,
                                  const struct hn_fix_state_of *as, const char *tmp, struct hn_arena *a,
                                  struct hn_diag *reterr);
HN_MUST struct hn_err fix_set_meta(const struct fix_root *r, struct hn_str path, const struct hn_fix_state_of *as,
                                   struct hn_arena *a, struct hn_diag *reterr);
/* Reads a file below the root; absent gives an empty text and *ret_there false. */
HN_MUST struct hn_err fix_read(const struct fix_root *r, struct hn_str path, struct hn_arena *a, struct hn_str *ret,
                               bool *ret_there, struct hn_diag *reterr);
struct hn_str fix_sha256(struct hn_arena *a, struct hn_bytes b);

/* ---- edits of texts (fix_edit.c): pure functions ---- */

enum fix_style { FIX_STYLE_SPACE, FIX_STYLE_EQUALS, FIX_STYLE_SYSCTL };
/* Every active line of the key gets the value; without one, it is added after a commented example or at the end. */
struct hn_str fix_edit_setting(struct hn_arena *a, struct hn_str old, struct hn_str key, struct hn_str value,
                               enum fix_style style);
/* Does an active line set this key to something else? */
bool fix_sets_otherwise(struct hn_str text, struct hn_str key, struct hn_str value, enum fix_style style);
/* sshd_config: the first value wins, Match blocks are left alone. */
struct hn_str fix_edit_sshd(struct hn_arena *a, struct hn_str old, struct hn_str key, struct hn_str value);
enum fix_sshd_first { FIX_SSHD_NEITHER, FIX_SSHD_KEY, FIX_SSHD_INCLUDE };
/* What comes first outside Match blocks: a line of the key, or an Include of the drop-in folder? */
enum fix_sshd_first fix_sshd_first(struct hn_str text, struct hn_str key);
/* Unified, one hunk, three lines of context. Empty when both are equal. */
struct hn_str fix_diff(struct hn_arena *a, struct hn_str path, struct hn_str old, struct hn_str new);

/* ---- commands (fix_command.c) ---- */

/* Runs argv[0], found in the system's folders (or in bin alone), without a shell, with an environment of our own,
 * standard input empty; what it prints is appended to out (cut at its maximum). Ended after `seconds`. */
HN_MUST struct hn_err fix_command(const char *const *argv, const char *bin, unsigned seconds, struct hn_buf *out,
                                  struct hn_diag *reterr);

/* ---- plan as JSON and back (fix_json.c) ---- */

void fix_steps_json(struct hn_jw *w, const struct hn_fix_plan *p);
bool fix_steps_read(struct hn_arena *a, const struct hn_jv *list, struct hn_fix_plan *p);
void fix_digest(struct hn_arena *a, struct hn_fix_plan *p);

/* ---- for the test that kills: ends the process by SIGKILL at the n-th durable point; 0 never ---- */
extern unsigned fix_die_at;
void fix_point(void);
