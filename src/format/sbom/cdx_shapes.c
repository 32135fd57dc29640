/* The members of CycloneDX objects and where they lie in the model, in the order of writing. */
#include "format/sbom/cdx_custom.h"

#define AT(type, member) offsetof(struct type, member)
#define F(k, kind_, type, member)                                                                                      \
    {                                                                                                                  \
        .key = (k), .kind = (kind_), .offset = AT(type, member)                                                        \
    }
#define STR(k, type, member)   F(k, CDX_STR, type, member)
#define TEXTS(k, type, member) F(k, CDX_TEXTS, type, member)
#define TRI(k, type, member)   F(k, CDX_TRI, type, member)
#define LIST(k, type, member, shape)                                                                                   \
    {                                                                                                                  \
        .key = (k), .kind = CDX_LIST, .offset = AT(type, member), .of = &(shape)                                       \
    }
#define ONE(k, type, member, shape)                                                                                    \
    {                                                                                                                  \
        .key = (k), .kind = CDX_ONE, .offset = AT(type, member), .of = &(shape)                                        \
    }
#define SELF(k, type, there, shape)                                                                                    \
    {                                                                                                                  \
        .key = (k), .kind = CDX_SELF, .offset = AT(type, there), .of = &(shape)                                        \
    }
#define PAIR(k, kind_, type, one, two)                                                                                 \
    {                                                                                                                  \
        .key = (k), .kind = (kind_), .offset = AT(type, one), .offset2 = AT(type, two)                                 \
    }
#define ROLED(k, kind_, type, m, role)                                                                                 \
    {                                                                                                                  \
        .key = (k), .kind = (kind_), .offset = AT(type, m), .offset2 = (role)                                          \
    }
#define CUSTOM(k, opens_, name)                                                                                        \
    {                                                                                                                  \
        .key = (k), .kind = CDX_CUSTOM, .opens = (opens_), .read = cdx_read_##name, .present = cdx_present_##name,     \
        .write = cdx_write_##name                                                                                      \
    }
#define SHAPE(name, type, extra_)                                                                                      \
    {                                                                                                                  \
        .fields = (name), .n = sizeof(name) / sizeof *(name), .size = sizeof(struct type), .extra = AT(type, extra_)   \
    }
#define SHAPE_LISTED(name, type)                                                                                       \
    {                                                                                                                  \
        .fields = (name), .n = sizeof(name) / sizeof *(name), .size = sizeof(struct type), .next = AT(type, next),     \
        .extra = AT(type, extra)                                                                                       \
    }

/* ---- small parts ---- */

static const struct cdx_field prop[] = {STR("name", hn_bom_prop, name), STR("value", hn_bom_prop, value)};
static const struct cdx_shape shape_prop = SHAPE_LISTED(prop, hn_bom_prop);

static const struct cdx_field hash[] = {PAIR("alg", CDX_ALG, hn_bom_hash, alg, alg_text),
                                        STR("content", hn_bom_hash, value)};
static const struct cdx_shape shape_hash = SHAPE_LISTED(hash, hn_bom_hash);

static const struct cdx_field link_fields[] = {
    STR("type", hn_bom_link, type),
    STR("url", hn_bom_link, url),
    STR("comment", hn_bom_link, comment),
    LIST("hashes", hn_bom_link, hashes, shape_hash),
};
static const struct cdx_shape shape_link = SHAPE_LISTED(link_fields, hn_bom_link);

static const struct cdx_field advisory[] = {STR("title", hn_bom_link, type), STR("url", hn_bom_link, url)};
static const struct cdx_shape shape_advisory = SHAPE_LISTED(advisory, hn_bom_link);

static const struct cdx_field licence[] = {
    STR("bom-ref", hn_bom_licence, ref),           CUSTOM("id", "\"", licence_id),  CUSTOM("name", "\"", licence_name),
    CUSTOM("acknowledgement", "\"", licence_says), STR("url", hn_bom_licence, url),
};
const struct cdx_shape cdx_shape_licence = SHAPE_LISTED(licence, hn_bom_licence);

static const struct cdx_field choice[] = {
    CUSTOM("license", "{", choice_licence),
    CUSTOM("expression", "\"", choice_expression),
    CUSTOM("acknowledgement", "\"", choice_says),
    CUSTOM("bom-ref", "\"", choice_ref),
};
static const struct cdx_shape shape_choice = {.fields = choice,
                                              .n = sizeof choice / sizeof *choice,
                                              .size = sizeof(struct hn_bom_licence),
                                              .next = AT(hn_bom_licence, next),
                                              .extra = AT(hn_bom_licence, outer_extra)};

