/* provider.h: the whole contract between the planner and the kinds.
 *
 * A kind is one schema (schemas/<kind>.json), one provider (providers/<kind>.c,
 * `lb_provider_<kind>`) and one story. The schema says what an object is; the provider says four
 * things that data cannot: expand  which objects an entry of the spec stands for        (default:
 * by x-lb-sides) derive  what the user did not state, and what must exist before read    which
 * requests show the live object, and how answers become the schema's shape write   which requests
 * make a granule so A provider never blocks, never sends and never decides: it builds calls and
 * reads answers. The same write function serves plan (which calls would there be) and apply (the
 * calls, with everything known by then), so it must be a pure function of what it is given.
 */
#ifndef LB_PROVIDERS_PROVIDER_H
#define LB_PROVIDERS_PROVIDER_H

#include "base/diag.h"
#include "base/schema.h"
#include "transport/call.h"

enum lb_side { LB_SIDE_NONE, LB_SIDE_PRIMARY, LB_SIDE_SECONDARY };

enum lb_live_status {
    LB_LIVE_UNREAD, /* not asked yet */
    LB_LIVE_PRESENT,
    LB_LIVE_ABSENT,
    LB_LIVE_IN_FLUX,    /* there, but converging: not to be changed now; read again later */
    LB_LIVE_UNREADABLE, /* a read failed: the plan is incomplete */
};

/* The live object, in the schema's shape: what `desired` is compared with. */
struct lb_live {
    enum lb_live_status status;
    struct lb_value *value; /* map; computed attributes (arn, id, endpoint) too; NULL until read */
    struct lb_value *raw;   /* map: granule -> the service's own document, to merge foreign parts */
    const char *owner;      /* value of the tag lifeboat:stack; NULL when untagged or untaggable */
    const char *progress;   /* in flux: "creating: 2 of 5 stages", for people */
};

struct lb_stack;
struct lb_resource;
struct lb_provider;

/* `granule` (NULL: any step) of this object waits for `of` (NULL: all steps) of `resource`. */
struct lb_need {
    const char *granule;
    struct lb_resource *resource;
    const char *of;
    bool order; /* only an order of work: it is not used, so it may as well be out of reach */
};

struct lb_resource {
    const char *address; /* "bucket.logs", "domain.search@secondary" */
    const char *name;    /* key in the spec: "search" */
    enum lb_side side;   /* none for global kinds and for kinds whose sides are "one" */
    const char *region;  /* "us-west-2"; for global kinds the primary region, for messages */
    const struct lb_kind *kind;
    const struct lb_provider *provider;
    bool selected;            /* by --target and --exclude; only these are read and planned */
    bool assumed_down;        /* its control plane is in a region of stack->assumed_down: it is
                                 neither read nor changed, and its live state is unreadable */
    bool managed;             /* false: read and lint, never change */
    struct lb_mark mark;      /* of its entry, or of the entry it was derived from */
    struct lb_value *stated;  /* what the user wrote, schema defaults filled in; never NULL */
    struct lb_value *desired; /* attributes (not inputs) as they shall be; filled by derive */
    struct lb_live live;
    struct lb_need *needs;
    size_t need_count, need_capacity;
    struct lb_resource **reads_after; /* whose live state must be known before this can be read */
    size_t reads_after_count, reads_after_capacity;
    const char **observe; /* granules to read though nothing in them is declared (hazards look) */
    size_t observe_count, observe_capacity;
    /* What surveys found in it that the spec does not have there: kind -> list of maps of that
     * provider's own. A kind that is not in it: nobody looked. NULL: nobody looked at all. */
    struct lb_value *inside;
    void *planned, *reading; /* the planner's own records of this object */
};

