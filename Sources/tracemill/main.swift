print("tracemill")
