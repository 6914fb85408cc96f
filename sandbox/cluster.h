/* cluster.h: the small cluster behind every domain, and self-managed ones, split over cluster*.c.
 *
 * State: nodes{KEY: node}, snapshots{UUID: details}. KEY is REGION/DOMAIN, or host:NAME of a
 * self-managed cluster. A node: engine, indices{NAME: {uuid docs{ID: source} generation state
 * failed}}, repositories{NAME: {type settings uuid}}, mappings{ROLE: {...}}, policies{NAME: SM
 * policy}, slm{NAME: SLM policy}, settings{persistent transient}, running[snapshots under way].
 * What a snapshot holds is kept by its uuid beside the blobs in S3: the blobs decide whether it can
 * be read (a missing one fails as on a real node), the details are what reading them would give.
 */
#ifndef LB_SANDBOX_CLUSTER_H
#define LB_SANDBOX_CLUSTER_H

#include "sandbox/route.h"

struct sb_node {
    struct lb_value *state;  /* of this cluster */
    struct lb_value *domain; /* NULL when self-managed */
    const char *key, *region, *name;
    const char *engine;  /* "OpenSearch_2.19" */
    const char *version; /* "2.19.0" */
    bool elastic;        /* speaks Elasticsearch: _opendistro paths, SLM when self-managed */
    bool plain;          /* a build without SLM, or without plugins */
    const char *shared;  /* path.repo of a self-managed one; NULL: any location is allowed */
};

/* The cluster for a Host header; false when there is none. */
bool sb_node_by_host(struct sandbox *sandbox, struct lb_arena *arena, const char *host,
                     struct sb_node *node);
/* Calls visit for every cluster that is up. */
void sb_node_each(struct sandbox *sandbox, struct lb_arena *arena,
                  void (*visit)(struct sandbox *, struct lb_arena *, struct sb_node *, int64_t now),
                  int64_t now);
struct lb_value *sb_node_table(struct sandbox *sandbox, const struct sb_node *node,
                               const char *table);
struct sb_node *sb_node_of(const struct sb_call *call);
/* What a node of a domain is called: RFC 3339 millis, "pretty" numbers and so on stay with it. */
int64_t sb_version_number(const char *version); /* "2.19.0" -> 21900 */

/* --- answers
 * ------------------------------------------------------------------------------------------ */
