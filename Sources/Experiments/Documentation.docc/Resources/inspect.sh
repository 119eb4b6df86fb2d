tracemill verify data/google-2011-mini
tracemill inspect data/google-2011-mini --html trace.html
