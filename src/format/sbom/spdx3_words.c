#include "format/sbom/spdx3_words.h"

#include "base/str.h"

/* Relations of 3.0.1 (Core/Vocabularies/RelationshipType), as seen from `from`. */
static const struct spdx3_relation relations[] = {
    {"dependsOn", HN_BOM_REL_DEPENDS_ON, false},
    {"contains", HN_BOM_REL_CONTAINS, false},
    {"describes", HN_BOM_REL_DESCRIBES, false},
    {"generates", HN_BOM_REL_GENERATED_FROM, true},
    {"hasVariant", HN_BOM_REL_VARIANT_OF, true},
    {"ancestorOf", HN_BOM_REL_ANCESTOR_OF, false},
    {"descendantOf", HN_BOM_REL_ANCESTOR_OF, true},
    {"patchedBy", HN_BOM_REL_PATCH_FOR, true},
    {"copiedTo", HN_BOM_REL_COPY_OF, true},
    {"packagedBy", HN_BOM_REL_PACKAGE_OF, true},
    {"hasDocumentation", HN_BOM_REL_DOCUMENTATION_OF, true},
    {"hasTest", HN_BOM_REL_TEST_OF, true},
    {"usesTool", HN_BOM_REL_BUILD_TOOL_OF, true},
    {"hasStaticLink", HN_BOM_REL_STATIC_LINK, false},
    {"hasDynamicLink", HN_BOM_REL_DYNAMIC_LINK, false},
    {"hasOptionalDependency", HN_BOM_REL_DEPENDS_ON, false},
    {"hasProvidedDependency", HN_BOM_REL_DEPENDS_ON, false},
    {"hasPrerequisite", HN_BOM_REL_DEPENDS_ON, false},
    {"other", HN_BOM_REL_OTHER, false},
    {"affects", HN_BOM_REL_OTHER, false},
    {"amendedBy", HN_BOM_REL_OTHER, false},
    {"availableFrom", HN_BOM_REL_OTHER, false},
    {"configures", HN_BOM_REL_OTHER, false},
    {"coordinatedBy", HN_BOM_REL_OTHER, false},
    {"delegatedTo", HN_BOM_REL_OTHER, false},
    {"doesNotAffect", HN_BOM_REL_OTHER, false},
    {"expandsTo", HN_BOM_REL_OTHER, false},
    {"exploitCreatedBy", HN_BOM_REL_OTHER, false},
    {"fixedBy", HN_BOM_REL_OTHER, false},
    {"fixedIn", HN_BOM_REL_OTHER, false},
    {"foundBy", HN_BOM_REL_OTHER, false},
    {"hasAddedFile", HN_BOM_REL_OTHER, false},
    {"hasAssessmentFor", HN_BOM_REL_OTHER, false},
    {"hasAssociatedVulnerability", HN_BOM_REL_OTHER, false},
    {"hasConcludedLicense", HN_BOM_REL_OTHER, false},
    {"hasDataFile", HN_BOM_REL_OTHER, false},
    {"hasDeclaredLicense", HN_BOM_REL_OTHER, false},
    {"hasDeletedFile", HN_BOM_REL_OTHER, false},
    {"hasDependencyManifest", HN_BOM_REL_OTHER, false},
    {"hasDistributionArtifact", HN_BOM_REL_OTHER, false},
    {"hasEvidence", HN_BOM_REL_OTHER, false},
    {"hasExample", HN_BOM_REL_OTHER, false},
    {"hasHost", HN_BOM_REL_OTHER, false},
    {"hasInput", HN_BOM_REL_OTHER, false},
    {"hasMetadata", HN_BOM_REL_OTHER, false},
    {"hasOptionalComponent", HN_BOM_REL_OTHER, false},
    {"hasOutput", HN_BOM_REL_OTHER, false},
    {"hasRequirement", HN_BOM_REL_OTHER, false},
    {"hasSpecification", HN_BOM_REL_OTHER, false},
    {"hasTestCase", HN_BOM_REL_OTHER, false},
    {"invokedBy", HN_BOM_REL_OTHER, false},
    {"modifiedBy", HN_BOM_REL_OTHER, false},
    {"publishedBy", HN_BOM_REL_OTHER, false},
    {"reportedBy", HN_BOM_REL_OTHER, false},
    {"republishedBy", HN_BOM_REL_OTHER, false},
    {"serializedInArtifact", HN_BOM_REL_OTHER, false},
    {"testedOn", HN_BOM_REL_OTHER, false},
    {"trainedOn", HN_BOM_REL_OTHER, false},
    {"underInvestigationFor", HN_BOM_REL_OTHER, false},
};
#define COUNT(a) (sizeof(a) / sizeof *(a))

