import TraceParsing

/// What the command line knows by name. A new trace format is one line here; schedulers are listed
/// in `PolicyCatalog`.
enum Registry {
  /// Asked in this order.
  static let formats: [any TraceFormat] = [
    RecordFileFormat(),
    MappedRecordFormat.openDC,
    Google2019Format(),
    Google2011Format(),
    StandardWorkloadFormat(),
    Google2010Format(),
    Alibaba2017Format(),
    Alibaba2018Format(),
    AlibabaGPU2023Format(),
  ] + MappedRecordFormat.presets
}
