#ifndef TRACEMILL_NATIVE_ERRORS_H
#define TRACEMILL_NATIVE_ERRORS_H

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

#endif
