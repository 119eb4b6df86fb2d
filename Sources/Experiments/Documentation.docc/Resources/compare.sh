tracemill compare --experiment question.yaml -o answer
