/* flow: command servers, bots and scanners out of flow records alone, without a byte of content. Reads every exporter's
 * records and every log of connections, and packets through a meter. See README.md. */
#include "base/str.h"
#include "core/facts.h"
#include "modules/flow/flow_in.h"

extern const struct hn_module hn_module_flow;

const struct hn_field flow_suspect_fields[] = {
    {"kind", HN_T_STR, HN_REF_NONE, NULL,
     "beacon, intel, dns-tunnel, scan, port-scan, lateral, spam, flood, upload, made-up-names or fast-flux"},
    {"host", HN_T_STR, HN_REF_NONE, NULL, "address of the host of ours"},
    {"peer", HN_T_STR, HN_REF_NONE, NULL, "address of the other side; empty for a scan of many"},
    {"port", HN_T_INT, HN_REF_NONE, NULL, "port that is contacted"},
    {"score", HN_T_INT, HN_REF_NONE, "percent", "how much it looks like one"},
    {"contacts", HN_T_INT, HN_REF_NONE, NULL, "contacts, or peers of a scan"},
    {"interval", HN_T_INT, HN_REF_NONE, "seconds", "median time between contacts"},
    {"technique", HN_T_STR, HN_REF_NONE, NULL, "of ATT&CK"},
    {"fingerprint", HN_T_STR, HN_REF_NONE, NULL, "of TLS, which a list warns of: ja3, ja3s or ja4 and the value"},
    {"sentence_en", HN_T_STR, HN_REF_NONE, NULL, "what it rests on, in English"},
    {"sentence_ja", HN_T_STR, HN_REF_NONE, NULL, "what it rests on, in Japanese"},
    {"benign_en", HN_T_STR, HN_REF_NONE, NULL, "what would make it benign, in English"},
    {"benign_ja", HN_T_STR, HN_REF_NONE, NULL, "what would make it benign, in Japanese"},
    {"first", HN_T_TIME, HN_REF_NONE, NULL, "first contact"},
    {"last", HN_T_TIME, HN_REF_NONE, NULL, "last contact"},
    {"alert", HN_T_STR, HN_REF_NONE, NULL, "id by which it is judged"},
    {"unjudged", HN_T_INT, HN_REF_NONE, "thousandths", "log-odds that it is one, before anybody's verdict"},
    {"verdict", HN_T_STR, HN_REF_NONE, NULL, "benign or true, when somebody found out"},
    {"verdict_reason", HN_T_STR, HN_REF_NONE, NULL, "why"},
    {0}};

static const struct hn_field exporter_fields[] = {
    {"address", HN_T_STR, HN_REF_NONE, NULL, "of the sender; sFlow: of the agent"},
    {"protocol", HN_T_STR, HN_REF_NONE, NULL, "netflow5, netflow7, netflow9, ipfix or sflow5"},
    {"domain", HN_T_INT, HN_REF_NONE, NULL, "source id, observation domain, engine or sub-agent"},
    {"packets", HN_T_INT, HN_REF_NONE, NULL, "export packets received"},
    {"flows", HN_T_INT, HN_REF_NONE, NULL, "records received"},
    {"lost", HN_T_INT, HN_REF_NONE, NULL, "by sequence numbers, in `unit`"},
    {"lost_share", HN_T_INT, HN_REF_NONE, "permille", "of what was sent"},
    {"unit", HN_T_STR, HN_REF_NONE, NULL, "what sequence numbers count: flows, packets or records"},
    {"gaps", HN_T_INT, HN_REF_NONE, NULL, "times that something was lost"},
    {"without_template", HN_T_INT, HN_REF_NONE, NULL, "data sets given up for want of their template"},
    {"waiting", HN_T_INT, HN_REF_NONE, NULL, "data sets that came before their template"},
    {"skew", HN_T_INT, HN_REF_NONE, "seconds", "its clock minus ours"},
    {"sampling", HN_T_INT, HN_REF_NONE, NULL, "packets that one stands for; 0: not told"},
    {"first", HN_T_TIME, HN_REF_NONE, NULL, "first packet"},
    {"last", HN_T_TIME, HN_REF_NONE, NULL, "last packet"},
    {0}};

