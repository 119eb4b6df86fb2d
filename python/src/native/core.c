/* tracemill._core: the C face (tracemill.h) for Python, in CPython's limited API.
 *
 * Long calls run on a thread of their own without the GIL, while the calling thread looks after signals
 * and progress: Ctrl-C cancels the call. What is opaque there is a capsule here. */
#define _GNU_SOURCE
#define Py_LIMITED_API 0x030A0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tracemill.h"

#ifndef PyBUF_READ
#define PyBUF_READ 0x100 /* in the limited API from 3.11 on */
#endif

static PyObject *error_type(void) {
  PyObject *module = PyImport_ImportModule("tracemill._errors");
  if (!module) return NULL;
  PyObject *make = PyObject_GetAttrString(module, "_raise");
  Py_DECREF(module);
  return make;
}

/* Raises what `error` says, and gives it back. */
static PyObject *fail(tm_error *error) {
  PyObject *issues = PyList_New(0), *make = NULL, *result = NULL;
  size_t count = tm_error_count(error);
  for (size_t place = 0; issues && place < count; place++) {
    const char *file, *path;
    int64_t line, column;
    const char *message = tm_error_issue(error, place, &file, &path, &line, &column);
    PyObject *issue = Py_BuildValue("(sssLL)", message, file, path, (long long)line, (long long)column);
    if (!issue || PyList_Append(issues, issue) < 0) Py_CLEAR(issues);
    Py_XDECREF(issue);
  }
  make = issues ? error_type() : NULL;
  if (make) {
    result = PyObject_CallFunction(make, "isO", tm_error_code(error), tm_error_message(error), issues);
    Py_XDECREF(result);
  }
  Py_XDECREF(make);
  Py_XDECREF(issues);
  tm_error_free(error);
  if (!PyErr_Occurred()) PyErr_SetString(PyExc_RuntimeError, "an error without a message");
  return NULL;
}

/* ---- Forks */

/* Whether the library has been used, and whether this is a child that was forked after that: the library's
 * threads do not come along. */
static int is_used, is_forked;

static void in_child(void) { is_forked = is_used; }

/* Whether the library can be used here; else an exception is set. */
static int is_home(void) {
  is_used = 1;
  if (!is_forked) return 1;
  PyErr_SetString(PyExc_RuntimeError,
                  "tracemill was used before this process was forked, and its threads are not here: use the start "
                  "method 'spawn' or 'forkserver', or tracemill in the child only");
  return 0;
}

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

/* ---- Files that Python reads: an object with kind(path) -> (0, 1 or 2, size), names(path) -> list of str,
 * read(path, offset, count) -> bytes. */

/* The failure of a thread's last call, until it is asked for. */
static _Thread_local char *files_failure;

static void keep_failure(void) {
  PyObject *type, *value, *trace, *text = NULL;
  PyErr_Fetch(&type, &value, &trace);
  PyErr_NormalizeException(&type, &value, &trace);
  PyObject *name = type ? PyObject_GetAttrString(type, "__name__") : NULL;
  if (name) text = PyUnicode_FromFormat("%U: %S", name, value ? value : Py_None);
  const char *bytes = text ? PyUnicode_AsUTF8AndSize(text, NULL) : NULL;
  free(files_failure);
  files_failure = strdup(bytes ? bytes : "failed");
  PyErr_Clear();
  Py_XDECREF(text);
  Py_XDECREF(name);
  Py_XDECREF(type);
  Py_XDECREF(value);
  Py_XDECREF(trace);
}

static int files_kind(void *context, const char *path, int64_t *size) {
  PyGILState_STATE gil = PyGILState_Ensure();
  int kind = -1;
  long long bytes = 0;
  PyObject *answer = PyObject_CallMethod(context, "kind", "s", path);
  if (answer && PyArg_ParseTuple(answer, "iL", &kind, &bytes)) {
    *size = bytes;
  } else {
    kind = -1;
    keep_failure();
  }
  Py_XDECREF(answer);
  PyGILState_Release(gil);
  return kind;
}

static char *files_names(void *context, const char *path) {
  PyGILState_STATE gil = PyGILState_Ensure();
  char *names = NULL;
  PyObject *line = PyUnicode_FromString("\n"), *joined = NULL;
  PyObject *answer = PyObject_CallMethod(context, "names", "s", path);
  if (answer && line) joined = PyUnicode_Join(line, answer);
  const char *bytes = joined ? PyUnicode_AsUTF8AndSize(joined, NULL) : NULL;
  if (bytes)
    names = strdup(bytes);
  else
    keep_failure();
  Py_XDECREF(joined);
  Py_XDECREF(answer);
  Py_XDECREF(line);
  PyGILState_Release(gil);
  return names;
}