const struct spdx3_relation *spdx3_relation_of(struct hn_str word)
{
    for (size_t i = 0; i < COUNT(relations); i++)
        if (hn_str_eqc(word, relations[i].word))
            return &relations[i];
    return NULL;
}

const char *spdx3_relation_word(enum hn_bom_rel rel, bool *ret_turned)
{
    for (size_t i = 0; i < COUNT(relations); i++) {
        if (relations[i].rel != rel)
            continue;
        *ret_turned = relations[i].turned;
        return relations[i].word;
    }
    *ret_turned = false;
    return "other";
}

/* clang-format off */
static const char *const members[] = { /* in the order of strcmp() */
    "@id", "ai_autonomyType", "ai_domain", "ai_energyConsumption", "ai_energyQuantity", "ai_energyUnit",
    "ai_finetuningEnergyConsumption", "ai_hyperparameter", "ai_inferenceEnergyConsumption",
    "ai_informationAboutApplication", "ai_informationAboutTraining", "ai_limitation", "ai_metric",
    "ai_metricDecisionThreshold", "ai_modelDataPreprocessing", "ai_modelExplainability",
    "ai_safetyRiskAssessment", "ai_standardCompliance", "ai_trainingEnergyConsumption", "ai_typeOfModel",
    "ai_useSensitivePersonalInformation", "algorithm", "annotationType", "beginIntegerRange",
    "build_buildEndTime", "build_buildId", "build_buildStartTime", "build_buildType",
    "build_configSourceDigest", "build_configSourceEntrypoint", "build_configSourceUri", "build_environment",
    "build_parameter", "builtTime", "comment", "completeness", "contentType", "context", "created", "createdBy",
    "createdUsing", "creationInfo", "dataLicense", "dataset_anonymizationMethodUsed",
    "dataset_confidentialityLevel", "dataset_dataCollectionProcess", "dataset_dataPreprocessing",
    "dataset_datasetAvailability", "dataset_datasetNoise", "dataset_datasetSize", "dataset_datasetType",
    "dataset_datasetUpdateMechanism", "dataset_hasSensitivePersonalInformation", "dataset_intendedUse",
    "dataset_knownBias", "dataset_sensor", "definingArtifact", "description", "element", "endIntegerRange",
    "endTime", "expandedlicensing_additionText", "expandedlicensing_deprecatedVersion",
    "expandedlicensing_isDeprecatedAdditionId", "expandedlicensing_isDeprecatedLicenseId",
    "expandedlicensing_isFsfLibre", "expandedlicensing_isOsiApproved", "expandedlicensing_licenseXml",
    "expandedlicensing_listVersionAdded", "expandedlicensing_member", "expandedlicensing_obsoletedBy",
    "expandedlicensing_seeAlso", "expandedlicensing_standardAdditionTemplate",
    "expandedlicensing_standardLicenseHeader", "expandedlicensing_standardLicenseTemplate",
    "expandedlicensing_subjectAddition", "expandedlicensing_subjectExtendableLicense",
    "expandedlicensing_subjectLicense", "extension", "extension_cdxPropName", "extension_cdxPropValue",
    "extension_cdxProperty", "externalIdentifier", "externalIdentifierType", "externalRef", "externalRefType",
    "externalSpdxId", "from", "hashValue", "identifier", "identifierLocator", "import", "issuingAuthority",
    "key", "locationHint", "locator", "name", "namespace", "namespaceMap", "originatedBy",
    "packageVerificationCodeExcludedFile", "prefix", "profileConformance", "relationshipType", "releaseTime",
    "rootElement", "scope", "security_actionStatement", "security_actionStatementTime",
    "security_assessedElement", "security_catalogType", "security_decisionType", "security_exploited",
    "security_impactStatement", "security_impactStatementTime", "security_justificationType",
    "security_locator", "security_modifiedTime", "security_percentile", "security_probability",
    "security_publishedTime", "security_score", "security_severity", "security_statusNotes",
    "security_vectorString", "security_vexVersion", "security_withdrawnTime", "simplelicensing_customIdToUri",
    "simplelicensing_licenseExpression", "simplelicensing_licenseListVersion", "simplelicensing_licenseText",
    "software_additionalPurpose", "software_attributionText", "software_byteRange",
    "software_contentIdentifier", "software_contentIdentifierType", "software_contentIdentifierValue",
    "software_copyrightText", "software_downloadLocation", "software_fileKind", "software_homePage",
    "software_lineRange", "software_packageUrl", "software_packageVersion", "software_primaryPurpose",
    "software_sbomType", "software_snippetFromFile", "software_sourceInfo", "spdxId", "specVersion",
    "standardName", "startTime", "statement", "subject", "summary", "suppliedBy", "supportLevel", "to", "type",
    "validUntilTime", "value", "verifiedUsing",
};
static const char *const classes[] = {
    "Agent", "Annotation", "Bom", "Bundle", "CreationInfo", "IndividualElement", "LifecycleScopedRelationship",
    "Organization", "Person", "Relationship", "SoftwareAgent", "SpdxDocument", "Tool", "ai_AIPackage", "build_Build",
    "dataset_DatasetPackage", "expandedlicensing_ConjunctiveLicenseSet", "expandedlicensing_CustomLicense",
    "expandedlicensing_CustomLicenseAddition", "expandedlicensing_DisjunctiveLicenseSet",
    "expandedlicensing_IndividualLicensingInfo", "expandedlicensing_ListedLicense",
    "expandedlicensing_ListedLicenseException", "expandedlicensing_OrLaterOperator",
    "expandedlicensing_WithAdditionOperator", "security_CvssV2VulnAssessmentRelationship",
    "security_CvssV3VulnAssessmentRelationship", "security_CvssV4VulnAssessmentRelationship",
    "security_EpssVulnAssessmentRelationship", "security_ExploitCatalogVulnAssessmentRelationship",
    "security_SsvcVulnAssessmentRelationship", "security_VexAffectedVulnAssessmentRelationship",
    "security_VexFixedVulnAssessmentRelationship", "security_VexNotAffectedVulnAssessmentRelationship",
    "security_VexUnderInvestigationVulnAssessmentRelationship", "security_Vulnerability",
    "simplelicensing_LicenseExpression", "simplelicensing_SimpleLicensingText", "software_File", "software_Package",
    "software_Sbom", "software_Snippet", "software_ContentIdentifier", "extension_CdxPropertiesExtension",
};
/* clang-format on */

