/* Telling what the present module looks at, so that it is run again when that changes (wire.h, struct hn_inputs). */
#include <stdio.h>

#include "base/str.h"
#include "core/collect_in.h"

bool hn_collect_silent(const char *path)
{
    static const char *const list[] = {"/proc", "/sys", "/dev"};
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        size_t n = strlen(list[i]);
        if (strncmp(path, list[i], n) == 0 && (path[n] == '/' || path[n] == 0))
            return true;
    }
    return false;
}

void hn_collect_input(struct hn_collect *c, char what, const char *text)
{
    struct hn_inputs *in = c->o->inputs;
    if (!in || c->stopped)
        return;
    if ((what == 'F' || what == 'G' || what == 'L') && hn_collect_silent(text)) {
        what = 'K';
        text = "";
        if (in->n >= 2 && in->text[in->n - 2] == 'K' && in->text[in->n - 1] == 0)
            return;
    }
    size_t n = strlen(text) + 2, at = in->n;
    if (n > sizeof in->text - at) {
        in->lost++;
        return;
    }
    in->text[at] = what;
    memcpy(in->text + at + 1, text, n - 1);
    in->n = (uint32_t)(at + n);
}

void collect_input_listed(struct hn_collect *c, const char *folder, struct hn_str pattern)
{
    char path[HN_REC_PATH_MAX];
    if (!c->o->inputs)
        return;
    int n = snprintf(path, sizeof path, "%s/%.*s", strcmp(folder, "/") == 0 ? "" : folder, HN_FMT(pattern));
    if (n > 0 && (size_t)n < sizeof path)
        hn_collect_input(c, 'G', path);
}

void hn_collect_looked(struct hn_collect *c, const char *path)
{
    hn_collect_input(c, 'F', path);
}

void hn_collect_named(struct hn_collect *c, const char *folder)
{
    hn_collect_input(c, 'L', folder);
}

void hn_collect_listed(struct hn_collect *c, const char *folder)
{
    collect_input_listed(c, folder, HN_STR("*"));
}
