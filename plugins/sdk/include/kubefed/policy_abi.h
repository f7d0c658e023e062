/* SPDX-License-Identifier: Apache-2.0
 *
 * The boundary between kubefed and a placement policy: plain C, version 1.0. A policy library exports one
 * object, `kubefed_policy_manifest_v1`. C++ authors use policy.hpp instead.
 *
 * Rules. Strings are pointer and length, UTF-8, not terminated, valid during the call unless said otherwise.
 * Structs may grow at their end: those that the plugin makes begin with their size, arrays carry a stride,
 * and what the host makes has all that a plugin of a minor version not above the host's may know. Only
 * kubefed_string stays as it is. Memory belongs to the side that made it. No exception and no longjmp
 * crosses. A policy object is used by one thread at a time. Its answer must be a function of the round: no
 * clock, no files, no sockets, no randomness.
 */
#ifndef KUBEFED_POLICY_ABI_H
#define KUBEFED_POLICY_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KUBEFED_POLICY_ABI_MAJOR 1u
#define KUBEFED_POLICY_ABI_MINOR 0u
#define KUBEFED_POLICY_MAGIC 0x4b465031u /* "KFP1" */
#define KUBEFED_POLICY_MANIFEST_SYMBOL "kubefed_policy_manifest_v1"
#define KUBEFED_NO_LIMIT INT64_MAX
#define KUBEFED_MAX_REASON_ARGS 4u

/* For hosts: what 1.0 has of a struct that a plugin makes. A later host is content with so much, and reads
 * and writes no more than both sides know. */
#define KUBEFED_SIZE_TO(type, last) (offsetof(type, last) + sizeof(((type*)0)->last))
#define KUBEFED_CLUSTER_SIZE_1_0 KUBEFED_SIZE_TO(kubefed_cluster, taint_count)
#define KUBEFED_TAINT_SIZE_1_0 KUBEFED_SIZE_TO(kubefed_taint, value)
#define KUBEFED_ARG_SIZE_1_0 KUBEFED_SIZE_TO(kubefed_arg, text)
#define KUBEFED_MANIFEST_SIZE_1_0 KUBEFED_SIZE_TO(kubefed_policy_manifest, divide)

typedef struct kubefed_string {
    const char* data;
    uint64_t size;
} kubefed_string;

/* What a call answers. Anything else than OK should have set an error message. */
enum { KUBEFED_OK = 0, KUBEFED_FAILED = 1, KUBEFED_INVALID_CONFIG = 2 };

/* Stages; a manifest's `stages` has bit 1 << STAGE for each one that is implemented. */
enum {
    KUBEFED_STAGE_FILTER = 0, /* all clusters; rejects */
    KUBEFED_STAGE_SCORE = 1,  /* candidates; points in [0, 1], or rejects */
    KUBEFED_STAGE_SELECT = 2, /* candidates with their scores; leaves out. One plugin at most */
    KUBEFED_STAGE_LIMIT = 3,  /* selected clusters; lower and upper limit of replicas */
    KUBEFED_STAGE_DIVIDE = 4  /* selected clusters with limits; replicas. One plugin at most */
};

enum {
    KUBEFED_STATE_JOINING = 0,
    KUBEFED_STATE_READY = 1,
    KUBEFED_STATE_DEGRADED = 2,
    KUBEFED_STATE_UNAUTHORIZED = 3,
    KUBEFED_STATE_UNREACHABLE = 4,
    KUBEFED_STATE_LEAVING = 5
};

enum { KUBEFED_FORM_REPLICATED = 0, KUBEFED_FORM_SINGLE = 1, KUBEFED_FORM_EVERYWHERE = 2 };
enum { KUBEFED_REBALANCE_NEVER = 0, KUBEFED_REBALANCE_WHEN_NEEDED = 1, KUBEFED_REBALANCE_ALWAYS = 2 };
enum { KUBEFED_STRATEGY_DIVIDE = 0, KUBEFED_STRATEGY_DUPLICATE = 1 };
enum { KUBEFED_TAINT_NO_SCHEDULE = 0, KUBEFED_TAINT_NO_EXECUTE = 1 };

/* One cluster in one call. What follows `max` is the answer; it is filled with "nothing said" before. */
typedef struct kubefed_row {
    uint32_t cluster; /* which; not to be changed */
    uint8_t chosen;   /* 1: the decision in force has it */
    uint8_t out;      /* answer. FILTER, SCORE: 1 rejects. SELECT: 1 leaves out */
    uint16_t reserved;
    int64_t current;    /* replicas there by the decision in force */
    int64_t ready;      /* of them, ready */
    double score;       /* summed over the plugins, weighted; from SELECT on */
    uint64_t tie_break; /* lower first: the only way to decide between equals */
    int64_t min;        /* limits; DIVIDE. The sum of all min is at most what is wanted */
    int64_t max;
    double points; /* answer of SCORE */
    int64_t lower; /* answer of LIMIT */
    int64_t upper;
    int64_t replicas; /* answer of DIVIDE: from min to max, in sum at most what is wanted */
    uint32_t reason;  /* answer: what host->reason() gave, or 0 */
    uint32_t reserved2;
} kubefed_row;

typedef struct kubefed_taint {
    uint32_t struct_size; /* set by the caller */
    uint32_t effect;
    kubefed_string key;
    kubefed_string value;
} kubefed_taint;