struct lb_stack {
    struct lb_arena *arena;
    struct lb_diags *diags;
    const struct lb_schemas *schemas;
    const struct lb_source *source;
    struct lb_value *spec; /* whole document, validated, defaults filled in */
    const char *name;
    const char *account;
    const char *partition;               /* "aws" */
    const char *regions[3];              /* by enum lb_side; [0] is NULL */
    const struct lb_value *assumed_down; /* regions that nothing is asked of, sorted; NULL: none */
    enum lb_side active;                 /* serves and writes snapshots */
    int64_t generation;
    /* Region -> ARN -> tags ({Key, Value}) of all that carries the mark of a stack of this run;
     * a region whose list did not come, or not to its end, is not in it. NULL: none was asked. */
    struct lb_value *marked;
    const char *caller;   /* ARN of who plans and applies, as a principal; NULL until asked */
    int64_t rpo_s, rto_s; /* 0: not declared */
    struct lb_resource **resources; /* in the order of kinds, then of the spec */
    size_t resource_count, resource_capacity;
    struct lb_value *lookup; /* private to stack.c */
};

/* --- the stack (providers/stack.c)
 * ---------------------------------------------------------------- */
/* Fills the header fields from a validated spec; no resources yet. */
int lb_stack_init(struct lb_stack *stack, struct lb_arena *arena, struct lb_diags *diags,
                  const struct lb_schemas *schemas, const struct lb_source *source,
                  struct lb_value *spec);
/* For a spec whose shape is wrong, of which only `spec`, `schemas`, `arena` and `diags` are set:
 * unknown regions and dangling references, so that every error is told at once (stack_refs.c). */
void lb_stack_check_names(struct lb_stack *stack);
void lb_stack_check_region(struct lb_stack *stack, const char *path); /* "regions/primary" */
/* Expands every section, then derives every object. Errors are collected. */
int lb_stack_build(struct lb_stack *stack);
/* The object of that kind, name and side, made when absent: its own entry in the spec, if any,
 * becomes `stated`; `from` (may be NULL) is the entry it is derived from and gives the mark
 * otherwise. */
struct lb_resource *lb_stack_add(struct lb_stack *stack, const char *kind, const char *name,
                                 enum lb_side side, const struct lb_entry *from);
struct lb_resource *lb_stack_find(const struct lb_stack *stack, const char *kind, const char *name,
                                  enum lb_side side); /* NULL when there is none */
struct lb_resource *lb_stack_find_address(const struct lb_stack *stack, const char *address);
/* Entry of a section as stated: lb_stack_entry(stack, "repositories", "nightly"). NULL if absent.
 */
const struct lb_entry *lb_stack_entry(const struct lb_stack *stack, const char *section,
                                      const char *name);
/* Like it for a reference in the spec; an absent name is an error at `at` with "did you mean". */
const struct lb_entry *lb_stack_ref(const struct lb_stack *stack, const char *section,
                                    const struct lb_value *at);
/* The next object of a kind; start with *i = 0. NULL at the end. */
struct lb_resource *lb_stack_next(const struct lb_stack *stack, const char *kind, size_t *i);

/* The region of the object's control plane (place.c): its own, or, for global kinds, the one of the
 * partition that IAM or Route 53 run in. */
const char *lb_resource_home(const struct lb_resource *resource);
/* That region for a global kind, in the partition that `region` is in; NULL for other kinds. */
const char *lb_provider_home(const struct lb_provider *provider, const char *region);
bool lb_region_assumed_down(const struct lb_stack *stack, const char *region);

enum lb_side lb_side_other(enum lb_side side);
const char *lb_side_name(enum lb_side side); /* "primary"; "" for none */
enum lb_side lb_side_parse(const char *name);

void lb_resource_need(struct lb_stack *stack, struct lb_resource *resource, const char *granule,
                      struct lb_resource *on, const char *of);
/* Like it where only the order of work matters, and nothing of `on` is used. */
void lb_resource_after(struct lb_stack *stack, struct lb_resource *resource, const char *granule,
                       struct lb_resource *on);
void lb_resource_reads_after(struct lb_stack *stack, struct lb_resource *resource,
                             struct lb_resource *other);
