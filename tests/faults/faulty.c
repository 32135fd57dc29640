/* A module that does what no module may: made for tests, never in the product. Files below /fault say what to do when
 * they are parsed; files below /fault-collect, when they are collected. Everything it does, it does from inside the
 * real roles behind their real walls. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "core/module.h"
#include "core/work.h"

enum { CORE_FD = 4 }; /* of the parser */

static const struct hn_field thing_fields[] = {{"word", HN_T_STR, HN_REF_NONE, NULL, "what the file says"}, {0}};
static const struct hn_kind kinds[] = {{"thing", "path", thing_fields}, {0}};

static void spin(void)
{
    for (volatile unsigned i = 0;; i++)
        ;
}

static void say_raw(const void *p, size_t n)
{
    if (write(CORE_FD, p, n) != (ssize_t)n)
        abort();
}

static void frame(char type, const char *payload)
{
    char head[5] = {type, (char)strlen(payload)};
    say_raw(head, sizeof head);
    say_raw(payload, strlen(payload));
}

static void eat_memory(void)
{
    for (;;) {
        char *p = malloc(1 << 20);
        if (!p)
            abort();
        memset(p, 1, 1 << 20);
    }
}

static void lie(struct hn_str word)
{
    static const char two_gib[5] = {'O', 0, 0, 0, (char)0x80};
    if (hn_str_eqc(word, "lie-length"))
        say_raw(two_gib, sizeof two_gib);
    else if (hn_str_eqc(word, "lie-type"))
        frame('?', "");
    else if (hn_str_eqc(word, "lie-module"))
        frame('M', "packages");
    else if (hn_str_eqc(word, "lie-done"))
        frame('X', "");
    else
        for (;;) /* lie-flood */
            frame('N', "{\"what\":\"x\",\"why\":\"y\"}");
    pause();
}

/* Observations that the core must refuse one by one, without losing the good ones. Before them so many good ones that
 * the role's own buffer has gone out: what is written past it would come before the module's beginning. */
static void nonsense(struct hn_parse *p)
{
    static char pad[4000];
    char name[16];
    memset(pad, 'x', sizeof pad);
    for (unsigned i = 0; i < 80; i++) {
        snprintf(name, sizeof name, "pad-%u", i);
        hn_obs_begin(p, "thing", hn_str_c(name));
        hn_obs_str(p, "word", (struct hn_str){pad, sizeof pad});
        hn_obs_end(p);
    }
    frame('O', "not JSON");
    frame('O', "{\"module\":\"faulty\",\"kind\":\"unknown\",\"subject\":\"a\",\"fields\":{}}");
    frame('O', "{\"module\":\"packages\",\"kind\":\"package\",\"subject\":\"b\",\"fields\":{}}");
    frame('O', "{\"module\":\"faulty\",\"kind\":\"thing\",\"subject\":7,\"fields\":{\"word\":[]}}");
}

static volatile int *volatile nowhere;

static void obey(struct hn_parse *p, struct hn_str word)
{
    if (hn_str_eqc(word, "crash"))
        *nowhere = 1;
    else if (hn_str_eqc(word, "abort"))
        abort();
    else if (hn_str_eqc(word, "hang"))
        spin();
    else if (hn_str_eqc(word, "sleep"))
        pause();
    else if (hn_str_eqc(word, "exit"))
        _exit(0);
    else if (hn_str_eqc(word, "exit-orphaned"))
        _exit(4);
    else if (hn_str_eqc(word, "oom"))
        eat_memory();
    else if (hn_str_eqc(word, "open"))
        (void)!open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    else if (hn_str_eqc(word, "socket"))
        (void)!socket(AF_INET, SOCK_STREAM, 0);
    else if (hn_str_eqc(word, "exec"))
        execl("/bin/true", "true", (char *)NULL);
    else if (hn_str_eqc(word, "close"))
        close(CORE_FD), spin();
    else if (hn_str_eqc(word, "nonsense"))
        nonsense(p);
    else if (hn_str_starts(word, "lie-"))
        lie(word);
}

static void faulty_parse(struct hn_parse *p, const struct hn_rec *r)
{
    struct hn_arena *a = hn_parse_scratch(p);
    struct hn_str word = hn_str_trim(hn_str_from_hostile(a, r->data, 64));
    if (r->err || !word.n)
        return;
    obey(p, word);
    hn_obs_begin(p, "thing", hn_str_from_hostile(a, r->path, 4096));
    hn_obs_str(p, "word", word);
    hn_obs_end(p);
}

static void faulty_finish(struct hn_parse *p)
{
    if (*(bool *)hn_parse_state(p))
        abort();
}

static void faulty_parse_any(struct hn_parse *p, const struct hn_rec *r)
{
    if (hn_str_eqc(r->tag, "finish") && !r->err)
        *(bool *)hn_parse_state(p) = true;
    else
        faulty_parse(p, r);
}

static void collect_word(struct hn_collect *c, int rootfd, const char *path)
{
    char text[64] = "";
    if (hn_collect_skips(c, path))
        return;
    int fd = openat(rootfd, path + 1, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0)
        close(fd);
    struct hn_str word = n > 0 ? hn_str_trim(hn_str_c(text)) : HN_STR("");
    hn_collect_stat(c, "stat", path);
    if (hn_str_eqc(word, "crash"))
        abort();
    else if (hn_str_eqc(word, "exit"))
        _exit(0);
    else if (hn_str_eqc(word, "hang"))
        spin();
    else if (hn_str_eqc(word, "socket"))
        (void)!socket(AF_INET, SOCK_STREAM, 0);
    else if (hn_str_eqc(word, "write") && openat(rootfd, "made-by-collector", O_WRONLY | O_CREAT, 0600) < 0)
        hn_collect_not_seen(c, path, "writing was refused");
}

static void faulty_collect(struct hn_collect *c)
{
    hn_collect_file(c, "finish", "/fault-finish", 64);
    hn_collect_glob(c, "fault", "/fault/*", 64, 100);
    struct hn_at root;
    if (!hn_at_open(c, "/", O_PATH | O_DIRECTORY, &root))
        return;
    for (char i = '0'; i <= '9'; i++) {
        char path[] = "/fault-collect/0";
        path[sizeof path - 2] = i;
        if (faccessat(root.fd, path + 1, F_OK, 0) == 0)
            collect_word(c, root.fd, path);
    }
    hn_at_close(&root);
}

extern const struct hn_verb faulty_verbs[];
extern const struct hn_module hn_module_faulty;
const struct hn_module hn_module_faulty = {
    .name = "faulty",
    .kinds = kinds,
    .state_size = sizeof(bool),
    .collect = faulty_collect,
    .parse = faulty_parse_any,
    .finish = faulty_finish,
    .verbs = faulty_verbs,
};
