/* Shared by the work_*.c files of the worker only. */
#pragma once

#include "core/parse.h"
#include "core/text.h"
#include "core/work.h"
#include "core/work_wire.h"

struct hn_run;

struct hn_work {
    const struct hn_module *module;
    const struct hn_verb *verb;
    const struct hn_jv *opts, *words; /* of the start document */
    enum hn_work_form form;
    enum hn_lang lang;
    unsigned columns;
    bool show_progress;
    hn_time now;
    uint64_t total;
    size_t n_inputs, unreadable;
    bool files;         /* something to be read was named, as an input or by an option */
    bool collected;     /* facts were */
    struct work_ahead { /* answers that came unasked, from ahead_at on; of ahead_option */
        struct work_head head;
        int fd;
        char *name;
    } ahead[WORK_AHEAD];
    size_t ahead_at, n_ahead;
    char ahead_option[64];
    struct work_batch *batch, *batch_next; /* of small files: in hand; waiting */
    struct work_ahead alone;               /* an input that came in place of a batch */
    bool batch_asked, batch_end, alone_there;
    struct hn_arena arena;
    struct hn_buf out; /* to standard output, not yet written */
    int out_errno;     /* why that failed; 0: it did not */
    hn_time began, shown;
    /* observations of the asset in hand */
    struct hn_parse *parse;
    struct hn_parse_sink sink;
    struct hn_work_asset asset;
    hn_time collected_at;
    struct hn_buf obs;
    uint64_t n_obs;
    struct hn_run *run; /* the facts that the verb asked for, once they were read */
};

/* Takes the answer that was asked for ahead, so that the next one is that to the next request. */
void work_settle(struct hn_work *w);
/* One request and its answer. text_out: WORK_TEXT_MAX bytes or NULL. Gives h->err; *ret_fd is -1 unless one came. */
int work_ask(struct hn_work *w, uint8_t type, struct work_head *h, const void *text, int fd, char *text_out,
             int *ret_fd);
void work_flush(struct hn_work *w);
/* The end of what is said; gives the exit code, which may say that it could not be written. */
int work_out_end(struct hn_work *w, int code);