void sb_node_error(struct sb_call *call, int status, const char *type, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void sb_node_acknowledge(struct sb_call *call);
/* What a node says to a path that no part of it answers. */
void sb_node_unknown_path(struct sb_call *call);
/* Lines of columns, or the list itself with ?format=json; honours ?h=a,b. */
void sb_node_cat(struct sb_call *call, struct lb_value *rows);
/* {"failed":0,"skipped":0,"successful":n,"total":n}, as searches tell it */
struct lb_value *sb_shards(struct lb_arena *arena, int64_t total, int64_t failed);
/* `_shards` of a document that was written to a primary and its replica, which one node lacks. */
void sb_node_written(struct sb_call *call, struct lb_value *body, bool refreshed);

/* --- access: cluster_access.c
 * ------------------------------------------------------------------------- */
/* 0, or -1 when the caller was refused (and answered). */
int sb_node_admit(struct sb_call *call, const char *permission);
/* Who the role mappings of the domain are asked about: the ARN of the caller's role, or of a user,
 * or the name of a user with a password. NULL: they are not asked, because it is the master user or
 * the domain has none. */
const char *sb_node_mapped_as(struct sb_call *call);
void sb_op_mapping_list(struct sb_call *call);
void sb_op_mapping_get(struct sb_call *call);
void sb_op_mapping_put(struct sb_call *call);
void sb_op_mapping_patch(struct sb_call *call);
void sb_op_mapping_patch_all(struct sb_call *call);
void sb_op_mapping_delete(struct sb_call *call);
void sb_op_role_list(struct sb_call *call);
void sb_op_role_get(struct sb_call *call);
/* Does the static role grant the action? */
bool sb_role_grants(const char *role, const char *action);

/* --- indices: cluster_index.c
 * --------------------------------------------------------------------------- */
void sb_op_index_create(struct sb_call *call);
void sb_op_index_get(struct sb_call *call);
void sb_op_index_delete(struct sb_call *call);
void sb_op_index_open_close(struct sb_call *call);
void sb_op_index_refresh(struct sb_call *call);
void sb_op_doc_put(struct sb_call *call);
void sb_op_doc_get(struct sb_call *call);
void sb_op_bulk(struct sb_call *call);
void sb_op_count(struct sb_call *call);
void sb_op_search(struct sb_call *call);
void sb_op_cat_indices(struct sb_call *call);
void sb_op_health(struct sb_call *call);
void sb_op_recovery(struct sb_call *call);
/* "a,b-*,-b-1" against a name: the last expression that fits decides. */
bool sb_index_wanted(const char *expression, const char *name);
struct lb_value *sb_index_make(struct sandbox *sandbox, struct sb_node *node, const char *name);

/* --- repositories: cluster_repository.c
 * ------------------------------------------------------------------- */
struct sb_repository {
    const char *name, *bucket, *prefix; /* prefix "" or "base/path/" */
    struct lb_value *settings;
    bool readonly;
};
/* 0, or -1 when there is none of that name (nothing is answered). */
int sb_repository_find(struct sandbox *sandbox, struct lb_arena *arena, const struct sb_node *node,
                       const char *name, struct sb_repository *repository);
/* Why the repository cannot be used now; NULL when it can. */
const char *sb_repository_fault(struct sandbox *sandbox, struct lb_arena *arena,
                                const struct sb_node *node, const struct sb_repository *repository);
/* Answers 500 as a node does whose repository is registered but cannot be used. */
void sb_repository_unverified(struct sb_call *call, const char *name, const char *fault);
void sb_op_repository_list(struct sb_call *call);
void sb_op_repository_get(struct sb_call *call);
void sb_op_repository_put(struct sb_call *call);
void sb_op_repository_delete(struct sb_call *call);
void sb_op_repository_verify(struct sb_call *call);
void sb_op_repository_cleanup(struct sb_call *call);
/* May the role be used for the domain on that bucket? NULL, or why not. */
const char *sb_passed_role_fault(struct sandbox *sandbox, struct lb_arena *arena,
                                 const struct sb_node *node, const char *role, const char *bucket,
                                 const char *prefix, bool readonly);

/* --- blobs: cluster_blob.c
 * -------------------------------------------------------------------------------- */
/* The repository's newest index-N as a tree (empty when there is none). NULL when it cannot be
 * read. */
struct lb_value *sb_blob_index_load(struct sandbox *sandbox, struct lb_arena *arena,
                                    const struct sb_repository *repository, int64_t *generation);
void sb_blob_index_save(struct sandbox *sandbox, struct lb_arena *arena,
                        const struct sb_repository *repository, struct lb_value *index,
                        int64_t generation);
/* Writes all blobs of a snapshot and lists it; fills details.indices[].files and ids. */
void sb_blob_snapshot_write(struct sandbox *sandbox, struct lb_arena *arena,
                            const struct sb_node *node, const struct sb_repository *repository,
                            struct lb_value *details);
void sb_blob_snapshot_delete(struct sandbox *sandbox, struct lb_arena *arena,
                             const struct sb_repository *repository, const char *name);
/* True when a codec file (snap-, meta-) is there and whole. */
bool sb_blob_whole(struct sandbox *sandbox, const struct sb_repository *repository,
                   const char *key);
const char *sb_blob_id(struct sandbox *sandbox, struct lb_arena *arena); /* 22 characters */

/* --- snapshots: cluster_snapshot.c, cluster_restore.c
 * -------------------------------------------------------- */
struct sb_snapshot_order {
    const char *name, *indices;
    const struct lb_value *metadata;
    bool partial, global_state;
    bool wait; /* complete at once */
    int64_t at;
};
/* Starts a snapshot; NULL when it did, otherwise why not (an exception's type in *type). */
const char *sb_snapshot_start(struct sandbox *sandbox, struct lb_arena *arena, struct sb_node *node,
                              const struct sb_repository *repository,
                              const struct sb_snapshot_order *order, const char **type);
void sb_snapshot_tick(struct sandbox *sandbox, struct lb_arena *arena, struct sb_node *node,
                      int64_t now);
struct lb_value *sb_snapshot_details(struct sandbox *sandbox, const char *uuid);
/* The entry of index-N by snapshot name, or NULL. */
struct lb_value *sb_snapshot_entry(const struct lb_value *index, const char *name);
void sb_op_snapshot_create(struct sb_call *call);
void sb_op_snapshot_get(struct sb_call *call);
void sb_op_snapshot_delete(struct sb_call *call);
void sb_op_snapshot_status(struct sb_call *call);
void sb_op_snapshot_running(struct sb_call *call);
void sb_op_snapshot_restore(struct sb_call *call);
void sb_op_cat_snapshots(struct sb_call *call);

/* --- schedules: cluster_sm.c, cluster_slm.c, cluster_cron.c
 * ---------------------------------------------------- */
/* NULL, or what is wrong with the five (SM) or six to seven (SLM, quartz) fields. */
const char *sb_cron_fault(struct lb_arena *arena, const char *expression, bool quartz);
/* The first instant after `after` that fits; -1 when none within four years. */
int64_t sb_cron_next(const char *expression, bool quartz, int64_t after);
void sb_op_sm_list(struct sb_call *call);
void sb_op_sm_get(struct sb_call *call);
void sb_op_sm_create(struct sb_call *call);
void sb_op_sm_update(struct sb_call *call);
void sb_op_sm_delete(struct sb_call *call);
void sb_op_sm_explain(struct sb_call *call);
void sb_op_sm_start(struct sb_call *call);
void sb_op_sm_stop(struct sb_call *call);
void sb_sm_tick(struct sandbox *sandbox, struct lb_arena *arena, struct sb_node *node, int64_t now);
void sb_op_slm_get(struct sb_call *call);
void sb_op_slm_put(struct sb_call *call);
void sb_op_slm_delete(struct sb_call *call);
void sb_op_slm_execute(struct sb_call *call);
void sb_slm_tick(struct sandbox *sandbox, struct lb_arena *arena, struct sb_node *node,
                 int64_t now);

/* --- real nodes: cluster_forward.c
 * -------------------------------------------------------------------------------- */
/* The URL of the real node that --cluster named for this one; NULL when there is none. */
const char *sb_forward_url(const struct sandbox *sandbox, struct lb_arena *arena,
                           const struct sb_node *node);
/* Whether the node behind that URL decides itself who may do what. */
bool sb_forward_judges(struct lb_arena *arena, const char *url);
void sb_forward(struct sb_call *call, const char *url);

#endif
