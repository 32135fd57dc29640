/* The store's part of joining the network with hosts: observations of one kind wherever they are, hosts by address, and
 * what was joined last. Conventions as in store.h. */
#pragma once

#include "store/store.h"

struct hn_store_kind_query {
    struct hn_str kind;   /* "telescope.port" */
    struct hn_str asset;  /* of this one alone; empty: of all */
    struct hn_str org;    /* subtree of the assets; empty: everything visible */
    struct hn_str serves; /* only of assets in this organisation or above it: what a centre sees serves all below it */
    unsigned most;        /* rows; 0 = 100 000 */
};
/* Those that are still there, by asset and subject; run and origin are left empty. *ret_more: there were more. */
HN_MUST struct hn_err hn_store_obs_of_kind(struct hn_store *s, const struct hn_principal *p,
                                           const struct hn_store_kind_query *q, struct hn_arena *a,
                                           struct hn_store_obs **ret, size_t *ret_n, bool *ret_more);
/* Assets with a run of this module, whatever it saw. */
HN_MUST struct hn_err hn_store_assets_seen_by(struct hn_store *s, const struct hn_principal *p, struct hn_str module,
                                              struct hn_arena *a, struct hn_str **ret, size_t *ret_n);
/* Is `top` that organisation, or above it? */
bool hn_store_org_above(struct hn_store *s, struct hn_str top, struct hn_str org);

/* Replaces the asset's addresses (in their shortest form). System only: no audit row, since the run has one. */
HN_MUST struct hn_err hn_store_addresses_put(struct hn_store *s, struct hn_str asset, const struct hn_str *addresses,
                                             size_t n);
HN_MUST struct hn_err hn_store_addresses(struct hn_store *s, struct hn_str asset, struct hn_arena *a,
                                         struct hn_str **ret, size_t *ret_n);
/* How many assets of the subtree of org have this address. */
HN_MUST struct hn_err hn_store_address_holders(struct hn_store *s, struct hn_str address, struct hn_str org,
                                               uint64_t *ret);

/* What was joined last; "[]" and 0 when nothing was. */
HN_MUST struct hn_err hn_store_join_get(struct hn_store *s, struct hn_str asset, struct hn_arena *a,
                                        struct hn_str *ret_evidence, hn_time *ret_expires);
HN_MUST struct hn_err hn_store_join_put(struct hn_store *s, struct hn_str asset, struct hn_str evidence,
                                        hn_time expires);
/* Assets of which something has grown too old by then. */
HN_MUST struct hn_err hn_store_join_expired(struct hn_store *s, hn_time by, struct hn_arena *a, struct hn_str **ret,
                                            size_t *ret_n);

/* What is written between the two becomes lasting together. */
HN_MUST struct hn_err hn_store_together(struct hn_store *s);
HN_MUST struct hn_err hn_store_together_end(struct hn_store *s, struct hn_err e);

/* Open findings of the asset are told as `findings` say, by what was seen elsewhere: none appears, closes or is seen by
 * it. One transaction with hn_store_join_put. System only. */
HN_MUST struct hn_err hn_store_findings_retell(struct hn_store *s, struct hn_str asset,
                                               const struct hn_store_run_finding *findings, size_t n,
                                               struct hn_str evidence, hn_time expires, uint64_t *ret_changed);