static const struct hn_field scanned_fields[] = {
    {"host", HN_T_STR, HN_REF_NONE, NULL, "address of the host of ours"},
    {"proto", HN_T_STR, HN_REF_NONE, NULL, "tcp or udp"},
    {"port", HN_T_INT, HN_REF_NONE, NULL, "port that answered"},
    {"sources", HN_T_INT, HN_REF_NONE, NULL, "scanners that reached it within the last day"},
    {"source", HN_T_STR, HN_REF_NONE, NULL, "address of one of them"},
    {"last", HN_T_TIME, HN_REF_NONE, NULL, "when it was last reached"},
    {0}};

static const struct hn_field meter_fields[] = {
    {"interface", HN_T_STR, HN_REF_NONE, NULL, "whose packets are made into flows"},
    {"packets", HN_T_INT, HN_REF_NONE, "packets", "read"},
    {"flows", HN_T_INT, HN_REF_NONE, NULL, "kept"},
    {"dropped", HN_T_INT, HN_REF_NONE, "packets", "that the kernel had no room for"},
    {"dropped_share", HN_T_INT, HN_REF_NONE, "permille", "of all packets"},
    {"malformed", HN_T_INT, HN_REF_NONE, "packets", "whose headers do not fit"},
    {"early", HN_T_INT, HN_REF_NONE, NULL, "flows ended early, because there were too many at a time"},
    {"first", HN_T_TIME, HN_REF_NONE, NULL, "when the watch began"},
    {"last", HN_T_TIME, HN_REF_NONE, NULL, "when this was counted"},
    {0}};

static const struct hn_kind kinds[] = {{"suspect", "kind, peer and port", flow_suspect_fields},
                                       {"scanned", "address, protocol and port", scanned_fields},
                                       {"exporter", "protocol and domain", exporter_fields},
                                       {"meter", "interface", meter_fields},
                                       {0}};

static const struct hn_rule rules[] = {{"beacon", HN_SEV_HIGH, HN_CLASS_DETECTION, "ATT&CK:T1071"},
                                       {"intel", HN_SEV_HIGH, HN_CLASS_DETECTION, "ATT&CK:T1071"},
                                       {"intel-tls", HN_SEV_HIGH, HN_CLASS_DETECTION, "ATT&CK:T1573"},
                                       {"dns-tunnel", HN_SEV_HIGH, HN_CLASS_DETECTION, "ATT&CK:T1071.004"},
                                       {"scan", HN_SEV_HIGH, HN_CLASS_DETECTION, "ATT&CK:T1046"},
                                       {"lateral", HN_SEV_HIGH, HN_CLASS_DETECTION, "ATT&CK:T1021"},
                                       {"spam", HN_SEV_HIGH, HN_CLASS_DETECTION, "ATT&CK:T1071.003"},
                                       {"flood", HN_SEV_HIGH, HN_CLASS_DETECTION, "ATT&CK:T1498"},
                                       {"upload", HN_SEV_MEDIUM, HN_CLASS_DETECTION, "ATT&CK:T1048"},
                                       {"made-up-names", HN_SEV_HIGH, HN_CLASS_DETECTION, "ATT&CK:T1568.002"},
                                       {"fast-flux", HN_SEV_HIGH, HN_CLASS_DETECTION, "ATT&CK:T1568.001"},
                                       {"exporter-loss", HN_SEV_MEDIUM, HN_CLASS_HYGIENE, NULL},
                                       {"exporter-templates", HN_SEV_MEDIUM, HN_CLASS_HYGIENE, NULL},
                                       {"exporter-clock", HN_SEV_LOW, HN_CLASS_HYGIENE, NULL},
                                       {"exporter-sampling", HN_SEV_LOW, HN_CLASS_HYGIENE, NULL},
                                       {"meter-loss", HN_SEV_MEDIUM, HN_CLASS_HYGIENE, NULL},
                                       {0}};

