#ifndef TRACEMILL_NATIVE_RUNS_H
#define TRACEMILL_NATIVE_RUNS_H

/* ---- Simulation */

static void do_simulate(call *c) {
  c->result = tm_simulate(c->text, c->first, c->second, c->job, &c->error);
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

#endif
