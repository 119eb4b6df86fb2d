#ifndef TRACEMILL_NATIVE_TABLES_H
#define TRACEMILL_NATIVE_TABLES_H

/* ---- Traces */

static void do_inspect(call *c) { c->result = tm_trace_inspect(c->text, c->job, &c->error); }
static void do_split(call *c) { c->result = tm_trace_split(c->text, c->job, &c->error); }
static void do_experiment(call *c) { c->result = tm_experiment(c->text, c->job, &c->error); }
static void do_records(call *c) { c->status = tm_trace_records(c->text, c->job, c->stream, &c->error); }
static void do_machines(call *c) { c->status = tm_trace_machines(c->text, c->job, c->stream, &c->error); }

/* The object that reads a call's files; NULL for None. */
static PyObject *some(PyObject *object) { return object == Py_None ? NULL : object; }

/* A call of a description that returns a text: name(description, progress, files) */
static PyObject *text_call(void (*body)(call *), PyObject *arguments) {
  call c = {.body = body};
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

static PyObject *inspect(PyObject *self, PyObject *arguments) { return text_call(do_inspect, arguments); }
static PyObject *split(PyObject *self, PyObject *arguments) { return text_call(do_split, arguments); }
static PyObject *experiment(PyObject *self, PyObject *arguments) { return text_call(do_experiment, arguments); }

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

#endif
