#ifndef TRACEMILL_NATIVE_CAPSULES_H
#define TRACEMILL_NATIVE_CAPSULES_H

/* ---- Capsules */

static const char *TABLE = "tracemill.table", *RUN = "tracemill.run", *ENVIRONMENT = "tracemill.environment",
                  *COMPARISON = "tracemill.comparison";
static const char *STREAM = "arrow_array_stream";

static void free_table(PyObject *capsule) {
  if (!is_forked) tm_table_free(PyCapsule_GetPointer(capsule, TABLE));
}
static void free_run(PyObject *capsule) {
  if (!is_forked) tm_run_free(PyCapsule_GetPointer(capsule, RUN));
}

static void free_comparison(PyObject *capsule) {
  if (!is_forked) tm_comparison_free(PyCapsule_GetPointer(capsule, COMPARISON));
}

static void free_stream(PyObject *capsule) {
  if (is_forked) return;
  struct ArrowArrayStream *stream = PyCapsule_GetPointer(capsule, STREAM);
  tm_job *job = PyCapsule_GetContext(capsule);
  if (stream) {
    if (stream->release) stream->release(stream);
    free(stream);
  }
  tm_job_free(job);
}

#endif