static int64_t files_read(void *context, const char *path, int64_t offset, void *buffer, int64_t count) {
  PyGILState_STATE gil = PyGILState_Ensure();
  Py_ssize_t got = -1;
  char *bytes;
  PyObject *answer =
      PyObject_CallMethod(context, "read", "sLL", path, (long long)offset, (long long)count);
  if (answer && PyBytes_AsStringAndSize(answer, &bytes, &got) == 0 && got <= count) {
    memcpy(buffer, bytes, (size_t)got);
  } else {
    if (answer && !PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "more bytes than were asked for");
    got = -1;
    keep_failure();
  }
  Py_XDECREF(answer);
  PyGILState_Release(gil);
  return got;
}

static char *files_failed(void *context) {
  char *text = files_failure;
  files_failure = NULL;
  return text;
}

static void files_release(void *context) {
  PyGILState_STATE gil = PyGILState_Ensure();
  Py_DECREF((PyObject *)context);
  PyGILState_Release(gil);
}

/* Lets a call read the files of an object. 0, or -1 with an exception. */
static int use_files(tm_job *job, PyObject *object) {
  tm_files files = {files_kind, files_names, files_read, files_failed, files_release, object};
  Py_INCREF(object);
  tm_job_files(job, &files);
  return 0;
}

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

/* ---- Traces */

static void do_inspect(call *c) { c->result = tm_trace_inspect(c->text, c->job, &c->error); }
static void do_records(call *c) { c->status = tm_trace_records(c->text, c->job, c->stream, &c->error); }
static void do_machines(call *c) { c->status = tm_trace_machines(c->text, c->job, c->stream, &c->error); }

/* The object that reads a call's files; NULL for None. */
static PyObject *some(PyObject *object) { return object == Py_None ? NULL : object; }

static PyObject *inspect(PyObject *self, PyObject *arguments) {
  call c = {.body = do_inspect};
  PyObject *progress = Py_None, *files = Py_None;
  if (!PyArg_ParseTuple(arguments, "s|OO", &c.text, &progress, &files)) return NULL;
  c.files = some(files);
  int bad = run(&c, progress);
  end(&c);
  if (bad) {
    tm_text_free(c.result);
    return NULL;
  }
  return text_of(c.result);
}

/* ---- Streams whose reading may call Python: whoever takes them may hold the GIL, which other threads then wait
 * for. So it is given up for that long. */

static int (*holds_gil)(void); /* PyGILState_Check, which the limited API lacks; NULL where it is not found */

typedef struct {
  struct ArrowArrayStream base;
} freeing_stream;

static PyThreadState *give_up(void) { return holds_gil && holds_gil() ? PyEval_SaveThread() : NULL; }

static void take_back(PyThreadState *state) {
  if (state) PyEval_RestoreThread(state);
}

static int freeing_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  struct ArrowArrayStream *base = &((freeing_stream *)stream->private_data)->base;
  PyThreadState *state = give_up();
  int status = base->get_schema(base, out);
  take_back(state);
  return status;
}

static int freeing_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  struct ArrowArrayStream *base = &((freeing_stream *)stream->private_data)->base;
  PyThreadState *state = give_up();
  int status = base->get_next(base, out);
  take_back(state);
  return status;
}

static const char *freeing_error(struct ArrowArrayStream *stream) {
  struct ArrowArrayStream *base = &((freeing_stream *)stream->private_data)->base;
  return base->get_last_error(base);
}

static void freeing_release(struct ArrowArrayStream *stream) {
  freeing_stream *all = stream->private_data;
  PyThreadState *state = give_up();
  if (all->base.release) all->base.release(&all->base);
  take_back(state);
  free(all);
  stream->release = NULL;
}

/* Puts the wrapper around what is in `stream`. 0, or -1 with an exception. */
static int free_gil_in(struct ArrowArrayStream *stream) {
  freeing_stream *all = malloc(sizeof *all);
  if (!all) {
    PyErr_NoMemory();
    return -1;
  }
  all->base = *stream;
  *stream = (struct ArrowArrayStream){freeing_schema, freeing_next, freeing_error, freeing_release, all};
  return 0;
}

