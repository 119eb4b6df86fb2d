extension TraceInput.Group {
  /// Whether each part is a file of its own, which can be opened out of turn and again.
  package var hasOnlyFiles: Bool {
    files.allSatisfy { if case .file = $0.location { true } else { false } }
  }

  /// Whether there are several parts that can be read at the same time.
  package var isParallel: Bool { files.count > 1 && damage == nil && hasOnlyFiles }
}
