// The header by itself is C.
#include "tracemill.h"
