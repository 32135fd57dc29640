/* Listeners that are open to networks where they should not be. */
#include <strings.h>

#include "base/str.h"
#include "core/facts.h"
#include "modules/sockets/sockets.h"

/* How far away somebody can be who reaches it. */
enum audience { NOBODY, SOME_NETWORK, EVERYBODY };

static enum audience audience_of(const struct hn_obs *l)
{
    struct hn_str reach = hn_obs_get(l, "reach");
    if (hn_str_eqc(hn_obs_get(l, "firewall"), "blocked") || hn_str_eqc(reach, "loopback") ||
        hn_str_eqc(reach, "link-local"))
        return NOBODY;
    if (hn_str_eqc(reach, "private"))
        return SOME_NETWORK;
    if (hn_str_eqc(reach, "everywhere") && hn_obs_has(l, "networks") &&
        !hn_obs_list_has(l, "networks", HN_STR("public")))
        return SOME_NETWORK;
    return EVERYBODY;
}

static bool name_has(struct hn_str name, const char *words)
{
    struct hn_str rest = hn_str_c(words), w;
    while (hn_str_word(&rest, &w)) {
        for (size_t i = 0; i + w.n <= name.n; i++) {
            if (strncasecmp(name.p + i, w.p, w.n) == 0)
                return true;
        }
    }
    return false;
}

/* The port suggests a service; the program that listens confirms it or not. */
static unsigned confidence(const struct hn_facts *facts, const struct hn_obs *l, const struct sockets_service *s)
{
    const struct hn_str *list;
    size_t n = hn_obs_get_list(l, "processes", &list);
    bool named = false;
    for (size_t i = 0; i < n; i++) {
        const struct hn_obs *q = hn_facts_find(facts, "processes.process", list[i]);
        named = named || q;
        if (q && s->programs &&
            (name_has(hn_obs_get(q, "name"), s->programs) || name_has(hn_obs_get(q, "exe"), s->programs)))
            return 95;
    }
    if (!named)
        return 60;
    return s->programs ? 35 : 60; /* another program on a port that is known for something else */
}

static void about_processes(struct hn_finding *f, const struct hn_facts *facts, const struct hn_obs *l)
{
    const struct hn_str *list;
    size_t n = hn_obs_get_list(l, "processes", &list);
    hn_find_about(f, HN_REF_LISTENER, l->subject);
    for (size_t i = 0; i < n && i < 8; i++) {
        hn_find_evidence(f, hn_facts_find(facts, "processes.process", list[i]), "process");
        hn_find_about(f, HN_REF_PROCESS, list[i]);
    }
}

static struct hn_str program_of(const struct hn_facts *facts, const struct hn_obs *l)
{
    const struct hn_str *list;
    size_t n = hn_obs_get_list(l, "processes", &list);
    const struct hn_obs *q = n ? hn_facts_find(facts, "processes.process", list[0]) : NULL;
    return q ? hn_obs_get(q, "name") : HN_STR("?");
}

static void judge_service(struct hn_judge *j, const struct hn_obs *l)
{
    static const char *const by_danger[] = {
        NULL, "exposed-clear-text", "exposed-no-auth", "exposed-control", "exposed-amplifier", "exposed-device"};
    const struct hn_facts *facts = hn_judge_facts(j);
    struct hn_str proto = hn_obs_get(l, "proto");
    int64_t port = hn_obs_get_int(l, "port", 0);
    const struct sockets_service *s = sockets_service_find(hn_str_eqc(proto, "tcp")   ? SOCKETS_TCP
                                                           : hn_str_eqc(proto, "udp") ? SOCKETS_UDP
                                                                                      : 0,
                                                           (uint16_t)port);
    enum audience audience = audience_of(l);
    if (!s || s->danger == DANGER_NONE || audience == NOBODY)
        return;
    unsigned sure = confidence(facts, l, s);
    if (sure < 50)
        return; /* the program that listens is known, and it is not this */
    struct hn_finding *f = hn_find(j, by_danger[s->danger], l->subject, hn_str_c(s->name));
    enum hn_severity severity = s->severity;
    severity -= audience == SOME_NETWORK && severity > HN_SEV_LOW;
    severity -= hn_str_eqc(hn_obs_get(l, "firewall"), "filtered") && severity > HN_SEV_LOW;
    hn_find_severity(f, severity);
    hn_find_confidence(f, sure);
    hn_find_param(f, "service", hn_str_c(s->title));
    hn_find_param_int(f, "port", port);
    hn_find_param(f, "proto", hn_obs_get(l, "proto"));
    hn_find_param(f, "address", hn_obs_get(l, "address"));
    hn_find_param(f, "program", program_of(facts, l));
    hn_find_evidence(f, l, "listener");
    about_processes(f, facts, l);
}

static void judge_unattributed(struct hn_judge *j, const struct hn_obs *l)
{
    if (!hn_obs_get_bool(l, "unattributed", false) || hn_obs_get_bool(l, "ephemeral", false) ||
        hn_obs_has(l, "namespace") || audience_of(l) == NOBODY)
        return;
    struct hn_finding *f = hn_find(j, "listener-unattributed", l->subject, (struct hn_str){0});
    hn_find_confidence(f, 60);
    hn_find_param_int(f, "port", hn_obs_get_int(l, "port", 0));
    hn_find_param(f, "proto", hn_obs_get(l, "proto"));
    hn_find_param(f, "address", hn_obs_get(l, "address"));
    hn_find_evidence(f, l, "listener");
    hn_find_about(f, HN_REF_LISTENER, l->subject);
}

/* Something listens to networks, and nothing filters. */
static void judge_firewall(struct hn_judge *j)
{
    const struct hn_facts *facts = hn_judge_facts(j);
    const struct hn_obs *firewall = hn_facts_first(facts, "sockets.firewall");
    struct hn_finding *f = NULL;
    int64_t n = 0;
    if (!firewall || hn_obs_get_bool(firewall, "filters", true) || !hn_obs_get_bool(firewall, "understood", false))
        return;
    HN_FACTS_EACH(l, facts, "sockets.listener") {
        if (audience_of(l) == NOBODY || hn_obs_get_bool(l, "ephemeral", false) || hn_obs_has(l, "namespace"))
            continue;
        if (!f) {
            f = hn_find(j, "firewall-absent", HN_STR("firewall"), (struct hn_str){0});
            hn_find_cause(f, HN_STR("firewall")); /* as the rules about packet filters (rules/network.yaml) */
            hn_find_evidence(f, firewall, "firewall");
        }
        if (n++ < 20)
            hn_find_evidence(f, l, "listener");
    }
    if (f)
        hn_find_param_int(f, "count", n);
}

void sockets_judge(struct hn_judge *j)
{
    HN_FACTS_EACH(l, hn_judge_facts(j), "sockets.listener") {
        judge_service(j, l);
        judge_unattributed(j, l);
    }
    judge_firewall(j);
}
