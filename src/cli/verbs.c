/* Every verb of the command line. */
#include <string.h>

#include "base/str.h"
#include "cli/software.h"

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
static const struct cli_column baseline_columns[] = {
    {"title", .flex = true},   {"kind", .right = false},  {"asset.name", .right = false},
    {"reason", .flex = true},  {"owner", .right = false}, {"by", .right = false},
    {"expires", .date = true}, {"id", .right = false},    {0}};
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
                                               {"accept", "baseline.accept", "finding", NULL, NULL},
                                               {"end", "baseline.remove", "id", NULL, NULL},
                                               {0}};
static const struct cli_use accounts_uses[] = {{"list", "accounts.list", NULL, account_columns, NULL},
                                               {"create", "accounts.create", "user", NULL, NULL},
                                               {"change", "accounts.change", "id", NULL, NULL},
                                               {0}};
static const struct cli_use audit_uses[] = {{"list", "audit.list", NULL, audit_columns, NULL}, {0}};
static const struct cli_use status_uses[] = {{"show", "status.get", NULL, NULL, NULL}, {0}};
static const struct cli_use now_uses[] = {{"show", "now.get", NULL, NULL, cli_show_now}, {0}};

static const struct cli_column product_columns[] = {
    {"name", .flex = true},     {"supplier", .right = false}, {"vulnerabilities", .right = true},
    {"kev", .right = true},     {"p_any", .right = true},     {"components", .right = true},
    {"unknown", .right = true}, {"id", .right = false},       {0}};
static const struct cli_column component_columns[] = {{"name", .flex = true},        {"version", .right = false},
                                                      {"ecosystem", .right = false}, {"vulnerabilities", .right = true},
                                                      {"state", .right = false},     {"licence", .right = false},
                                                      {"releases", .right = true},   {"assets", .right = true},
                                                      {"id", .right = false},        {0}};
static const struct cli_column vulnerability_columns[] = {{"id", .right = false},      {"severity", .right = false},
                                                          {"cvss", .right = true},     {"epss", .right = true},
                                                          {"kev", .right = false},     {"summary", .flex = true},
                                                          {"releases", .right = true}, {"assets", .right = true},
                                                          {"due.at", .date = true},    {0}};
static const struct cli_column sbom_columns[] = {{"product.name", .flex = true}, {"version", .right = false},
                                                 {"family", .right = false},     {"components", .right = true},
                                                 {"unknown", .right = true},     {"put_at", .date = true},
                                                 {"id", .right = false},         {0}};
static const struct cli_column supplier_columns[] = {{"name", .flex = true},
                                                     {"products", .right = true},
                                                     {"vulnerabilities", .right = true},
                                                     {"kev", .right = true},
                                                     {"without_sbom", .right = true},
                                                     {"p_any", .right = true},
                                                     {"oldest_sbom", .date = true},
                                                     {0}};
static const struct cli_column deployment_columns[] = {{"product.name", .flex = true}, {"version", .right = false},
                                                       {"asset.name", .right = false}, {"service", .right = false},
                                                       {"customers", .right = false},  {"owner.name", .right = false},
                                                       {"id", .right = false},         {0}};
static const struct cli_column upgrade_columns[] = {{"package", .flex = true},       {"ecosystem", .right = false},
                                                    {"to", .right = false},          {"findings", .right = true},
                                                    {"kev", .right = true},          {"share", .right = true},
                                                    {"share_so_far", .right = true}, {0}};
static const struct cli_column statement_columns[] = {
    {"vuln", .right = false},   {"status", .right = false}, {"product.name", .flex = true}, {"purl", .right = false},
    {"author", .right = false}, {"at", .date = true},       {"id", .right = false},         {0}};
static const struct cli_column change_columns[] = {{"change", .right = false},   {"id", .right = false},
                                                   {"severity", .right = false}, {"summary", .flex = true},
                                                   {"holders", .right = true},   {0}};
static const struct cli_column upload_columns[] = {{"put_at", .date = true},
                                                   {"kind", .right = false},
                                                   {"file", .flex = true},
                                                   {"state", .right = false},
                                                   {"put_by", .right = false},
                                                   {"id", .right = false},
                                                   {0}};

static const struct cli_use software_uses[] = {
    {"show", "software.get", NULL, NULL, NULL},
    {"products", "products.list", NULL, product_columns, NULL},
    {"product", "products.get", "id", NULL, NULL},
    {"add", "products.create", "name", NULL, NULL},
    {"change", "products.change", "id", NULL, NULL},
    {"end", "products.end", "id", NULL, NULL},
    {"suppliers", "suppliers.list", NULL, supplier_columns, NULL},
    {"components", "components.list", NULL, component_columns, NULL},
    {"component", "components.get", "id", NULL, NULL},
    {"vulnerabilities", "vulnerabilities.list", NULL, vulnerability_columns, NULL},
    {"vulnerability", "vulnerabilities.get", "id", NULL, NULL},
    {"sboms", "sboms.list", NULL, sbom_columns, NULL},
    {"sbom", "sboms.get", "id", NULL, NULL},
    {"document", "sboms.document", "id", NULL, NULL},
    {"deployments", "deployments.list", NULL, deployment_columns, NULL},
    {"deploy", "deployments.create", "product version", NULL, NULL},
    {"withdraw", "deployments.end", "id", NULL, NULL},
    {"upgrades", "software.upgrades", NULL, upgrade_columns, NULL},
    {"changes", "software.changes", NULL, change_columns, NULL},
    {"statements", "statements.list", NULL, statement_columns, NULL},
    {"uploads", "uploads.list", NULL, upload_columns, NULL},
    {"upload", "uploads.get", "id", NULL, NULL},
    {"feeds", "software.feeds", NULL, NULL, NULL},
    {0}};
