/* telescope: darknet traffic → scanners, campaigns, victims of attacks with forged addresses, members that are
 * infected. Works on captures and live interfaces by its verbs; collects nothing from the host itself. */
#include "core/module.h"
#include "core/facts.h"
#include "modules/telescope/telescope.h"

/* ---------------------------------------------------------------- observations */

static const struct hn_field summary_fields[] = {
    {"first", HN_T_TIME, HN_REF_NONE, NULL, "time of the first packet"},
    {"last", HN_T_TIME, HN_REF_NONE, NULL, "time of the last packet"},
    {"packets", HN_T_INT, HN_REF_NONE, "packets", "packets to the telescope"},
    {"sources", HN_T_INT, HN_REF_NONE, "addresses", "distinct sources"},
    {"addresses", HN_T_INT, HN_REF_NONE, "addresses", "size of the telescope"},
    {"victims", HN_T_INT, HN_REF_NONE, "attacks", "attacks seen by their backscatter"},
    {"malformed", HN_T_INT, HN_REF_NONE, "packets", "packets that could not be read"},
    {"countries", HN_T_LIST, HN_REF_NONE, NULL,
     "with most sources: country (- where it is not known), sources, packets"},
    {"networks", HN_T_LIST, HN_REF_NONE, NULL, "with most sources: AS number, sources, packets, organisation"},
    {0}};
static const struct hn_field member_fields[] = {
    {"member", HN_T_STR, HN_REF_NONE, NULL, "organisation whose address it is"},
    {"address", HN_T_STR, HN_REF_NONE, NULL, "address that sends into the telescope"},
    {"sends", HN_T_BOOL, HN_REF_NONE, NULL, "it scans, and does not only answer"},
    {"open", HN_T_BOOL, HN_REF_NONE, NULL, "still seen"},
    {"first", HN_T_TIME, HN_REF_NONE, NULL, "first packet"},
    {"last", HN_T_TIME, HN_REF_NONE, NULL, "last packet"},
    {"packets", HN_T_INT, HN_REF_NONE, "packets", "packets so far"},
    {"port", HN_T_INT, HN_REF_NONE, NULL, "port that most of them went to"},
    {"fingerprint", HN_T_STR, HN_REF_NONE, NULL, "tool or bot, when its packets tell"},
    {"evidence", HN_T_LIST, HN_REF_NONE, NULL, "first packets: time, destination, port, class"},
    {0}};
static const struct hn_field victim_fields[] = {
    {"address", HN_T_STR, HN_REF_NONE, NULL, "address under attack"},
    {"member", HN_T_STR, HN_REF_NONE, NULL, "organisation whose address it is"},
    {"start", HN_T_TIME, HN_REF_NONE, NULL, "first answer seen"},
    {"end", HN_T_TIME, HN_REF_NONE, NULL, "last answer seen"},
    {"open", HN_T_BOOL, HN_REF_NONE, NULL, "still going on"},
    {"packets", HN_T_INT, HN_REF_NONE, "packets", "answers seen"},
    {"ppm", HN_T_INT, HN_REF_NONE, "packets per minute", "most in a minute"},
    {"port", HN_T_INT, HN_REF_NONE, NULL, "port that answers"},
    {0}};
static const struct hn_field surge_fields[] = {
    {"proto", HN_T_STR, HN_REF_NONE, NULL, "tcp, udp or icmp"},
    {"port", HN_T_INT, HN_REF_NONE, NULL, "destination port"},
    {"hour", HN_T_TIME, HN_REF_NONE, NULL, "hour of the surge"},
    {"new", HN_T_BOOL, HN_REF_NONE, NULL, "never seen before"},
    {"sources", HN_T_INT, HN_REF_NONE, "addresses", "sources in that hour"},
    {"expected", HN_T_INT, HN_REF_NONE, "addresses", "sources that this hour usually has"},
    {0}};
