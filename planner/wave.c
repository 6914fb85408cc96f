/* wave.c: one wave of reads; see wave.h. Requests are known by their key: a key that was asked
 * before gets the same answer, so providers may ask for whole lists without counting the cost.
 */
#include "planner/wave.h"

#include "planner/release.h"
#include "planner/steps.h"
#include "planner/survey.h"

struct asker {
    struct reading *reading;
    const struct lb_call *call; /* the asker's own, before merging */
    lb_decode_fn *decode;
    struct asker *next;
};

struct tag_asker {
    struct reading *reading;
    lb_tags_fn *decode;
};

struct request {
    struct lb_wave *wave;
    const struct lb_call *call;
    const struct lb_answer *answer; /* NULL until it came */
    bool gone;                      /* it was brief: who asks from now on asks anew */
    struct asker *askers, **last;
    size_t index;
};

/* Requests of one operation and place that may be merged. */
struct batch {
    struct lb_call *call; /* grows until it is sent */
    struct request *request;
    struct batch *next;
};

struct reading {
    struct lb_read read;
    struct lb_live live;
    struct lb_wave *wave;
    struct lb_stack *stack;
    const char *granule; /* NULL: all */
    struct lb_change *change;
    bool survey;     /* of a kind; read.resource stands for no object */
    size_t open;     /* requests that are not answered */
    size_t asked;    /* requests so far */
    size_t blockers; /* objects that must be read before */
    struct reading **dependents;
    size_t dependent_count, dependent_capacity;
    bool finished;
    struct reading *next;  /* in the wave */
    struct reading *queue; /* among those that may start */
};

struct lb_wave {
    struct lb_engine *engine;
    struct lb_arena *arena;
    struct lb_refresh *strays;
    lb_wave_fn *done;
    void *payload;
    struct lb_value *keys;     /* request key -> index into requests */
    struct lb_value *siblings; /* kind -> count */
    struct request **requests;
    size_t request_count, request_capacity;
    struct batch *batches;
    struct reading *readings, **last;
    struct reading *ready, **ready_last;
    bool flushing, starting;
};

static void start_ready(struct lb_wave *wave);
static void settle(struct reading *reading);

/* --- requests
 * -------------------------------------------------------------------------------------------- */

static void deliver(struct request *request)
{
    while (request->askers) {
        struct asker *asker = request->askers;
        request->askers = asker->next;
        if (!request->askers)
            request->last = &request->askers;
        asker->decode(&asker->reading->read, asker->call, request->answer);
        asker->reading->open--;
        settle(asker->reading);
    }
}

static void answered(void *payload, const struct lb_answer *answer)
{
    struct request *request = payload;
    request->answer = answer;
    request->wave->strays->calls++;
    deliver(request);
    request->gone = request->call->op->brief;
    start_ready(request->wave);
}

static void late(void *payload)
{
    deliver(payload);
    start_ready(((struct request *)payload)->wave);
}

static void send(struct request *request)
{
    struct lb_exchange *exchange = request->wave->engine->exchange;
    exchange->submit(exchange->self, NULL, request->wave->arena, request->call, answered, request);
}

static struct request *new_request(struct lb_wave *wave, const struct lb_call *call)
{
    struct request *request = lb_arena_alloc(wave->arena, sizeof *request);
    request->wave = wave;
    request->call = call;
    request->last = &request->askers;
    request->index = wave->request_count;
    wave->requests = lb_arena_grow(wave->arena, wave->requests, wave->request_count,
                                   wave->request_count + 1, sizeof *wave->requests,
                                   &wave->request_capacity);
    wave->requests[wave->request_count++] = request;
    return request;
}

static void flush(void *payload)
{
    struct lb_wave *wave = payload;
    struct batch *batches = wave->batches;
    wave->batches = NULL;
    wave->flushing = false;
    for (struct batch *batch = batches; batch; batch = batch->next)
        send(batch->request);
}

static struct lb_value *batch_list(const struct lb_call *call)
{
    return lb_value_at(call->body, call->op->batch_member);
}

static bool same_place(const struct lb_call *a, const struct lb_call *b)
{
    return a->op == b->op && lb_streq(a->region, b->region) && lb_streq(a->host, b->host);
}