/* A stream in a capsule, as the Arrow PyCapsule interface wants it. */
static PyObject *stream_capsule(struct ArrowArrayStream *stream, tm_job *job) {
  PyObject *capsule = PyCapsule_New(stream, STREAM, free_stream);
  if (capsule) PyCapsule_SetContext(capsule, job);
  return capsule;
}

static PyObject *streamed(PyObject *arguments, void (*body)(call *)) {
  call c = {.body = body};
  PyObject *progress = Py_None, *files = Py_None;
  if (!PyArg_ParseTuple(arguments, "s|OO", &c.text, &progress, &files)) return NULL;
  c.files = some(files);
  c.stream = calloc(1, sizeof *c.stream);
  if (!c.stream) return PyErr_NoMemory();
  if (run(&c, progress)) {
    if (c.stream->release) c.stream->release(c.stream);
    free(c.stream);
    end(&c);
    return NULL;
  }
  if (free_gil_in(c.stream) < 0) {
    c.stream->release(c.stream);
    free(c.stream);
    end(&c);
    return NULL;
  }
  return stream_capsule(c.stream, c.job);
}

static PyObject *records(PyObject *self, PyObject *a) { return streamed(a, do_records); }
static PyObject *machines(PyObject *self, PyObject *a) { return streamed(a, do_machines); }

/* ---- Tables */

static void do_read(call *c) { c->result = tm_table_read(c->stream, c->text, c->job, &c->error); }
static void do_generate(call *c) { c->result = tm_generate(c->text, c->job, &c->error); }

static PyObject *table_capsule(call *c, int bad) {
  end(c);
  if (bad) {
    tm_table_free(c->result);
    return NULL;
  }
  return PyCapsule_New(c->result, TABLE, free_table);
}

static PyObject *read_table(PyObject *self, PyObject *arguments) {
  call c = {.body = do_read};
  PyObject *capsule, *progress = Py_None;
  if (!PyArg_ParseTuple(arguments, "Os|O", &capsule, &c.text, &progress)) return NULL;
  c.stream = PyCapsule_GetPointer(capsule, STREAM);
  if (!c.stream) return NULL;
  if (!c.stream->release) {
    PyErr_SetString(PyExc_ValueError, "the stream has been read already");
    return NULL;
  }
  /* Its producer may need the GIL for each batch (a Python reader does): it takes it by itself. */
  int bad = run(&c, progress);
  return table_capsule(&c, bad);
}

static PyObject *generate(PyObject *self, PyObject *arguments) {
  call c = {.body = do_generate};
  PyObject *progress = Py_None;
  if (!PyArg_ParseTuple(arguments, "s|O", &c.text, &progress)) return NULL;
  int bad = run(&c, progress);
  return table_capsule(&c, bad);
}

static PyObject *table_count(PyObject *self, PyObject *capsule) {
  tm_table *table = PyCapsule_GetPointer(capsule, TABLE);
  return table ? PyLong_FromLongLong(tm_table_count(table)) : NULL;
}

static PyObject *table_stream(PyObject *self, PyObject *capsule) {
  if (!is_home()) return NULL;
  tm_table *table = PyCapsule_GetPointer(capsule, TABLE);
  if (!table) return NULL;
  struct ArrowArrayStream *stream = calloc(1, sizeof *stream);
  if (!stream) return PyErr_NoMemory();
  tm_error *error = NULL;
  if (tm_table_export(table, stream, &error)) {
    free(stream);
    return fail(error);
  }
  return stream_capsule(stream, NULL);
}

/* ---- Schedulers in Python */

/* One simulation's scheduler: functions of Python, and the exception that ended the run. */
typedef struct {
  PyObject *begin, *place, *choose, *changed, *ended, *act;
  PyObject *type, *value, *trace;
} python_scheduler;

typedef struct {
  python_scheduler *scheduler;
  PyObject *run;
} python_run;

static void keep_exception(python_scheduler *s) {
  if (!s->type)
    PyErr_Fetch(&s->type, &s->value, &s->trace);
  else
    PyErr_Clear();
}

static PyObject *address(const void *pointer) { return PyLong_FromVoidPtr((void *)pointer); }

