/* Tracemill from C: libtracemill.
 *
 * Ownership
 *   - What a function returns as a pointer to an opaque type is the caller's, who gives it back with the
 *     function named beside it. Giving back NULL does nothing. Nothing is given back twice.
 *   - A `char *` that is returned is UTF-8, ends in 0, and is given back with tm_text_free. A
 *     `const char *` that is returned belongs to the object that it was asked of and lives as long.
 *   - What is passed in stays the caller's and is not kept after the call, but for what is said to be.
 *   - Arrow streams and arrays follow Arrow's C data and C stream interfaces: a stream that is filled in
 *     is the caller's to release; a stream that is passed in is released by the function it is passed to,
 *     whatever happens.
 *
 * Errors
 *   A function that may fail takes `tm_error **error` last. It returns NULL or a number other than 0 on
 *   failure and puts an error there, which the caller gives back with tm_error_free. `error` may be NULL.
 *   No exception and no signal crosses this interface.
 *
 * Threads
 *   There is no global state. Different objects may be used by different threads at once; one object by
 *   one thread at a time, but for tm_job, any function of which may be called at any time.
 *
 * Versions
 *   Compare TRACEMILL_ABI_VERSION with tm_abi_version(). Within a version functions are added, none is
 *   changed, and structures grow at their end only.
 */
#ifndef TRACEMILL_H
#define TRACEMILL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TRACEMILL_ABI_VERSION 1

/* ---- Arrow C data and C stream interfaces (https://arrow.apache.org/docs/format/CDataInterface.html) */

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char *format;
  const char *name;
  const char *metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema **children;
  struct ArrowSchema *dictionary;
  void (*release)(struct ArrowSchema *);
  void *private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void **buffers;
  struct ArrowArray **children;
  struct ArrowArray *dictionary;
  void (*release)(struct ArrowArray *);
  void *private_data;
};

#endif /* ARROW_C_DATA_INTERFACE */

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
  int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
  const char *(*get_last_error)(struct ArrowArrayStream *);
  void (*release)(struct ArrowArrayStream *);
  void *private_data;
};

#endif /* ARROW_C_STREAM_INTERFACE */

/* ---- Schedulers from outside */

/* What a scheduler is told about a task: nothing of the future. */
typedef struct tm_task {
  int64_t job;
  int64_t submit_us;
  int64_t estimate_us;  /* the user's estimate of the run time; INT64_MAX is none */
  int64_t deadline_us;  /* INT64_MAX is none */
  int64_t cpu_nano;     /* billionths of a core */
  int64_t memory_bytes;
  int64_t disk_bytes;
  int64_t gpu_milli;
  uint64_t random;      /* this decision's share of the run's chance: use it and nothing else */
  const uint8_t *allowed; /* for each machine 0 or 1; NULL where all are allowed */
  int32_t index;        /* within the job */
  int32_t user;
  int32_t attempts;
  int32_t instances;
  int32_t gateway;      /* -1 without gateways */
  int16_t priority;     /* -1 is none */
  uint8_t priority_class;
  int8_t scheduling_class;
} tm_task;

/* The machines as the scheduler sees them: columns of `count` values. The pointers stay the same from
 * begin to end; the values are current whenever the scheduler is called. */
typedef struct tm_cluster {
  int64_t now_us;
  int64_t count;
  const int64_t *free_cpu_nano;  /* 0 where a machine is down */
  const int64_t *free_memory_bytes;
  const int64_t *free_disk_bytes;
  const int64_t *free_gpu_milli;
  const int64_t *cpu_nano;       /* what there is when it is empty */
  const int64_t *memory_bytes;
  const int64_t *disk_bytes;
  const int64_t *gpu_milli;
  const double *speed;
  const int32_t *running;
  const int32_t *queued;
  const uint8_t *up;
} tm_cluster;

/* What became of a task. */
typedef struct tm_ended {
  int64_t job;
  int64_t submit_us;
  int64_t start_us;   /* INT64_MAX is never, here and below */
  int64_t finish_us;
  int64_t wait_us;
  int64_t machine;    /* its number in the trace; -1 if it never started */
  int32_t index;
  int32_t attempts;
  uint8_t outcome;    /* 0 finished, 1 refused, 2 unplaceable, 3 abandoned, 4 cancelled, 5 unfinished */
} tm_ended;

/* Answers to `place` other than a machine's index. */
#define TM_WAIT (-1)
#define TM_REJECT (-2)
#define TM_FAIL (-3)

/* A scheduler: a shared object exports functions of these names with `tm_scheduler_` before them, or a
 * program fills in this structure. `begin`, `place` and `end` are needed, the others may be NULL or absent.
 * A shared object also exports `const int tm_scheduler_abi = TRACEMILL_ABI_VERSION;`. Several runs may go on at
 * once on several threads, each with the state that its own `begin` returned. */
