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

/* One translation unit, whose parts need those before them. */
#include "errors.h"
#include "capsules.h"
#include "files.h"
#include "calls.h"
#include "tables.h"
#include "schedulers.h"
#include "runs.h"
#include "environments.h"

/* ---- The module */

static PyMethodDef methods[] = {
    {"inspect", inspect, METH_VARARGS, NULL},
    {"split", split, METH_VARARGS, NULL},
    {"experiment", experiment, METH_VARARGS, NULL},
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
  if (PyModule_AddStringConstant(module, "version", tm_version())) return -1;
  return PyModule_AddStringConstant(module, "build", tm_build());
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, start}, {0, NULL}};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "tracemill._core", .m_size = 0, .m_methods = methods, .m_slots = slots};

PyMODINIT_FUNC PyInit__core(void) { return PyModuleDef_Init(&definition); }
