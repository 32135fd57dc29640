/* Answers of name servers (RFC 1035 clause 4):
 *
 *   id 2 | flags 2: QR 1, opcode 4, AA, TC, RD, RA, Z 3, rcode 4 | questions 2 | answers 2 | authorities 2 | additional
 * 2 question: name | type 2 | class 2 record:   name | type 2 | class 2 | ttl 4 | length 2 | data name:     labels of 1
 * + n octets until one of 0; or two octets that point to an earlier one, 11……
 */
#include "base/cur.h"
#include "format/flow/name.h"

#define ANSWER     0x8000u
#define OPCODE     0x7800u
#define RCODE      0x000fu
#define NXDOMAIN   3u
#define IN         1u
#define RECORDS    512u
#define LABELS_MAX 128u

/* The name of a question is never a pointer. Labels with dots or control characters are nobody's: the name is refused.
 */
static bool take_name(struct hn_cur *c, char room[HN_FLOW_NAME_TEXT], struct hn_bytes *ret)
{
    size_t n = 0;
    for (;;) {
        struct hn_bytes label = hn_cur_take(c, hn_cur_u8(c));
        if (hn_cur_bad(c) || label.n > 63 || n + label.n + 1 >= HN_FLOW_NAME_TEXT)
            return false;
        if (!label.n)
            break;
        if (n)
            room[n++] = '.';
        for (size_t i = 0; i < label.n; i++) {
            if (label.p[i] <= ' ' || label.p[i] == '.' || label.p[i] == 0x7f)
                return false;
            room[n++] = (char)label.p[i];
        }
    }
    *ret = hn_bytes_of(room, n);
    return true;
}

static void skip_name(struct hn_cur *c)
{
    for (unsigned i = 0; i < LABELS_MAX; i++) {
        uint8_t n = hn_cur_u8(c);
        if (n >= 0xc0) {
            hn_cur_skip(c, 1);
            return;
        }
        hn_cur_skip(c, n);
        if (!n || hn_cur_bad(c))
            return;
    }
    hn_cur_fail(c, "more labels than a name has");
}

/* False: cut short here. */
static bool take_record(struct hn_cur *c, struct hn_flow_name *ret)
{
    skip_name(c);
    uint16_t type = hn_cur_be16(c), class = hn_cur_be16(c);
    uint32_t ttl = hn_cur_be32(c);
    struct hn_bytes data = hn_cur_take(c, hn_cur_be16(c));
    if (hn_cur_bad(c))
        return false;
    ret->ttl = ttl < ret->ttl ? ttl : ret->ttl;
    bool four = type == 1 && data.n == 4, six = type == 28 && data.n == 16;
    if (class == IN && (four || six) && ret->n_answers < HN_FLOW_NAME_ANSWERS)
        ret->answers[ret->n_answers++] = four ? hn_ip4(data.p) : hn_ip6(data.p);
    return true;
}

/* Those that judgement tells apart; the others have no name here. */
static struct hn_bytes type_of(uint16_t type)
{
    const char *text = type == 1 ? "A" : type == 28 ? "AAAA" : type == 12 ? "PTR" : "";
    return hn_bytes_of(text, strlen(text));
}

enum hn_dns hn_dns_answer(struct hn_bytes message, struct hn_flow_name *ret, char room[HN_FLOW_NAME_TEXT])
{
    struct hn_cur c;
    hn_cur_init(&c, message, RECORDS);
    hn_cur_skip(&c, 2);
    uint16_t flags = hn_cur_be16(&c), questions = hn_cur_be16(&c), answers = hn_cur_be16(&c);
    hn_cur_skip(&c, 4);
    if (!hn_cur_bad(&c) && (!(flags & ANSWER) || flags & OPCODE || questions != 1))
        return HN_DNS_OTHER;
    *ret = (struct hn_flow_name){.ttl = UINT32_MAX};
    if (!take_name(&c, room, &ret->query))
        return HN_DNS_BAD;
    ret->type = type_of(hn_cur_be16(&c));
    uint16_t class = hn_cur_be16(&c);
    if (hn_cur_bad(&c))
        return HN_DNS_BAD;
    if (class != IN || !ret->query.n)
        return HN_DNS_OTHER;
    unsigned rcode = flags & RCODE;
    ret->state = !rcode ? HN_FLOW_NAME_FOUND : rcode == NXDOMAIN ? HN_FLOW_NAME_NONE : HN_FLOW_NAME_REFUSED;
    while (answers-- && hn_cur_work(&c) && take_record(&c, ret))
        ;
    return HN_DNS_ANSWER;
}
