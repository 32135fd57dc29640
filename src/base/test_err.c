#include "hn_test.h"

#include <errno.h>

#include "base/log.h"

TEST(every_error_has_name_text_and_statuses)
{
    for (unsigned i = 0; i < HN_E_COUNT; i++) {
        struct hn_err e = {(enum hn_err_code)i};
        const char *name = hn_err_name(e);
        NOTE("%s", name);
        CHECK(*name >= 'a' && *name <= 'z' && *hn_err_text(e));
        CHECK_INT(hn_err_from_name(name, strlen(name)), i);
        CHECK_INT(hn_err_exit(e) == 0, i == HN_E_OK);
        CHECK(i == HN_E_OK || (hn_err_http(e) >= 400 && hn_err_http(e) < 600));
    }
    CHECK_INT(hn_err_from_name("noen", 4), HN_E_COUNT);
    CHECK_INT(hn_err_from_name("", 0), HN_E_COUNT);
}

TEST(a_failure_carries_its_text)
{
    struct hn_diag d;

    CHECK_ERR(hn_fail(&d, HN_E_LIMIT, "%d of %d", 3, 2), LIMIT);
    CHECK_C(d.msg, "3 of 2");
    errno = ENOENT;
    CHECK_ERR(hn_fail_errno(&d, "%s", "/x"), NOENT);
    CHECK_C(d.msg, "/x: No such file or directory");
    CHECK_INT(errno, ENOENT);
    errno = 0;
    CHECK_ERR(hn_fail_errno(NULL, "x"), IO);
}

TEST(an_over_long_text_is_cut)
{
    struct hn_diag d;

    errno = EACCES;
    CHECK_ERR(hn_fail_errno(&d, "%0*d", 2000, 1), PERM);
    CHECK_UINT(strlen(d.msg), sizeof d.msg - 1);
}

static struct hn_err tries(struct hn_err first, unsigned *steps)
{
    (*steps)++;
    HN_TRY(first);
    (*steps)++;
    return HN_OK;
}

TEST(try_returns_at_the_first_error)
{
    unsigned steps = 0;

    CHECK_ERR(tries((struct hn_err){HN_E_BUSY}, &steps), BUSY);
    CHECK_UINT(steps, 1);
    CHECK_OK(tries(HN_OK, &steps));
    CHECK_UINT(steps, 3);
}

/* What hn_log() writes for the message, in out. */
static void logged(enum hn_log_level level, const char *msg, char *out, size_t room)
{
    int fd[2];

    CHECK_INT(pipe(fd), 0);
    int keep = dup(2);
    dup2(fd[1], 2);
    hn_log(level, "%s", msg);
    dup2(keep, 2);
    close(keep);
    close(fd[1]);
    ssize_t n = read(fd[0], out, room - 1);
    close(fd[0]);
    CHECK(n >= 0);
    out[n] = '\0';
}

TEST(a_hostile_name_cannot_forge_a_log_line)
{
    char out[8192];

    logged(HN_LOG_ERROR, "a\nhinomi: info: all well \x1B[2J \xC2\x9B \xE2\x80\xAE \xFF caf\xC3\xA9", out, sizeof out);
    STOP_IF_FAILED();
    CHECK_C(out, "hinomi: error: a\\x0Ahinomi: info: all well \\x1B[2J \\xC2\\x9B \\xE2\\x80\\xAE \\xFF caf\xC3\xA9\n");
    hn_log_role("store");
    logged(HN_LOG_WARN, "full", out, sizeof out);
    STOP_IF_FAILED();
    CHECK_C(out, "hinomi store: warning: full\n");
    logged(HN_LOG_DEBUG, "not shown", out, sizeof out);
    STOP_IF_FAILED();
    CHECK_C(out, "");
}

TEST(a_very_long_message_is_one_bounded_line)
{
    static char msg[10000], out[8192];

    memset(msg, 1, sizeof msg - 1);
    logged(HN_LOG_ERROR, msg, out, sizeof out);
    STOP_IF_FAILED();
    CHECK(strlen(out) > 2000 && strlen(out) < 4400 && strchr(out, '\n') == out + strlen(out) - 1);
}
