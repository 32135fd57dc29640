/* The role that draws a report: marks in, a PDF out. */
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "core/draw.h"
#include "format/report/report.h"
#include "sandbox/role.h"

#define PATHS 11u /* of the twelve that a sandbox takes */

struct granted {
    struct hn_sandbox_paths paths;
    char text[PATHS][512];
    size_t n;
};

static void grant(struct granted *g, const char *folder, const char *rest)
{
    if (g->n == PATHS)
        return;
    int n = snprintf(g->text[g->n], sizeof g->text[0], "%s%s", folder, rest);
    if (n < 0 || (size_t)n >= sizeof g->text[0] || access(g->text[g->n], R_OK) != 0)
        return;
    g->paths.read_only[g->n] = g->text[g->n];
    g->n++;
}

/* Where fontconfig of Debian looks; those that are there. */
static void grant_fonts(struct granted *g)
{
    static const char *const system[] = {"/etc/fonts", "/usr/share/fontconfig", "/usr/share/fonts",
                                         "/usr/local/share/fonts", "/var/cache/fontconfig"};
    static const char *const own[] = {"/.config/fontconfig", "/.local/share/fonts", "/.fonts", "/.cache/fontconfig"};
    const char *home = getenv("HOME");
    for (size_t i = 0; i < sizeof system / sizeof *system; i++)
        grant(g, system[i], "");
    for (size_t i = 0; home && home[0] == '/' && i < sizeof own / sizeof *own; i++)
        grant(g, home, own[i]);
}

/* fontconfig says there what it cannot do, a cache that it cannot write above all. Gives where it was. */
static int hush(void)
{
    int before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0), nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nothing >= 0 && before >= 0)
        dup2(nothing, STDERR_FILENO);
    if (nothing >= 0)
        close(nothing);
    return before;
}

static struct hn_err draw(const struct hn_buf *marks, struct hn_diag *reterr)
{
    struct hn_buf out;
    hn_buf_init(&out, HN_REPORT_PDF_MAX);
    HN_TRY(hn_report_pdf(hn_str_bytes(hn_buf_text(marks)), &out, reterr));
    return hn_write_all(HN_DRAW_OUT, out.p, out.n);
}

static int exit_of(struct hn_err e)
{
    return e.code == HN_E_NOENT ? HN_DRAW_NO_FONT : e.code == HN_E_LIMIT ? HN_DRAW_TOO_LONG : HN_DRAW_FAILED;
}

int hn_draw_main(int argc, char **argv)
{
    static struct granted g;
    struct hn_sandbox_state state;
    struct hn_diag d = {{0}};
    struct hn_buf marks;
    int said;
    (void)argc, (void)argv;
    mallopt(M_TRIM_THRESHOLD, -1);
    hn_buf_init(&marks, HN_DRAW_MARKS);
    if (!hn_ok(hn_report_pdf_load(&d)))
        return HN_DRAW_NO_LIBRARY;
    grant_fonts(&g);
    said = hush();
    g.paths.file_bytes = HN_REPORT_PDF_MAX;
    struct hn_err e = hn_sandbox_enter(HN_PROC_DRAW, &g.paths, &state, &d);
    if (hn_ok(e))
        e = hn_read_fd(HN_DRAW_IN, &marks, &d);
    if (hn_ok(e))
        e = draw(&marks, &d);
    int code = hn_ok(e) ? HN_DRAW_OK : exit_of(e);
    if (code == HN_DRAW_FAILED && said >= 0) /* the others say why by themselves */
        dprintf(said, "hinomi draw: %s\n", d.msg);
    _exit(code); /* at once: libraries would tidy up with calls that the sandbox refuses */
}