static const struct cli_use sbom_uses[] = {{"reach", "software.reach", "of", NULL, cli_reach_show},
                                           {"say", "statements.create", "vuln status", NULL, NULL},
                                           {"unsay", "statements.end", "id", NULL, NULL},
                                           {"openvex", "statements.openvex", NULL, NULL, NULL},
                                           {0}};
static const struct cli_option sbom_options[] = {{"product", "NAME|ID"}, {"version", "VERSION"}, {"supplier", "NAME"},
                                                 {"org", "ID"},          {"trust", "0-100"},     {0}};

static const struct cli_option feed_options[] = {{"name", "NAME"},
                                                 {"licence", "TEXT"},
                                                 {"kind", "file|osv|csaf"},
                                                 {"hash", NULL},
                                                 {"host", "NAME"},
                                                 {"plain", NULL},
                                                 {"ca", "FILE"},
                                                 {"max", "BYTES"},
                                                 {"stall", "SECONDS"},
                                                 {"key", "FILE"},
                                                 {"unsigned", "refuse|allow"},
                                                 {"all", NULL},
                                                 {0}};

static const struct cli_option diagnose_options[] = {{"root", "DIR"},
                                                     {"image", "FILE|DIR"},
                                                     {"platform", "OS/ARCH"},
                                                     {"deep", NULL},
                                                     {"modules", "LIST"},
                                                     {"policy", "FILE"},
                                                     {"no-store", NULL},
                                                     {"threshold", "SEVERITY"},
                                                     {"org", "ID"},
                                                     {"watch", NULL},
                                                     {0}};
static const struct cli_option ingest_options[] = {{"org", "ID"}, {"policy", "FILE"}, {0}};
static const struct cli_option serve_options[] = {{"root", "DIR"},
                                                  {"listen", "ADDRESS:PORT"},
                                                  {"diagnose", NULL},
                                                  {"watch", NULL},
                                                  {"fixer", NULL},
                                                  {"token", NULL},
                                                  {"policy", "FILE"},
                                                  {"user", "NAME"},
                                                  {0}};
static const struct cli_option undo_options[] = {{"root", "DIR"}, {0}};
static const struct cli_option fix_options[] = {{"jobs", NULL}, {"apply", NULL}, {"yes", NULL}, {"root", "DIR"}, {0}};

const struct cli_verb cli_verbs[] = {
    {"diagnose", NULL, cli_diagnose, "", diagnose_options},
    {"now", now_uses, NULL, NULL, NULL},
    {"findings", findings_uses, NULL, NULL, NULL},
    {"assets", assets_uses, NULL, NULL, NULL},
    {"actions", actions_uses, NULL, NULL, NULL},
    {"fix", NULL, cli_fix, "FINDING | --jobs", fix_options},
    {"undo", NULL, cli_undo, "FINDING", undo_options},
    {"baseline", baseline_uses, NULL, NULL, NULL},
    {"organisations", orgs_uses, NULL, NULL, NULL},
    {"sources", sources_uses, NULL, NULL, NULL},
    {"software", software_uses, NULL, NULL, NULL},
    {"sbom", sbom_uses, cli_sbom,
     "ingest FILE… --product NAME|vex ingest FILE… --product NAME|rematch [--feed DIR]|reach ID|PURL", sbom_options},
    {"feed", NULL, cli_feed, "add --name NAME URL…|update [NAME…]|sources|remove NAME", feed_options},
    {"accounts", accounts_uses, NULL, NULL, NULL},
    {"audit", audit_uses, NULL, NULL, NULL},
    {"ingest", NULL, cli_ingest, "FILE|-", ingest_options},
    {"serve", NULL, cli_serve, "", serve_options},
    {"status", status_uses, NULL, NULL, NULL},
    {"store", NULL, cli_store, "backup FILE|restore FILE|check", NULL},
    {"config", NULL, cli_config, "list|show|check", NULL},
    {"help", NULL, cli_help, "[VERB [USE]]", NULL},
    {"version", NULL, cli_version, "", NULL},
    {0}};

const struct cli_verb *cli_verb_find(const char *name)
{
    for (const struct cli_verb *v = cli_verbs; v->name; v++)
        if (strcmp(v->name, name) == 0)
            return v;
    return NULL;
}

bool cli_use_positional(const struct cli_use *u, const char *name)
{
    return hn_str_is_word_of(hn_str_c(name), hn_str_c(u->positional));
}
