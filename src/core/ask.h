/* Questions that only a worker may answer: over files that the store role does not read (stored flows). The role does
 * not wait for them; everybody else is served meanwhile.
 *
 *   client ──operation──▶ store role ──asks.take──▶ asker ──▶ hinomi MODULE VERB ──▶ worker
 *          ◀───answer───             ◀─asks.report─       ◀───── what it printed ────
 *
 * The askers (`hinomi -x ask`, started by `hinomi serve`: one process and its copies) are the only ones that start
 * programs, one at a time each, so that a long question of one person blocks nobody else's; they look into nothing
 * that passes. What a worker printed is checked to be JSON, or text, before it becomes an answer. */
#pragma once

#include "base/buf.h"
#include "core/ops.h"

enum {
    HN_ASKS_MAX = 32,         /* waiting and at work */
    HN_ASKS_OF_ONE = 8,       /* … of one account */
    HN_ASKERS = 3,            /* questions at work at the same time */
    HN_ASKS_AT_WORK = 2,      /* … of one account */
    HN_ASK_SECONDS = 20,      /* of a question, then it is ended */
    HN_ASK_ARGS = 40,         /* words of a command line */
    HN_ASK_ANSWER = 16 << 20, /* octets that a worker may print */
};

struct hn_ask {
    char id[27];
    bool used, taken, done;
    unsigned conn;   /* who asked … */
    int64_t request; /* … and what the request was called; -1: nothing */
    unsigned owner;  /* connection of the asker that took it */
    hn_time asked;   /* monotonic */
    char account[64];
    const char *text_type; /* MIME type of an answer that is not JSON, or NULL */
    struct hn_buf task;    /* {"argv":[…],"input":…} */
    struct hn_buf answer;  /* of the operation, once done */
};

/* Begun by hn_ask_begin() and ended by hn_ask_put(): between them the words of the command go to `argv`, an array that
 * is open in the writer. */
struct hn_ask_task {
    struct hn_ask *ask;
    struct hn_jw w;
};
/* text_type: what it prints is no JSON but text of this type. Errors: nobody is there to answer, too many wait. */
HN_MUST struct hn_err hn_ask_begin(struct hn_op_ctx *c, const char *text_type, struct hn_ask_task *ret);
void hn_ask_word(struct hn_ask_task *t, struct hn_str word);
/* "--name=value"; left out when the value is empty. */
void hn_ask_option(struct hn_op_ctx *c, struct hn_ask_task *t, const char *name, struct hn_str value);
/* input: what the command reads on standard input, or empty. From now on the operation answers later. */
HN_MUST struct hn_err hn_ask_put(struct hn_op_ctx *c, struct hn_ask_task *t, struct hn_str input);

/* For the loop of the role: questions of a connection that went away are forgotten; those that its asker had taken wait
 * again. */
struct hn_role_state;
void hn_asks_gone(struct hn_role_state *r, unsigned conn);
void hn_ask_release(struct hn_ask *a);
bool hn_asks_open(const struct hn_role_state *r);
/* Those that nobody has answered in time get an error. */
void hn_asks_expire(struct hn_role_state *r);
