/* hinomi sbom reach: how far it goes in one line, then the table that was asked for. */
#include <string.h>

#include "base/str.h"
#include "cli/software.h"

static const struct cli_column releases[] = {{"product.name", .flex = true}, {"version", .right = false},
                                             {"component", .right = false},  {"component_version", .right = false},
                                             {"fixed", .right = false},      {"statement", .right = false},
                                             {"owner.name", .right = false}, {0}};
static const struct cli_column assets[] = {{"asset.name", .flex = true},
                                           {"org.name", .right = false},
                                           {"criticality", .right = true},
                                           {"component", .right = false},
                                           {0}};
static const struct cli_column deployments[] = {{"product.name", .flex = true}, {"version", .right = false},
                                                {"asset.name", .right = false}, {"service", .right = false},
                                                {"customers", .right = false},  {"statement", .right = false},
                                                {"owner.name", .right = false}, {0}};

/* Rows tell by their members which table they are of. */
static const struct cli_column *columns_of(const struct hn_jv *row)
{
    return hn_jv_get(row, "customers") ? deployments : hn_jv_get(row, "criticality") ? assets : releases;
}

int cli_reach_show(const struct hn_jv *body)
{
    const struct hn_jv *items = hn_jv_get(body, "items"), *totals = hn_jv_get(body, "totals");
    if (totals)
        cli_sentence("cli.sbom.reach", totals);
    if (items && items->n)
        cli_table(columns_of(&items->items[0]), items);
    if (items && hn_jv_int(body, "total", 0) > (int64_t)items->n)
        cli_sentence("cli.sbom.reach-more", body);
    return CLI_OK;
}

/* People want to read who is affected; the graph is for drawing. */
int cli_reach(const struct cli_verb *v, int argc, char **argv)
{
    char *with[64], rows[] = "--rows=releases";
    bool given = cli.json || cli.jsonl || argc > 60;

    for (int i = 0; i < argc && i < 60; i++) {
        with[i] = argv[i];
        given = given || strncmp(argv[i], "--rows", 6) == 0;
    }
    if (given)
        return cli_run_uses(v, argc, argv);
    with[argc] = rows;
    with[argc + 1] = NULL;
    return cli_run_uses(v, argc + 1, with);
}
