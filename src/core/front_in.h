/* Shared by the front_*.c files only. */
#pragma once

#include <sys/types.h>

#include "base/mem.h"
#include "core/work_front.h"
#include "core/work_wire.h"

/* One thing to be opened: a file found by name, a file below a named folder, a socket. */
struct front_input {
    const char *path;   /* in the arena */
    const char *option; /* "" positional */
    int fd;             /* a socket that is open already; else -1 */
    uint64_t size;
    bool plain; /* was a plain file when it was found */
};

struct front_output {
    const char *option, *path;
    char temp[4096];
    bool made, drawn; /* the worker began it; it wrote marks of a report, of which a PDF is drawn */
};

#define FRONT_OUTPUTS 4u
struct front_state {
    const struct hn_front *f;
    struct hn_arena arena;
    struct front_input *inputs;
    size_t n_inputs, cap_inputs;
    size_t n_positional;
    uint64_t total, mapped; /* bytes of the positional inputs; of all */
    struct front_output outputs[FRONT_OUTPUTS];
    size_t n_outputs;
    int folder; /* HINOMI_HOME/<module>, or -1 */
    int lock;
    int facts; /* run document for the worker, or -1 */
    uint64_t facts_size;
    const char **names; /* of the last listing */
    size_t n_names;
    const char *asked; /* option of the last input, and its place */
    size_t asked_at;
    const char *at;       /* the input that was handed out last, or the first of several */
    unsigned more_at;     /* so many after it */
    struct hn_buf batch;  /* of small files, being filled */
    const char *batch_at; /* the first of the batch that was handed out last, */
    unsigned batch_n;     /* and how many it had */
    struct front_follow *follow;
    pid_t pump;    /* captures for the worker; -1 */
    int pump_stop; /* closed: it ends; -1 */
};

/* ---- front_inputs.c ---- */
HN_MUST struct hn_err front_inputs_find(struct front_state *s, struct hn_diag *reterr);
/* 'N': an open descriptor or errno in h->err; name into text. */
int front_input_next(struct front_state *s, struct work_head *h, char *text);
/* The next small plain files, whole, into s->batch as 'B' brings them (core/work_wire.h): as many as fit into room, up
 * to the first that is none. */
unsigned front_batch(struct front_state *s, const char *option, size_t room);
/* May the next one of the option be handed out unasked? A plain file can be opened without waiting. */
bool front_input_ready(const struct front_state *s, const char *option);
HN_MUST struct hn_err front_socket(struct front_state *s, const struct hn_front_option *o, int *ret_fd,
                                   struct hn_diag *reterr);

/* ---- front_pump.c ---- */
void front_pump_stop(struct front_state *s); /* it hands over what has arrived, then ends */
/* Waits for it; nobody may hold what it writes into any more, or it never ends. */
void front_pump_end(struct front_state *s);

/* ---- front_follow.c ---- */
bool front_follows(const struct front_state *s, const char *option);
/* The next file that is new or has changed; ENODATA when there is none at present. */
int front_follow_next(struct front_state *s, const char *option, struct work_head *h, char *text);
void front_follow_done(struct front_state *s);

/* ---- front_facts.c ---- */
#define FRONT_FACTS_MAX ((size_t)256 << 20)
bool front_facts_wanted(const struct hn_front *f);
HN_MUST struct hn_err front_facts_collect(struct front_state *s, struct hn_diag *reterr);

/* ---- front_draw.c ---- */
/* In place of the marks that the worker wrote: the report as pages, drawn by a role of its own. */
HN_MUST struct hn_err front_draw(const struct front_state *s, const struct front_output *o, struct hn_diag *reterr);

/* ---- front_files.c ---- */
HN_MUST struct hn_err front_folder_open(struct front_state *s, struct hn_diag *reterr);
/* 'O', 'A', 'W', 'T', 'C', 'D', 'L', 'U': descriptor or -1; errno in h->err. */
int front_file(struct front_state *s, uint8_t type, struct work_head *h, char *text);
/* Outputs get their names when the worker ended well, and go otherwise. */
HN_MUST struct hn_err front_outputs_end(struct front_state *s, bool keep, struct hn_diag *reterr);