static const struct cdx_field person[] = {
    STR("bom-ref", hn_bom_party, ref),
    STR("name", hn_bom_party, name),
    STR("email", hn_bom_party, email),
    STR("phone", hn_bom_party, phone),
};
const struct cdx_shape cdx_shape_person = SHAPE_LISTED(person, hn_bom_party);

static const struct cdx_field organisation[] = {
    STR("bom-ref", hn_bom_party, ref),
    STR("name", hn_bom_party, name),
    TEXTS("url", hn_bom_party, urls),
    LIST("contact", hn_bom_party, contacts, cdx_shape_person),
};
static const struct cdx_shape shape_organisation = SHAPE_LISTED(organisation, hn_bom_party);

static const struct cdx_field swid[] = {
    STR("tagId", hn_bom_swid, tag_id),
    STR("name", hn_bom_swid, name),
    STR("version", hn_bom_swid, version),
};
static const struct cdx_shape shape_swid = SHAPE(swid, hn_bom_swid, extra);

/* ---- evidence and pedigree ---- */

static const struct cdx_field method[] = {
    STR("technique", hn_bom_method, technique),
    PAIR("confidence", CDX_NUM, hn_bom_method, confidence, has_confidence),
    STR("value", hn_bom_method, value),
};
static const struct cdx_shape shape_method = SHAPE_LISTED(method, hn_bom_method);

static const struct cdx_field identity[] = {
    STR("field", hn_bom_identity, field),
    PAIR("confidence", CDX_NUM, hn_bom_identity, confidence, has_confidence),
    STR("concludedValue", hn_bom_identity, value),
    LIST("methods", hn_bom_identity, methods, shape_method),
};
const struct cdx_shape cdx_shape_identity = SHAPE_LISTED(identity, hn_bom_identity);

static const struct cdx_field occurrence[] = {
    STR("bom-ref", hn_bom_occurrence, ref),
    STR("location", hn_bom_occurrence, location),
    STR("symbol", hn_bom_occurrence, symbol),
};
static const struct cdx_shape shape_occurrence = SHAPE_LISTED(occurrence, hn_bom_occurrence);

static const struct cdx_field evidence[] = {
    CUSTOM("identity", "[{", identity),
    LIST("occurrences", hn_bom_evidence, occurrences, shape_occurrence),
    LIST("licenses", hn_bom_evidence, licences, shape_choice),
    F("copyright", CDX_NOTICES, hn_bom_evidence, copyright),
};
static const struct cdx_shape shape_evidence = SHAPE(evidence, hn_bom_evidence, extra);

static const struct cdx_field issue[] = {
    STR("type", hn_bom_issue, type),
    STR("id", hn_bom_issue, id),
    STR("name", hn_bom_issue, name),
    STR("description", hn_bom_issue, description),
};
static const struct cdx_shape shape_issue = SHAPE_LISTED(issue, hn_bom_issue);

static const struct cdx_field patch[] = {
    STR("type", hn_bom_patch, type),
    LIST("resolves", hn_bom_patch, resolves, shape_issue),
};
static const struct cdx_shape shape_patch = SHAPE_LISTED(patch, hn_bom_patch);

static const struct cdx_field pedigree[] = {
    ROLED("ancestors", CDX_COMPONENTS, hn_bom_pedigree, ancestors, HN_BOM_ROLE_PEDIGREE),
    ROLED("descendants", CDX_COMPONENTS, hn_bom_pedigree, descendants, HN_BOM_ROLE_PEDIGREE),
    ROLED("variants", CDX_COMPONENTS, hn_bom_pedigree, variants, HN_BOM_ROLE_PEDIGREE),
    LIST("patches", hn_bom_pedigree, patches, shape_patch),
    STR("notes", hn_bom_pedigree, notes),
};
static const struct cdx_shape shape_pedigree = SHAPE(pedigree, hn_bom_pedigree, extra);

/* ---- components, services, tools ---- */

static const struct cdx_field component[] = {
    STR("bom-ref", hn_bom_component, ref),
    F("type", CDX_TYPE, hn_bom_component, type),
    STR("mime-type", hn_bom_component, mime_type),
    ONE("supplier", hn_bom_component, supplier, shape_organisation),
    ONE("manufacturer", hn_bom_component, manufacturer, shape_organisation),
    LIST("authors", hn_bom_component, authors, cdx_shape_person),
    STR("author", hn_bom_component, author),
    STR("publisher", hn_bom_component, publisher),
    STR("group", hn_bom_component, group),
    STR("name", hn_bom_component, name),
    STR("version", hn_bom_component, version),
    STR("versionRange", hn_bom_component, version_range),
    TRI("isExternal", hn_bom_component, external),
    STR("description", hn_bom_component, description),
    F("scope", CDX_SCOPE, hn_bom_component, scope),
    LIST("hashes", hn_bom_component, hashes, shape_hash),
    LIST("licenses", hn_bom_component, licences, shape_choice),
    STR("copyright", hn_bom_component, copyright),
    STR("cpe", hn_bom_component, cpe),
    STR("purl", hn_bom_component, purl),
    ONE("swid", hn_bom_component, swid, shape_swid),
    ONE("pedigree", hn_bom_component, pedigree, shape_pedigree),
    LIST("externalReferences", hn_bom_component, links, shape_link),
    LIST("properties", hn_bom_component, props, shape_prop),
    F("components", CDX_CHILDREN, hn_bom_component, first_child),
    ONE("evidence", hn_bom_component, evidence, shape_evidence),
    TEXTS("tags", hn_bom_component, tags),
};
const struct cdx_shape cdx_shape_component = SHAPE_LISTED(component, hn_bom_component);