static void *scheduler_begin(void *context, const tm_cluster *c) {
  python_scheduler *s = context;
  python_run *r = calloc(1, sizeof *r);
  if (!r) return NULL;
  r->scheduler = s;
  PyGILState_STATE gil = PyGILState_Ensure();
  r->run = PyObject_CallFunction(
      s->begin, "LNNNNNNNNNNNN", (long long)c->count, address(c->free_cpu_nano),
      address(c->free_memory_bytes), address(c->free_disk_bytes), address(c->free_gpu_milli),
      address(c->cpu_nano), address(c->memory_bytes), address(c->disk_bytes), address(c->gpu_milli),
      address(c->speed), address(c->running), address(c->queued), address(c->up));
  if (!r->run) {
    keep_exception(s);
    free(r);
    r = NULL;
  }
  PyGILState_Release(gil);
  return r;
}

static void scheduler_end(void *state) {
  python_run *r = state;
  PyGILState_STATE gil = PyGILState_Ensure();
  Py_XDECREF(r->run);
  PyGILState_Release(gil);
  free(r);
}

static PyObject *task_tuple(const tm_task *t) {
  return Py_BuildValue(
      "(LiLLLLLLLKNiiiihBb)", (long long)t->job, (int)t->index, (long long)t->submit_us,
      (long long)t->estimate_us, (long long)t->deadline_us, (long long)t->cpu_nano,
      (long long)t->memory_bytes, (long long)t->disk_bytes, (long long)t->gpu_milli,
      (unsigned long long)t->random, address(t->allowed), (int)t->user, (int)t->attempts,
      (int)t->instances, (int)t->gateway, (short)t->priority, t->priority_class, t->scheduling_class);
}

/* What place answered: an index, None to wait, False to reject. */
static int64_t placement(PyObject *answer, python_scheduler *s) {
  int64_t machine = TM_FAIL;
  if (!answer) {
    keep_exception(s);
  } else if (answer == Py_None) {
    machine = TM_WAIT;
  } else if (answer == Py_False) {
    machine = TM_REJECT;
  } else {
    PyObject *number = PyNumber_Index(answer);
    machine = number ? PyLong_AsLongLong(number) : -1;
    if (PyErr_Occurred()) {
      keep_exception(s);
      machine = TM_FAIL;
    } else if (machine < 0) {
      PyErr_Format(PyExc_ValueError, "place returned %lld: expected a machine's index, None to wait or "
                   "False to reject", (long long)machine);
      keep_exception(s);
      machine = TM_FAIL;
    }
    Py_XDECREF(number);
  }
  Py_XDECREF(answer);
  return machine;
}

static int64_t scheduler_place(void *state, const tm_task *task, const tm_cluster *c) {
  python_run *r = state;
  PyGILState_STATE gil = PyGILState_Ensure();
  int64_t machine = TM_FAIL;
  PyObject *told = r->scheduler->type ? NULL : task_tuple(task);
  if (told) {
    machine = placement(
        PyObject_CallFunction(r->scheduler->place, "OLN", r->run, (long long)c->now_us, told),
        r->scheduler);
  } else if (PyErr_Occurred()) {
    keep_exception(r->scheduler);
  }
  PyGILState_Release(gil);
  return machine;
}

static int64_t scheduler_choose(
    void *state, const tm_task *tasks, int64_t count, const tm_cluster *c, int64_t *machine) {
  python_run *r = state;
  PyGILState_STATE gil = PyGILState_Ensure();
  int64_t chosen = TM_FAIL;
  PyObject *list = r->scheduler->type ? NULL : PyList_New(0);
  for (int64_t place = 0; list && place < count; place++) {
    PyObject *told = task_tuple(&tasks[place]);
    if (!told || PyList_Append(list, told) < 0) Py_CLEAR(list);
    Py_XDECREF(told);
  }
  if (list) {
    PyObject *answer = PyObject_CallFunction(
        r->scheduler->choose, "OLN", r->run, (long long)c->now_us, list);
    long long task, where;
    if (answer == Py_None) {
      chosen = TM_WAIT;
    } else if (answer && PyArg_ParseTuple(answer, "LL;choose returns (task, machine) or None", &task, &where)) {
      chosen = task;
      *machine = where;
    } else {
      keep_exception(r->scheduler);
    }
    Py_XDECREF(answer);
  } else if (PyErr_Occurred()) {
    keep_exception(r->scheduler);
  }
  PyGILState_Release(gil);
  return chosen;
}

