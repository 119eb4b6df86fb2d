#ifndef TRACEMILL_NATIVE_CALLS_H
#define TRACEMILL_NATIVE_CALLS_H

/* ---- Long calls */

typedef struct call {
  void (*body)(struct call *);
  const char *text;
  void *first, *second;
  size_t count;
  struct ArrowArrayStream *stream;
  PyObject *files; /* what use_files takes; NULL for none */
  tm_job *job;
  tm_error *error;
  void *result;
  int status;
  pthread_mutex_t lock;
  pthread_cond_t done;
  int is_done;
} call;

static void *work(void *argument) {
  call *c = argument;
  c->body(c);
  pthread_mutex_lock(&c->lock);
  c->is_done = 1;
  pthread_cond_signal(&c->done);
  pthread_mutex_unlock(&c->lock);
  return NULL;
}

/* Waits for at most 50 ms, without the GIL. Whether the call is done. */
static int wait_a_little(call *c) {
  int is_done;
  Py_BEGIN_ALLOW_THREADS
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += 50000000;
  if (until.tv_nsec >= 1000000000) until.tv_sec += 1, until.tv_nsec -= 1000000000;
  pthread_mutex_lock(&c->lock);
  while (!c->is_done)
    if (pthread_cond_timedwait(&c->done, &c->lock, &until) == ETIMEDOUT) break;
  is_done = c->is_done;
  pthread_mutex_unlock(&c->lock);
  Py_END_ALLOW_THREADS
  return is_done;
}

/* Runs the call to its end. Returns 0, or -1 with an exception: of a signal, of the progress function, or
 * what the library says. `progress` is a function of bytes, total, tasks, or None. */
static int run(call *c, PyObject *progress) {
  pthread_t thread;
  pthread_attr_t attributes;
  if (!is_home()) return -1;
  c->job = tm_job_create();
  if (c->files && use_files(c->job, c->files) < 0) {
    tm_job_free(c->job);
    c->job = NULL;
    return -1;
  }
  pthread_mutex_init(&c->lock, NULL);
  pthread_cond_init(&c->done, NULL);
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 16 << 20);
  int failure = pthread_create(&thread, &attributes, work, c);
  pthread_attr_destroy(&attributes);
  if (failure) {
    tm_job_free(c->job);
    c->job = NULL;
    PyErr_SetString(PyExc_RuntimeError, "no thread can be started");
    return -1;
  }
  PyObject *type = NULL, *value = NULL, *trace = NULL;
  while (!wait_a_little(c)) {
    if (type) continue; /* it has been cancelled */
    int bad = PyErr_CheckSignals() < 0;
    if (!bad && progress && progress != Py_None) {
      int64_t bytes, total, tasks;
      tm_job_progress(c->job, &bytes, &total, &tasks);
      PyObject *told = PyObject_CallFunction(
          progress, "LLL", (long long)bytes, (long long)total, (long long)tasks);
      bad = !told;
      Py_XDECREF(told);
    }
    if (bad) {
      PyErr_Fetch(&type, &value, &trace);
      tm_job_cancel(c->job);
    }
  }
  Py_BEGIN_ALLOW_THREADS
  pthread_join(thread, NULL);
  Py_END_ALLOW_THREADS
  pthread_mutex_destroy(&c->lock);
  pthread_cond_destroy(&c->done);
  if (type) {
    tm_error_free(c->error);
    c->error = NULL;
    PyErr_Restore(type, value, trace);
    return -1;
  }
  if (c->error) {
    fail(c->error);
    c->error = NULL;
    return -1;
  }
  return 0;
}

static void end(call *c) {
  tm_job_free(c->job);
  c->job = NULL;
}

/* A text for Python. */
static PyObject *text_of(char *text) {
  PyObject *result = PyUnicode_FromString(text);
  tm_text_free(text);
  return result;
}

#endif
