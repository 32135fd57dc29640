/* Every verb of the command line. */
#include <string.h>

#include "cli/cli.h"

static const struct cli_column finding_columns[] = {{"severity", .right = false},
                                                    {"score", .right = true},
                                                    {"due", .date = true},
                                                    {"title", .flex = true},
                                                    {"asset.name", .right = false},
                                                    {"id", .right = false},
                                                    {0}};
static const struct cli_column asset_columns[] = {
    {"name", .flex = true},     {"os", .right = false},     {"score", .right = true}, {"open", .right = true},
    {"overdue", .right = true}, {"last_run", .date = true}, {"id", .right = false},   {0}};
static const struct cli_column observation_columns[] = {
    {"kind", .right = false}, {"subject", .flex = true}, {"at", .date = true}, {"id", .right = false}, {0}};
static const struct cli_column action_columns[] = {{"state", .right = false},
                                                   {"due", .date = true},
                                                   {"finding.title", .flex = true},
                                                   {"owner", .right = false},
                                                   {"finding.score", .right = true},
                                                   {"id", .right = false},
                                                   {0}};
static const struct cli_column org_columns[] = {
    {"name", .flex = true},  {"kind", .right = false},   {"assets", .right = true}, {"score", .right = true},
    {"open", .right = true}, {"overdue", .right = true}, {"id", .right = false},    {0}};
static const struct cli_column source_columns[] = {{"module", .right = false},   {"text", .flex = true},
                                                   {"assets", .right = true},    {"observations", .right = true},
                                                   {"malformed", .right = true}, {"not_seen", .right = true},
                                                   {"last_run", .date = true},   {0}};
static const struct cli_column baseline_columns[] = {{"kind", .right = false},  {"reason", .flex = true},
                                                     {"owner", .right = false}, {"expires", .date = true},
                                                     {"id", .right = false},    {0}};
static const struct cli_column account_columns[] = {
    {"user", .right = false}, {"name", .flex = true}, {"lang", .right = false}, {"id", .right = false}, {0}};
static const struct cli_column audit_columns[] = {{"seq", .right = true},   {"at", .date = true},
                                                  {"by", .right = false},   {"what", .right = false},
                                                  {"object", .flex = true}, {0}};

static const struct cli_column rank_columns[] = {{"new_rank", .right = true},
                                                 {"rank", .right = true},
                                                 {"new_score", .right = true},
                                                 {"finding.score", .right = true},
                                                 {"finding.title", .flex = true},
                                                 {"finding.id", .right = false},
                                                 {0}};

static const struct cli_use findings_uses[] = {
    {"list", "findings.list", NULL, finding_columns, NULL},    {"show", "findings.get", "id", NULL, NULL},
    {"explain", "findings.raw", "id", NULL, cli_show_explain}, {"rank", "findings.rank", "policy", rank_columns, NULL},
    {"comment", "findings.comment", "id text", NULL, NULL},    {0}};
static const struct cli_use assets_uses[] = {{"list", "assets.list", NULL, asset_columns, NULL},
                                             {"show", "assets.get", "id", NULL, NULL},
                                             {"observations", "observations.list", "id", observation_columns, NULL},
                                             {"change", "assets.change", "id", NULL, NULL},
                                             {0}};
static const struct cli_use actions_uses[] = {
    {"list", "actions.list", NULL, action_columns, NULL},  {"show", "actions.get", "id", NULL, NULL},
    {"create", "actions.create", "finding", NULL, NULL},   {"move", "actions.transition", "id to", NULL, NULL},
    {"comment", "actions.comment", "id text", NULL, NULL}, {0}};
static const struct cli_use orgs_uses[] = {{"list", "organisations.list", NULL, org_columns, NULL},
                                           {"show", "organisations.get", "id", NULL, NULL},
                                           {"create", "organisations.create", "parent name", NULL, NULL},
                                           {"change", "organisations.change", "id", NULL, NULL},
                                           {0}};
static const struct cli_use sources_uses[] = {
    {"list", "sources.list", NULL, source_columns, NULL}, {"show", "sources.get", "module", NULL, NULL}, {0}};
static const struct cli_use baseline_uses[] = {{"list", "baseline.list", NULL, baseline_columns, NULL},
                                               {"accept", "baseline.create", "finding", NULL, NULL},
                                               {"end", "baseline.end", "id", NULL, NULL},
                                               {0}};
static const struct cli_use accounts_uses[] = {{"list", "accounts.list", NULL, account_columns, NULL},
                                               {"create", "accounts.create", "user", NULL, NULL},
                                               {"change", "accounts.change", "id", NULL, NULL},
                                               {0}};
static const struct cli_use audit_uses[] = {{"list", "audit.list", NULL, audit_columns, NULL}, {0}};
static const struct cli_use status_uses[] = {{"show", "status.get", NULL, NULL, NULL}, {0}};
static const struct cli_use now_uses[] = {{"show", "now.get", NULL, NULL, cli_show_now}, {0}};

static const struct cli_option diagnose_options[] = {{"root", "DIR"},    {"image", "FILE|DIR"}, {"platform", "OS/ARCH"}, {"deep", NULL},     {"modules", "LIST"},
                                                     {"policy", "FILE"}, {"no-store", NULL}, {"threshold", "SEVERITY"},
                                                     {"org", "ID"},      {"watch", NULL},    {0}};
static const struct cli_option ingest_options[] = {{"org", "ID"}, {"policy", "FILE"}, {0}};
static const struct cli_option serve_options[] = {
    {"listen", "ADDRESS:PORT"}, {"diagnose", NULL}, {"watch", NULL}, {"user", "NAME"}, {0}};
static const struct cli_option fix_options[] = {{"apply", NULL}, {"yes", NULL}, {"root", "DIR"}, {0}};

const struct cli_verb cli_verbs[] = {{"diagnose", NULL, cli_diagnose, "", diagnose_options},
                                     {"now", now_uses, NULL, NULL, NULL},
                                     {"findings", findings_uses, NULL, NULL, NULL},
                                     {"assets", assets_uses, NULL, NULL, NULL},
                                     {"actions", actions_uses, NULL, NULL, NULL},
                                     {"fix", NULL, cli_fix, "FINDING", fix_options},
                                     {"undo", NULL, cli_undo, "FINDING", fix_options},
                                     {"baseline", baseline_uses, NULL, NULL, NULL},
                                     {"organisations", orgs_uses, NULL, NULL, NULL},
                                     {"sources", sources_uses, NULL, NULL, NULL},
                                     {"accounts", accounts_uses, NULL, NULL, NULL},
                                     {"audit", audit_uses, NULL, NULL, NULL},
                                     {"ingest", NULL, cli_ingest, "FILE|-", ingest_options},
                                     {"serve", NULL, cli_serve, "", serve_options},
                                     {"status", status_uses, NULL, NULL, NULL},
                                     {"store", NULL, cli_store, "backup FILE|restore FILE|check", NULL},
                                     {"config", NULL, cli_config, "list|show|check", NULL},
                                     {"help", NULL, cli_help, "[VERB]", NULL},
                                     {"version", NULL, cli_version, "", NULL},
                                     {0}};

const struct cli_verb *cli_verb_find(const char *name)
{
    for (const struct cli_verb *v = cli_verbs; v->name; v++)
        if (strcmp(v->name, name) == 0)
            return v;
    return NULL;
}