static void scheduler_changed(void *state, int64_t machine, const tm_cluster *c) {
  python_run *r = state;
  if (r->scheduler->type) return;
  PyGILState_STATE gil = PyGILState_Ensure();
  PyObject *result = PyObject_CallFunction(
      r->scheduler->changed, "OLL", r->run, (long long)c->now_us, (long long)machine);
  if (!result) keep_exception(r->scheduler);
  Py_XDECREF(result);
  PyGILState_Release(gil);
}

static void scheduler_ended(void *state, const tm_ended *t, const tm_cluster *c) {
  python_run *r = state;
  if (r->scheduler->type) return;
  PyGILState_STATE gil = PyGILState_Ensure();
  PyObject *result = PyObject_CallFunction(
      r->scheduler->ended, "OL(LiLLLLLii)", r->run, (long long)c->now_us, (long long)t->job,
      (int)t->index, (long long)t->submit_us, (long long)t->start_us, (long long)t->finish_us,
      (long long)t->wait_us, (long long)t->machine, (int)t->attempts, (int)t->outcome);
  if (!result) keep_exception(r->scheduler);
  Py_XDECREF(result);
  PyGILState_Release(gil);
}

/* ---- Simulation */

static void do_simulate(call *c) {
  c->result = tm_simulate(c->text, c->first, c->second, c->job, &c->error);
}

/* What a learned policy does, given views of the observation and the mask. */
static int64_t scheduler_act(
    void *context, const float *observation, int64_t features, const uint8_t *mask, int64_t actions) {
  python_scheduler *s = context;
  if (s->type) return TM_FAIL;
  PyGILState_STATE gil = PyGILState_Ensure();
  int64_t action = TM_FAIL;
  PyObject *row = PyMemoryView_FromMemory((char *)observation, features * (int64_t)sizeof(float), PyBUF_READ);
  PyObject *can = PyMemoryView_FromMemory((char *)mask, actions, PyBUF_READ);
  PyObject *answer = row && can ? PyObject_CallFunctionObjArgs(s->act, row, can, NULL) : NULL;
  PyObject *number = answer ? PyNumber_Index(answer) : NULL;
  if (number) action = PyLong_AsLongLong(number);
  if (PyErr_Occurred()) {
    keep_exception(s);
    action = TM_FAIL;
  } else if (action < 0) {
    action = actions - 1;
  }
  Py_XDECREF(number);
  Py_XDECREF(answer);
  Py_XDECREF(can);
  Py_XDECREF(row);
  PyGILState_Release(gil);
  return action;
}

/* Fills in `table` with functions of Python that `python` keeps. 0, or -1 with an exception. */
static int scheduler_table(PyObject *functions, python_scheduler *python, tm_scheduler *table) {
  *table = (tm_scheduler){.begin = scheduler_begin, .end = scheduler_end, .context = python};
  if (!PyArg_ParseTuple(functions, "OOOOOOz", &python->begin, &python->place, &python->choose,
                        &python->changed, &python->ended, &python->act, &table->observed))
    return -1;
  if (python->act != Py_None) table->act = scheduler_act;
  if (python->place != Py_None) table->place = scheduler_place;
  if (python->choose != Py_None) table->choose = scheduler_choose;
  if (python->changed != Py_None) table->machine_changed = scheduler_changed;
  if (python->ended != Py_None) table->task_ended = scheduler_ended;
  return 0;
}

static PyObject *simulate(PyObject *self, PyObject *arguments) {
  call c = {.body = do_simulate};
  PyObject *capsule, *progress, *functions, *files = Py_None;
  if (!PyArg_ParseTuple(arguments, "sOOO|O", &c.text, &capsule, &functions, &progress, &files)) return NULL;
  c.files = some(files);
  if (capsule != Py_None) {
    c.first = PyCapsule_GetPointer(capsule, TABLE);
    if (!c.first) return NULL;
  }
  python_scheduler python = {0};
  tm_scheduler scheduler;
  if (functions != Py_None) {
    if (scheduler_table(functions, &python, &scheduler) < 0) return NULL;
    c.second = &scheduler;
  }
  int bad = run(&c, progress);
  end(&c);
  if (bad) tm_run_free(c.result);
  if (python.type) {
    /* What the scheduler raised, not what the engine says of it. */
    PyErr_Clear();
    if (!bad) tm_run_free(c.result);
    PyErr_Restore(python.type, python.value, python.trace);
    return NULL;
  }
  return bad ? NULL : PyCapsule_New(c.result, RUN, free_run);
}

/* ---- Comparisons */

