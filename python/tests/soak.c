/* Many calls of the C face, under the address and leak sanitizers: what is given back is given back once and
 * nothing is left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tracemill.h"

#define GAME "{\"workload\": \"study:tasks=200,load=0.9\", \"cluster\": \"study:4\", \"candidates\": 3}"

static long long calls;

static void expect(int holds, const char *what) {
  calls++;
  if (holds) return;
  fprintf(stderr, "soak: %s\n", what);
  exit(1);
}

static void drain(struct ArrowArrayStream *stream) {
  struct ArrowSchema schema;
  struct ArrowArray array;
  expect(!stream->get_schema(stream, &schema), "no schema");
  schema.release(&schema);
  for (;;) {
    expect(!stream->get_next(stream, &array), "no batch");
    if (!array.release) break;
    array.release(&array);
  }
  stream->release(stream);
}

static void *begin(void *context, const tm_cluster *cluster) { return malloc(8); }
static int64_t place(void *state, const tm_task *task, const tm_cluster *c) {
  for (int64_t m = 0; m < c->count; m++)
    if (c->free_cpu_nano[m] >= task->cpu_nano && c->free_memory_bytes[m] >= task->memory_bytes) return m;
  return TM_WAIT;
}
static int64_t fail(void *state, const tm_task *task, const tm_cluster *c) { return TM_FAIL; }
static const char *failure(void *state) { return "tired"; }
static void end(void *state) { free(state); }

/* ROUNDS of everything, then steps until there are so many CALLS. */
int main(int count, char **words) {
  int rounds = count > 1 ? atoi(words[1]) : 400;
  long long most = count > 2 ? atoll(words[2]) : 1000000;
  expect(tm_abi_version() == TRACEMILL_ABI_VERSION && tm_version()[0], "version");
  for (int round = 0; round < rounds; round++) {
    tm_error *error = NULL;
    tm_job *job = tm_job_create();
    int64_t a, b, c;
    tm_job_progress(job, &a, &b, &c);
    tm_table *table = tm_generate("{\"workload\": \"study\", \"tasks\": 50, \"seed\": 3}", job, &error);
    expect(table && !error && tm_table_count(table) == 50, "generate");
    struct ArrowArrayStream stream;
    expect(!tm_table_export(table, &stream, &error), "export");
    tm_table *copy = tm_table_read(&stream, NULL, job, &error);
    expect(copy && !error && tm_table_count(copy) == 50, "read");
    tm_scheduler scheduler = {.begin = begin, .place = place, .end = end, .failure = failure};
    tm_run *run = tm_simulate("{\"cluster\": \"study:4\"}", copy, &scheduler, job, &error);
    expect(run && !error, "simulate");
    tm_text_free(tm_run_summary(run, &error));
    const char *tables[] = {"tasks", "series", "machines"};
    for (int t = 0; t < 3; t++) {
      expect(!tm_run_export(run, tables[t], &stream, &error), "table");
      drain(&stream);
    }
    tm_run_free(run);
    /* What fails gives back as much. */
    scheduler.place = fail;
    expect(!tm_simulate("{\"cluster\": \"study:4\"}", copy, &scheduler, job, &error) && error, "no failure");
    expect(tm_error_code(error) == TM_ERROR_SCHEDULER && strstr(tm_error_message(error), "tired"), "failure");
    tm_error_free(error);
    error = NULL;
    expect(!tm_generate("{\"load\": \"x\", \"tasks\": -1}", job, &error) && error, "no error");
    expect(tm_error_count(error) >= 2, "issues");
    for (size_t issue = 0; issue < tm_error_count(error); issue++)
      expect(tm_error_issue(error, issue, NULL, NULL, NULL, NULL) != NULL, "issue");
    tm_error_free(error);
    error = NULL;
    const tm_table *tables_given[] = {table};
    if (round % 40 == 0) {
      tm_comparison *comparison =
          tm_compare("{\"name\": \"c\", \"workloads\": [{\"name\": \"w\", \"source\": \"table:0\"}], \"clusters\": "
                     "[\"study:4\"], \"schedulers\": [\"random\", \"best-fit\"], \"seeds\": 2}",
                     tables_given, 1, NULL, 0, job, &error);
      expect(comparison && !error, "compare");
      tm_text_free(tm_comparison_summary(comparison, &error));
      expect(!tm_comparison_export(comparison, &stream, &error), "cells");
      drain(&stream);
      tm_comparison_free(comparison);
      double values[60];
      for (int i = 0; i < 60; i++) values[i] = 1 + i * 0.5;
      tm_text_free(tm_fit(values, 60, "{\"families\": [\"exponential\"], \"replicates\": 5}", job, &error));
      expect(!error, "fit");
    }
    tm_table_free(copy);
    tm_table_free(table);
    tm_job_cancel(job);
    tm_job_free(job);
  }
  tm_error *error = NULL;
  enum { N = 2, SHOWN = 3 };
  float seen[N * (8 + 8 * SHOWN)], rewards[N];
  uint8_t ends[2 * N], can[N * (SHOWN + 1)];
  int32_t chosen[N];
  tm_vec *vec = tm_vec_init(GAME, NULL, seen, chosen, rewards, ends, ends + N, can, N, 1, 1, &error);
  expect(vec && !error, "vec");
  while (calls < most) {
    for (int i = 0; i < N; i++) {
      uint8_t *mask = can + i * (SHOWN + 1);
      chosen[i] = calls % 97 ? (int32_t)((uint8_t *)memchr(mask, 1, SHOWN + 1) - mask) : -5;
    }
    if (calls % 1000 == 0) {
      expect(!tm_vec_send(vec, &error), "send");
      expect(!tm_vec_recv(vec, &error), "recv");
    } else {
      expect(!tm_vec_step(vec, &error), "step");
    }
  }
  int64_t episodes, steps;
  double sum;
  tm_vec_log(vec, &episodes, &steps, &sum);
  tm_vec_close(vec);
  tm_error_free(NULL);
  tm_table_free(NULL);
  tm_run_free(NULL);
  tm_text_free(NULL);
  printf("%lld calls, %lld episodes\n", calls, (long long)episodes);
  return 0;
}
