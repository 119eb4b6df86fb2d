from tracemill_command import main

main()
