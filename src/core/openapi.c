/* The OpenAPI 3.1 document, from the table and the embedded schemas. */
#include <stdio.h>

#include "base/str.h"
#include "core/ops.h"

static void type_schema(struct hn_jw *w, const struct hn_op_param *p)
{
    static const char *const types[] = {
        [HN_PT_STR] = "string",  [HN_PT_INT] = "integer", [HN_PT_NUM] = "number", [HN_PT_BOOL] = "boolean",
        [HN_PT_TIME] = "string", [HN_PT_OBJ] = "object",  [HN_PT_ARR] = "array"};
    struct hn_str rest = hn_str_c(p->enums), one;

    hn_jw_obj(w);
    if (p->type == HN_PT_TEXT) {
        hn_jw_kc(w, "$ref", "#/components/schemas/text_or_string");
        hn_jw_obj_end(w);
        return;
    }
    hn_jw_kc(w, "type", types[p->type]);
    if (p->type == HN_PT_TIME)
        hn_jw_kc(w, "format", "date-time");
    if (p->type == HN_PT_STR)
        hn_jw_kint(w, "maxLength", p->most ? p->most : HN_PARAM_MAX);
    if ((p->type == HN_PT_INT || p->type == HN_PT_NUM) && (p->least || p->most)) {
        hn_jw_kint(w, "minimum", p->least);
        hn_jw_kint(w, "maximum", p->most);
    }
    if (p->enums) {
        hn_jw_key(w, "enum");
        hn_jw_arr(w);
        while (hn_str_word(&rest, &one))
            hn_jw_str(w, one);
        hn_jw_arr_end(w);
    }
    hn_jw_obj_end(w);
}