static const struct hn_field campaign_fields[] = {
    {"fingerprint", HN_T_STR, HN_REF_NONE, NULL, "tool or bot, when known"},
    {"sources", HN_T_INT, HN_REF_NONE, "addresses", "distinct sources"},
    {"packets", HN_T_INT, HN_REF_NONE, "packets", "packets of its sources"},
    {"first", HN_T_TIME, HN_REF_NONE, NULL, "first packet"},
    {"last", HN_T_TIME, HN_REF_NONE, NULL, "last packet"},
    {"port", HN_T_INT, HN_REF_NONE, NULL, "main port"},
    {"ports", HN_T_LIST, HN_REF_NONE, NULL, "its ports and their share of its packets in thousandths"},
    {"hours", HN_T_LIST, HN_REF_NONE, NULL, "of the last day: hour, sources"},
    {0}};
static const struct hn_field port_fields[] = {
    {"proto", HN_T_STR, HN_REF_NONE, NULL, "tcp or udp"},
    {"port", HN_T_INT, HN_REF_NONE, NULL, "destination port"},
    {"packets", HN_T_INT, HN_REF_NONE, "packets", "packets to it"},
    {"sources", HN_T_INT, HN_REF_NONE, "addresses", "distinct sources"},
    {"today", HN_T_INT, HN_REF_NONE, "addresses", "sources of the last day, or at least so many"},
    {"hours", HN_T_LIST, HN_REF_NONE, NULL, "of the last day: hour, packets, sources"},
    {0}};

static const struct hn_kind kinds[] = {{"summary", "name of the telescope", summary_fields},
                                       {"member", "address of a member", member_fields},
                                       {"victim", "address and start of the attack", victim_fields},
                                       {"surge", "protocol, port and hour", surge_fields},
                                       {"campaign", "name of the campaign", campaign_fields},
                                       {"port", "protocol and port", port_fields},
                                       {0}};

static const struct hn_rule rules[] = {{"member-sends", HN_SEV_HIGH, HN_CLASS_DETECTION, NULL},
                                       {"member-attacked", HN_SEV_MEDIUM, HN_CLASS_DETECTION, NULL},
                                       {"port-surge", HN_SEV_LOW, HN_CLASS_DETECTION, NULL},
                                       {0}};

/* ---------------------------------------------------------------- judgement */

static void judge_member(struct hn_judge *j, const struct hn_obs *o)
{
    if (!hn_obs_get_bool(o, "open", false))
        return; /* closed: the finding closes with this run */
    bool sends = hn_obs_get_bool(o, "sends", false);
    struct hn_finding *f = hn_find(j, sends ? "member-sends" : "member-attacked", o->subject, hn_obs_get(o, "member"));
    struct hn_str tool = hn_obs_get(o, "fingerprint");
    hn_find_param(f, "address", hn_obs_get(o, "address"));
    hn_find_param(f, "member", hn_obs_get(o, "member"));
    hn_find_param(f, "tool", tool.n ? tool : HN_STR("-"));
    hn_find_param_int(f, "packets", hn_obs_get_int(o, "packets", 0));
    hn_find_param_int(f, "port", hn_obs_get_int(o, "port", 0));
    hn_find_confidence(f, hn_obs_get_int(o, "packets", 0) > 1 ? 95 : 60); /* one packet may be forged */
    hn_find_evidence(f, o, "packets");
}

static void judge_surge(struct hn_judge *j, const struct hn_obs *o)
{
    struct hn_finding *f = hn_find(j, "port-surge", o->subject, HN_STR(""));
    hn_find_param(f, "proto", hn_obs_get(o, "proto"));
    hn_find_param_int(f, "port", hn_obs_get_int(o, "port", 0));
    hn_find_param_int(f, "sources", hn_obs_get_int(o, "sources", 0));
    hn_find_param_int(f, "expected", hn_obs_get_int(o, "expected", 0));
    hn_find_evidence(f, o, "sources");
}