typedef struct tm_scheduler {
  /* A run begins. Returns what the other functions are given as `state`; NULL fails the run. */
  void *(*begin)(void *context, const tm_cluster *cluster);
  /* Where the task goes: a machine's index, TM_WAIT, TM_REJECT; TM_FAIL ends the run. */
  int64_t (*place)(void *state, const tm_task *task, const tm_cluster *cluster);
  /* The run is over. */
  void (*end)(void *state);
  /* Which of the waiting tasks goes next: its place in `tasks`, and in `*machine` where; TM_WAIT for none,
   * TM_FAIL. Where there is this function, `place` is not called. */
  int64_t (*choose)(void *state, const tm_task *tasks, int64_t count, const tm_cluster *cluster,
                    int64_t *machine);
  /* A machine's room, queue or availability has changed. */
  void (*machine_changed)(void *state, int64_t machine, const tm_cluster *cluster);
  /* A task has ended. */
  void (*task_ended)(void *state, const tm_ended *task, const tm_cluster *cluster);
  /* What failed, after TM_FAIL or a NULL of begin (then with state NULL); may be NULL. */
  const char *(*failure)(void *state);
  /* Given to `begin`. */
  void *context;
  /* A learned policy: what it does, given `features` numbers that an environment would show and for each of
   * `actions` whether it can be done. The last action, and one that cannot be done, is to wait; TM_FAIL. Where
   * there is this function no other one is needed but `failure`, and none is called; `context` is `state`. Not
   * of a shared object. */
  int64_t (*act)(void *context, const float *observation, int64_t features, const uint8_t *mask,
                 int64_t actions);
  /* What it is shown: {"observation", "candidates", "sampling"} as of environments; NULL for {}. */
  const char *observed;
} tm_scheduler;

/* ---- Versions, texts, errors */

/* TRACEMILL_ABI_VERSION of the library. */
uint32_t tm_abi_version(void);
/* The version of Tracemill, such as "0.2.0". */
const char *tm_version(void);
/* How the library was built: "release", or "debug", which is some ten times slower. */
const char *tm_build(void);
void tm_text_free(char *text);

/* What went wrong; always at least one issue. */
typedef struct tm_error tm_error;

enum {
  TM_ERROR_IO = 1,          /* the operating system said no */
  TM_ERROR_UNRECOGNISED,    /* neither a table nor an archive that can be opened */
  TM_ERROR_DAMAGED,         /* truncated, wrong checksum, bad data */
  TM_ERROR_ROW,             /* a row does not fit its table */
  TM_ERROR_DISORDER,        /* a time runs backwards */
  TM_ERROR_MISSING,         /* nothing to read, or not what was asked for */
  TM_ERROR_DESCRIPTION,     /* a description is wrong: every issue has its path */
  TM_ERROR_REQUEST,         /* what was asked for cannot be done */
  TM_ERROR_SCHEDULER,       /* a scheduler from outside failed */
  TM_ERROR_CANCELLED        /* by tm_job_cancel */
};

int tm_error_code(const tm_error *error);
/* All of it, one line an issue. */
const char *tm_error_message(const tm_error *error);
size_t tm_error_count(const tm_error *error);
/* One issue's message; its place in the others, "" and 0 where it has none: file, dotted path in a
 * description (groups[2].cores), line and column from 1. NULL where there is no such issue. */
const char *tm_error_issue(const tm_error *error, size_t issue, const char **file, const char **path,
                           int64_t *line, int64_t *column);
void tm_error_free(tm_error *error);

/* ---- Long calls */

/* Watches and cancels one call, from any thread; made before it and given back after it. */
typedef struct tm_job tm_job;

tm_job *tm_job_create(void);
/* The call returns soon (within 0.2 s as a rule) with TM_ERROR_CANCELLED and leaves nothing behind. */
void tm_job_cancel(tm_job *job);
/* How far it is: bytes read of `total` stored ones where a trace is read (0 is unknown), and tasks. */
void tm_job_progress(const tm_job *job, int64_t *bytes, int64_t *total, int64_t *tasks);
void tm_job_free(tm_job *job);

/* Files that are not on the disk, such as an object store's: paths with "://" in them. Every function may be
 * called from several threads at once. */