/* Sends a batch that takes no more, so that the open ones stay few: one a place. */
static void send_full(struct batch **at)
{
    struct batch *batch = *at;
    if (lb_value_count(batch_list(batch->call)) < (size_t)batch->call->op->batch_max)
        return;
    *at = batch->next;
    send(batch->request);
}

/* Merges into an open batch of the same operation and place, or opens one; sent in this turn's end.
 */
static struct request *join_batch(struct lb_wave *wave, const struct lb_call *call)
{
    struct lb_exchange *exchange = wave->engine->exchange;
    for (struct batch **at = &wave->batches; *at; at = &(*at)->next) {
        struct batch *open = *at;
        if (!same_place(open->call, call))
            continue;
        struct lb_value *list = batch_list(open->call);
        for (size_t i = 0; i < lb_value_count(batch_list(call)); i++)
            lb_list_add(wave->arena, list, lb_list_item(batch_list(call), i));
        send_full(at);
        return open->request;
    }
    struct batch *batch = lb_arena_alloc(wave->arena, sizeof *batch);
    batch->call = lb_arena_alloc(wave->arena, sizeof *batch->call);
    *batch->call = *call;
    batch->call->body = lb_value_copy(wave->arena, call->body);
    batch->request = new_request(wave, batch->call);
    batch->next = wave->batches;
    wave->batches = batch;
    if (!wave->flushing)
        exchange->after(exchange->self, 0, flush, wave);
    wave->flushing = true;
    send_full(&wave->batches);
    return batch->request;
}

/* A list whose pages never end, by a token that comes again or by ever new ones. */
static void refuse_to_ask(struct reading *reading, const struct lb_call *call)
{
    struct lb_read *read = &reading->read;
    struct lb_diag diag = {
        .code = "LB-A031",
        .address = reading->survey ? NULL : read->resource->address,
        .mark = read->resource->mark,
        .detail = lb_arena_printf(reading->wave->arena, "%s was asked %d times in one read",
                                  lb_op_label(reading->wave->arena, call->op), LB_ASKS_MAX)};
    if (reading->asked == LB_ASKS_MAX + 1)
        lb_diags_add(read->diags, &diag);
    read->failed = true;
}

static void ask(struct lb_read *read, const struct lb_call *call, lb_decode_fn *decode)
{
    struct reading *reading = read->engine;
    if (++reading->asked > LB_ASKS_MAX) {
        refuse_to_ask(reading, call);
        return;
    }
    struct lb_wave *wave = reading->wave;
    struct lb_exchange *exchange = wave->engine->exchange;
    struct lb_arena *scratch = lb_arena_new();
    const char *key = lb_call_key(scratch, call);
    int64_t known = lb_int(lb_map_get(wave->keys, key), -1);
    struct request *request;
    if (call->op->mutates)
        LB_BUG("%s was asked as a read", call->op->name);
    if (known >= 0 && !wave->requests[known]->gone) {
        request = wave->requests[known];
    } else {
        request = call->op->batch_max ? join_batch(wave, call) : new_request(wave, call);
        lb_map_set_int(wave->arena, wave->keys, key, (int64_t)request->index);
        if (!call->op->batch_max)
            send(request);
    }
    lb_arena_free(scratch);
    struct asker *asker = lb_arena_alloc(wave->arena, sizeof *asker);
    *asker = (struct asker){reading, call, decode, NULL};
    *request->last = asker;
    request->last = &asker->next;
    reading->open++;
    if (request->answer)
        exchange->after(exchange->self, 0, late, request);
}

static void told(void *payload, const struct lb_value *tags)
{
    struct tag_asker *asker = payload;
    asker->decode(&asker->reading->read, tags);
    asker->reading->open--;
    settle(asker->reading);
    start_ready(asker->reading->wave);
}

static void ask_tags(struct lb_read *read, const char *region, const char *arn, lb_tags_fn *decode)
{
    struct reading *reading = read->engine;
    struct tag_asker *asker = lb_arena_alloc(reading->wave->arena, sizeof *asker);
    *asker = (struct tag_asker){reading, decode};
    reading->open++;
    lb_release_tags(reading->wave->strays->release, region, arn, told, asker);
}

static void stray(struct lb_read *read, const char *address, const char *what)
{
    struct reading *reading = read->engine;
    lb_refresh_stray(reading->wave->strays, reading->stack, address, what);
}

/* --- objects
 * ------------------------------------------------------------------------------------------------
 */

