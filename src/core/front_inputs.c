/* What was named on the command line becomes a list of files: folders walked, sorted, links inside them left alone. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "core/front_in.h"
#include "format/report/report.h"

#define INPUTS_MAX 4000000u
#define DEPTH_MAX  64u

static bool add(struct front_state *s, const char *path, const char *option, int fd, uint64_t size, bool plain)
{
    if (s->n_inputs == s->cap_inputs) {
        size_t cap = s->cap_inputs ? 2 * s->cap_inputs : 64;
        struct front_input *more = cap > INPUTS_MAX ? NULL : hn_realloc(s->inputs, cap * sizeof *more);
        if (!more)
            return false;
        s->inputs = more;
        s->cap_inputs = cap;
    }
    s->inputs[s->n_inputs++] = (struct front_input){path, option, fd, size, plain};
    s->mapped += size;
    if (!*option) {
        s->n_positional++;
        s->total += size;
    }
    return true;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int not_dots(const struct dirent *d)
{
    return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static bool walk(struct front_state *s, const char *folder, const char *option, unsigned depth)
{
    struct dirent **list;
    HN_AUTO_FD at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int n = at < 0 ? -1 : scandirat(at, ".", &list, not_dots, by_name);
    if (n < 0 || depth > DEPTH_MAX)
        return add(s, folder, option, -1, 0, false); /* the worker hears why when it asks for it */
    bool ok = true;
    for (int i = 0; i < n; i++) {
        struct stat st;
        if (ok && fstatat(at, list[i]->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
            struct hn_str path = hn_arena_fmt(&s->arena, "%s/%s", folder, list[i]->d_name);
            if (!path.n)
                ok = false;
            else if (S_ISDIR(st.st_mode))
                ok = walk(s, path.p, option, depth + 1);
            else if (S_ISREG(st.st_mode))
                ok = add(s, path.p, option, -1, (uint64_t)st.st_size, true);
        }
        free(list[i]); /* libc's */
    }
    free(list); /* libc's */
    return ok;
}

static struct hn_err find(struct front_state *s, const char *path, const char *option, struct hn_diag *reterr)
{
    struct stat st;
    bool ok;
    if (strcmp(path, "-") == 0 || stat(path, &st) != 0)
        ok = add(s, path, option, -1, 0, false);
    else if (S_ISDIR(st.st_mode))
        ok = walk(s, path, option, 0);
    else
        ok = add(s, path, option, -1, S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0, S_ISREG(st.st_mode));
    return ok ? HN_OK : hn_fail(reterr, HN_E_LIMIT, "more than %u inputs", INPUTS_MAX);
}

static struct hn_err add_option(struct front_state *s, const struct hn_front_option *o, struct hn_diag *reterr)
{
    int fd = -1;
    struct stat st;
    switch (o->o->type) {
    case HN_OPT_INPUT:
        return find(s, o->value, o->o->name, reterr);
    case HN_OPT_OUTPUT:
    case HN_OPT_REPORT:
        if (s->n_outputs == FRONT_OUTPUTS)
            return hn_fail(reterr, HN_E_LIMIT, "too many outputs");
        /* the new file takes the place of what is there: never that of /dev/null */
        if (stat(o->value, &st) == 0 && !S_ISREG(st.st_mode))
            return hn_fail(reterr, HN_E_INVALID, "%s is there and is no plain file", o->value);
        s->outputs[s->n_outputs++] =
            (struct front_output){.option = o->o->name,
                                  .path = o->value,
                                  .drawn = o->o->type == HN_OPT_REPORT && hn_report_is_pdf(hn_str_c(o->value))};
        return HN_OK;
    case HN_OPT_UDP:
    case HN_OPT_TCP:
    case HN_OPT_SCTP:
    case HN_OPT_PACKETS:
        for (int64_t i = 0; i < (o->o->most > 1 ? o->o->most : 1); i++) {
            HN_TRY(front_socket(s, o, &fd, reterr));
            if (!add(s, o->value, o->o->name, fd, 0, false))
                return hn_fail(reterr, HN_E_NOMEM, "%s", o->value);
        }
        return HN_OK;
    default:
        return HN_OK;
    }
}