typedef struct tm_files {
  /* What stands at `path`: 0 nothing, 1 a file, whose size goes into `*size`, 2 a folder, -1 on failure. */
  int (*kind)(void *context, const char *path, int64_t *size);
  /* The names in a folder, a line each; allocated with malloc and freed by the library. NULL on failure. */
  char *(*names)(void *context, const char *path);
  /* At most `count` bytes from `offset` on; how many, 0 at the end, -1 on failure. */
  int64_t (*read)(void *context, const char *path, int64_t offset, void *buffer, int64_t count);
  /* What failed; as `names`. May be NULL. */
  char *(*failure)(void *context);
  /* Nobody uses it any more. May be NULL. */
  void (*release)(void *context);
  void *context;
} tm_files;

/* The call that the job watches finds such paths here. Once a job, before its call; whatever is read of them
 * may go on until the job and the streams of its call are gone. */
void tm_job_files(tm_job *job, const tm_files *files);

/* In all functions below `job` may be NULL, and a description is JSON (or YAML) text, checked as a file
 * would be. A description that is NULL is an empty one. */

/* ---- Traces */

/* {"path": TEXT, "reading": {...}, "selection": {...}} as in docs/python/reference.md. */

/* What `tracemill inspect --json` prints, with the text for people under "text". */
char *tm_trace_inspect(const char *description, tm_job *job, tm_error **error);
/* Its task records in order of submission; read while the stream is. 0 on success. The job, if any, must
 * outlive the stream. */
int tm_trace_records(const char *description, tm_job *job, struct ArrowArrayStream *out, tm_error **error);
/* Its machines' comings and goings. 0 on success. */
int tm_trace_machines(const char *description, tm_job *job, struct ArrowArrayStream *out,
                      tm_error **error);
/* Reads a share of its parts into a file for `tracemill merge`, as `tracemill convert --shard` does; beside the path
 * the description has "shard": "3/64" and "output": FILE.parts. Returns what was read. */
char *tm_trace_split(const char *description, tm_job *job, tm_error **error);

/* ---- Tables of task records in memory: workloads */

typedef struct tm_table tm_table;

/* The records of any Arrow table; {"columns": {...}} says which columns stand for which of ours. */
tm_table *tm_table_read(struct ArrowArrayStream *stream, const char *description, tm_job *job,
                        tm_error **error);
/* A synthetic workload: {"workload": TEXT or {...}, "tasks", "duration", "load", "cluster", "seed"}. */
tm_table *tm_generate(const char *description, tm_job *job, tm_error **error);
int64_t tm_table_count(const tm_table *table);
/* 0 on success. The stream keeps what it needs: the table may be freed before it. */
int tm_table_export(const tm_table *table, struct ArrowArrayStream *out, tm_error **error);
void tm_table_free(tm_table *table);

/* ---- Simulation */

typedef struct tm_run tm_run;

/* A workload through a scheduler on a cluster: {"workload": TEXT, "cluster": TEXT or {"groups": [...]},
 * "scheduler": TEXT, "seed": N, "engine": {...}, "scaleArrivals", "scaleRunTimes", "tasks": BOOL,
 * "reading": {...}, "selection": {...}}. `workload` and `scheduler` stand in for the description's where
 * they are not NULL; the functions of `scheduler` are called on the calling thread. */
tm_run *tm_simulate(const char *description, const tm_table *workload, const tm_scheduler *scheduler,
                    tm_job *job, tm_error **error);
/* What `tracemill simulate --json` prints, with the text for people under "text". */
char *tm_run_summary(const tm_run *run, tm_error **error);
/* A table of it: "tasks", "series" or "machines". 0 on success. */
int tm_run_export(const tm_run *run, const char *table, struct ArrowArrayStream *out, tm_error **error);
void tm_run_free(tm_run *run);

/* ---- Comparisons: schedulers on workloads and clusters under several seeds */

typedef struct tm_comparison tm_comparison;

/* Runs an experiment, described as in an experiment's file. In it the source `table:N` is the Nth of
 * `workloads`, from 0, and the policy `given:N` the Nth of `schedulers`, whose functions are called on the
 * calling thread. Nothing is stored. The first cell that fails ends it. */
tm_comparison *tm_compare(const char *description, const tm_table *const *workloads, int64_t workload_count,
                          const tm_scheduler *schedulers, int64_t scheduler_count, tm_job *job,
                          tm_error **error);
/* {"results": what `tracemill compare --json` prints, "text": what it prints for people}. */
char *tm_comparison_summary(const tm_comparison *comparison, tm_error **error);
/* Its cells, a row each, with all metrics. 0 on success. */
int tm_comparison_export(const tm_comparison *comparison, struct ArrowArrayStream *out, tm_error **error);
void tm_comparison_free(tm_comparison *comparison);

/* Runs an experiment's file, or one of those that come with the program, and keeps each cell in
 * OUTPUT/results.sqlite, as `tracemill compare --no-report` does: {"experiment": NAME, "output": FOLDER,
 * "shard": "3/64", "keepTasks": BOOL, "asTrained": BOOL, "reading": {...}}. What is there already is not run
 * again. Returns {"results": PATH, "cells": N, "done": N, ...}; it fails where a cell failed, when all others are
 * done. A cancelled call ends with the cells that it is at. */
