/* flow: command servers, bots and scanners out of flow records alone, without a byte of content. Reads every exporter's
 * records and every log of connections, and packets through a meter. See README.md. */
#include "base/str.h"
#include "core/facts.h"
#include "modules/flow/flow_in.h"

extern const struct hn_module hn_module_flow;

static const struct hn_field suspect_fields[] = {
    {"kind", HN_T_STR, HN_REF_NONE, NULL, "beacon, scan or port-scan"},
    {"host", HN_T_STR, HN_REF_NONE, NULL, "address of the host of ours"},
    {"peer", HN_T_STR, HN_REF_NONE, NULL, "address of the other side; empty for a scan of many"},
    {"port", HN_T_INT, HN_REF_NONE, NULL, "port that is contacted"},
    {"score", HN_T_INT, HN_REF_NONE, "percent", "how much it looks like one"},
    {"contacts", HN_T_INT, HN_REF_NONE, NULL, "contacts, or peers of a scan"},
    {"interval", HN_T_INT, HN_REF_NONE, "seconds", "median time between contacts"},
    {"sentence_en", HN_T_STR, HN_REF_NONE, NULL, "what it rests on, in English"},
    {"sentence_ja", HN_T_STR, HN_REF_NONE, NULL, "what it rests on, in Japanese"},
    {"first", HN_T_TIME, HN_REF_NONE, NULL, "first contact"},
    {"last", HN_T_TIME, HN_REF_NONE, NULL, "last contact"},
    {0}};

static const struct hn_kind kinds[] = {{"suspect", "kind, peer and port", suspect_fields}, {0}};

static const struct hn_rule rules[] = {{"beacon", HN_SEV_HIGH, HN_CLASS_DETECTION, "ATT&CK:T1071"},
                                       {"scan", HN_SEV_HIGH, HN_CLASS_DETECTION, "ATT&CK:T1046"},
                                       {0}};

static void flow_judge(struct hn_judge *j)
{
    HN_FACTS_EACH(o, hn_judge_facts(j), "flow.suspect") {
        bool beacon = hn_str_eqc(hn_obs_get(o, "kind"), "beacon");
        struct hn_finding *f = hn_find(j, beacon ? "beacon" : "scan", hn_obs_get(o, "peer"), o->subject);
        hn_find_confidence(f, (unsigned)hn_obs_get_int(o, "score", 50));
        hn_find_param(f, "host", hn_obs_get(o, "host"));
        hn_find_param(f, "peer", hn_obs_get(o, "peer"));
        hn_find_param_int(f, "port", hn_obs_get_int(o, "port", 0));
        hn_find_param_int(f, "contacts", hn_obs_get_int(o, "contacts", 0));
        hn_find_param_int(f, "interval", hn_obs_get_int(o, "interval", 0));
        hn_find_since(f, hn_obs_get_time(o, "first"));
        hn_find_evidence(f, o, "flows");
    }
}

static const struct hn_verb_option replay_options[] = {{"internal", HN_OPT_STR, "PREFIX", .many = true},
                                                       {"map", HN_OPT_STR, "FIELD=COLUMN,…"},
                                                       {"exports", HN_OPT_SWITCH, NULL},
                                                       {"sampling", HN_OPT_STR, "PREFIX=N", .many = true},
                                                       {"thin", HN_OPT_INT, "N", .least = 1, .most = 100000},
                                                       {"top", HN_OPT_INT, "N", .least = 1, .most = 100000},
                                                       {"min-score", HN_OPT_NUM, "0…1"},
                                                       {"store", HN_OPT_SWITCH, NULL},
                                                       {0}};

#define QUERY_OPTIONS                                                                                                  \
    {"from", HN_OPT_INPUT, "FILE|DIR", .many = true}, {"since", HN_OPT_TIME, "TIME"},                                  \
    {                                                                                                                  \
        "until", HN_OPT_TIME, "TIME"                                                                                   \
    }

static const struct hn_verb_option top_options[] = {{"by", HN_OPT_STR, "FIELD,…"},
                                                    {"order", HN_OPT_STR, "WHAT", .enums = "flows packets bytes"},
                                                    {"top", HN_OPT_INT, "N", .least = 1, .most = 1000000},
                                                    QUERY_OPTIONS,
                                                    {0}};
static const struct hn_verb_option list_options[] = {
    {"top", HN_OPT_INT, "N", .least = 0, .most = INT64_MAX}, QUERY_OPTIONS, {0}};
static const struct hn_verb_option timeline_options[] = {
    {"bin", HN_OPT_INT, "SECONDS", .least = 1, .most = 31622400}, QUERY_OPTIONS, {0}};
static const struct hn_verb_option import_options[] = {{"map", HN_OPT_STR, "FIELD=COLUMN,…"}, {0}};
static const struct hn_verb_option collect_options[] = {{"udp", HN_OPT_UDP, "ADDRESS:PORT", .many = true},
                                                        {"sampling", HN_OPT_STR, "PREFIX=N", .many = true},
                                                        {"rotate", HN_OPT_INT, "SECONDS", .least = 1, .most = 86400},
                                                        {"keep-days", HN_OPT_INT, "N", .least = 1, .most = 36500},
                                                        {"keep-mib", HN_OPT_INT, "N", .least = 16, .most = INT32_MAX},
                                                        {0}};

#define GIB ((size_t)1 << 30)
static const struct hn_verb verbs[] = {
    {"replay", "FILE|DIR|- …", replay_options, HN_VERB_STDIN, 2 * GIB, flow_replay},
    {"collect", "--udp ADDRESS:PORT", collect_options, HN_VERB_SERVES | HN_VERB_FOLDER, 3 * GIB, flow_collect},
    {"import", "FILE|DIR|- …", import_options, HN_VERB_STDIN | HN_VERB_FOLDER, 2 * GIB, flow_import},
    {"top", "[FILTER …]", top_options, HN_VERB_WORDS, 16 * GIB, flow_top},
    {"pairs", "[FILTER …]", top_options, HN_VERB_WORDS, 16 * GIB, flow_pairs},
    {"list", "[FILTER …]", list_options, HN_VERB_WORDS, 16 * GIB, flow_list},
    {"timeline", "[FILTER …]", timeline_options, HN_VERB_WORDS, 16 * GIB, flow_timeline},
    {0}};

const struct hn_module hn_module_flow = {
    .name = "flow",
    .kinds = kinds,
    .rules = rules,
    .judge = flow_judge,
    .verbs = verbs,
};