/* The granule whose read answers for this one: itself, or the nearest before it that has a read. */
static const struct lb_granule *reader_of(const struct lb_provider *provider,
                                          const struct lb_granule *granule)
{
    while (!granule->read && granule > provider->granules)
        granule--;
    return granule->read ? granule : NULL;
}

/* Before a single granule is read again, what it answered last time is forgotten. */
static void forget(struct reading *reading, const struct lb_granule *reader)
{
    struct lb_resource *resource = reading->read.resource;
    struct lb_value *value = reading->live.value;
    for (size_t i = 0; i < resource->kind->schema->property_count; i++) {
        const struct lb_schema *property = resource->kind->schema->properties[i];
        if (!property->granule)
            continue;
        const struct lb_granule *granule = lb_provider_granule(resource->provider,
                                                               property->granule);
        if (reader_of(resource->provider, granule) == reader)
            lb_map_remove(value, property->name);
    }
    for (const struct lb_granule *g = resource->provider->granules; g->name; g++)
        if (reader_of(resource->provider, g) == reader)
            lb_map_remove(reading->live.raw, g->name);
}

static struct lb_value *shallow(struct lb_arena *arena, const struct lb_value *map)
{
    struct lb_value *copy = lb_value_map(arena);
    for (size_t i = 0; i < lb_value_count(map); i++)
        lb_map_set(arena, copy, lb_map_nth(map, i)->key, lb_map_nth(map, i)->value);
    return copy;
}

static void read_one(struct reading *reading)
{
    struct lb_resource *resource = reading->read.resource;
    const struct lb_granule *wanted = lb_provider_granule(resource->provider, reading->granule);
    const struct lb_granule *reader = reader_of(resource->provider, wanted);
    if (!reader)
        return;
    reading->live = resource->live;
    reading->live.value = shallow(reading->wave->arena, resource->live.value);
    reading->live.raw = shallow(reading->wave->arena, resource->live.raw);
    if (reader == resource->provider->granules)
        reading->live.status = LB_LIVE_UNREAD;
    forget(reading, reader);
    reader->read(&reading->read);
}

static void read_all(struct reading *reading)
{
    struct lb_resource *resource = reading->read.resource;
    const struct lb_granule *last = NULL;
    reading->live.value = lb_value_map(reading->wave->arena);
    reading->live.raw = lb_value_map(reading->wave->arena);
    for (const struct lb_granule *g = resource->provider->granules; g->name; g++) {
        if (!lb_resource_has_granule(resource, lb_granule_find(resource->kind, g->name)))
            continue;
        const struct lb_granule *reader = reader_of(resource->provider, g);
        if (reader && reader != last)
            reader->read(&reading->read);
        last = reader ? reader : last;
    }
}

static struct lb_value *dirty_granules(struct lb_arena *arena, const struct lb_change *change)
{
    struct lb_value *list = lb_value_list(arena);
    for (size_t i = 0; i < change->field_count; i++)
        if (change->fields[i].granule && !lb_list_has(list, change->fields[i].granule))
            lb_list_add_string(arena, list, change->fields[i].granule);
    return list;
}

static void start(struct reading *reading)
{
    reading->read.siblings = (size_t)lb_int(
        lb_map_get(reading->wave->siblings, reading->read.resource->kind->name), 1);
    reading->open++; /* holds it open until all first asks are made */
    if (reading->survey)
        reading->read.resource->provider->survey(&reading->read);
    else if (reading->change)
        reading->read.resource->provider->forecast(
            &reading->read, dirty_granules(reading->wave->arena, reading->change),
            reading->read.forecast);
    else if (reading->granule)
        read_one(reading);
    else
        read_all(reading);
    reading->open--;
    settle(reading);
}

static void enqueue(struct reading *reading)
{
    *reading->wave->ready_last = reading;
    reading->wave->ready_last = &reading->queue;
}

static void settle(struct reading *reading)
{
    if (reading->open || reading->finished)
        return;
    reading->finished = true;
    struct lb_resource *resource = reading->read.resource;
    if (!reading->change && !reading->survey) {
        if (reading->read.failed)
            reading->live.status = LB_LIVE_UNREADABLE;
        else if (reading->live.status == LB_LIVE_UNREAD)
            reading->live.status = LB_LIVE_ABSENT;
        /* which answer came first is chance, and plans are compared */
        if (lb_is(reading->live.value, LB_MAP))
            lb_map_sort(reading->live.value);
        resource->live = reading->live;
    }
    resource->reading = NULL;
    for (size_t i = 0; i < reading->dependent_count; i++)
        if (--reading->dependents[i]->blockers == 0)
            enqueue(reading->dependents[i]);
    if (reading->wave->done)
        reading->wave->done(reading->wave->payload, resource);
}