struct hn_err front_inputs_find(struct front_state *s, struct hn_diag *reterr)
{
    const struct hn_front *f = s->f;
    for (size_t i = 0; i < f->n_options; i++)
        HN_TRY(add_option(s, &f->options[i], reterr));
    if (f->verb->flags & HN_VERB_WORDS)
        return HN_OK;
    for (size_t i = 0; i < f->n_words; i++)
        HN_TRY(find(s, f->words[i], "", reterr));
    if (!f->n_words && (f->verb->flags & HN_VERB_STDIN))
        HN_TRY(find(s, "-", "", reterr));
    return HN_OK;
}

/* The next input of the option, or NULL. They are asked for in a row: it goes on where the last one was. */
static struct front_input *next(const struct front_state *s, const char *option)
{
    size_t i = s->asked && strcmp(s->asked, option) == 0 ? s->asked_at : 0;
    while (i < s->n_inputs && (!s->inputs[i].path || strcmp(s->inputs[i].option, option) != 0))
        i++;
    return i < s->n_inputs ? &s->inputs[i] : NULL;
}

static void handed_out(struct front_state *s, struct front_input *in)
{
    s->asked = in->option;
    s->asked_at = (size_t)(in - s->inputs);
    in->path = NULL;
    in->fd = -1; /* closed by who handed it out */
}

int front_input_next(struct front_state *s, struct work_head *h, char *text)
{
    char option[64] = "";
    struct stat st;
    if (h->n < sizeof option)
        memcpy(option, text, h->n);
    if (front_follows(s, option))
        return front_follow_next(s, option, h, text);
    struct front_input *in = next(s, option);
    *h = (struct work_head){.err = ENODATA};
    if (!in)
        return -1;
    int fd = in->fd >= 0                  ? in->fd
             : strcmp(in->path, "-") == 0 ? dup(STDIN_FILENO)
                                          : open(in->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    h->err = fd < 0 ? errno : 0;
    h->n = (uint32_t)strnlen(in->path, WORK_TEXT_MAX);
    memcpy(text, in->path, h->n);
    if (fd >= 0 && fstat(fd, &st) == 0) {
        h->flags = S_ISREG(st.st_mode) ? 1 : 0;
        h->size = (uint64_t)st.st_size;
        h->time = st.st_mtim.tv_sec * HN_SECOND + st.st_mtim.tv_nsec;
    }
    s->at = in->path;
    handed_out(s, in);
    return fd;
}

/* ---------------------------------------------------------------- small files, whole */

static bool read_content(int fd, struct hn_buf *b, size_t n)
{
    ssize_t got = 1;
    while (n && got > 0) {
        got = read(fd, b->p + b->n, n);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0) {
            b->n += (size_t)got;
            n -= (size_t)got;
        }
    }
    return got >= 0; /* a file that has become shorter is as long as it is now */
}

/* False: it is no small plain file (any more), does not fit, or cannot be read, which the worker hears when it asks for
 * it alone. */
static bool add_whole(struct front_state *s, const struct front_input *in, size_t room)
{
    struct hn_buf *b = &s->batch;
    size_t name = strnlen(in->path, WORK_TEXT_MAX), begun = b->n, head = sizeof(struct work_file) + name;
    struct stat st;
    if (!in->plain || in->size > WORK_SMALL || begun + head + in->size > room)
        return false;
    HN_AUTO_FD fd = open(in->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != in->size)
        return false;
    struct work_file f = {.time = st.st_mtim.tv_sec * HN_SECOND + st.st_mtim.tv_nsec, .n = (uint32_t)name};
    hn_buf_add(b, &f, sizeof f);
    hn_buf_add(b, in->path, name);
    bool ok = !b->bad && hn_buf_room(b, in->size + 1) && read_content(fd, b, in->size);
    f.size = b->n - begun - head;
    if (ok)
        memcpy(b->p + begun, &f, sizeof f);
    else
        b->n = begun;
    return ok;
}

unsigned front_batch(struct front_state *s, const char *option, size_t room)
{
    struct front_input *in;
    unsigned n = 0;
    if (!s->batch.max)
        hn_buf_init(&s->batch, WORK_BATCH);
    hn_buf_clear(&s->batch);
    while (!front_follows(s, option) && (in = next(s, option)) && add_whole(s, in, room)) {
        s->at = n++ ? s->at : in->path;
        handed_out(s, in);
    }
    return n;
}

bool front_input_ready(const struct front_state *s, const char *option)
{
    size_t i = s->asked_at + 1;
    return s->asked && i < s->n_inputs && s->inputs[i].plain && s->inputs[i].path && !front_follows(s, option) &&
           strcmp(s->asked, option) == 0 && strcmp(s->inputs[i].option, option) == 0;
}