static void do_compare(call *c) {
  const tm_table *const *tables = c->first;
  /* How many tables there are is in `count`, how many schedulers in `status`. */
  c->result = tm_compare(c->text, tables, (int64_t)c->count, c->second, c->status, c->job, &c->error);
}

/* compare(description, tables, schedulers, progress, files) */
static PyObject *compare(PyObject *self, PyObject *arguments) {
  call c = {.body = do_compare};
  PyObject *tables, *schedulers, *progress, *files = Py_None, *result = NULL;
  if (!PyArg_ParseTuple(arguments, "sO!O!O|O", &c.text, &PyList_Type, &tables, &PyList_Type, &schedulers,
                        &progress, &files))
    return NULL;
  c.files = some(files);
  Py_ssize_t table_count = PyList_Size(tables), scheduler_count = PyList_Size(schedulers);
  tm_table **pointers = calloc((size_t)table_count + 1, sizeof *pointers);
  python_scheduler *pythons = calloc((size_t)scheduler_count + 1, sizeof *pythons);
  tm_scheduler *functions = calloc((size_t)scheduler_count + 1, sizeof *functions);
  int bad = !pointers || !pythons || !functions;
  if (bad) PyErr_NoMemory();
  for (Py_ssize_t place = 0; !bad && place < table_count; place++)
    bad = !(pointers[place] = PyCapsule_GetPointer(PyList_GetItem(tables, place), TABLE));
  for (Py_ssize_t place = 0; !bad && place < scheduler_count; place++)
    bad = scheduler_table(PyList_GetItem(schedulers, place), &pythons[place], &functions[place]) < 0;
  if (!bad) {
    c.first = pointers;
    c.count = (size_t)table_count;
    c.second = functions;
    c.status = (int)scheduler_count;
    bad = run(&c, progress);
    end(&c);
    int raised = 0;
    for (Py_ssize_t place = 0; place < scheduler_count; place++) {
      if (!pythons[place].type) continue;
      /* What a scheduler raised, not what the engine says of it; the first one's. */
      if (!raised++) {
        PyErr_Clear();
        PyErr_Restore(pythons[place].type, pythons[place].value, pythons[place].trace);
      } else {
        Py_XDECREF(pythons[place].type);
        Py_XDECREF(pythons[place].value);
        Py_XDECREF(pythons[place].trace);
      }
    }
    if (bad || raised)
      tm_comparison_free(c.result);
    else
      result = PyCapsule_New(c.result, COMPARISON, free_comparison);
  }
  free(pointers);
  free(pythons);
  free(functions);
  return result;
}

static PyObject *comparison_summary(PyObject *self, PyObject *capsule) {
  tm_comparison *comparison = PyCapsule_GetPointer(capsule, COMPARISON);
  if (!comparison || !is_home()) return NULL;
  tm_error *error = NULL;
  char *text = tm_comparison_summary(comparison, &error);
  return text ? text_of(text) : fail(error);
}

static PyObject *comparison_stream(PyObject *self, PyObject *capsule) {
  tm_comparison *comparison = PyCapsule_GetPointer(capsule, COMPARISON);
  if (!comparison || !is_home()) return NULL;
  struct ArrowArrayStream *stream = calloc(1, sizeof *stream);
  if (!stream) return PyErr_NoMemory();
  tm_error *error = NULL;
  if (tm_comparison_export(comparison, stream, &error)) {
    free(stream);
    return fail(error);
  }
  return stream_capsule(stream, NULL);
}

static PyObject *run_summary(PyObject *self, PyObject *capsule) {
  tm_run *finished = PyCapsule_GetPointer(capsule, RUN);
  if (!finished || !is_home()) return NULL;
  tm_error *error = NULL;
  char *text = tm_run_summary(finished, &error);
  return text ? text_of(text) : fail(error);
}

static PyObject *run_stream(PyObject *self, PyObject *arguments) {
  PyObject *capsule;
  const char *name;
  if (!PyArg_ParseTuple(arguments, "Os", &capsule, &name)) return NULL;
  tm_run *finished = PyCapsule_GetPointer(capsule, RUN);
  if (!finished || !is_home()) return NULL;
  struct ArrowArrayStream *stream = calloc(1, sizeof *stream);
  if (!stream) return PyErr_NoMemory();
  tm_error *error = NULL;
  if (tm_run_export(finished, name, stream, &error)) {
    free(stream);
    return fail(error);
  }
  return stream_capsule(stream, NULL);
}