#define LOSS_LEAST     10 /* a hundredth */
#define SKEW_LEAST     60 /* seconds: beacons of several exporters no longer fit together */
#define SAMPLING_LEAST 11 /* thinner than 1:10, contacts of a few packets are mostly missing */

static void exporter_finding(struct hn_judge *j, const struct hn_obs *o, const char *rule)
{
    struct hn_finding *f = hn_find(j, rule, o->subject, HN_STR(""));
    hn_find_param(f, "exporter", hn_obs_get(o, "address"));
    hn_find_param(f, "unit", hn_obs_get(o, "unit"));
    hn_find_param_int(f, "lost", hn_obs_get_int(o, "lost", 0));
    hn_find_param_int(f, "share", hn_obs_get_int(o, "lost_share", 0) / 10);
    hn_find_param_int(f, "sets", hn_obs_get_int(o, "without_template", 0));
    hn_find_param_int(f, "skew", hn_obs_get_int(o, "skew", 0));
    hn_find_param_int(f, "n", hn_obs_get_int(o, "sampling", 0));
    hn_find_evidence(f, o, "exporter");
}

static void judge_exporter(struct hn_judge *j, const struct hn_obs *o)
{
    int64_t skew = hn_obs_get_int(o, "skew", 0);
    if (hn_obs_get_int(o, "lost_share", 0) >= LOSS_LEAST)
        exporter_finding(j, o, "exporter-loss");
    if (hn_obs_get_int(o, "without_template", 0) > 0)
        exporter_finding(j, o, "exporter-templates");
    if (skew >= SKEW_LEAST || skew <= -SKEW_LEAST)
        exporter_finding(j, o, "exporter-clock");
    if (hn_obs_get_int(o, "sampling", 0) >= SAMPLING_LEAST)
        exporter_finding(j, o, "exporter-sampling");
}

static void judge_meter(struct hn_judge *j, const struct hn_obs *o)
{
    if (hn_obs_get_int(o, "dropped_share", 0) < LOSS_LEAST)
        return;
    struct hn_finding *f = hn_find(j, "meter-loss", o->subject, HN_STR(""));
    hn_find_param(f, "interface", hn_obs_get(o, "interface"));
    hn_find_param_int(f, "dropped", hn_obs_get_int(o, "dropped", 0));
    hn_find_param_int(f, "share", hn_obs_get_int(o, "dropped_share", 0) / 10);
    hn_find_evidence(f, o, "meter");
}

/* A scan of ports is a scan; the other kinds have a rule of their own name. */
static const char *rule_of(const struct hn_obs *o)
{
    struct hn_str kind = hn_obs_get(o, "kind");
    if (hn_str_eqc(kind, "intel") && hn_obs_get(o, "fingerprint").n)
        return "intel-tls";
    for (const struct hn_rule *r = rules; r->id; r++)
        if (hn_str_eqc(kind, r->id))
            return r->id;
    return "scan";
}

#define ALERT_PERCENT ((int64_t)(100 * FLOW_ALERT))

static void flow_judge(struct hn_judge *j)
{
    HN_FACTS_EACH(o, hn_judge_facts(j), "flow.suspect") {
        if (hn_str_eqc(hn_obs_get(o, "verdict"), "benign") && hn_obs_get_int(o, "score", 0) < ALERT_PERCENT)
            continue;
        struct hn_finding *f = hn_find(j, rule_of(o), hn_obs_get(o, "peer"), o->subject);
        hn_find_confidence(f, (unsigned)hn_obs_get_int(o, "score", 50));
        hn_find_param(f, "host", hn_obs_get(o, "host"));
        hn_find_param(f, "peer", hn_obs_get(o, "peer"));
        hn_find_param_int(f, "port", hn_obs_get_int(o, "port", 0));
        hn_find_param_int(f, "contacts", hn_obs_get_int(o, "contacts", 0));
        hn_find_param_int(f, "interval", hn_obs_get_int(o, "interval", 0));
        hn_find_since(f, hn_obs_get_time(o, "first"));
        hn_find_param(f, "sentence_en", hn_obs_get(o, "sentence_en"));
        hn_find_param(f, "sentence_ja", hn_obs_get(o, "sentence_ja"));
        hn_find_param(f, "benign_en", hn_obs_get(o, "benign_en"));
        hn_find_param(f, "benign_ja", hn_obs_get(o, "benign_ja"));
        hn_find_param(f, "technique", hn_obs_get(o, "technique"));
        hn_find_param(f, "fingerprint", hn_obs_get(o, "fingerprint"));
        hn_find_evidence(f, o, "flows");
    }
    HN_FACTS_EACH(o, hn_judge_facts(j), "flow.exporter")
        judge_exporter(j, o);
    HN_FACTS_EACH(o, hn_judge_facts(j), "flow.meter")
        judge_meter(j, o);
}