static void parameters(struct hn_jw *w, const struct hn_op *op)
{
    hn_jw_key(w, "parameters");
    hn_jw_arr(w);
    for (const struct hn_op_param *p = op->params; p && p->name; p++) {
        if (p->in == HN_IN_BODY)
            continue;
        hn_jw_obj(w);
        hn_jw_kc(w, "name", p->name);
        hn_jw_kc(w, "in", p->in == HN_IN_PATH ? "path" : "query");
        hn_jw_kbool(w, "required", p->required);
        hn_jw_kc(w, "description", p->doc);
        hn_jw_key(w, "schema");
        type_schema(w, p);
        hn_jw_obj_end(w);
    }
    if (op->flags & HN_OP_CHANGES) {
        hn_jw_obj(w);
        hn_jw_kc(w, "$ref", "#/components/parameters/csrf");
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
}

static void body_members(struct hn_jw *w, const struct hn_op *op)
{
    hn_jw_kc(w, "type", "object");
    hn_jw_kbool(w, "additionalProperties", false);
    hn_jw_key(w, "properties");
    hn_jw_obj(w);
    for (const struct hn_op_param *p = op->params; p && p->name; p++) {
        if (p->in != HN_IN_BODY)
            continue;
        hn_jw_key(w, p->name);
        type_schema(w, p);
    }
    hn_jw_obj_end(w);
    hn_jw_key(w, "required");
    hn_jw_arr(w);
    for (const struct hn_op_param *p = op->params; p && p->name; p++)
        if (p->in == HN_IN_BODY && p->required)
            hn_jw_c(w, p->name);
    hn_jw_arr_end(w);
}

static void request_body(struct hn_jw *w, const struct hn_op *op)
{
    bool any = false;

    for (const struct hn_op_param *p = op->params; p && p->name; p++)
        any = any || p->in == HN_IN_BODY;
    if (!any)
        return;
    hn_jw_key(w, "requestBody");
    hn_jw_obj(w);
    hn_jw_key(w, "content");
    hn_jw_obj(w);
    hn_jw_key(w, "application/json");
    hn_jw_obj(w);
    hn_jw_key(w, "schema");
    hn_jw_obj(w);
    body_members(w, op);
    hn_jw_obj_end(w);
    hn_jw_obj_end(w);
    hn_jw_obj_end(w);
    hn_jw_obj_end(w);
}

static void content(struct hn_jw *w, const char *type, const char *schema)
{
    char ref[128];

    hn_jw_key(w, type);
    hn_jw_obj(w);
    hn_jw_key(w, "schema");
    hn_jw_obj(w);
    if (schema) {
        snprintf(ref, sizeof ref, "#/components/schemas/%s", schema);
        hn_jw_kc(w, "$ref", ref);
    } else {
        hn_jw_kc(w, "type", "string");
    }
    hn_jw_obj_end(w);
    hn_jw_obj_end(w);
}

static bool has_format(const struct hn_op *op, const char *format)
{
    for (const struct hn_op_param *p = op->params; p && p->name; p++)
        if (strcmp(p->name, "format") == 0 && p->enums && strstr(p->enums, format))
            return true;
    return false;
}

static void responses(struct hn_jw *w, const struct hn_op *op)
{
    hn_jw_key(w, "responses");
    hn_jw_obj(w);
    hn_jw_key(w, "200");
    hn_jw_obj(w);
    hn_jw_kc(w, "description", op->doc);
    hn_jw_key(w, "content");
    hn_jw_obj(w);
    if (op->flags & HN_OP_STREAM)
        content(w, "text/event-stream", NULL);
    else
        content(w, "application/json", op->answer);
    if (has_format(op, "csv"))
        content(w, "text/csv", NULL);
    if (has_format(op, "ocsf"))
        content(w, "application/x-ndjson", NULL);
    if (has_format(op, "sarif"))
        content(w, "application/sarif+json", NULL);
    hn_jw_obj_end(w);
    hn_jw_obj_end(w);
    hn_jw_key(w, "default");
    hn_jw_obj(w);
    hn_jw_kc(w, "$ref", "#/components/responses/error");
    hn_jw_obj_end(w);
    hn_jw_obj_end(w);
}

static void operation(struct hn_jw *w, const struct hn_op *op)
{
    char method[16];
    size_t n = 0;

    for (; n < sizeof method - 1 && op->method[n]; n++)
        method[n] = (char)(op->method[n] | 0x20);
    method[n] = 0;
    hn_jw_key(w, method);
    hn_jw_obj(w);
    hn_jw_kc(w, "operationId", op->name);
    hn_jw_kc(w, "summary", op->doc);
    hn_jw_kc(w, "x-hinomi-role", hn_need_name(op->need));
    parameters(w, op);
    request_body(w, op);
    responses(w, op);
    hn_jw_key(w, "security");
    hn_jw_arr(w);
    hn_jw_obj(w);
    if (op->need != HN_NEED_NONE) {
        hn_jw_key(w, "session");
        hn_jw_arr(w);
        hn_jw_arr_end(w);
    }
    hn_jw_obj_end(w);
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
}

/* All methods of a path stand together, at the place of the first. */
static void paths(struct hn_jw *w)
{
    const struct hn_op *op, *other;
    char path[128];

    hn_jw_key(w, "paths");
    hn_jw_obj(w);
    for (size_t i = 0; (op = hn_op_next(&i));) {
        bool first = op->method != NULL;
        for (size_t k = 0; first && (other = hn_op_next(&k)) != op;)
            first = !other->method || strcmp(other->path, op->path) != 0;
        if (!first)
            continue;
        snprintf(path, sizeof path, "/api/v1/%s", op->path);
        hn_jw_key(w, path);
        hn_jw_obj(w);
        for (size_t k = 0; (other = hn_op_next(&k));)
            if (other->method && strcmp(other->path, op->path) == 0)
                operation(w, other);
        hn_jw_obj_end(w);
    }
    hn_jw_obj_end(w);
}

static void components(struct hn_jw *w)
{
    hn_jw_key(w, "components");
    hn_jw_obj(w);
    hn_jw_key(w, "schemas");
    hn_jw_obj(w);
    for (size_t i = 0; i < hn_schemas_n; i++) {
        struct hn_str name = hn_str_c(hn_schemas[i].name);
        hn_jw_key_str(w, hn_str_cut(name, 0, name.n - (sizeof ".json" - 1)));
        hn_jw_raw(w, hn_str_trim((struct hn_str){hn_schemas[i].data, hn_schemas[i].n}));
    }
    hn_jw_obj_end(w);
    hn_jw_key(w, "parameters");
    hn_jw_raw(w, HN_STR("{\"csrf\":{\"name\":\"X-Hinomi-CSRF\",\"in\":\"header\",\"required\":true,\"description\":"
                        "\"csrf of GET session\",\"schema\":{\"type\":\"string\"}}}"));
    hn_jw_key(w, "responses");
    hn_jw_raw(w, HN_STR("{\"error\":{\"description\":\"The request failed\",\"content\":{\"application/json\":"
                        "{\"schema\":{\"$ref\":\"#/components/schemas/error\"}}}}}"));
    hn_jw_key(w, "securitySchemes");
    hn_jw_raw(w, HN_STR("{\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"hinomi_session\"}}"));
    hn_jw_obj_end(w);
}

void hn_openapi_write(struct hn_jw *w)
{
    hn_jw_obj(w);
    hn_jw_kc(w, "openapi", "3.1.0");
    hn_jw_key(w, "info");
    hn_jw_obj(w);
    hn_jw_kc(w, "title", "Hinomi");
    hn_jw_kc(w, "version", HN_VERSION);
    hn_jw_kc(w, "summary", "What to fix first, why, and whether it is really fixed");
    hn_jw_key(w, "license");
    hn_jw_raw(w, HN_STR("{\"name\":\"Apache-2.0\",\"identifier\":\"Apache-2.0\"}"));
    hn_jw_obj_end(w);
    hn_jw_key(w, "servers");
    hn_jw_raw(w, HN_STR("[{\"url\":\"/\"}]"));
    paths(w);
    components(w);
    hn_jw_obj_end(w);
}
