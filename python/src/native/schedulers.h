#ifndef TRACEMILL_NATIVE_SCHEDULERS_H
#define TRACEMILL_NATIVE_SCHEDULERS_H

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

#endif
