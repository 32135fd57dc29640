/* Verbs of the faulty module: what a worker may do, and what becomes of one that does what it may not. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "core/work.h"

extern const struct hn_verb faulty_verbs[];

static void *add_up(void *arg)
{
    const struct hn_bytes *b = arg;
    size_t sum = 0;
    for (size_t i = 0; i < b->n; i++)
        sum += b->p[i];
    return (void *)(uintptr_t)sum;
}

static size_t sum_in_thread(struct hn_bytes b)
{
    pthread_t t;
    void *sum = NULL;
    if (pthread_create(&t, NULL, add_up, &b) != 0)
        abort();
    pthread_join(t, &sum);
    return (size_t)(uintptr_t)sum;
}

/* Sums the bytes of every input; a file that says "open", "crash" … is obeyed. */
static int sum(struct hn_work *w)
{
    struct hn_input in;
    bool whole = hn_work_switch(w, "whole");
    while (whole ? hn_work_next_whole(w, &in) : hn_work_next(w, &in)) {
        if (!hn_work_map(w, &in, 1u << 20)) {
            hn_work_done(&in);
            continue;
        }
        struct hn_str word = hn_str_trim((struct hn_str){(const char *)in.map.p, in.map.n});
        if (hn_str_eqc(word, "open"))
            (void)!open("/etc/passwd", O_RDONLY | O_CLOEXEC);
        else if (hn_str_eqc(word, "socket"))
            (void)!socket(AF_INET, SOCK_STREAM, 0);
        else if (hn_str_eqc(word, "exec"))
            execl("/bin/true", "true", (char *)NULL);
        else if (hn_str_eqc(word, "crash"))
            abort();
        hn_work_text(w, in.name);
        hn_work_print(w, " %zu\n", sum_in_thread(in.map));
        hn_work_done(&in);
    }
    while (hn_work_input(w, "extra", &in)) {
        hn_work_print(w, "extra ");
        hn_work_text(w, in.name);
        hn_work_print(w, "\n");
        hn_work_done(&in);
    }
    int out = hn_work_output(w, "output");
    if (out >= 0 && write(out, "written\n", 8) != 8)
        return 3;
    if (hn_work_unreadable(w))
        return 3;
    return (int)hn_work_int(w, "code", 0);
}

/* files keep NAME TEXT | show NAME | list PREFIX | remove NAME | half NAME */
static int files(struct hn_work *w)
{
    struct hn_str what = hn_work_word(w, 0), name = hn_work_word(w, 1), text = hn_work_word(w, 2);
    if (hn_str_eqc(what, "list")) {
        struct hn_file_entry *list;
        size_t n;
        if (!hn_ok(hn_work_file_list(w, name, &list, &n)))
            return 3;
        for (size_t i = 0; i < n; i++)
            hn_work_print(w, "%.*s %llu\n", HN_FMT(list[i].name), (unsigned long long)list[i].size);
        return 0;
    }
    if (hn_str_eqc(what, "remove"))
        return hn_ok(hn_work_file_remove(w, name)) ? 0 : 3;
    bool show = hn_str_eqc(what, "show");
    int fd = show ? hn_work_file_open(w, name) : hn_work_file_new(w, name);
    if (fd < 0) {
        hn_work_print(w, "%s\n", strerror(errno));
        return 1;
    }
    if (show) {
        char b[256];
        ssize_t n = read(fd, b, sizeof b);
        hn_work_write(w, hn_bytes_of(b, n > 0 ? (size_t)n : 0));
        return 0;
    }
    if (write(fd, text.p, text.n) != (ssize_t)text.n)
        return 3;
    return hn_str_eqc(what, "half") ? 0 : hn_ok(hn_work_file_commit(w, name)) ? 0 : 3;
}

/* Says what was observed of an asset that is no host. */
static int observe(struct hn_work *w)
{
    struct hn_work_asset a = {.name = hn_work_word(w, 0),
                              .kind = HN_STR("telescope"),
                              .key_type = HN_STR("telescope"),
                              .key = hn_work_word(w, 0),
                              .scope = HN_STR("faulty:test")};
    struct hn_parse *p = hn_work_obs_begin(w, &a, hn_work_now(w));
    hn_obs_begin(p, "thing", HN_STR("one"));
    hn_obs_str(p, "word", hn_work_word(w, 1));
    hn_obs_end(p);
    return hn_ok(hn_work_obs_end(w, true)) ? 0 : 3;
}

/* Echoes datagrams until it is told to stop. */
static int serve(struct hn_work *w)
{
    struct hn_input in;
    char b[256];
    if (!hn_work_input(w, "listen", &in))
        return 2;
    hn_work_print(w, "ready\n");
    for (unsigned n = 0; !hn_work_stop(w);) {
        ssize_t got = recv(in.fd, b, sizeof b, MSG_DONTWAIT);
        if (got > 0)
            n++;
        if (n == 3) {
            hn_work_print(w, "three\n");
            return 0;
        }
        usleep(1000);
    }
    hn_work_print(w, "stopped\n");
    return 1;
}

static const struct hn_verb_option sum_options[] = {{"code", HN_OPT_INT, "N", .least = 0, .most = 3},
                                                    {"whole", HN_OPT_SWITCH, NULL},
                                                    {"extra", HN_OPT_INPUT, "FILE", .many = true},
                                                    {"output", HN_OPT_OUTPUT, "FILE"},
                                                    {0}};
static const struct hn_verb_option serve_options[] = {{"listen", HN_OPT_UDP, "ADDRESS:PORT"}, {0}};

const struct hn_verb faulty_verbs[] = {{"sum", "FILE|DIR|- …", sum_options, 0, 0, sum},
                                       {"files", "WHAT NAME [TEXT]", NULL, HN_VERB_WORDS | HN_VERB_FOLDER, 0, files},
                                       {"observe", "NAME WORD", NULL, HN_VERB_WORDS, 0, observe},
                                       {"serve", "", serve_options, HN_VERB_SERVES, 0, serve},
                                       {0}};