static bool among(const char *const *names, size_t n, struct hn_str name)
{
    for (size_t i = 0; i < n; i++)
        if (hn_str_eqc(name, names[i]))
            return true;
    return false;
}

bool spdx3_member_known(struct hn_str name)
{
    size_t lo = 0, hi = COUNT(members);

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int d = hn_str_cmp(name, hn_str_c(members[mid]));
        if (!d)
            return true;
        if (d < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return false;
}

const char *spdx3_member_near(struct hn_str name)
{
    return hn_str_nearest(name, members, COUNT(members));
}

bool spdx3_class_known(struct hn_str name)
{
    return among(classes, COUNT(classes), name);
}

struct pair {
    int code;
    const char *word;
};

static const struct pair purposes[] = {
    {HN_BOM_TYPE_APPLICATION, "application"}, {HN_BOM_TYPE_FRAMEWORK, "framework"},
    {HN_BOM_TYPE_LIBRARY, "library"},         {HN_BOM_TYPE_CONTAINER, "container"},
    {HN_BOM_TYPE_PLATFORM, "platform"},       {HN_BOM_TYPE_OPERATING_SYSTEM, "operatingSystem"},
    {HN_BOM_TYPE_DEVICE, "device"},           {HN_BOM_TYPE_DEVICE_DRIVER, "deviceDriver"},
    {HN_BOM_TYPE_FIRMWARE, "firmware"},       {HN_BOM_TYPE_FILE, "file"},
    {HN_BOM_TYPE_ML_MODEL, "model"},          {HN_BOM_TYPE_DATA, "data"},
    {HN_BOM_TYPE_SOURCE, "source"},           {HN_BOM_TYPE_ARCHIVE, "archive"},
    {HN_BOM_TYPE_INSTALL, "install"},         {HN_BOM_TYPE_OTHER, "other"},
};

static const struct pair whys[] = {
    {HN_BOM_WHY_NO_COMPONENT, "componentNotPresent"},
    {HN_BOM_WHY_NO_CODE, "vulnerableCodeNotPresent"},
    {HN_BOM_WHY_NOT_EXECUTED, "vulnerableCodeNotInExecutePath"},
    {HN_BOM_WHY_NOT_CONTROLLED, "vulnerableCodeCannotBeControlledByAdversary"},
    {HN_BOM_WHY_MITIGATED, "inlineMitigationsAlreadyExist"},
};

static int code_of(const struct pair *p, size_t n, struct hn_str word)
{
    for (size_t i = 0; i < n; i++)
        if (hn_str_eqc(word, p[i].word))
            return p[i].code;
    return 0;
}

static const char *word_of(const struct pair *p, size_t n, int code)
{
    for (size_t i = 0; i < n; i++)
        if (p[i].code == code)
            return p[i].word;
    return "";
}

enum hn_bom_type spdx3_purpose_of(struct hn_str word)
{
    return (enum hn_bom_type)code_of(purposes, COUNT(purposes), word);
}

const char *spdx3_purpose_word(enum hn_bom_type type)
{
    return word_of(purposes, COUNT(purposes), (int)type);
}

enum hn_bom_why spdx3_why_of(struct hn_str word)
{
    return (enum hn_bom_why)code_of(whys, COUNT(whys), word);
}

const char *spdx3_why_word(enum hn_bom_why why)
{
    return word_of(whys, COUNT(whys), (int)why);
}

struct two {
    const char *spdx, *cdx;
};

static const struct two links[] = {
    {"vcs", "vcs"},
    {"issueTracker", "issue-tracker"},
    {"altWebPage", "website"},
    {"securityAdvisory", "advisories"},
    {"mailingList", "mailing-list"},
    {"socialMedia", "social"},
    {"chat", "chat"},
    {"documentation", "documentation"},
    {"support", "support"},
    {"sourceArtifact", "source-distribution"},
    {"altDownloadLocation", "distribution"},
    {"license", "license"},
    {"buildMeta", "build-meta"},
    {"buildSystem", "build-system"},
    {"releaseNotes", "release-notes"},
    {"securityOther", "security-contact"},
    {"securityAdversaryModel", "adversary-model"},
    {"securityThreatModel", "threat-model"},
    {"riskAssessment", "risk-assessment"},
    {"vulnerabilityDisclosureReport", "vulnerability-assertion"},
    {"vulnerabilityExploitabilityAssessment", "exploitability-statement"},
    {"securityPenTestReport", "pentest-report"},
    {"staticAnalysisReport", "static-analysis-report"},
    {"dynamicAnalysisReport", "dynamic-analysis-report"},
    {"runtimeAnalysisReport", "runtime-analysis-report"},
    {"componentAnalysisReport", "component-analysis-report"},
    {"certificationReport", "certification-report"},
    {"qualityAssessmentReport", "quality-metrics"},
    {"other", "other"},
};

static const struct two phases[] = {
    {"design", "design"},       {"source", "pre-build"},    {"build", "build"},
    {"analyzed", "post-build"}, {"deployed", "operations"}, {"runtime", "operations"},
};

static const char *other_of(const struct two *p, size_t n, struct hn_str word, bool from_spdx)
{
    for (size_t i = 0; i < n; i++)
        if (hn_str_eqc(word, from_spdx ? p[i].spdx : p[i].cdx))
            return from_spdx ? p[i].cdx : p[i].spdx;
    return NULL;
}

const char *spdx3_link_type(struct hn_str word)
{
    return other_of(links, COUNT(links), word, true);
}

const char *spdx3_link_word(struct hn_str type)
{
    const char *word = other_of(links, COUNT(links), type, false);
    return word ? word : "other";
}

const char *spdx3_phase_of(struct hn_str sbom_type)
{
    return other_of(phases, COUNT(phases), sbom_type, true);
}

const char *spdx3_sbom_type(struct hn_str phase)
{
    return other_of(phases, COUNT(phases), phase, false);
}
