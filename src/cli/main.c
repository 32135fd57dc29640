/* hinomi: verbs for people, roles (-x) for itself. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "core/collect.h"
#include "core/parse.h"
#include "core/store_role.h"
#include "httpd/httpd.h"

struct entry {
    const char *name;
    int (*run)(int argc, char **argv);
};

/* Started by the program itself (or a developer), never listed in the help. */
static const struct entry roles[] = {
    {"collector", hn_collector_main},
    {"parser", hn_parser_main},
    {"store", hn_store_role_argv},
    {"httpd", hn_httpd_argv},
    {"capture", hn_cli_capture},
    {"kinds", hn_cli_kinds},
};

static const struct entry verbs[] = {
    {"diagnose", hn_cli_diagnose},
};

static const struct entry *find(const struct entry *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].name, name) == 0)
            return &list[i];
    return NULL;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc > 2 && strcmp(argv[1], "-x") == 0) {
        const struct entry *role = find(roles, sizeof roles / sizeof *roles, argv[2]);
        if (!role)
            return 2;
        hn_log_role(role->name);
        return role->run(argc - 2, argv + 2);
    }
    const struct entry *verb = argc > 1 ? find(verbs, sizeof verbs / sizeof *verbs, argv[1]) : NULL;
    if (!verb) {
        fprintf(stderr, "usage: hinomi diagnose [--json] [--root DIR]\n");
        return 2;
    }
    return verb->run(argc - 1, argv + 1);
}