/* ---- Fitting */

static void do_fit(call *c) { c->result = tm_fit(c->first, c->count, c->text, c->job, &c->error); }

static PyObject *fit(PyObject *self, PyObject *arguments) {
  call c = {.body = do_fit};
  unsigned long long start;
  Py_ssize_t count;
  PyObject *progress = Py_None;
  if (!PyArg_ParseTuple(arguments, "Kns|O", &start, &count, &c.text, &progress)) return NULL;
  c.first = (void *)(uintptr_t)start;
  c.count = (size_t)count;
  int bad = run(&c, progress);
  end(&c);
  if (bad) {
    tm_text_free(c.result);
    return NULL;
  }
  return text_of(c.result);
}

/* ---- Environments */

static void free_envs(PyObject *capsule) {
  if (is_forked) return;
  tm_envs *envs = PyCapsule_GetPointer(capsule, ENVIRONMENT);
  Py_BEGIN_ALLOW_THREADS
  tm_envs_free(envs);
  Py_END_ALLOW_THREADS
}

static PyObject *envs_create(PyObject *self, PyObject *arguments) {
  const char *description;
  PyObject *capsule;
  long long count;
  int threads;
  if (!PyArg_ParseTuple(arguments, "sOLi", &description, &capsule, &count, &threads)) return NULL;
  if (!is_home()) return NULL;
  tm_table *table = NULL;
  if (capsule != Py_None && !(table = PyCapsule_GetPointer(capsule, TABLE))) return NULL;
  tm_error *error = NULL;
  tm_envs *envs;
  Py_BEGIN_ALLOW_THREADS
  envs = tm_envs_create(description, table, count, threads, &error);
  Py_END_ALLOW_THREADS
  return envs ? PyCapsule_New(envs, ENVIRONMENT, free_envs) : fail(error);
}

static PyObject *envs_shape(PyObject *self, PyObject *capsule) {
  tm_envs *envs = PyCapsule_GetPointer(capsule, ENVIRONMENT);
  if (!envs) return NULL;
  int64_t observation, actions, machines;
  tm_envs_shape(envs, &observation, &actions, &machines);
  return Py_BuildValue("(LLL)", (long long)observation, (long long)actions, (long long)machines);
}

/* Addresses of arrays that the caller keeps alive. */
static PyObject *envs_bind(PyObject *self, PyObject *arguments) {
  PyObject *capsule;
  unsigned long long a[8];
  if (!PyArg_ParseTuple(arguments, "OKKKKKKKK", &capsule, a, a + 1, a + 2, a + 3, a + 4, a + 5, a + 6, a + 7))
    return NULL;
  tm_envs *envs = PyCapsule_GetPointer(capsule, ENVIRONMENT);
  if (!envs) return NULL;
#define AT(place) (void *)(uintptr_t)a[place]
  tm_envs_bind(envs, AT(0), AT(1), AT(2), AT(3), AT(4), AT(5), AT(6));
  tm_envs_bind_terms(envs, AT(7));
#undef AT
  Py_RETURN_NONE;
}

enum { RESET, STEP, SEND };

/* reset, step or send of the environments: capsule, address of seeds or actions, address of which (0: all), and
 * whether other threads of Python may run meanwhile, which costs more than a single step. */
static PyObject *envs_do(PyObject *const *arguments, Py_ssize_t count, int what) {
  if (count != 4) {
    PyErr_SetString(PyExc_TypeError, "expected four arguments");
    return NULL;
  }
  tm_envs *envs = PyCapsule_GetPointer(arguments[0], ENVIRONMENT);
  if (!envs || !is_home()) return NULL;
  void *values = PyLong_AsVoidPtr(arguments[1]), *which = PyLong_AsVoidPtr(arguments[2]);
  if (PyErr_Occurred()) return NULL;
  tm_error *error = NULL;
  int status;
  PyThreadState *state = arguments[3] == Py_True ? PyEval_SaveThread() : NULL;
  switch (what) {
    case RESET: status = tm_envs_reset(envs, values, which, &error); break;
    case STEP: status = tm_envs_step(envs, values, which, &error); break;
    default: status = tm_envs_send(envs, values, which, &error);
  }
  if (state) PyEval_RestoreThread(state);
  if (status) return fail(error);
  Py_RETURN_NONE;
}

static PyObject *envs_reset(PyObject *self, PyObject *const *arguments, Py_ssize_t count) {
  return envs_do(arguments, count, RESET);
}

