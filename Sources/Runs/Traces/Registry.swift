import TraceParsing
import Workload

/// The trace formats there are, by name. A new one is one line here, or, in another package, a call of
/// ``register(_:)``; schedulers are listed in `PolicyCatalog`.
public enum Registry {
  /// Asked in this order: those registered by other packages, then those of this one.
  public static var formats: [any TraceFormat] { registered.all + builtIn }

  /// Makes a format of another package known wherever a trace is opened by its path. It is asked before this
  /// package's formats. Registering a name again replaces what it stood for.
  public static func register(_ format: any TraceFormat) {
    registered.add(format, named: format.name)
  }

  private static let registered = Registered<any TraceFormat>()

  /// The formats of this package.
  public static let builtIn: [any TraceFormat] =
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
      KubernetesFormat(),
    ] + MappedTableFormat.presets
}
