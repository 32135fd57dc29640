/* Unit tests: one program per file, one forked child per case, so that a crash or a hang fails its case only.
 *
 *   TEST(cuts_at_the_first_separator)
 *   {
 *       CHECK_INT(hn_str_chr(HN_STR("a,b"), ','), 1);
 *   }
 *
 * A failed check prints both values and returns from the function it is in (so release with HN_AUTO what the function
 * owns; after calling a helper that checks, STOP_IF_FAILED()). Run with names to select cases: test_str cuts.
 *
 * Environment: HINOMI_TEST_SLOW=N multiplies time limits (valgrind); HINOMI_TORTURE=N runs every case again and again,
 * its 1st, 2nd, … N-th allocation failing in turn: failed checks are then expected, crashes and leaks are not. */
#pragma once

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"

struct hn_test_case {
    const char *name;
    void (*run)(void);
    unsigned seconds;
    struct hn_test_case *next;
};

/* Written by the child, read by the parent. */
struct hn_test_result {
    bool finished, failed, fired; /* fired: the allocation that should fail was reached */
    char skip[128];
};

static struct hn_test_case *hn_test_first, **hn_test_last = &hn_test_first;
static struct hn_test_result *hn_test_now;
static bool hn_test_quiet;
static char hn_test_note[256];

