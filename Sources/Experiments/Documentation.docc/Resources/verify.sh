tracemill verify data/google-2011-mini
