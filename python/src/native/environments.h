#ifndef TRACEMILL_NATIVE_ENVIRONMENTS_H
#define TRACEMILL_NATIVE_ENVIRONMENTS_H

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

#endif