/* name is a sentence in identifiers; the limit of TEST is ten seconds. */
#define TEST(name) TEST_LONG(name, 10)
#define TEST_LONG(name, limit)                                                                                         \
    static void test_##name(void);                                                                                     \
    __attribute__((constructor)) static void hn_test_add_##name(void)                                                  \
    {                                                                                                                  \
        static struct hn_test_case one = {#name, test_##name, (limit), NULL};                                          \
        *hn_test_last = &one;                                                                                          \
        hn_test_last = &one.next;                                                                                      \
    }                                                                                                                  \
    static void test_##name(void)

#define HN_TEST_AT __FILE__, __LINE__
#define HN_TEST_FN static inline __attribute__((unused)) bool
#define HN_TEST_DO(ok)                                                                                                 \
    do {                                                                                                               \
        if (!(ok))                                                                                                     \
            return;                                                                                                    \
    } while (0)

#define CHECK(cond)            HN_TEST_DO((cond) || hn_test_fail(HN_TEST_AT, "%s is false", #cond))
#define CHECK_INT(got, want)   HN_TEST_DO(hn_test_int(HN_TEST_AT, #got, (int64_t)(got), (int64_t)(want)))
#define CHECK_UINT(got, want)  HN_TEST_DO(hn_test_uint(HN_TEST_AT, #got, (uint64_t)(got), (uint64_t)(want)))
#define CHECK_NUM(got, want)   HN_TEST_DO(hn_test_num(HN_TEST_AT, #got, (got), (want)))
#define CHECK_STR(got, want)   HN_TEST_DO(hn_test_str(HN_TEST_AT, #got, (got), (want)))         /* two hn_str */
#define CHECK_TEXT(got, want)  HN_TEST_DO(hn_test_str(HN_TEST_AT, #got, (got), hn_str_c(want))) /* hn_str, char * */
#define CHECK_C(got, want)     HN_TEST_DO(hn_test_str(HN_TEST_AT, #got, hn_str_c(got), hn_str_c(want))) /* two char * */
#define CHECK_BYTES(got, want) HN_TEST_DO(hn_test_bytes(HN_TEST_AT, #got, (got), (want))) /* two hn_bytes */
#define CHECK_OK(err)          HN_TEST_DO(hn_test_err(HN_TEST_AT, #err, (err), HN_E_OK))
#define CHECK_ERR(err, code)   HN_TEST_DO(hn_test_err(HN_TEST_AT, #err, (err), HN_E_##code))
#define STOP_IF_FAILED()       HN_TEST_DO(!hn_test_now->failed)
/* Shown when a later check fails: which row, which input. */
#define NOTE(...) hn_test_text(hn_test_note, sizeof hn_test_note, __VA_ARGS__)
/* Leaves the case without a verdict, saying why. */
#define SKIP(...)                                                                                                      \
    do {                                                                                                               \
        hn_test_text(hn_test_now->skip, sizeof hn_test_now->skip, __VA_ARGS__);                                        \
        return;                                                                                                        \
    } while (0)

/* Cuts what is too long, as a note may be. */
__attribute__((format(printf, 3, 4), unused)) static inline void hn_test_text(char *out, size_t room, const char *fmt,
                                                                              ...)
{
    __builtin_va_list ap;

    __builtin_va_start(ap, fmt);
    vsnprintf(out, room, fmt, ap);
    __builtin_va_end(ap);
}
__attribute__((format(printf, 3, 4))) HN_TEST_FN hn_test_fail(const char *file, int line, const char *fmt, ...)
{
    __builtin_va_list ap;

    hn_test_now->failed = true;
    if (hn_test_quiet)
        return false;
    printf("# %s:%d: ", file, line);
    __builtin_va_start(ap, fmt);
    vprintf(fmt, ap);
    __builtin_va_end(ap);
    printf(hn_test_note[0] ? " (%s)\n" : "\n", hn_test_note);
    return false;
}
HN_TEST_FN hn_test_int(const char *file, int line, const char *what, int64_t got, int64_t want)
{
    return got == want || hn_test_fail(file, line, "%s is %" PRId64 ", expected %" PRId64, what, got, want);
}
HN_TEST_FN hn_test_uint(const char *file, int line, const char *what, uint64_t got, uint64_t want)
{
    return got == want ||
           hn_test_fail(file, line, "%s is %" PRIu64 " (0x%" PRIx64 "), expected %" PRIu64 " (0x%" PRIx64 ")", what,
                        got, got, want, want);
}
HN_TEST_FN hn_test_num(const char *file, int line, const char *what, double got, double want)
{
    return got == want || hn_test_fail(file, line, "%s is %.17g, expected %.17g", what, got, want);
}

HN_TEST_FN hn_test_str(const char *file, int line, const char *what, struct hn_str got, struct hn_str want)
{
    bool same = got.n == want.n && !got.p == !want.p && (got.n == 0 || memcmp(got.p, want.p, got.n) == 0);

    return same || hn_test_fail(file, line, "%s is %s%.*s%s, expected %s%.*s%s", what, got.p ? "\"" : "(null)",
                                (int)got.n, got.p ? got.p : "", got.p ? "\"" : "", want.p ? "\"" : "(null)",
                                (int)want.n, want.p ? want.p : "", want.p ? "\"" : "");
}
HN_TEST_FN hn_test_bytes(const char *file, int line, const char *what, struct hn_bytes got, struct hn_bytes want)
{
    size_t at = 0, least = got.n < want.n ? got.n : want.n;

    while (at < least && got.p[at] == want.p[at])
        at++;
    if (got.n == want.n && at == got.n)
        return true;
    char a[8] = "the end", b[8] = "the end";
    if (at < got.n)
        snprintf(a, sizeof a, "0x%02x", got.p[at]);
    if (at < want.n)
        snprintf(b, sizeof b, "0x%02x", want.p[at]);
    return hn_test_fail(file, line, "%s has %zu bytes, expected %zu; differs at %zu: %s, expected %s", what, got.n,
                        want.n, at, a, b);
}
HN_TEST_FN hn_test_err(const char *file, int line, const char *what, struct hn_err got, enum hn_err_code want)
{
    return got.code == want || hn_test_fail(file, line, "%s is %s, expected %s", what, hn_err_name(got),
                                            hn_err_name((struct hn_err){want}));
}

/* Runs one case in a child, its fail_at-th allocation failing. NULL, or what went wrong beyond failed checks. */
static const char *hn_test_child(const struct hn_test_case *t, unsigned long fail_at)
{
    static char why[64];
    const char *slow = getenv("HINOMI_TEST_SLOW");
    int status = 0;

    memset(hn_test_now, 0, sizeof *hn_test_now);
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        return "cannot fork";
    if (pid == 0) {
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(t->seconds * (slow ? (unsigned)atoi(slow) : 1));
        unsigned long before = hn_alloc_fail_at(fail_at);
        t->run();
        hn_test_now->fired = fail_at && hn_alloc_count() - before >= fail_at;
        hn_test_now->finished = true;
        if (hn_test_quiet && hn_test_now->failed)
            _exit(0); /* a case that stopped half-way need not have released what it held */
        exit(0);      /* not _exit: the leak check of the sanitizers runs here */
    }
    while (waitpid(pid, &status, 0) < 0)
        ;
    kill(-pid, SIGKILL); /* whatever the case started and left behind */
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        snprintf(why, sizeof why, "took too long");
    else if (WIFSIGNALED(status))
        snprintf(why, sizeof why, "died by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) || !hn_test_now->finished)
        snprintf(why, sizeof why, "exited with status %d", WEXITSTATUS(status));
    else
        return NULL;
    return why;
}

/* All numbers up to 100, then steps of about two percent; doubled when the case has had its time, so that one with
 * very many allocations, or a slow one, ends in reasonable time. */
#define HN_TEST_TORTURE_SECONDS 20
static const char *hn_test_torture(const struct hn_test_case *t, unsigned long most)
{
    static char text[128];
    time_t end = time(NULL) + HN_TEST_TORTURE_SECONDS;

    for (unsigned long n = 1; n <= most; n += time(NULL) > end ? n : n < 100 ? 1 : n / 50) {
        const char *why = hn_test_child(t, n);
        if (why) {
            snprintf(text, sizeof text, "with allocation %lu failing: %s", n, why);
            return text;
        }
        if (!hn_test_now->fired)
            break;
    }
    hn_test_now->failed = false;
    return NULL;
}

static bool hn_test_selected(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strstr(name, argv[i]))
            return true;
    return argc < 2;
}

int main(int argc, char **argv)
{
    const char *torture = getenv("HINOMI_TORTURE");
    unsigned number = 0, passed = 0, failed = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    hn_test_quiet = torture != NULL;
    hn_test_now = mmap(NULL, sizeof *hn_test_now, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (hn_test_now == MAP_FAILED)
        return 2;
    for (const struct hn_test_case *t = hn_test_first; t; t = t->next) {
        if (!hn_test_selected(t->name, argc, argv))
            continue;
        const char *why = torture ? hn_test_torture(t, strtoul(torture, NULL, 10)) : hn_test_child(t, 0);
        bool bad = why || hn_test_now->failed, skip = !bad && hn_test_now->skip[0];
        printf("%s %u - %s%s%s\n", bad ? "not ok" : "ok", ++number, t->name,
               skip  ? " # SKIP "
               : why ? " # "
                     : "",
               why    ? why
               : skip ? hn_test_now->skip
                      : "");
        passed += !bad && !skip;
        failed += bad;
    }
    printf("1..%u\n%u passed, %u failed\n", number, passed, failed);
    return failed || number == 0 ? 1 : 0;
}