void lb_resource_observe(struct lb_stack *stack, struct lb_resource *resource, const char *granule);
/* An attribute of another object that the service chooses: LB_UNKNOWN with the reference
 * "ADDRESS/path". Planner and apply put the live value in its place as soon as it is known. */
struct lb_value *lb_resource_reference(struct lb_stack *stack, const struct lb_resource *of,
                                       const char *path);
/* The reference to stack->caller: LB_UNKNOWN until the service said who we are. */
struct lb_value *lb_caller_reference(struct lb_stack *stack);
/* Copies the stated attribute into desired, or, when it was not stated, sets `value` with its
 * reason
 * ("derived from repository.nightly"). Returns what desired holds now. */
struct lb_value *lb_desire(struct lb_stack *stack, struct lb_resource *resource, const char *key,
                           struct lb_value *value, const char *why);
/* Copies every stated attribute (not inputs, not identity) into desired. */
void lb_desire_stated(struct lb_stack *stack, struct lb_resource *resource);
/* Desired tags: the stated ones plus lifeboat:stack and lifeboat:address. */
void lb_desire_tags(struct lb_stack *stack, struct lb_resource *resource);
/* True when a granule is to be read and compared: declared in desired, always, or observed. */
bool lb_resource_has_granule(const struct lb_resource *resource,
                             const struct lb_granule_schema *granule);
/* Copies `value` with every LB_UNKNOWN whose object is read and has that attribute replaced. */
struct lb_value *lb_stack_resolve(const struct lb_stack *stack, struct lb_arena *arena,
                                  const struct lb_value *value);

#define LB_TAG_STACK "lifeboat:stack"
#define LB_TAG_ADDRESS "lifeboat:address"

/* --- reading
 * -------------------------------------------------------------------------------------- */
struct lb_read;
struct lb_forecast;
/* Gets every answer, also failures. May ask again: the next page, a dependent request. */
typedef void lb_decode_fn(struct lb_read *read, const struct lb_call *call,
                          const struct lb_answer *answer);

/* Gets a list of {Key, Value}, or NULL: then the service itself is to be asked. */
typedef void lb_tags_fn(struct lb_read *read, const struct lb_value *tags);

struct lb_read {
    struct lb_arena *arena;
    const struct lb_stack *stack;
    struct lb_resource *resource;
    struct lb_live *live; /* to be filled; resource->live stays as it was until all is read */
    struct lb_diags *diags;
    size_t
        siblings; /* objects of this kind in all stacks of this run: choose list or single gets */
    /* Asks one request. Equal requests of one run are sent once, whoever asks: ask for a list when
     * that is cheaper and pick your own part. Requests of an operation with batch_member are
     * merged: ask with a list of one, and find your own item in the answer. */
    void (*ask)(struct lb_read *, const struct lb_call *, lb_decode_fn *);
    /* Tags out of the list of marked objects that a whole refresh makes for each region, which
     * costs no request; NULL outside of the planner. The list lags behind writes (lb_tags_take). */
    void (*ask_tags)(struct lb_read *, const char *region, const char *arn, lb_tags_fn *decode);
    /* An object that is ours by its marks but in no spec of this run: reported as released. */
    void (*stray)(struct lb_read *, const char *address, const char *what);
    struct lb_forecast *forecast; /* while a forecast is asked for: what its decodes fill */
    bool failed;                  /* set by lb_read_ok: the object ends unreadable */
    void *engine;                 /* private to the planner */
};

/* A call with region and address of the object set. */
struct lb_call *lb_read_call(struct lb_read *read, const struct lb_op *op);
/* True when answered. Otherwise: "not found" leaves the status alone and returns false; anything
 * else marks the object unreadable, with a diagnostic that names the operation, and returns false.
 */
bool lb_read_ok(struct lb_read *read, const struct lb_call *call, const struct lb_answer *answer);
/* Notes that what left the spec could not be looked for (LB-P030), which costs this report and
 * nothing else. */
void lb_read_cannot_look(struct lb_read *read, const struct lb_call *call,
                         const struct lb_answer *answer);