static const struct cdx_field service[] = {
    STR("bom-ref", hn_bom_service, ref),
    ONE("provider", hn_bom_service, provider, shape_organisation),
    STR("group", hn_bom_service, group),
    STR("name", hn_bom_service, name),
    STR("version", hn_bom_service, version),
    STR("description", hn_bom_service, description),
    TEXTS("endpoints", hn_bom_service, endpoints),
    TRI("authenticated", hn_bom_service, authenticated),
    TRI("x-trust-boundary", hn_bom_service, crosses_trust),
    STR("trustZone", hn_bom_service, trust_zone),
    LIST("licenses", hn_bom_service, licences, shape_choice),
    LIST("externalReferences", hn_bom_service, links, shape_link),
    LIST("properties", hn_bom_service, props, shape_prop),
    F("services", CDX_SUBSERVICES, hn_bom_service, first_child),
    TEXTS("tags", hn_bom_service, tags),
};
const struct cdx_shape cdx_shape_service = SHAPE_LISTED(service, hn_bom_service);

static const struct cdx_field tool[] = {
    STR("vendor", hn_bom_tool, vendor),
    STR("name", hn_bom_tool, name),
    STR("version", hn_bom_tool, version),
    LIST("hashes", hn_bom_tool, hashes, shape_hash),
    LIST("externalReferences", hn_bom_tool, links, shape_link),
};
const struct cdx_shape cdx_shape_tool = SHAPE_LISTED(tool, hn_bom_tool);

/* ---- relations ---- */

static const struct cdx_field dep[] = {
    STR("ref", hn_bom_dep, ref),
    CUSTOM("dependsOn", "[", depends_on),
    CUSTOM("provides", "[", provides),
};
const struct cdx_shape cdx_shape_dep = SHAPE(dep, hn_bom_dep, extra);

static const struct cdx_field composition[] = {
    STR("bom-ref", hn_bom_composition, ref),
    CUSTOM("aggregate", "\"", aggregate),
    TEXTS("assemblies", hn_bom_composition, assemblies),
    TEXTS("dependencies", hn_bom_composition, dependencies),
    TEXTS("vulnerabilities", hn_bom_composition, vulnerabilities),
};
static const struct cdx_shape shape_composition = SHAPE_LISTED(composition, hn_bom_composition);

/* ---- vulnerabilities ---- */

static const struct cdx_field source[] = {STR("name", hn_bom_source, name), STR("url", hn_bom_source, url)};
static const struct cdx_shape shape_source = SHAPE(source, hn_bom_source, extra);

static const struct cdx_field rating[] = {
    ONE("source", hn_bom_rating, source, shape_source),
    PAIR("score", CDX_NUM, hn_bom_rating, score, has_score),
    STR("severity", hn_bom_rating, severity),
    STR("method", hn_bom_rating, method),
    STR("vector", hn_bom_rating, vector),
    STR("justification", hn_bom_rating, justification),
};
static const struct cdx_shape shape_rating = SHAPE_LISTED(rating, hn_bom_rating);

static const struct cdx_field vuln_ref[] = {
    STR("id", hn_bom_vuln_ref, id),
    ONE("source", hn_bom_vuln_ref, source, shape_source),
};
static const struct cdx_shape shape_vuln_ref = SHAPE_LISTED(vuln_ref, hn_bom_vuln_ref);

static const struct cdx_field versions[] = {
    STR("version", hn_bom_versions, version),
    STR("range", hn_bom_versions, range),
    STR("status", hn_bom_versions, status),
};
static const struct cdx_shape shape_versions = SHAPE_LISTED(versions, hn_bom_versions);

static const struct cdx_field affect[] = {
    STR("ref", hn_bom_affect, ref),
    LIST("versions", hn_bom_affect, versions, shape_versions),
};
static const struct cdx_shape shape_affect = SHAPE_LISTED(affect, hn_bom_affect);

