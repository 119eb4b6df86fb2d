#include <sqlite3.h>

// `sqlite3_db_config` takes any number of arguments, which Swift cannot give it.
static inline int tracemill_sqlite_configure(sqlite3 *database, int option, int value) {
  return sqlite3_db_config(database, option, value, (int *)0);
}
