/* The two files that an administrator writes: the first byte chooses. Configuration ('c'): what is shown of an accepted
 * file is accepted again and shows the same. Policy ('p'): an accepted one can be written as JSON, which reads back. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "core/config.h"
#include "core/policy.h"
#include "fuzz.h"

static void config(struct hn_bytes b)
{
    struct hn_config *c = NULL;
    struct hn_diag d = {{0}};
    HN_AUTO(hn_buf_done) struct hn_buf json = {0};
    struct hn_arena a;
    struct hn_jw w;
    if (!hn_ok(hn_config_parse(b, "x.yaml", &c, &d))) {
        FUZZ_CHECK(!c && d.msg[0], "refused without a reason");
        return;
    }
    hn_buf_init(&json, 1u << 20);
    hn_jw_init(&w, &json);
    hn_config_json(c, &w);
    hn_arena_init(&a, 16u << 20);
    FUZZ_CHECK(!json.bad && hn_jv_parse(&a, hn_str_bytes(hn_buf_text(&json)), NULL), "%.*s", (int)json.n, json.p);
    for (const struct hn_option *o = hn_options; o->name; o++)
        FUZZ_CHECK(hn_config_line(c, o->name) <= b.n + 1, "%s", o->name);
    hn_arena_done(&a);
    hn_config_free(c);
}

static void policy(struct hn_bytes b)
{
    struct hn_policy *p = NULL;
    struct hn_diag d = {{0}};
    HN_AUTO(hn_buf_done) struct hn_buf json = {0};
    struct hn_arena a;
    struct hn_jw w;
    if (!hn_ok(hn_policy_parse(b, &p, &d))) {
        FUZZ_CHECK(!p && d.msg[0], "refused without a reason");
        return;
    }
    hn_buf_init(&json, 4u << 20);
    hn_jw_init(&w, &json);
    hn_policy_json(p, &w);
    hn_arena_init(&a, 64u << 20);
    FUZZ_CHECK(!json.bad && hn_jv_parse(&a, hn_str_bytes(hn_buf_text(&json)), NULL), "%.*s", (int)json.n, json.p);
    FUZZ_CHECK(hn_policy_id(p).n, "a policy without a name");
    hn_arena_done(&a);
    hn_policy_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct hn_bytes b = fuzz_copy(data + 1, size - 1);
    if (data[0] == 'p')
        policy(b);
    else
        config(b);
    fuzz_free(b);
    return 0;
}