static void judge_victim(struct hn_judge *j, const struct hn_obs *o)
{
    if (!hn_obs_get(o, "member").n || !hn_obs_get_bool(o, "open", false))
        return;
    struct hn_finding *f = hn_find(j, "member-attacked", hn_obs_get(o, "address"), hn_obs_get(o, "member"));
    hn_find_param(f, "address", hn_obs_get(o, "address"));
    hn_find_param(f, "member", hn_obs_get(o, "member"));
    hn_find_param_int(f, "packets", hn_obs_get_int(o, "packets", 0));
    hn_find_param_int(f, "port", hn_obs_get_int(o, "port", 0));
    hn_find_evidence(f, o, "answers");
}

static void judge(struct hn_judge *j)
{
    const struct hn_facts *facts = hn_judge_facts(j);
    HN_FACTS_EACH(o, facts, "telescope.member") {
        judge_member(j, o);
    }
    HN_FACTS_EACH(o, facts, "telescope.surge") {
        judge_surge(j, o);
    }
    HN_FACTS_EACH(o, facts, "telescope.victim") {
        judge_victim(j, o);
    }
}

/* ---------------------------------------------------------------- verbs */

#define OPTIONS_OF_ALL                                                                                                 \
    {"members", HN_OPT_INPUT, "FILE"}, {"scanners", HN_OPT_INPUT, "FILE"},                                             \
        {"idle", HN_OPT_INT, "SECONDS", .least = 1, .most = 86400},                                                    \
        {"quiet", HN_OPT_INT, "SECONDS", .least = 60, .most = 604800},                                                 \
        {"top", HN_OPT_INT, "N", .least = 0, .most = 1000000}, {"geo", HN_OPT_INPUT, "FILE", .many = true},            \
    {                                                                                                                  \
        "keep", HN_OPT_STR, "NAME"                                                                                     \
    }
#define OPTIONS_OF_PACKETS                                                                                             \
    {"prefix", HN_OPT_STR, "[NAME=]PREFIX", .many = true}, {"outer", HN_OPT_SWITCH, NULL},                             \
    {                                                                                                                  \
        "threads", HN_OPT_INT, "N", .least = 1, .most = 16                                                             \
    }

static const struct hn_verb_option replay_options[] = {OPTIONS_OF_ALL,
                                                       OPTIONS_OF_PACKETS,
                                                       {"since", HN_OPT_TIME, "TIME"},
                                                       {"until", HN_OPT_TIME, "TIME"},
                                                       {"ports-only", HN_OPT_SWITCH, NULL},
                                                       {"state", HN_OPT_OUTPUT, "FILE"},
                                                       {0}};

static const struct hn_verb_option merge_options[] = {OPTIONS_OF_ALL, {"state", HN_OPT_OUTPUT, "FILE"}, {0}};

static const struct hn_verb_option watch_options[] = {OPTIONS_OF_ALL,
                                                      OPTIONS_OF_PACKETS,
                                                      {"interface", HN_OPT_PACKETS, "NAME", .most = 1},
                                                      {"capture", HN_OPT_STR, "HOW", .enums = "ring libpcap"},
                                                      {"bpf", HN_OPT_STR, "FILTER"},
                                                      {"follow", HN_OPT_FOLLOW, "FILE|DIR", .many = true},
                                                      {"every", HN_OPT_INT, "SECONDS", .least = 5, .most = 86400},
                                                      {0}};

static const struct hn_verb verbs[] = {{.name = "watch",
                                        .synopsis = "--interface NAME|--follow FILE|DIR",
                                        .options = watch_options,
                                        .flags = HN_VERB_WORDS | HN_VERB_FOLDER | HN_VERB_SERVES,
                                        .memory = (size_t)2 << 30,
                                        .work = telescope_watch},
                                       {.name = "replay",
                                        .synopsis = "FILE|DIR|- …",
                                        .options = replay_options,
                                        .flags = HN_VERB_STDIN,
                                        .memory = (size_t)2 << 30,
                                        .work = telescope_replay},
                                       {.name = "merge",
                                        .synopsis = "STATE|DIR …",
                                        .options = merge_options,
                                        .memory = (size_t)6 << 30,
                                        .work = telescope_merge},
                                       {0}};

const struct hn_module hn_module_telescope = {
    .name = "telescope", .kinds = kinds, .rules = rules, .judge = judge, .verbs = verbs, .reads_packed = true};