static PyObject *envs_step(PyObject *self, PyObject *const *arguments, Py_ssize_t count) {
  return envs_do(arguments, count, STEP);
}

static PyObject *envs_send(PyObject *self, PyObject *const *arguments, Py_ssize_t count) {
  return envs_do(arguments, count, SEND);
}

static PyObject *envs_recv(PyObject *self, PyObject *capsule) {
  tm_envs *envs = PyCapsule_GetPointer(capsule, ENVIRONMENT);
  if (!envs || !is_home()) return NULL;
  tm_error *error = NULL;
  int status;
  Py_BEGIN_ALLOW_THREADS
  status = tm_envs_recv(envs, &error);
  Py_END_ALLOW_THREADS
  if (status) return fail(error);
  Py_RETURN_NONE;
}

/* envs_ended(envs, place, address, capacity) -> how many; address may be 0 */
static PyObject *envs_ended(PyObject *self, PyObject *arguments) {
  PyObject *capsule;
  long long place, capacity;
  unsigned long long address;
  if (!PyArg_ParseTuple(arguments, "OLKL", &capsule, &place, &address, &capacity)) return NULL;
  tm_envs *envs = PyCapsule_GetPointer(capsule, ENVIRONMENT);
  if (!envs || !is_home()) return NULL;
  return PyLong_FromLongLong(tm_envs_ended(envs, place, (tm_ended *)(uintptr_t)address, capacity));
}

/* envs_state(envs, place, address) */
static PyObject *envs_state(PyObject *self, PyObject *arguments) {
  PyObject *capsule;
  long long place;
  unsigned long long address;
  if (!PyArg_ParseTuple(arguments, "OLK", &capsule, &place, &address)) return NULL;
  tm_envs *envs = PyCapsule_GetPointer(capsule, ENVIRONMENT);
  if (!envs || !is_home()) return NULL;
  tm_envs_state(envs, place, (float *)(uintptr_t)address);
  Py_RETURN_NONE;
}

/* ---- The module */

static PyMethodDef methods[] = {
    {"inspect", inspect, METH_VARARGS, NULL},
    {"records", records, METH_VARARGS, NULL},
    {"machines", machines, METH_VARARGS, NULL},
    {"read_table", read_table, METH_VARARGS, NULL},
    {"generate", generate, METH_VARARGS, NULL},
    {"table_count", table_count, METH_O, NULL},
    {"table_stream", table_stream, METH_O, NULL},
    {"simulate", simulate, METH_VARARGS, NULL},
    {"run_summary", run_summary, METH_O, NULL},
    {"run_stream", run_stream, METH_VARARGS, NULL},
    {"compare", compare, METH_VARARGS, NULL},
    {"comparison_summary", comparison_summary, METH_O, NULL},
    {"comparison_stream", comparison_stream, METH_O, NULL},
    {"fit", fit, METH_VARARGS, NULL},
    {"envs_create", envs_create, METH_VARARGS, NULL},
    {"envs_shape", envs_shape, METH_O, NULL},
    {"envs_bind", envs_bind, METH_VARARGS, NULL},
    {"envs_reset", (PyCFunction)(void (*)(void))envs_reset, METH_FASTCALL, NULL},
    {"envs_step", (PyCFunction)(void (*)(void))envs_step, METH_FASTCALL, NULL},
    {"envs_send", (PyCFunction)(void (*)(void))envs_send, METH_FASTCALL, NULL},
    {"envs_recv", envs_recv, METH_O, NULL},
    {"envs_ended", envs_ended, METH_VARARGS, NULL},
    {"envs_state", envs_state, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL}};

static int start(PyObject *module) {
  if (tm_abi_version() != TRACEMILL_ABI_VERSION) {
    PyErr_Format(PyExc_ImportError, "libtracemill is of version %u of its interface, not %u",
                 (unsigned)tm_abi_version(), (unsigned)TRACEMILL_ABI_VERSION);
    return -1;
  }
  pthread_atfork(NULL, NULL, in_child);
  holds_gil = (int (*)(void))dlsym(RTLD_DEFAULT, "PyGILState_Check");
  return PyModule_AddStringConstant(module, "version", tm_version());
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, start}, {0, NULL}};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "tracemill._core", .m_size = 0, .m_methods = methods, .m_slots = slots};

PyMODINIT_FUNC PyInit__core(void) { return PyModuleDef_Init(&definition); }
