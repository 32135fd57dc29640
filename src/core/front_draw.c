/* A report that a worker wrote as marks becomes a PDF. The front hands both files to the role and looks into neither.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "core/draw.h"
#include "core/front_in.h"
#include "core/text.h"
#include "sandbox/role.h"

static const char *reason(int status)
{
    if (!WIFEXITED(status))
        return "report.failed";
    switch (WEXITSTATUS(status)) {
    case HN_DRAW_OK:
        return NULL;
    case HN_DRAW_NO_LIBRARY:
        return "report.no-library";
    case HN_DRAW_NO_FONT:
        return "report.no-font";
    case HN_DRAW_TOO_LONG:
        return "report.too-long";
    default:
        return "report.failed";
    }
}

struct hn_err front_draw(const struct front_state *s, const struct front_output *o, struct hn_diag *reterr)
{
    char drawn[sizeof o->temp + 8];
    struct hn_child child;
    HN_AUTO_FD marks = open(o->temp, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int n = snprintf(drawn, sizeof drawn, "%s.pdf", o->temp);
    HN_AUTO_FD out =
        n > 0 && (size_t)n < sizeof drawn ? open(drawn, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644) : -1;
    if (marks < 0 || out < 0)
        return hn_fail_errno(reterr, "cannot write %s", o->path);
    const int fds[] = {marks, out};
    struct hn_err e = hn_role_spawn(HN_PROC_DRAW, NULL, fds, 2, &child, reterr);
    const char *why = hn_ok(e) ? reason(hn_child_end_within(&child, HN_DRAW_TIME)) : NULL;
    if (why)
        e = hn_fail(reterr, HN_E_IO, "%s: %s", o->path, hn_text_find((enum hn_lang)s->f->lang, why));
    if (hn_ok(e) && rename(drawn, o->temp) != 0)
        e = hn_fail_errno(reterr, "cannot write %s", o->path);
    if (!hn_ok(e))
        unlink(drawn);
    return e;
}
