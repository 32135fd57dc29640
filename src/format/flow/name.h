/* A question to a name server and what came back, whether a log or a packet tells of it. */
#pragma once

#include "base/bytes.h"
#include "base/ip.h"
#include "base/time.h"

#define HN_FLOW_NAME_ANSWERS 32u
#define HN_FLOW_NAME_TEXT    256u
enum hn_flow_name_state { HN_FLOW_NAME_SILENT, HN_FLOW_NAME_FOUND, HN_FLOW_NAME_NONE, HN_FLOW_NAME_REFUSED };

/* Texts are valid during the call that hands it out. */
struct hn_flow_name {
    hn_time at;
    struct hn_ip src, dst;       /* who asked whom */
    struct hn_bytes query, type; /* "www.example.org", "A" */
    enum hn_flow_name_state state;
    uint32_t ttl; /* the least of the answers, seconds; UINT32_MAX: none */
    size_t n_answers;
    struct hn_ip answers[HN_FLOW_NAME_ANSWERS]; /* addresses; what goes beyond is left out */
};

enum hn_dns { HN_DNS_OTHER, HN_DNS_ANSWER, HN_DNS_BAD };

/* The answer that a name server sent (RFC 1035): fills query, type, state, ttl and answers; room holds the name. OTHER:
 * a question, or about something else; BAD: no DNS, or malformed before the end of the question. An answer that is cut
 * short is given as far as it goes. */
enum hn_dns hn_dns_answer(struct hn_bytes message, struct hn_flow_name *ret, char room[HN_FLOW_NAME_TEXT]);