static const struct hn_verb_option replay_options[] = {{"internal", HN_OPT_STR, "PREFIX", .many = true},
                                                       {"map", HN_OPT_STR, "FIELD=COLUMN,…"},
                                                       {"exports", HN_OPT_SWITCH, NULL},
                                                       {"sampling", HN_OPT_STR, "PREFIX=N", .many = true},
                                                       {"thin", HN_OPT_INT, "N", .least = 1, .most = 100000},
                                                       {"top", HN_OPT_INT, "N", .least = 1, .most = 100000},
                                                       {"min-score", HN_OPT_NUM, "0…1"},
                                                       {"store", HN_OPT_SWITCH, NULL},
                                                       {"stored", HN_OPT_SWITCH, NULL},
                                                       {"since", HN_OPT_TIME, "TIME"},
                                                       {"until", HN_OPT_TIME, "TIME"},
                                                       {0}};

#define QUERY_OPTIONS                                                                                                  \
    {"from", HN_OPT_INPUT, "FILE|DIR", .many = true}, {"since", HN_OPT_TIME, "TIME"},                                  \
    {                                                                                                                  \
        "until", HN_OPT_TIME, "TIME"                                                                                   \
    }

static const struct hn_verb_option top_options[] = {{"by", HN_OPT_STR, "FIELD,…"},
                                                    {"order", HN_OPT_STR, "WHAT", .enums = "flows packets bytes"},
                                                    {"top", HN_OPT_INT, "N", .least = 1, .most = 1000000},
                                                    {"scaled", HN_OPT_SWITCH, NULL},
                                                    {"geo", HN_OPT_INPUT, "FILE", .many = true},
                                                    QUERY_OPTIONS,
                                                    {0}};
static const struct hn_verb_option list_options[] = {{"top", HN_OPT_INT, "N", .least = 0, .most = INT64_MAX},
                                                     {"skip", HN_OPT_INT, "N", .least = 0, .most = INT64_MAX},
                                                     QUERY_OPTIONS,
                                                     {0}};
static const struct hn_verb_option shape_options[] = {QUERY_OPTIONS, {0}};
static const struct hn_verb_option timeline_options[] = {
    {"bin", HN_OPT_INT, "SECONDS", .least = 1, .most = 31622400}, {"scaled", HN_OPT_SWITCH, NULL}, QUERY_OPTIONS, {0}};
static const struct hn_verb_option import_options[] = {{"map", HN_OPT_STR, "FIELD=COLUMN,…"}, {0}};
static const struct hn_verb_option intel_options[] = {
    {"from", HN_OPT_INPUT, "FILE"}, {"store", HN_OPT_SWITCH, NULL}, {0}};
static const struct hn_verb_option judge_options[] = {
    {"reason", HN_OPT_STR, "TEXT"}, {"known", HN_OPT_INPUT, "FILE|-"}, {0}};
static const char *const judged[] = {"replay", "--stored", "--store", NULL};
#define JUDGED                                                                                                         \
    {"internal", HN_OPT_STR, "PREFIX", .many = true},                                                                  \
    {                                                                                                                  \
        "judge-every", HN_OPT_INT, "SECONDS", .least = 1, .most = 86400                                                \
    }
