// swift-tools-version: 6.2
import PackageDescription

// Somebody else's package: a scheduler, a distribution, a source, a format and a metric of its own, by what is
// public. tools/test-foreign builds and runs it.
let package = Package(
  name: "other-package",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "tracemill", path: "../..")],
  targets: [
    .testTarget(
      name: "OtherPackageTests",
      dependencies: [
        "Diagnostics", "Experiments", "Fitting", "Generation", "Runs", "Simulation", "TraceInput",
        "TraceParsing", "Workload", "WorkloadTestKit",
      ].map { .product(name: $0, package: "tracemill") })
  ]
)