char *tm_experiment(const char *description, tm_job *job, tm_error **error);

/* ---- Fitting */

/* The laws that `count` values follow: {"families": [TEXT, ...], "tails": BOOL, "replicates": N,
 * "intervals": N, "seed": N, "threads": N, "name": TEXT, "unit": TEXT, "dropNonpositive": BOOL}. JSON as
 * `tracemill fit --json` prints it, with the text for people under "text". */
char *tm_fit(const double *values, size_t count, const char *description, tm_job *job, tm_error **error);

/* ---- Environments for learning: runs that stop at each decision, many stepped together */

typedef struct tm_envs tm_envs;

/* `count` environments of {"workload", "cluster", "engine"} or {"scenario": PATH, "load", "tasks"}, with
 * "observation": machines, study, candidates or columns, "candidates": N, "sampling", "horizon": N,
 * "reward": waiting, study, expected or none, "rewardScale", "units": {"energy", "variance"}, "ended": BOOL; stepped by
 * `threads` threads. `workload` as in tm_simulate. */
tm_envs *tm_envs_create(const char *description, const tm_table *workload, int64_t count, int32_t threads,
                        tm_error **error);
/* Numbers of an observation, actions, machines. */
void tm_envs_shape(const tm_envs *envs, int64_t *observation, int64_t *actions, int64_t *machines);
/* Arrays of the caller's that all that follows is written into, an environment after the other: `count` times
 * observation floats, `count` times actions bytes (1 where it can be done), `count` values each. They live
 * as long as the environments, or until others are bound. Each may be NULL. */
void tm_envs_bind(tm_envs *envs, float *observations, uint8_t *masks, float *rewards, uint8_t *terminals,
                  uint8_t *truncations, uint8_t *illegal, int32_t *gateways);
/* Begins episodes: `seeds` has `count`, of which those count where `which` is 1 (NULL: all). 0 on success. */
int tm_envs_reset(tm_envs *envs, const uint64_t *seeds, const uint8_t *which, tm_error **error);
/* Decides in each environment where `which` is 1. The last action is to wait; what cannot be done counts as
 * that, and is marked in `illegal`. 0 on success. */
int tm_envs_step(tm_envs *envs, const int32_t *actions, const uint8_t *which, tm_error **error);
/* Begins to do the same on other threads; `actions` and `which` stay as they are until tm_envs_recv, and the
 * arrays are not read. 0 on success. */
int tm_envs_send(tm_envs *envs, const int32_t *actions, const uint8_t *which, tm_error **error);
/* Waits for what was sent. 0 on success. */
int tm_envs_recv(tm_envs *envs, tm_error **error);
/* Four floats an environment: what the reward of the last step is made of. May be NULL. */
void tm_envs_bind_terms(tm_envs *envs, float *terms);
/* The tasks that ended in an environment since its last step, with "ended" in the description: how many there
 * are; at most `capacity` of them are written to `out`. */
int64_t tm_envs_ended(const tm_envs *envs, int64_t place, tm_ended *out, int64_t capacity);
/* An environment's observation as it were if the view of the machines had no age: for central critics. */
void tm_envs_state(const tm_envs *envs, int64_t place, float *state);
void tm_envs_free(tm_envs *envs);

/* The same in the shape of PufferLib's bindings: arrays of the caller's, actions among them, and episodes that
 * begin by themselves. Where one ends, `terminals` or `truncations` say so and the observation is the next
 * one's first. Environment i plays with seeds seed + i, seed + i + count, … Arrays as in tm_envs_bind; none is
 * NULL. */
typedef struct tm_vec tm_vec;

tm_vec *tm_vec_init(const char *description, const tm_table *workload, float *observations,
                    const int32_t *actions, float *rewards, uint8_t *terminals, uint8_t *truncations,
                    uint8_t *masks, int64_t count, int32_t threads, uint64_t seed, tm_error **error);
/* 0 on success, here and below. */
int tm_vec_reset(tm_vec *vec, uint64_t seed, tm_error **error);
int tm_vec_step(tm_vec *vec, tm_error **error);
int tm_vec_send(tm_vec *vec, tm_error **error);
int tm_vec_recv(tm_vec *vec, tm_error **error);
/* Episodes that ended since the last call, their steps and their rewards in all. */
void tm_vec_log(tm_vec *vec, int64_t *episodes, int64_t *steps, double *rewards);
void tm_vec_close(tm_vec *vec);

#ifdef __cplusplus
}
#endif

#endif /* TRACEMILL_H */