static const struct hn_verb_option collect_options[] = {{"udp", HN_OPT_UDP, "ADDRESS:PORT", .many = true},
                                                        {"tcp", HN_OPT_TCP, "ADDRESS:PORT", .many = true},
                                                        {"sctp", HN_OPT_SCTP, "ADDRESS:PORT", .many = true},
                                                        {"store", HN_OPT_SWITCH, NULL},
                                                        JUDGED,
                                                        {"sampling", HN_OPT_STR, "PREFIX=N", .many = true},
                                                        {"rotate", HN_OPT_INT, "SECONDS", .least = 1, .most = 86400},
                                                        {"keep-days", HN_OPT_INT, "N", .least = 1, .most = 36500},
                                                        {"keep-mib", HN_OPT_INT, "N", .least = 16, .most = INT32_MAX},
                                                        {0}};

static const struct hn_verb_option watch_options[] = {{"interface", HN_OPT_PACKETS, "NAME", .most = 1},
                                                      {"capture", HN_OPT_STR, "HOW", .enums = "ring libpcap"},
                                                      {"bpf", HN_OPT_STR, "FILTER"},
                                                      {"idle", HN_OPT_INT, "SECONDS", .least = 1, .most = 3600},
                                                      {"active", HN_OPT_INT, "SECONDS", .least = 1, .most = 86400},
                                                      {"store", HN_OPT_SWITCH, NULL},
                                                      JUDGED,
                                                      {"rotate", HN_OPT_INT, "SECONDS", .least = 1, .most = 86400},
                                                      {"keep-days", HN_OPT_INT, "N", .least = 1, .most = 36500},
                                                      {"keep-mib", HN_OPT_INT, "N", .least = 16, .most = INT32_MAX},
                                                      {0}};

#define GIB ((size_t)1 << 30)
static const struct hn_verb verbs[] = {
    {"replay", "FILE|DIR|- … | --stored", replay_options, HN_VERB_STDIN, 2 * GIB, flow_replay},
    {"collect", "--udp ADDRESS:PORT", collect_options, HN_VERB_SERVES | HN_VERB_FOLDER, 3 * GIB, flow_collect,
     .beside = judged},
    {"watch", "--interface NAME", watch_options, HN_VERB_WORDS | HN_VERB_SERVES | HN_VERB_FOLDER, 2 * GIB, flow_watch,
     .beside = judged},
    {"import", "FILE|DIR|- …", import_options, HN_VERB_STDIN | HN_VERB_FOLDER, 2 * GIB, flow_import},
    {"intel", "add NAME --from FILE | list | remove NAME", intel_options, HN_VERB_WORDS | HN_VERB_BESIDE, 3 * GIB,
     flow_intel_verb},
    {"judge", "ALERT benign|true|revoke --reason TEXT | list", judge_options, HN_VERB_WORDS | HN_VERB_BESIDE, 0,
     flow_judge_verb},
    {"top", "[FILTER …]", top_options, HN_VERB_WORDS | HN_VERB_CSV, 16 * GIB, flow_top},
    {"pairs", "[FILTER …]", top_options, HN_VERB_WORDS | HN_VERB_CSV, 16 * GIB, flow_pairs},
    {"list", "[FILTER …]", list_options, HN_VERB_WORDS | HN_VERB_CSV | HN_VERB_LINES, 16 * GIB, flow_list},
    {"shape", "[FILTER …]", shape_options, HN_VERB_WORDS, 16 * GIB, flow_shape},
    {"timeline", "[FILTER …]", timeline_options, HN_VERB_WORDS | HN_VERB_CSV | HN_VERB_LINES, 16 * GIB, flow_timeline},
    {0}};

const struct hn_module hn_module_flow = {
    .name = "flow",
    .kinds = kinds,
    .rules = rules,
    .judge = flow_judge,
    .verbs = verbs,
    .reads_packed = true,
};