typedef struct kubefed_cluster {
    uint32_t struct_size; /* set by the caller */
    uint32_t state;
    kubefed_string name;
    kubefed_string version; /* of Kubernetes; empty: not known */
    uint32_t cordoned;
    uint32_t reserved;
    uint64_t label_count;
    uint64_t taint_count;
} kubefed_cluster;

enum { KUBEFED_ARG_NUMBER = 0, KUBEFED_ARG_INTEGER = 1, KUBEFED_ARG_TEXT = 2 };

typedef struct kubefed_arg {
    uint32_t type;
    uint32_t reserved;
    double number;
    int64_t integer;
    kubefed_string text;
} kubefed_arg;

/* A node of the policy's configuration; lives until destroy(). */
typedef struct kubefed_value kubefed_value;
enum {
    KUBEFED_TYPE_NULL = 0,
    KUBEFED_TYPE_BOOL = 1,
    KUBEFED_TYPE_NUMBER = 2,
    KUBEFED_TYPE_STRING = 3,
    KUBEFED_TYPE_ARRAY = 4,
    KUBEFED_TYPE_OBJECT = 5
};

struct kubefed_round;

/* What the host offers. Every function may be called with any argument; nonsense answers "absent". */
typedef struct kubefed_host {
    uint32_t struct_size;
    uint32_t abi_minor;

    /* Configuration; all take null. A missing member or item is null. */
    uint32_t (*value_type)(const kubefed_value* value);
    uint32_t (*value_bool)(const kubefed_value* value);
    double (*value_number)(const kubefed_value* value);
    kubefed_string (*value_text)(const kubefed_value* value);
    uint64_t (*value_count)(const kubefed_value* value); /* of an array's items or an object's members */
    kubefed_string (*value_key)(const kubefed_value* value, uint64_t index);
    const kubefed_value* (*value_item)(const kubefed_value* value, uint64_t index);
    const kubefed_value* (*value_member)(const kubefed_value* value, kubefed_string key);

    /* Clusters, during a stage. 1: found and written to `out`; 0: absent, `out` unchanged. */
    uint32_t (*cluster)(const struct kubefed_round* round, uint32_t cluster, kubefed_cluster* out);
    uint32_t (*label)(const struct kubefed_round* round, uint32_t cluster, kubefed_string key,
                      kubefed_string* out);
    uint32_t (*label_at)(const struct kubefed_round* round, uint32_t cluster, uint64_t index,
                         kubefed_string* key, kubefed_string* value);
    uint32_t (*taint_at)(const struct kubefed_round* round, uint32_t cluster, uint64_t index,
                         kubefed_taint* out);
    uint32_t (*number)(const struct kubefed_round* round, uint32_t cluster, kubefed_string key, double* out);
    uint32_t (*text)(const struct kubefed_round* round, uint32_t cluster, kubefed_string key,
                     kubefed_string* out);

    /* The workload, during a stage. */
    uint32_t (*workload_label)(const struct kubefed_round* round, kubefed_string key, kubefed_string* out);
    /* What one replica requests of a resource, in its unit (cpu: cores, memory: bytes). */
    uint32_t (*workload_request)(const struct kubefed_round* round, kubefed_string resource, double* out);

    /* Keeps a reason and gives its number for kubefed_row.reason. `format` has a {} for each of `count`
     * arguments, which lie `stride` bytes apart: sizeof(kubefed_arg) as the plugin knows it. All is copied.
     * Call it only if round->wants_reasons. */
    uint32_t (*reason)(const struct kubefed_round* round, kubefed_string format, const kubefed_arg* args,
                       uint64_t count, uint64_t stride);
} kubefed_host;

typedef struct kubefed_round {
    uint32_t struct_size;
    uint32_t stage;
    const kubefed_host* host;
    void* context;       /* the host's own */
    kubefed_string kind; /* of the workload: "v1 Pod" */
    kubefed_string ns;
    kubefed_string name;
    uint32_t form;
    uint32_t strategy;
    uint32_t rebalance;
    uint32_t wants_reasons;
    int64_t wanted;
    kubefed_row* rows;
    uint64_t row_count;
    uint64_t row_stride;
} kubefed_round;

typedef struct kubefed_error {
    void* context;
    void (*set)(void* context, kubefed_string message);
} kubefed_error;

typedef int32_t (*kubefed_stage_function)(void* policy, const kubefed_round* round,
                                          const kubefed_error* error);

typedef struct kubefed_policy_manifest {
    uint32_t struct_size;
    uint32_t magic;
    uint32_t abi_major;
    uint32_t abi_minor;
    kubefed_string name; /* lower case letters, digits and '-' */
    kubefed_string version;
    kubefed_string description;
    kubefed_string author;
    kubefed_string licence;
    kubefed_string config_schema; /* JSON Schema of the configuration; empty: it is not checked */
    uint32_t stages;
    uint32_t reserved;
    int32_t (*create)(const kubefed_host* host, const kubefed_value* config, const kubefed_error* error,
                      void** policy);
    void (*destroy)(void* policy);
    kubefed_stage_function filter;
    kubefed_stage_function score;
    kubefed_stage_function select;
    kubefed_stage_function limit;
    kubefed_stage_function divide;
} kubefed_policy_manifest;

#ifdef __cplusplus
}
#endif

#endif