/* Not from within itself: an object without requests settles at once and may free others. */
static void start_ready(struct lb_wave *wave)
{
    if (wave->starting)
        return;
    wave->starting = true;
    while (wave->ready) {
        struct reading *reading = wave->ready;
        wave->ready = reading->queue;
        if (!wave->ready)
            wave->ready_last = &wave->ready;
        start(reading);
    }
    wave->starting = false;
}

/* --- the wave
 * --------------------------------------------------------------------------------------------------
 */

struct lb_wave *lb_wave_new(struct lb_engine *engine, struct lb_arena *arena,
                            struct lb_refresh *strays, lb_wave_fn *done, void *payload)
{
    struct lb_wave *wave = lb_arena_alloc(arena, sizeof *wave);
    wave->engine = engine;
    wave->arena = arena;
    wave->strays = strays;
    wave->done = done;
    wave->payload = payload;
    wave->keys = lb_value_map(arena);
    wave->siblings = lb_value_map(arena);
    wave->last = &wave->readings;
    wave->ready_last = &wave->ready;
    return wave;
}

static struct reading *add(struct lb_wave *wave, struct lb_stack *stack,
                           struct lb_resource *resource)
{
    struct reading *reading = lb_arena_alloc(wave->arena, sizeof *reading);
    reading->wave = wave;
    reading->stack = stack;
    reading->read = (struct lb_read){.arena = wave->arena,
                                     .stack = stack,
                                     .resource = resource,
                                     .live = &reading->live,
                                     .diags = stack->diags,
                                     .ask = ask,
                                     .ask_tags = ask_tags,
                                     .stray = stray,
                                     .engine = reading};
    *wave->last = reading;
    wave->last = &reading->next;
    resource->reading = reading;
    return reading;
}

static void count_sibling(struct lb_wave *wave, const struct lb_resource *resource)
{
    const char *kind = resource->kind->name;
    lb_map_set_int(wave->arena, wave->siblings, kind,
                   lb_int(lb_map_get(wave->siblings, kind), 0) + 1);
}

void lb_wave_add(struct lb_wave *wave, struct lb_stack *stack, struct lb_resource *resource,
                 const char *granule)
{
    struct reading *reading = add(wave, stack, resource);
    count_sibling(wave, resource);
    bool known = resource->live.status == LB_LIVE_PRESENT ||
                 resource->live.status == LB_LIVE_IN_FLUX;
    reading->granule = known ? granule : NULL; /* what was absent is read whole */
}

void lb_wave_survey(struct lb_wave *wave, struct lb_stack *stack)
{
    size_t provider = 0, object = 0;
    struct lb_resource *place;
    while ((place = lb_survey_next(wave->arena, stack, &provider, &object)))
        if (!lb_region_assumed_down(stack, lb_resource_home(place)))
            add(wave, stack, place)->survey = true;
}

void lb_wave_forecast(struct lb_wave *wave, struct lb_stack *stack, struct lb_change *change,
                      struct lb_forecast *out)
{
    struct reading *reading = add(wave, stack, change->resource);
    reading->change = change;
    reading->read.forecast = out;
    reading->live = change->resource->live;
}

static void block(struct lb_wave *wave, struct reading *reading, struct reading *on)
{
    on->dependents = lb_arena_grow(wave->arena, on->dependents, on->dependent_count,
                                   on->dependent_count + 1, sizeof *on->dependents,
                                   &on->dependent_capacity);
    on->dependents[on->dependent_count++] = reading;
    reading->blockers++;
}

void lb_wave_start(struct lb_wave *wave)
{
    for (struct reading *reading = wave->readings; reading; reading = reading->next) {
        const struct lb_resource *resource = reading->read.resource;
        for (size_t i = 0; i < resource->reads_after_count; i++) {
            struct reading *before = resource->reads_after[i]->reading;
            if (before && before->wave == wave)
                block(wave, reading, before);
        }
        if (!reading->blockers)
            enqueue(reading);
    }
    start_ready(wave);
}