/* The live map of attributes, made on first use. */
struct lb_value *lb_read_value(struct lb_read *read);

/* --- writing
 * -------------------------------------------------------------------------------------- */
struct lb_write {
    struct lb_arena *arena;
    const struct lb_stack *stack;
    struct lb_resource *resource;
    const struct lb_granule_schema *granule;
    const struct lb_value *desired; /* references resolved as far as known by now */
    const struct lb_live *live;
    bool create; /* the object is absent */
    /* Asked what a step is known by, not what is sent: a step that only adds to a document leaves
     * out what others wrote in it, so that it is the same step whoever adds theirs meanwhile. */
    bool symbolic;
    /* Emits one call with a title for people: "enable versioning". In the order of execution. */
    void (*emit)(struct lb_write *, struct lb_call *, const char *title);
    void *engine;
};
struct lb_call *lb_write_call(struct lb_write *write, const struct lb_op *op);

/* --- the provider
 * ----------------------------------------------------------------------------------- */
struct lb_granule {
    const char *name; /* as in x-lb-granules; the order is the schema's */
    /* NULL: another granule's read answers for this one too. Called only when the granule is
     * wanted, or when a granule without a read of its own that follows it is. */
    int (*read)(struct lb_read *);
    /* NULL: not written by itself. Called when the granule differs, or on create. */
    int (*write)(struct lb_write *);
    bool in_create; /* the call that creates the object sets this granule too: no step then */
};

struct lb_forecast {
    const char *risk;       /* "none", "low", "disruptive", "data-loss"; NULL: the schema's */
    const char *disruption; /* "blue/green deployment (service dry run)"; NULL: none */
    int64_t estimate_s;     /* 0: the schema's */
    /* "OpenSearch_2.19 cannot go back to OpenSearch_2.17": the change cannot be made in place,
     * which makes it a replace. NULL: it can. */
    const char *replace;
    /* The service's words when its dry run refuses the change: apply would fail. NULL: it does not.
     */
    const char *refused;
};

struct lb_provider {
    const char *kind;
    const struct lb_granule *granules; /* ends with a NULL name */
    /* Of a kind whose sides are "global": whose control plane its objects hang on. */
    const struct lb_service *global;
    int (*expand)(struct lb_stack *, const struct lb_entry *entry); /* optional */
    int (*derive)(struct lb_stack *, struct lb_resource *);         /* required */
    /* Puts desired or live into one canonical form before they are compared. Optional. */
    void (*normalize)(struct lb_arena *, const struct lb_resource *, struct lb_value *);
    /* Called when all was read, for an object that is there, before it is compared: adds to desired
     * what of the live object has to stay because things that left the spec use it. What it does is
     * the same when it is called again. Optional. */
    void (*retain)(struct lb_stack *, struct lb_resource *);
    /* Asks the service what a change would do. `dirty` lists the names of granules that differ;
     * decodes fill *out, which lives as long as the read. Optional. */
    int (*forecast)(struct lb_read *, const struct lb_value *dirty, struct lb_forecast *out);
    /* Looks for objects of this kind that left the spec (read->stray), where the list of tagged
     * objects does not cover the kind. Once for a stack, or, with `survey_in`, once for each object
     * of that kind, after it was read. read->resource stands for no object: it has the kind, and
     * with `survey_in` the side, the region and the name of the object that is looked into, which
     * is its only `reads_after`. Nothing here fails the plan. Optional. */
    int (*survey)(struct lb_read *);
    const char *survey_in; /* "domain" */
    /* The ARN by which policies name the object, known before the object is: for an object of a
     * cluster its domain's, a pattern where the service chooses the id. NULL: nothing of AWS, as a
     * cluster that users run themselves. Needed for a kind with IAM actions. */
    const char *(*arn)(const struct lb_stack *, const struct lb_resource *);
};

/* One row a schema file, made by CMake; ends with NULL. */
extern const struct lb_provider *const lb_providers[];
const struct lb_provider *lb_provider_find(const char *kind);

#endif
