import TraceParsing

/// The trace formats there are, by name. A new one is one line here; schedulers are listed in
/// `PolicyCatalog`.
public enum Registry {
  /// Asked in this order.
  public static let formats: [any TraceFormat] =
    [
      RecordFileFormat(),
      MappedTableFormat.openDC,
      Google2019Format(),
      Google2011Format(),
      StandardWorkloadFormat(),
      Google2010Format(),
      Alibaba2017Format.format,
      Alibaba2018Format.format,
      AlibabaGPU2023Format.format,
    ] + MappedTableFormat.presets
}
