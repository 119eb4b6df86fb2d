#ifndef TRACEMILL_NATIVE_FILES_H
#define TRACEMILL_NATIVE_FILES_H

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

#endif