static const struct cdx_field analysis[] = {
    STR("state", hn_bom_vuln, state),
    STR("justification", hn_bom_vuln, justification),
    TEXTS("response", hn_bom_vuln, responses),
    STR("detail", hn_bom_vuln, impact),
    STR("firstIssued", hn_bom_vuln, first_issued),
    STR("lastUpdated", hn_bom_vuln, last_updated),
};
const struct cdx_shape cdx_shape_analysis = SHAPE(analysis, hn_bom_vuln, analysis_extra);

static const struct cdx_field vuln[] = {
    STR("bom-ref", hn_bom_vuln, ref),
    STR("id", hn_bom_vuln, id),
    ONE("source", hn_bom_vuln, source, shape_source),
    LIST("references", hn_bom_vuln, references, shape_vuln_ref),
    LIST("ratings", hn_bom_vuln, ratings, shape_rating),
    F("cwes", CDX_INTS, hn_bom_vuln, cwes),
    STR("description", hn_bom_vuln, description),
    STR("detail", hn_bom_vuln, detail),
    STR("recommendation", hn_bom_vuln, recommendation),
    STR("workaround", hn_bom_vuln, workaround),
    LIST("advisories", hn_bom_vuln, advisories, shape_advisory),
    STR("created", hn_bom_vuln, created),
    STR("published", hn_bom_vuln, published),
    STR("updated", hn_bom_vuln, updated),
    STR("rejected", hn_bom_vuln, rejected),
    CUSTOM("analysis", "{", analysis),
    LIST("affects", hn_bom_vuln, affects, shape_affect),
    LIST("properties", hn_bom_vuln, props, shape_prop),
};
const struct cdx_shape cdx_shape_vuln = SHAPE_LISTED(vuln, hn_bom_vuln);

/* ---- the document ---- */

static const struct cdx_field lifecycle[] = {
    STR("phase", hn_bom_lifecycle, phase),
    STR("name", hn_bom_lifecycle, name),
    STR("description", hn_bom_lifecycle, description),
};
static const struct cdx_shape shape_lifecycle = SHAPE_LISTED(lifecycle, hn_bom_lifecycle);

static const struct cdx_field annotation[] = {
    STR("bom-ref", hn_bom_annotation, ref), TEXTS("subjects", hn_bom_annotation, subjects),
    CUSTOM("annotator", "{", annotator),    STR("timestamp", hn_bom_annotation, timestamp),
    STR("text", hn_bom_annotation, text),
};
static const struct cdx_shape shape_annotation = SHAPE_LISTED(annotation, hn_bom_annotation);

static const struct cdx_field formula[] = {
    STR("bom-ref", hn_bom_formula, ref),
    ROLED("components", CDX_COMPONENTS, hn_bom_formula, components, HN_BOM_ROLE_FORMULA),
    ROLED("services", CDX_SERVICES, hn_bom_formula, services, HN_BOM_ROLE_FORMULA),
};
static const struct cdx_shape shape_formula = SHAPE_LISTED(formula, hn_bom_formula);

static const struct cdx_field metadata[] = {
    STR("timestamp", hn_bom, timestamp_text),
    LIST("lifecycles", hn_bom, lifecycles, shape_lifecycle),
    CUSTOM("tools", "[{", tools),
    ONE("manufacturer", hn_bom, manufacturer, shape_organisation),
    LIST("authors", hn_bom, authors, cdx_shape_person),
    CUSTOM("component", "{", subject),
    ONE("manufacture", hn_bom, manufacture, shape_organisation),
    ONE("supplier", hn_bom, supplier, shape_organisation),
    LIST("licenses", hn_bom, licences, shape_choice),
    LIST("properties", hn_bom, metadata_props, shape_prop),
};
static const struct cdx_shape shape_metadata = SHAPE(metadata, hn_bom, metadata_extra);

static const struct cdx_field document[] = {
    CUSTOM("bomFormat", "\"", bom_format),
    CUSTOM("specVersion", "\"", spec_version),
    STR("serialNumber", hn_bom, serial),
    F("version", CDX_INT, hn_bom, revision),
    SELF("metadata", hn_bom, has_metadata, shape_metadata),
    ROLED("components", CDX_COMPONENTS, hn_bom, first_component, HN_BOM_ROLE_PART),
    ROLED("services", CDX_SERVICES, hn_bom, first_service, HN_BOM_ROLE_PART),
    LIST("externalReferences", hn_bom, links, shape_link),
    CUSTOM("dependencies", "[", dependencies),
    LIST("compositions", hn_bom, compositions, shape_composition),
    CUSTOM("vulnerabilities", "[", vulnerabilities),
    LIST("annotations", hn_bom, annotations, shape_annotation),
    LIST("formulation", hn_bom, formulas, shape_formula),
    LIST("properties", hn_bom, props, shape_prop),
};
const struct cdx_shape cdx_shape_document = SHAPE(document, hn_bom, extra);
